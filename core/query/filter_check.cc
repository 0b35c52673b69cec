#include "core/query/filter_check.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

using Kind = FilterToken::Kind;
using MaybeError = std::optional<FilterError>;

// A list of codes up to this long is worth printing whole.
constexpr size_t kShortList = 8;
constexpr size_t kMaxQuoted = 40;

bool IsOrder(Comparison op) {
  return op != Comparison::kEqual && op != Comparison::kNotEqual;
}

// Text as it stands in a message: in quotes, short, harmless.
std::string Quoted(absl::string_view text) {
  size_t end = 0;
  for (size_t n = 0; n < kMaxQuoted && end < text.size(); ++n) {
    end += NextUtf8(text, end).bytes;
  }
  return absl::StrCat("'", PrintableUtf8(text.substr(0, end)),
                      end < text.size() ? "...'" : "'");
}

std::string ListOfCodes(const Level& level) {
  if (level.codes.size() > kShortList) {
    return absl::StrCat("its codes run from '", level.codes.front().id,
                        "' to '", level.codes[level.codes.size() - 2].id, "'");
  }
  return absl::StrCat(
      "its codes are ",
      absl::StrJoin(level.codes, ", ", [](std::string* out, const Code& code) {
        absl::StrAppend(out, "'", code.id, "'");
      }));
}

// The code that the text is nearest to, by id, alias or label.
const Code* NearestCode(const Level& level, absl::string_view text) {
  std::vector<std::string> names;
  std::vector<const Code*> codes;
  const auto add = [&](const std::string& name, const Code& code) {
    names.push_back(name);
    codes.push_back(&code);
  };
  for (const Code& code : level.codes) {
    add(code.id, code);
    if (!code.label.empty()) add(code.label, code);
    for (const std::string& alias : code.aliases) add(alias, code);
  }
  const std::string near = Nearest(text, names);
  if (near.empty()) return nullptr;
  return codes[std::find(names.begin(), names.end(), near) - names.begin()];
}

FilterError NoSuchCode(const FilterVariable& variable,
                       const FilterToken& token) {
  const Level& level = *variable.level;
  FilterError error{
      token.position,
      absl::StrCat(variable.name, " has no code ", Quoted(token.text)), ""};
  if (const Code* near = NearestCode(level, token.text)) {
    error.suggestion = absl::StrCat("'", near->id, "'");
    absl::StrAppend(&error.message, "; did you mean ", error.suggestion,
                    near->label.empty() || near->label == near->id
                        ? ""
                        : absl::StrCat(" (", near->label, ")"),
                    "?");
    if (level.codes.size() > kShortList && !variable.IsTime()) return error;
  }
  absl::StrAppend(&error.message, error.suggestion.empty() ? "; " : " ",
                  ListOfCodes(level));
  return error;
}

// ---- Dates

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;  // 0: the whole month
};

bool ReadDigits(absl::string_view text, int* value) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, value);
}

// True for 2024-04 and 2024-04-01, whether or not there is such a day.
bool LooksLikeDate(absl::string_view text, Date* date) {
  if (text.size() != 7 && text.size() != 10) return false;
  if (text[4] != '-' || !ReadDigits(text.substr(0, 4), &date->year) ||
      !ReadDigits(text.substr(5, 2), &date->month)) {
    return false;
  }
  return text.size() == 7 ||
         (text[7] == '-' && ReadDigits(text.substr(8, 2), &date->day));
}

int DaysIn(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

MaybeError CheckExists(const Date& date, const FilterToken& token) {
  static constexpr const char* kMonths[] = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  if (date.month < 1 || date.month > 12) {
    return FilterError{
        token.position,
        absl::StrCat(Quoted(token.text), " is not a date: months are 01 to 12"),
        ""};
  }
  const bool has_day = token.text.size() == 10;
  if (has_day && (date.day < 1 || date.day > DaysIn(date.year, date.month))) {
    return FilterError{token.position,
                       absl::StrCat("there is no ", date.day, " ",
                                    kMonths[date.month - 1], " ", date.year),
                       ""};
  }
  return std::nullopt;
}

// The first month after `month`.
std::string MonthAfter(const std::string& month) {
  Date date;
  if (!LooksLikeDate(month, &date)) return "";
  const int count = date.year * 12 + date.month;  // months since year 0, plus 1
  return absl::StrCat(absl::Dec(count / 12, absl::kZeroPad4), "-",
                      absl::Dec(count % 12 + 1, absl::kZeroPad2));
}

MaybeError CheckPeriod(const DataSet& data_set, Comparison op,
                       const FilterToken& token) {
  if (data_set.months.empty()) return std::nullopt;
  const std::string& first = data_set.months.front();
  const std::string& last = data_set.months.back();
  const std::string month = token.text.substr(0, 7);
  if (month >= first && month <= last) return std::nullopt;
  // "Before the month after the last" is how a whole period is often written.
  const std::string after = MonthAfter(last);
  if (op == Comparison::kLess &&
      (token.text == after || token.text == absl::StrCat(after, "-01"))) {
    return std::nullopt;
  }
  return FilterError{
      token.position,
      absl::StrCat(Quoted(token.text),
                   " is outside the period "
                   "of ",
                   data_set.id, ", which is ", first, " to ", last),
      ""};
}

FilterError NotADate(const FilterVariable& variable, const FilterToken& token) {
  if (variable.level->variable != "month") return NoSuchCode(variable, token);
  return {token.position,
          absl::StrCat(token.kind == Kind::kNumber ? "a bare number"
                                                   : Quoted(token.text),
                       " is not a month; write '2024-04' for a month, or "
                       "'2024-04-01' for a day"),
          ""};
}

// A date on a variable of time that is not itself one of its codes.
MaybeError CheckDate(const DataSet& data_set, const FilterVariable& variable,
                     Comparison op, const FilterToken& token,
                     std::optional<Literal>* literal) {
  Date date;
  if (!LooksLikeDate(token.text, &date)) return NotADate(variable, token);
  if (MaybeError error = CheckExists(date, token)) return error;
  if (MaybeError error = CheckPeriod(data_set, op, token)) return error;
  if (variable.level->variable != "month") return NoSuchCode(variable, token);
  if (!IsOrder(op) && token.text.size() == 10) {
    const std::string month = token.text.substr(0, 7);
    return FilterError{token.position,
                       absl::StrCat(variable.name,
                                    " is asked by whole months, "
                                    "such as '",
                                    month, "'"),
                       absl::StrCat("'", month, "'")};
  }
  *literal = token.text;
  return std::nullopt;
}

// ---- Codes and numbers

// The number that stands for a band's code in a comparison.
MaybeError EdgeOf(const FilterVariable& variable, const Code& code,
                  Comparison op, size_t position,
                  std::optional<Literal>* literal) {
  if (!code.at_least.has_value()) {
    return FilterError{position,
                       absl::StrCat("'", code.id,
                                    "' has no place in the order "
                                    "of ",
                                    variable.name, "; write ", variable.name,
                                    " IS NULL or use ="),
                       ""};
  }
  if (op == Comparison::kLess || op == Comparison::kGreaterOrEqual) {
    *literal = *code.at_least;
  } else if (code.at_most.has_value()) {
    *literal = *code.at_most;
  } else if (op == Comparison::kLessOrEqual) {
    *literal = std::nullopt;
  } else {
    return FilterError{position,
                       absl::StrCat("nothing lies above '", code.id, "'"), ""};
  }
  return std::nullopt;
}

MaybeError CheckText(const DataSet& data_set, const FilterVariable& variable,
                     Comparison op, const FilterToken& token,
                     std::optional<Literal>* literal) {
  if (variable.IsPlace() && variable.level->codes.empty()) {
    if (token.text.empty()) {
      return FilterError{
          token.position,
          absl::StrCat("the code of a ", variable.name, " cannot be empty"),
          ""};
    }
    *literal = token.text;
    return std::nullopt;
  }
  const int index = variable.level->Find(token.text);
  if (index < 0 && variable.IsTime()) {
    return CheckDate(data_set, variable, op, token, literal);
  }
  if (index < 0) {
    FilterError error = NoSuchCode(variable, token);
    int64_t number = 0;
    if (variable.HasNumbers() && absl::SimpleAtoi(token.text, &number)) {
      error.suggestion = absl::StrCat(number);
      error.message =
          absl::StrCat(variable.name, " has no code ", Quoted(token.text),
                       "; write numbers without quotes: ", number);
    }
    return error;
  }
  const Code& code = variable.level->codes[index];
  if (IsOrder(op) && variable.HasNumbers()) {
    return EdgeOf(variable, code, op, token.position, literal);
  }
  if (IsOrder(op) && code.id == kUnknownCode) {
    return EdgeOf(variable, code, op, token.position, literal);
  }
  *literal = code.id;
  return std::nullopt;
}

// A number in = or IN must be all that a band holds.
MaybeError CheckExactNumber(const FilterVariable& variable,
                            const FilterToken& token) {
  for (const Code& code : variable.level->codes) {
    if (!code.at_least.has_value() || *code.at_least > token.number) continue;
    if (code.at_most.has_value() && *code.at_most < token.number) continue;
    if (code.at_most == code.at_least) return std::nullopt;
    const std::string band = absl::StrCat("'", code.id, "'");
    return FilterError{
        token.position,
        absl::StrCat(variable.name, " is kept in bands, and ", token.number,
                     " is inside ", band, "; write ", variable.level->variable,
                     " = ", band),
        band};
  }
  return FilterError{token.position,
                     absl::StrCat("no band of ", variable.level->variable,
                                  " holds ", token.number),
                     ""};
}

MaybeError CheckNumber(const FilterVariable& variable, Comparison op,
                       const FilterToken& token,
                       std::optional<Literal>* literal) {
  if (variable.HasNumbers()) {
    *literal = token.number;
    return IsOrder(op) ? std::nullopt : CheckExactNumber(variable, token);
  }
  // A code may look like a number: 1 and 0 of a population, a year.
  const int index = variable.level->Find(absl::StrCat(token.number));
  if (index >= 0) {
    *literal = variable.level->codes[index].id;
    return std::nullopt;
  }
  if (variable.IsTime()) return NotADate(variable, token);
  const std::vector<Code>& codes = variable.level->codes;
  return FilterError{
      token.position,
      absl::StrCat(
          variable.name,
          " is not a number; compare it with text in single quotes",
          codes.empty() ? "" : absl::StrCat(" such as '", codes[0].id, "'")),
      ""};
}

// ---- Names

// A dimension's id may stand for its finest level where that is natural.
bool StandsForItself(const Dimension& dimension) {
  if (dimension.levels.empty()) return false;
  if (dimension.kind == DimensionKind::kTime) return true;
  return FilterVariable{"", &dimension, &dimension.levels[0]}.HasNumbers();
}

MaybeError UnknownVariable(const DataSet& data_set, const FilterToken& word) {
  FilterError error{word.position, "", ""};
  if (data_set.FindQuantity(word.text) != nullptr) {
    error.message = absl::StrCat(word.text,
                                 " is a quantity: it can be measured "
                                 "(sum:",
                                 word.text, "), not filtered on");
    return error;
  }
  std::vector<std::string> names = data_set.VariableNames();
  for (const Dimension& dimension : data_set.dimensions) {
    if (StandsForItself(dimension)) names.push_back(dimension.id);
    if (!absl::EqualsIgnoreCase(dimension.id, word.text)) continue;
    error.message =
        absl::StrCat(word.text, " is asked for as ",
                     absl::StrJoin(dimension.levels, " or ",
                                   [](std::string* out, const Level& level) {
                                     absl::StrAppend(out, level.variable);
                                   }));
    return error;
  }
  error.message = absl::StrCat("data set ", data_set.id, " has no variable ",
                               Quoted(word.text));
  error.suggestion = Nearest(word.text, names);
  absl::StrAppend(&error.message,
                  error.suggestion.empty()
                      ? absl::StrCat("; see: cairn describe ", data_set.id)
                      : absl::StrCat("; did you mean ", error.suggestion, "?"));
  return error;
}

bool HasNamedPlaces(const Dimension& dimension) {
  return std::any_of(dimension.levels.begin(), dimension.levels.end(),
                     [](const Level& level) { return !level.areas.empty(); });
}

}  // namespace

bool FilterVariable::HasNumbers() const {
  return std::any_of(level->codes.begin(), level->codes.end(),
                     [](const Code& c) { return c.at_least.has_value(); });
}

MaybeError FindFilterVariable(const DataSet& data_set, const FilterToken& word,
                              FilterVariable* variable) {
  for (const Dimension& dimension : data_set.dimensions) {
    for (const Level& level : dimension.levels) {
      if (!absl::EqualsIgnoreCase(level.variable, word.text)) continue;
      *variable = {level.variable, &dimension, &level};
      return std::nullopt;
    }
  }
  for (const Dimension& dimension : data_set.dimensions) {
    if (!absl::EqualsIgnoreCase(dimension.id, word.text)) continue;
    if (!StandsForItself(dimension) && !HasNamedPlaces(dimension)) break;
    *variable = {dimension.id, &dimension, &dimension.levels[0]};
    return std::nullopt;
  }
  return UnknownVariable(data_set, word);
}

bool StandsForPlaces(const FilterVariable& variable) {
  return variable.IsPlace() && variable.name != variable.level->variable;
}

MaybeError FindPlace(const FilterToken& token, FilterVariable* variable) {
  std::vector<std::string> names;
  for (const Level& level : variable->dimension->levels) {
    if (level.areas.empty()) continue;
    if (absl::EqualsIgnoreCase(level.variable, token.text) ||
        absl::EqualsIgnoreCase(level.title, token.text)) {
      *variable = {level.variable, variable->dimension, &level};
      return std::nullopt;
    }
    names.push_back(level.variable);
  }
  FilterError error{token.position,
                    absl::StrCat("there is no place ", Quoted(token.text)), ""};
  const std::string near = Nearest(token.text, names);
  if (!near.empty()) error.suggestion = absl::StrCat("'", near, "'");
  absl::StrAppend(&error.message, near.empty() ? "" : "; did you mean ",
                  error.suggestion, near.empty() ? "" : "?",
                  near.empty() ? "; " : " ", "an area is asked for ",
                  "by its level, such as ", variable->level->variable,
                  " = '..'");
  return error;
}

MaybeError CheckOrdered(const FilterVariable& variable, size_t position) {
  if (variable.IsTime() || variable.HasNumbers()) return std::nullopt;
  return FilterError{position,
                     absl::StrCat(variable.name,
                                  " has no order: use =, <> or IN with its "
                                  "codes"),
                     ""};
}

MaybeError CheckLiteral(const DataSet& data_set, const FilterVariable& variable,
                        Comparison op, const FilterToken& token,
                        std::optional<Literal>* literal) {
  return token.kind == Kind::kNumber
             ? CheckNumber(variable, op, token, literal)
             : CheckText(data_set, variable, op, token, literal);
}

}  // namespace cairn
