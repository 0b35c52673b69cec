#include "core/query/filter_token.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

using Kind = FilterToken::Kind;

constexpr char32_t kNoBreakSpace = 0xA0;

bool StartsWord(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool InWord(char c) { return absl::ascii_isalnum(c) || c == '_'; }

struct Operator {
  absl::string_view text;
  Comparison op;
};
// Longer ones first.
constexpr Operator kOperators[] = {
    {"!=", Comparison::kNotEqual},    {"<>", Comparison::kNotEqual},
    {"<=", Comparison::kLessOrEqual}, {">=", Comparison::kGreaterOrEqual},
    {"=", Comparison::kEqual},        {"<", Comparison::kLess},
    {">", Comparison::kGreater},
};

// What people write by habit or what a word processor makes of it.
struct Habit {
  absl::string_view text;
  absl::string_view instead;
};
constexpr Habit kHabits[] = {
    {"==", "="},
    {"=<", "<="},
    {"=>", ">="},
    {"&&", "AND"},
    {"||", "OR"},
    {"\xE2\x89\xA4", "<="},
    {"\xE2\x89\xA5", ">="},
    {"\xE2\x89\xA0", "!="},
    {"!", "NOT"},
};

bool IsCurlyOrDoubleQuote(char32_t c) {
  return c == '"' || c == '`' || c == 0xB4 || c == 0xAB || c == 0xBB ||
         (c >= 0x2018 && c <= 0x201F) || c == 0x2032 || c == 0x2033;
}

bool IsLongDash(char32_t c) {
  return c == 0x2212 || (c >= 0x2010 && c <= 0x2015);
}

std::string Suggest(absl::string_view what) {
  return absl::StrCat("use ", what, " instead");
}

}  // namespace

bool FilterToken::Is(absl::string_view keyword) const {
  return kind == Kind::kWord && absl::EqualsIgnoreCase(text, keyword);
}

std::optional<FilterError> FilterLexer::Next(FilterToken* token) {
  SkipSpace();
  *token = FilterToken();
  token->position = at_;
  if (at_ == text_.size()) return std::nullopt;
  const char c = Peek();
  if (StartsWord(c)) return ReadWord(token);
  if (absl::ascii_isdigit(c) || (c == '-' && absl::ascii_isdigit(Peek(1)))) {
    return ReadNumber(token);
  }
  switch (c) {
    case '\'':
      return ReadText(token);
    case '(':
      token->kind = Kind::kOpen;
      break;
    case ')':
      token->kind = Kind::kClose;
      break;
    case ',':
      token->kind = Kind::kComma;
      break;
    default:
      return ReadOperator(token);
  }
  ++at_;
  return std::nullopt;
}

char FilterLexer::Peek(size_t ahead) const {
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

void FilterLexer::SkipSpace() {
  while (at_ < text_.size()) {
    const Utf8Step step = NextUtf8(text_, at_);
    if (!absl::ascii_isspace(text_[at_]) && step.code_point != kNoBreakSpace) {
      return;
    }
    at_ += step.bytes;
  }
}

std::optional<FilterError> FilterLexer::ReadWord(FilterToken* token) {
  while (InWord(Peek())) ++at_;
  token->kind = Kind::kWord;
  token->text =
      std::string(text_.substr(token->position, at_ - token->position));
  return std::nullopt;
}

std::optional<FilterError> FilterLexer::ReadText(FilterToken* token) {
  token->kind = Kind::kText;
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] != '\'') {
      token->text += text_[at_];
    } else if (Peek(1) == '\'') {
      token->text += '\'';
      ++at_;
    } else {
      ++at_;
      return std::nullopt;
    }
  }
  return FilterError{token->position,
                     "this text is missing its closing single quote (')", ""};
}

std::optional<FilterError> FilterLexer::ReadNumber(FilterToken* token) {
  ++at_;  // the sign or the first digit
  while (absl::ascii_isdigit(Peek())) ++at_;
  const absl::string_view digits =
      text_.substr(token->position, at_ - token->position);
  if (Peek() == '-' && absl::ascii_isdigit(Peek(1))) {
    return FilterError{token->position,
                       "put a date or a code in single quotes, such as "
                       "'2024-04' or '18-24'",
                       ""};
  }
  if (Peek() == '.' || InWord(Peek())) {
    return FilterError{token->position,
                       "numbers in a filter are whole numbers such as 25: no "
                       "decimals, exponents or units",
                       ""};
  }
  if (!absl::SimpleAtoi(digits, &token->number)) {
    return FilterError{token->position, "this number is too large for a filter",
                       ""};
  }
  token->kind = Kind::kNumber;
  return std::nullopt;
}

std::optional<FilterError> FilterLexer::ReadOperator(FilterToken* token) {
  const absl::string_view rest = text_.substr(at_);
  for (const Habit& habit : kHabits) {
    if (!absl::StartsWith(rest, habit.text) || absl::StartsWith(rest, "!=")) {
      continue;
    }
    return FilterError{at_, Suggest(habit.instead), std::string(habit.instead)};
  }
  for (const Operator& op : kOperators) {
    if (!absl::StartsWith(rest, op.text)) continue;
    token->kind = Kind::kOperator;
    token->op = op.op;
    at_ += op.text.size();
    return std::nullopt;
  }
  return Refuse();
}

FilterError FilterLexer::Refuse() const {
  const Utf8Step step = NextUtf8(text_, at_);
  if (IsCurlyOrDoubleQuote(step.code_point)) {
    return {at_, "use straight single quotes around text, such as 'KNIFE'",
            "'"};
  }
  if (IsLongDash(step.code_point)) {
    return {at_, "use a plain hyphen (-) for a minus sign", "-"};
  }
  if (text_[at_] == '-') {
    return {at_, "after a minus sign there must be a whole number, such as -5",
            ""};
  }
  if (text_[at_] == ';') {
    return {at_, "a filter is one condition and has no semicolon", ""};
  }
  return {at_,
          absl::StrCat("the character ",
                       PrintableUtf8(text_.substr(at_, step.bytes)),
                       " has no meaning in a filter"),
          ""};
}

}  // namespace cairn
