#include "cli/listing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/result_words.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr size_t kCodesShown = 14;

// The holding of a data set, or null.
const v1::Holding* HoldingOf(const v1::Description::Agency& agency,
                             const std::string& data_set) {
  for (const v1::Holding& holding : agency.holding()) {
    if (holding.data_set() == data_set) return &holding;
  }
  return nullptr;
}

std::string Span(const v1::Holding& holding) {
  if (holding.month().empty()) return "";
  const auto& months = holding.month();
  const std::string from = *months.begin(), to = *(months.end() - 1);
  const auto whole = MonthsBetween(from, to);
  const bool gap =
      whole.ok() && static_cast<int>(whole->size()) != months.size();
  return absl::StrCat(from, " to ", to, gap ? " with a gap" : "");
}

std::string RowsInWords(const v1::Holding& holding) {
  return holding.rows_rounded() == 0
             ? "rows not told"
             : absl::StrCat("about ", FormatForPeople(holding.rows_rounded()),
                            " rows");
}

const v1::VariableShare* ShareOf(const v1::Holding& holding,
                                 const std::string& variable) {
  for (const v1::VariableShare& share : holding.share()) {
    if (share.variable() == variable) return &share;
  }
  return nullptr;
}

std::string UnknownOf(const v1::VariableShare& share) {
  return share.unknown_at_most() == 0
             ? "none"
             : absl::StrCat(share.unknown_at_least(), " to ",
                            share.unknown_at_most(), " %");
}
std::string MappedOf(const v1::VariableShare& share) {
  return share.mapped_at_least() == 100
             ? "all"
             : absl::StrCat(share.mapped_at_least(), " % or more");
}

// Each line by itself, for what agents say may hold anything.
std::string PrintableLines(const std::string& text) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back(PrintableUtf8(line));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace

HoldingWords WordsOf(const v1::Holding& holding, const DataSet& data_set) {
  const auto holds = [&holding](const std::string& variable) {
    return std::find(holding.variable().begin(), holding.variable().end(),
                     variable) != holding.variable().end();
  };
  HoldingWords words;
  for (const Dimension& dimension : data_set.dimensions) {
    const bool place = dimension.kind == DimensionKind::kPlace;
    for (const Level& level : dimension.levels) {
      if (!holds(level.variable) || !level.areas.empty()) continue;
      if (place && words.places == "-") words.places = level.variable;
      if (dimension.kind == DimensionKind::kHour) words.times = "hour";
      if (dimension.kind == DimensionKind::kWeekday && words.times != "hour") {
        words.times = "day";
      }
    }
  }
  return words;
}

Listing ListDataSets(const v1::Description& description,
                     const Catalogue& catalogue) {
  Listing listing{{"data_set", "title", "unit", "from", "to", "agencies",
                   "rows", "oldest_load"},
                  {}};
  listing.numbers = {"rows"};
  for (const DataSet& data_set : catalogue.data_sets) {
    std::vector<std::string> holders;
    uint64_t rows = 0;
    std::string oldest;
    for (const auto& agency : description.agency()) {
      const v1::Holding* holding = HoldingOf(agency, data_set.id);
      if (holding == nullptr) continue;
      holders.push_back(agency.id());
      rows += holding->rows_rounded();
      if (oldest.empty() || holding->loaded_at() < oldest) {
        oldest = holding->loaded_at();
      }
    }
    listing.rows.push_back(
        {data_set.id, data_set.title, data_set.unit, data_set.months.front(),
         data_set.months.back(),
         holders.empty() ? "-" : absl::StrJoin(holders, ", "),
         rows == 0 ? "" : absl::StrCat(rows), oldest});
  }
  return listing;
}

Listing ListAgencies(const v1::Description& description,
                     const Catalogue& catalogue) {
  Listing listing{
      {"agency", "name", "kind", "attached", "last_seen", "data_sets", "covers",
       "loaded", "rule", "rows", "places", "times", "mapping"},
      {}};
  for (const auto& agency : description.agency()) {
    std::vector<std::string> sets, spans, loaded, rows, places, times, mappings;
    for (const v1::Holding& holding : agency.holding()) {
      sets.push_back(holding.data_set());
      spans.push_back(Span(holding));
      loaded.push_back(holding.loaded_at());
      rows.push_back(RowsInWords(holding));
      const auto data_set = catalogue.Find(holding.data_set());
      const HoldingWords words =
          data_set.ok() ? WordsOf(holding, **data_set) : HoldingWords();
      places.push_back(words.places);
      times.push_back(words.times);
      mappings.push_back(absl::StrCat(holding.mapping_version()));
    }
    listing.rows.push_back(
        {agency.id(), agency.name(), agency.kind(),
         agency.attached() ? "yes" : "no", agency.last_seen(),
         absl::StrJoin(sets, " "), absl::StrJoin(spans, "; "),
         absl::StrJoin(loaded, " "),
         agency.holding().empty() ? "" : RuleInWords(agency.holding(0).rule()),
         absl::StrJoin(rows, "; "), absl::StrJoin(places, " "),
         absl::StrJoin(times, " "), absl::StrJoin(mappings, " ")});
  }
  return listing;
}

Listing ListHistory(const v1::History& history) {
  Listing listing{
      {"query_id", "asked_at", "asker", "purpose", "outcome", "question"}, {}};
  for (const auto& item : history.item()) {
    listing.rows.push_back({item.query_id(), item.asked_at(), item.asker(),
                            item.purpose(), item.outcome(),
                            PrintableUtf8(item.question())});
  }
  return listing;
}

Listing ListVariables(const v1::Description& description,
                      const DataSet& data_set) {
  Listing listing{
      {"variable", "title", "codes", "agencies", "not_known", "mapped"}, {}};
  for (const Dimension& dimension : data_set.dimensions) {
    for (const Level& level : dimension.levels) {
      std::vector<std::string> codes, holders, unknown, mapped;
      for (size_t i = 0; i < level.codes.size(); ++i) {
        if (i == kCodesShown) {
          codes.push_back(absl::StrCat("... ", level.codes.size(), " in all"));
          break;
        }
        codes.push_back(level.codes[i].id);
      }
      if (dimension.kind == DimensionKind::kPlace) codes = {"area codes"};
      for (const auto& agency : description.agency()) {
        const v1::Holding* holding = HoldingOf(agency, data_set.id);
        if (holding != nullptr &&
            std::find(holding->variable().begin(), holding->variable().end(),
                      level.variable) != holding->variable().end()) {
          holders.push_back(agency.id());
        }
        const v1::VariableShare* share =
            holding == nullptr ? nullptr : ShareOf(*holding, level.variable);
        if (share == nullptr) continue;
        if (share->has_unknown_at_most()) {
          unknown.push_back(absl::StrCat(agency.id(), " ", UnknownOf(*share)));
        }
        if (share->has_mapped_at_least()) {
          mapped.push_back(absl::StrCat(agency.id(), " ", MappedOf(*share)));
        }
      }
      listing.rows.push_back(
          {level.variable, level.title, absl::StrJoin(codes, " "),
           holders.empty() ? "-" : absl::StrJoin(holders, " "),
           absl::StrJoin(unknown, "; "), absl::StrJoin(mapped, "; ")});
    }
  }
  for (const Quantity& quantity : data_set.quantities) {
    listing.rows.push_back({quantity.variable, quantity.title,
                            absl::StrCat("quantity: sum:", quantity.variable,
                                         " mean:", quantity.variable),
                            "", "", ""});
  }
  return listing;
}

namespace {

// "age_band 0-4 5-9, offence_class DRINK_DRIVING: too young to drive".
std::string InWords(const StructuralZero& zero, const DataSet& data_set) {
  std::vector<std::string> parts;
  for (const StructuralZero::Part& part : zero.parts) {
    const Level& finest =
        data_set.dimensions[static_cast<size_t>(part.dimension)].levels[0];
    parts.push_back(finest.variable);
    for (size_t code = 0; code < part.leaves.size(); ++code) {
      if (!part.leaves[code]) continue;
      absl::StrAppend(&parts.back(), " ", finest.codes[code].id);
    }
  }
  return absl::StrCat(absl::StrJoin(parts, ", "),
                      zero.reason.empty() ? "" : ": ", zero.reason);
}

}  // namespace

std::string DescribeDataSet(const v1::Description& description,
                            const DataSet& data_set) {
  std::string out = absl::StrCat(
      data_set.id, ": ", data_set.title, "\n  one row is        ",
      data_set.grain, "\n  what is counted   ", data_set.unit,
      "\n  period            ", data_set.months.front(), " to ",
      data_set.months.back(), "\n  across agencies   ",
      data_set.agencies == Combination::kDisjoint
          ? "counts of events are added: no event is in two agencies"
          : "side by side only: agencies' records may be of the same event",
      "\n  measures          count",
      data_set.has_person_key ? ", distinct_persons" : "", "\n");
  for (const StructuralZero& zero : data_set.structural_zeros) {
    absl::StrAppend(&out, "  always 0          ", InWords(zero, data_set),
                    "\n");
  }
  for (const auto& agency : description.agency()) {
    const v1::Holding* holding = HoldingOf(agency, data_set.id);
    if (holding == nullptr) continue;
    absl::StrAppend(
        &out, "  ", agency.id(), ": ", RowsInWords(*holding), ", ",
        Span(*holding), ", loaded ", holding->loaded_at(),
        holding->area().empty() ? "" : absl::StrCat(", area ", holding->area()),
        "; ", RuleInWords(holding->rule()), "\n");
    const HoldingWords words = WordsOf(*holding, data_set);
    absl::StrAppend(&out, "    places: ", words.places,
                    "; times: ", words.times, "; mapping version ",
                    holding->mapping_version(), "\n");
    for (const v1::SeriesBreak& broken : holding->series_break()) {
      absl::StrAppend(&out, "    not comparable before and from ",
                      broken.month(), " on: ", broken.what(), "\n");
    }
  }
  return PrintableLines(out);
}

}  // namespace cairn
