#include "core/query/catalogue.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// Levenshtein distance, with a swap of neighbours as one step.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

bool ParseMonth(absl::string_view month, int* year, int* number) {
  return month.size() == 7 && month[4] == '-' &&
         absl::SimpleAtoi(month.substr(0, 4), year) &&
         absl::SimpleAtoi(month.substr(5), number) && *number >= 1 &&
         *number <= 12 && *year >= 1900;
}

Code PlainCode(std::string id, std::string label = "") {
  Code code;
  code.label = label.empty() ? id : std::move(label);
  code.id = std::move(id);
  return code;
}

void AddUnknown(Level* level) {
  level->codes.push_back(PlainCode(kUnknownCode, "Not known"));
}

// The codes of a calendar level that the period touches, and which of them the
// period covers whole.
absl::Status FillCalendarLevel(const std::vector<std::string>& months,
                               Level* level) {
  for (const std::string& month : months) {
    CAIRN_ASSIGN_OR_RETURN(std::string code,
                           CalendarCode(month, level->variable));
    if (!level->codes.empty() && level->codes.back().id == code) continue;
    const std::vector<std::string> all = MonthsOf(level->variable, code);
    level->whole.push_back(all.front() >= months.front() &&
                           all.back() <= months.back());
    level->codes.push_back(PlainCode(code));
  }
  AddUnknown(level);
  level->whole.push_back(true);
  return absl::OkStatus();
}

absl::Status CompleteTime(const std::vector<std::string>& months,
                          Dimension* dimension) {
  for (Level& level : dimension->levels) {
    CAIRN_RETURN_IF_ERROR(FillCalendarLevel(months, &level));
  }
  const Level& finest = dimension->levels[0];
  for (const Level& level : dimension->levels) {
    std::vector<int> up;
    for (const Code& code : finest.codes) {
      if (code.id == kUnknownCode) {
        up.push_back(level.Find(kUnknownCode));
        continue;
      }
      CAIRN_ASSIGN_OR_RETURN(
          std::string above,
          CalendarCode(MonthsOf(finest.variable, code.id)[0], level.variable));
      up.push_back(level.Find(above));
    }
    dimension->up.push_back(std::move(up));
  }
  return absl::OkStatus();
}

void FillClock(Dimension* dimension) {
  Level& level = dimension->levels[0];
  if (dimension->kind == DimensionKind::kWeekday) {
    const std::pair<const char*, const char*> kDays[] = {
        {"MON", "Monday"},   {"TUE", "Tuesday"}, {"WED", "Wednesday"},
        {"THU", "Thursday"}, {"FRI", "Friday"},  {"SAT", "Saturday"},
        {"SUN", "Sunday"}};
    for (const auto& [id, label] : kDays) {
      level.codes.push_back(PlainCode(id, label));
    }
  } else {
    for (int hour = 0; hour < 24; ++hour) {
      level.codes.push_back(PlainCode(absl::StrFormat("%02d", hour)));
      level.codes.back().at_least = hour;
      level.codes.back().at_most = hour;
    }
  }
  AddUnknown(&level);
  std::vector<int> self(level.codes.size());
  std::iota(self.begin(), self.end(), 0);
  dimension->up = {self};
}

absl::Status CompleteCategory(const std::vector<Within>& code_within,
                              Dimension* dimension) {
  for (const Level& level : dimension->levels) {
    if (level.Find(kUnknownCode) < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "variable ", level.variable, ": its code list has no U (not known)"));
    }
  }
  const Level& finest = dimension->levels[0];
  for (size_t l = 0; l < dimension->levels.size(); ++l) {
    const Level& level = dimension->levels[l];
    std::vector<int> up;
    for (size_t i = 0; i < finest.codes.size(); ++i) {
      if (l == 0) {
        up.push_back(static_cast<int>(i));
        continue;
      }
      const auto& within = code_within[i];
      const auto found = within.find(level.variable);
      const std::string above =
          found != within.end() ? found->second : std::string();
      const int index = above.empty() && finest.codes[i].id == kUnknownCode
                            ? level.Find(kUnknownCode)
                            : level.Find(above);
      if (index < 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "code ", finest.codes[i].id, " of ", finest.variable,
            above.empty() ? " does not say in which code of "
                          : " lies in a code that is not in ",
            level.variable, above.empty() ? " it lies" : ": ", above));
      }
      up.push_back(index);
    }
    dimension->up.push_back(std::move(up));
  }
  return absl::OkStatus();
}

// `nests_in` is a claim of the catalogue: hold it against the codes.
absl::Status CheckNesting(const Dimension& dimension) {
  for (size_t fine = 0; fine < dimension.levels.size(); ++fine) {
    for (const std::string& name : dimension.levels[fine].nests_in) {
      const int coarse = dimension.FindLevel(name);
      if (coarse < 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "variable ", dimension.levels[fine].variable, " nests in ", name,
            ", which is not a level of ", dimension.id));
      }
      if (dimension.up.empty()) continue;
      std::vector<int> seen(dimension.levels[fine].codes.size(), -1);
      for (size_t i = 0; i < dimension.up[fine].size(); ++i) {
        int& above = seen[dimension.up[fine][i]];
        const int now = dimension.up[coarse][i];
        if (above >= 0 && above != now) {
          return absl::InvalidArgumentError(absl::StrCat(
              "variable ", dimension.levels[fine].variable,
              " does not nest in ", name, ": its code ",
              dimension.levels[fine].codes[dimension.up[fine][i]].id,
              " lies in two codes there"));
        }
        above = now;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

int Level::Find(absl::string_view text) const {
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i].id == text) return static_cast<int>(i);
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    if (absl::EqualsIgnoreCase(codes[i].id, text) ||
        absl::EqualsIgnoreCase(codes[i].label, text)) {
      return static_cast<int>(i);
    }
    for (const std::string& alias : codes[i].aliases) {
      if (absl::EqualsIgnoreCase(alias, text)) return static_cast<int>(i);
    }
  }
  return -1;
}

int Dimension::FindLevel(absl::string_view variable) const {
  for (size_t l = 0; l < levels.size(); ++l) {
    if (levels[l].variable == variable) return static_cast<int>(l);
  }
  return -1;
}

bool Dimension::Nests(int fine, int coarse) const {
  if (fine == coarse) return true;
  const auto& above = levels[fine].nests_in;
  return std::find(above.begin(), above.end(), levels[coarse].variable) !=
         above.end();
}

absl::StatusOr<DataSet::Variable> DataSet::FindVariable(
    absl::string_view name) const {
  for (size_t d = 0; d < dimensions.size(); ++d) {
    const int level = dimensions[d].FindLevel(name);
    if (level >= 0) return Variable{static_cast<int>(d), level};
  }
  const std::string near = Nearest(name, VariableNames());
  return absl::NotFoundError(
      absl::StrCat("data set ", id, " has no variable '", name, "'",
                   near.empty() ? absl::StrCat("; see: cairn describe ", id)
                                : absl::StrCat("; did you mean ", near, "?")));
}

const Quantity* DataSet::FindQuantity(absl::string_view name) const {
  for (const Quantity& quantity : quantities) {
    if (quantity.variable == name) return &quantity;
  }
  return nullptr;
}

std::vector<std::string> DataSet::VariableNames() const {
  std::vector<std::string> names;
  for (const Dimension& dimension : dimensions) {
    for (const Level& level : dimension.levels) names.push_back(level.variable);
  }
  return names;
}

absl::StatusOr<const DataSet*> Catalogue::Find(
    absl::string_view data_set) const {
  std::vector<std::string> names;
  for (const DataSet& candidate : data_sets) {
    if (candidate.id == data_set) return &candidate;
    names.push_back(candidate.id);
  }
  const std::string near = Nearest(data_set, names);
  return absl::NotFoundError(
      absl::StrCat("there is no data set '", data_set, "'",
                   near.empty() ? "; see: cairn datasets"
                                : absl::StrCat("; did you mean ", near, "?")));
}

bool Catalogue::HasPurpose(absl::string_view id) const {
  return std::any_of(purposes.begin(), purposes.end(),
                     [id](const Purpose& p) { return p.id == id; });
}

absl::Status CompleteDimension(const std::vector<std::string>& months,
                               const std::vector<Within>& code_within,
                               Dimension* dimension) {
  if (dimension->levels.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("dimension ", dimension->id, " has no level"));
  }
  switch (dimension->kind) {
    case DimensionKind::kTime:
      CAIRN_RETURN_IF_ERROR(CompleteTime(months, dimension));
      break;
    case DimensionKind::kWeekday:
    case DimensionKind::kHour:
      FillClock(dimension);
      break;
    case DimensionKind::kCategory:
      CAIRN_RETURN_IF_ERROR(CompleteCategory(code_within, dimension));
      break;
    case DimensionKind::kPlace:
      break;
  }
  for (Level& level : dimension->levels) {
    level.whole.resize(level.codes.size(), true);
  }
  return CheckNesting(*dimension);
}

absl::StatusOr<std::vector<std::string>> MonthsBetween(absl::string_view from,
                                                       absl::string_view to) {
  int year = 0, month = 0, last_year = 0, last_month = 0;
  if (!ParseMonth(from, &year, &month)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", from, "' is not a month such as 2024-04"));
  }
  if (!ParseMonth(to, &last_year, &last_month)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", to, "' is not a month such as 2024-04"));
  }
  const int count = (last_year - year) * 12 + last_month - month + 1;
  if (count < 1 || count > 600) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the months ", from, " to ", to,
        count < 1 ? " end before they start" : " are more than 600"));
  }
  std::vector<std::string> months;
  for (int i = 0; i < count; ++i) {
    months.push_back(absl::StrFormat("%04d-%02d", year, month));
    if (++month > 12) {
      month = 1;
      ++year;
    }
  }
  return months;
}

absl::StatusOr<std::string> CalendarCode(absl::string_view month,
                                         absl::string_view variable) {
  int year = 0, number = 0;
  if (!ParseMonth(month, &year, &number)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", month, "' is not a month such as 2024-04"));
  }
  if (variable == "month") return std::string(month);
  if (variable == "quarter") {
    return absl::StrFormat("%d-Q%d", year, (number + 2) / 3);
  }
  if (variable == "calendar_year") return absl::StrCat(year);
  const int first = variable == "financial_year"  ? 4
                    : variable == "academic_year" ? 9
                                                  : 0;
  if (first == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", variable,
        "' is not a level of time; use month, quarter, calendar_year, "
        "financial_year or academic_year"));
  }
  const int start = number >= first ? year : year - 1;
  return absl::StrFormat("%d/%02d", start, (start + 1) % 100);
}

std::vector<std::string> MonthsOf(absl::string_view calendar_variable,
                                  absl::string_view code) {
  int year = 0, first = 1, count = 12;
  if (code.size() < 4 || !absl::SimpleAtoi(code.substr(0, 4), &year)) return {};
  if (calendar_variable == "month") return {std::string(code)};
  if (calendar_variable == "quarter") {
    first = (code.back() - '1') * 3 + 1;
    count = 3;
  } else if (calendar_variable == "financial_year") {
    first = 4;
  } else if (calendar_variable == "academic_year") {
    first = 9;
  }
  std::vector<std::string> months;
  for (int i = 0; i < count; ++i) {
    const int month = first + i - 1;
    months.push_back(
        absl::StrFormat("%04d-%02d", year + month / 12, month % 12 + 1));
  }
  return months;
}

std::string Nearest(absl::string_view text,
                    const std::vector<std::string>& names) {
  if (text.size() > 64) return "";
  const std::string lower = absl::AsciiStrToLower(text);
  std::string best;
  size_t best_distance = std::max<size_t>(2, text.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(lower, absl::AsciiStrToLower(name));
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace cairn
