#include "cli/listing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

}  // namespace

Listing ListDataSets(const v1::Description& description,
                     const Catalogue& catalogue) {
  Listing listing{{"data_set", "title", "unit", "from", "to", "agencies"}, {}};
  for (const DataSet& data_set : catalogue.data_sets) {
    std::vector<std::string> holders;
    for (const auto& agency : description.agency()) {
      if (HoldingOf(agency, data_set.id) != nullptr) {
        holders.push_back(agency.id());
      }
    }
    listing.rows.push_back(
        {data_set.id, data_set.title, data_set.unit, data_set.months.front(),
         data_set.months.back(),
         holders.empty() ? "-" : absl::StrJoin(holders, ", ")});
  }
  return listing;
}

Listing ListAgencies(const v1::Description& description) {
  Listing listing{{"agency", "name", "kind", "attached", "last_seen",
                   "data_sets", "covers", "loaded", "rule"},
                  {}};
  for (const auto& agency : description.agency()) {
    std::vector<std::string> sets, spans, loaded;
    for (const v1::Holding& holding : agency.holding()) {
      sets.push_back(holding.data_set());
      spans.push_back(Span(holding));
      loaded.push_back(holding.loaded_at());
    }
    listing.rows.push_back(
        {agency.id(), agency.name(), agency.kind(),
         agency.attached() ? "yes" : "no", agency.last_seen(),
         absl::StrJoin(sets, " "), absl::StrJoin(spans, "; "),
         absl::StrJoin(loaded, " "),
         agency.holding().empty() ? ""
                                  : RuleInWords(agency.holding(0).rule())});
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
  Listing listing{{"variable", "title", "codes", "agencies"}, {}};
  for (const Dimension& dimension : data_set.dimensions) {
    for (const Level& level : dimension.levels) {
      std::vector<std::string> codes, holders;
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
      }
      listing.rows.push_back(
          {level.variable, level.title, absl::StrJoin(codes, " "),
           holders.empty() ? "-" : absl::StrJoin(holders, " ")});
    }
  }
  for (const Quantity& quantity : data_set.quantities) {
    listing.rows.push_back({quantity.variable, quantity.title,
                            absl::StrCat("quantity: sum:", quantity.variable,
                                         " mean:", quantity.variable),
                            ""});
  }
  return listing;
}

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
  for (const auto& agency : description.agency()) {
    const v1::Holding* holding = HoldingOf(agency, data_set.id);
    if (holding == nullptr) continue;
    absl::StrAppend(
        &out, "  ", agency.id(), ": about ",
        FormatForPeople(holding->rows_rounded()), " rows, ", Span(*holding),
        ", loaded ", holding->loaded_at(),
        holding->area().empty() ? "" : absl::StrCat(", area ", holding->area()),
        "; ", RuleInWords(holding->rule()), "\n");
  }
  return out;
}

}  // namespace cairn
