#include "cli/result_words.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace cairn {
namespace {

std::optional<double> Finite(bool given, double number) {
  if (!given || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string Separated(const std::string& plain) {
  const size_t sign = absl::StartsWith(plain, "-") ? 1 : 0;
  const size_t point = std::min(plain.find('.'), plain.size());
  std::string out = plain.substr(0, sign);
  for (size_t i = sign; i < point; ++i) {
    if (i > sign && (point - i) % 3 == 0) out += ',';
    out += plain[i];
  }
  return absl::StrCat(out, plain.substr(point));
}

std::string BoundsForPeople(const v1::ResultRow& row, bool separators) {
  const auto format = [&](double number) {
    return separators ? FormatForPeople(number) : FormatNumber(number);
  };
  const std::optional<double> low = LowOf(row), high = HighOf(row);
  if (low.has_value() && high.has_value()) {
    return absl::StrCat(format(*low), " to ", format(*high));
  }
  if (low.has_value()) return absl::StrCat(format(*low), " or more");
  if (high.has_value()) return absl::StrCat(format(*high), " or less");
  return "[x]";
}

// Names that share a text, in the order of their first one.
class Groups {
 public:
  void Add(const std::string& text, const std::string& name) {
    for (auto& [known, names] : groups_) {
      if (known != text) continue;
      names.push_back(name);
      return;
    }
    groups_.push_back({text, {name}});
  }
  size_t size() const { return groups_.size(); }
  const std::string& text(size_t i) const { return groups_[i].first; }
  std::string names(size_t i) const {
    return absl::StrJoin(groups_[i].second, ", ");
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> groups_;
};

void AddAnswered(const v1::Result& result, std::vector<ResultLine>* lines) {
  std::vector<std::string> names;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (agency.outcome() != v1::ANSWERED) continue;
    names.push_back(absl::StrFormat("%s (%.1f s)", agency.agency(),
                                    agency.elapsed_ms() / 1000.0));
  }
  lines->push_back(
      {"Answered", names.empty() ? "nobody" : absl::StrJoin(names, ", ")});
}

void AddOthers(const v1::Result& result, bool refused, const char* head,
               std::vector<ResultLine>* lines) {
  Groups groups;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (agency.outcome() == v1::ANSWERED) continue;
    if ((agency.outcome() == v1::REFUSED) != refused) continue;
    groups.Add(agency.reason(), agency.agency());
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    lines->push_back(
        {head, groups.text(i).empty()
                   ? groups.names(i)
                   : absl::StrCat(groups.names(i), ": ", groups.text(i))});
  }
}

void AddRules(const v1::Result& result, std::vector<ResultLine>* lines) {
  Groups groups;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (agency.has_rule()) {
      groups.Add(RuleInWords(agency.rule()), agency.agency());
    }
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    lines->push_back(
        {"Rule", groups.size() == 1
                     ? groups.text(i)
                     : absl::StrCat(groups.names(i), ": ", groups.text(i))});
  }
}

// Of when the records are, and how fresh.
void AddData(const v1::Result& result, std::vector<ResultLine>* lines) {
  Groups groups;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (agency.months_covered() == 0) continue;
    groups.Add(absl::StrCat(agency.covers_from(), " to ", agency.covers_to(),
                            " (", agency.months_covered(),
                            agency.months_covered() == 1 ? " month" : " months",
                            "), loaded ", agency.loaded_at()),
               agency.agency());
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    lines->push_back(
        {"Data", absl::StrCat(groups.names(i), ": ", groups.text(i))});
  }
}

std::string QueryLine(const v1::Result& result) {
  std::string line = result.query_id();
  const auto add = [&line](absl::string_view before, const std::string& text) {
    if (text.empty()) return;
    absl::StrAppend(&line, line.empty() ? "" : ", ", before, text);
  };
  add("asked ", result.asked_at());
  if (!result.asker().empty()) absl::StrAppend(&line, " by ", result.asker());
  add("for ", result.query().purpose());
  return line;
}

}  // namespace

absl::string_view StatusName(v1::CellStatus status) {
  switch (status) {
    case v1::PUBLISHED:
      return "published";
    case v1::SUPPRESSED:
      return "suppressed";
    case v1::BOUNDED:
      return "bounded";
    case v1::NOT_APPLICABLE:
      return "not_applicable";
    default:
      return "unavailable";
  }
}

std::optional<double> ShownValue(const v1::ResultRow& row) {
  if (row.status() != v1::PUBLISHED) return std::nullopt;
  return Finite(row.has_value(), row.value());
}
std::optional<double> LowOf(const v1::ResultRow& row) {
  return Finite(row.has_low(), row.low());
}
std::optional<double> HighOf(const v1::ResultRow& row) {
  return Finite(row.has_high(), row.high());
}

std::string FormatNumber(double number) {
  // A count: the other way round takes ten times as long, and gives the same.
  constexpr double kWhole = 9007199254740992;  // 2^53
  if (number == std::floor(number) && std::fabs(number) < kWhole) {
    return absl::StrCat(static_cast<int64_t>(number));
  }
  std::string text = absl::StrFormat("%.6f", number);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string FormatForPeople(double number) {
  return Separated(FormatNumber(number));
}

std::string CellForPeople(const v1::ResultRow& row, bool separators) {
  switch (row.status()) {
    case v1::PUBLISHED:
      if (const std::optional<double> value = ShownValue(row)) {
        return separators ? FormatForPeople(*value) : FormatNumber(*value);
      }
      return "[x]";
    case v1::SUPPRESSED:
      return "[c]";
    case v1::BOUNDED:
      return BoundsForPeople(row, separators);
    case v1::NOT_APPLICABLE:
      return "[z]";
    default:
      return "[x]";
  }
}

absl::string_view MeasureName(const v1::Result& result,
                              const v1::ResultRow& row) {
  if (row.measure() >= static_cast<uint32_t>(result.measure_size())) return "";
  return result.measure(static_cast<int>(row.measure()));
}

std::string MeasureInWords(absl::string_view measure) {
  for (const char* kind : {"sum", "mean"}) {
    absl::string_view rest = measure;
    if (absl::ConsumePrefix(&rest, absl::StrCat(kind, ":"))) {
      return absl::StrCat(kind, " of ", rest);
    }
  }
  return measure == "distinct_persons" ? "distinct persons"
                                       : std::string(measure);
}

std::string RuleInWords(const v1::DisclosurePolicy& rule) {
  const uint64_t most = rule.largest_hidden_count();
  const bool zeros_shown = rule.zeros() == v1::SHOWN;
  std::vector<std::string> hidden;
  if (most > 0) {
    hidden.push_back(zeros_shown ? absl::StrCat("counts of 1 to ", most)
                                 : absl::StrCat("counts under ", most + 1));
  }
  if (rule.minimum_persons() > 1) {
    hidden.push_back(
        absl::StrCat("under ", rule.minimum_persons(), " persons"));
  }
  return absl::StrCat(
      hidden.empty() ? "no count" : absl::StrJoin(hidden, " and "), " hidden, ",
      zeros_shown ? "zeros shown, " : "", "the rest ",
      rule.method() == v1::CELL_KEY
          ? absl::StrCat("with keyed noise of up to ",
                         rule.cell_key().max_noise(), " (variance ",
                         FormatNumber(rule.cell_key().variance()), "), ")
          : "",
      rule.rounding_base() > 1
          ? absl::StrCat("to the nearest ", rule.rounding_base())
          : "not rounded");
}

const v1::DisclosurePolicy* OneRule(const v1::Result& result) {
  const v1::DisclosurePolicy* one = nullptr;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (!agency.has_rule()) continue;
    if (one != nullptr &&
        one->SerializeAsString() != agency.rule().SerializeAsString()) {
      return nullptr;
    }
    one = &agency.rule();
  }
  return one;
}

std::vector<ResultLine> LinesUnder(const v1::Result& result) {
  std::vector<ResultLine> lines;
  AddAnswered(result, &lines);
  AddOthers(result, true, "Refused", &lines);
  AddOthers(result, false, "Silent", &lines);
  AddData(result, &lines);
  AddRules(result, &lines);
  for (const std::string& warning : result.warning()) {
    lines.push_back({"Note", warning});
  }
  const std::string query = QueryLine(result);
  if (!query.empty()) lines.push_back({"Query", query});
  return lines;
}

std::string QuestionInWords(const v1::Result& result) {
  std::vector<std::string> measures;
  for (const std::string& measure : result.measure()) {
    measures.push_back(MeasureInWords(measure));
  }
  std::string text = absl::StrCat(result.query().data_set(), ": ",
                                  absl::StrJoin(measures, ", "));
  for (int i = 0; i < result.dimension_size(); ++i) {
    const bool last = i + 1 == result.dimension_size();
    absl::StrAppend(&text,
                    i == 0 ? " by "
                    : last ? " and "
                           : ", ",
                    result.dimension(i));
  }
  return text;
}

std::vector<std::string> TidyColumns(const v1::Result& result) {
  std::vector<std::string> columns(result.dimension().begin(),
                                   result.dimension().end());
  if (result.split_by_agency()) columns.push_back("agency");
  for (const char* name : {"measure", "value", "status", "low", "high"}) {
    columns.push_back(name);
  }
  return columns;
}

absl::string_view KeyOf(const v1::ResultRow& row, int dimension) {
  return dimension < row.key_size() ? absl::string_view(row.key(dimension))
                                    : absl::string_view();
}

}  // namespace cairn
