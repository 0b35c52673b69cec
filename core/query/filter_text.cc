#include "core/query/filter_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"
#include "core/query/filter_check.h"
#include "core/query/filter_token.h"

namespace cairn {
namespace {

using Kind = FilterToken::Kind;

constexpr char kExpectedValue[] =
    "expected a value: a whole number such as 25, or text in single quotes "
    "such as 'KNIFE'";
constexpr char kExpectedCondition[] = "expected a condition, such as age < 25";

// Numbers by value; text as far as both go, since a day lies in its month.
bool IsBelow(const Literal& a, const Literal& b) {
  if (a.index() != b.index()) return false;
  if (std::holds_alternative<int64_t>(a)) return a < b;
  const std::string& x = std::get<std::string>(a);
  const std::string& y = std::get<std::string>(b);
  const size_t common = std::min(x.size(), y.size());
  return x.substr(0, common) < y.substr(0, common);
}

// A part of the tree, with its depth: a leaf is 1 deep.
struct Branch {
  Filter filter;
  int depth = 1;
};

// Recursive descent, one level of recursion per bracket or NOT, which is
// counted before it is entered. Every Parse* leaves the parser at the token
// after what it read and returns false once `error_` is set.
class Parser {
 public:
  Parser(absl::string_view text, const DataSet& data_set)
      : data_set_(data_set), lexer_(text) {}

  std::variant<Filter, FilterError> Parse() {
    Branch whole;
    if (!Advance() || !RefuseLeadingWhere() || !ParseOr(&whole)) {
      return *error_;
    }
    if (token_.kind == Kind::kEnd) return std::move(whole.filter);
    FailAfterCondition();
    return *error_;
  }

 private:
  bool Fail(size_t position, std::string message, std::string suggestion = "") {
    error_ = FilterError{position, std::move(message), std::move(suggestion)};
    return false;
  }
  bool Fail(std::optional<FilterError> error) {
    error_ = std::move(error);
    return false;
  }

  bool Advance() {
    std::optional<FilterError> error = lexer_.Next(&token_);
    return error.has_value() ? Fail(std::move(error)) : true;
  }

  bool RefuseLeadingWhere() {
    if (!token_.Is("WHERE")) return true;
    return Fail(token_.position, "leave out WHERE: start with the condition");
  }

  bool FailAfterCondition() {
    if (token_.kind == Kind::kClose) {
      return Fail(token_.position, "this closing bracket has no opening one");
    }
    return Fail(token_.position, "expected AND or OR between two conditions");
  }

  // Counts a node of the tree; refuses too many, and too deep.
  bool Count(int depth, size_t position) {
    if (++nodes_ > kMaxFilterNodes) {
      return Fail(position, absl::StrCat("the filter has more than ",
                                         kMaxFilterNodes, " conditions"));
    }
    return depth <= kMaxFilterDepth || FailDepth(position);
  }
  bool FailDepth(size_t position) {
    return Fail(position, absl::StrCat("the filter is nested more than ",
                                       kMaxFilterDepth, " deep"));
  }
  bool Enter() {
    return ++nesting_ <= kMaxFilterDepth || FailDepth(token_.position);
  }

  bool ParseOr(Branch* out) { return ParseList(Filter::Kind::kOr, "OR", out); }
  bool ParseAnd(Branch* out) {
    return ParseList(Filter::Kind::kAnd, "AND", out);
  }
  bool ParsePart(Filter::Kind kind, Branch* out) {
    return kind == Filter::Kind::kOr ? ParseAnd(out) : ParseNot(out);
  }

  // One part stays as it is; several become one node.
  bool ParseList(Filter::Kind kind, absl::string_view keyword, Branch* out) {
    const size_t position = token_.position;
    if (!ParsePart(kind, out)) return false;
    if (!token_.Is(keyword)) return true;
    Branch list;
    list.filter.kind = kind;
    list.depth = out->depth + 1;
    list.filter.parts.push_back(std::move(out->filter));
    while (token_.Is(keyword)) {
      Branch part;
      if (!Advance() || !ParsePart(kind, &part)) return false;
      list.depth = std::max(list.depth, part.depth + 1);
      list.filter.parts.push_back(std::move(part.filter));
    }
    *out = std::move(list);
    return Count(out->depth, position);
  }

  bool ParseNot(Branch* out) {
    if (!token_.Is("NOT")) return ParseCondition(out);
    const size_t position = token_.position;
    Branch inner;
    if (!Enter() || !Advance() || !ParseNot(&inner)) return false;
    --nesting_;
    return Negate(std::move(inner), position, out);
  }

  bool Negate(Branch inner, size_t position, Branch* out) {
    out->filter = Filter();
    out->filter.kind = Filter::Kind::kNot;
    out->filter.parts.push_back(std::move(inner.filter));
    out->depth = inner.depth + 1;
    return Count(out->depth, position);
  }

  bool ParseCondition(Branch* out) {
    if (token_.kind == Kind::kOpen) return ParseBracket(out);
    if (token_.kind != Kind::kWord || token_.Is("AND") || token_.Is("OR")) {
      return Fail(token_.position, token_.kind == Kind::kEnd ||
                                           token_.kind == Kind::kWord ||
                                           token_.kind == Kind::kClose
                                       ? kExpectedCondition
                                       : "a condition starts with a variable, "
                                         "such as age < 25");
    }
    FilterVariable variable;
    const size_t position = token_.position;
    std::optional<FilterError> error =
        FindFilterVariable(data_set_, token_, &variable);
    if (error.has_value()) return Fail(std::move(error));
    return Advance() && ParsePredicate(variable, position, out);
  }

  bool ParseBracket(Branch* out) {
    if (!Enter() || !Advance() || !ParseOr(out)) return false;
    if (token_.kind == Kind::kEnd) {
      return Fail(token_.position, "missing closing bracket )");
    }
    if (token_.kind != Kind::kClose) return FailAfterCondition();
    --nesting_;
    return Advance();
  }

  // What follows a variable.
  bool ParsePredicate(const FilterVariable& variable, size_t position,
                      Branch* out) {
    if (StandsForPlaces(variable)) {
      return ParsePlace(variable, out) && Count(1, position);
    }
    if (token_.kind == Kind::kOperator) {
      return ParseCompare(variable, out) && Count(1, position);
    }
    if (token_.Is("IS")) return ParseIsNull(variable, position, out);
    const bool negated = token_.Is("NOT");
    if (negated && !Advance()) return false;
    Branch plain;
    if (!ParseInOrBetween(variable, &plain) || !Count(1, position)) {
      return false;
    }
    if (negated) return Negate(std::move(plain), position, out);
    *out = std::move(plain);
    return true;
  }

  bool ParseInOrBetween(const FilterVariable& variable, Branch* out) {
    if (token_.Is("IN")) return ParseIn(variable, out);
    if (token_.Is("BETWEEN")) return ParseBetween(variable, out);
    if (token_.Is("LIKE") || token_.Is("ILIKE")) {
      return Fail(
          token_.position,
          "there is no LIKE: use = or IN with the codes of the variable", "IN");
    }
    return Fail(token_.position,
                absl::StrCat("expected =, <>, <, <=, >, >=, IN, BETWEEN or IS "
                             "after ",
                             variable.name));
  }

  // place = 'city_centre' is city_centre = '1'.
  bool ParsePlace(FilterVariable variable, Branch* out) {
    Filter& filter = out->filter;
    filter.kind = Filter::Kind::kCompare;
    filter.op = token_.op;
    if (token_.kind != Kind::kOperator ||
        (token_.op != Comparison::kEqual &&
         token_.op != Comparison::kNotEqual)) {
      return Fail(token_.position,
                  absl::StrCat("write ", variable.name, " = or ", variable.name,
                               " <> and the name of a place"));
    }
    if (!Advance()) return false;
    std::optional<FilterError> error = FindPlace(token_, &variable);
    if (error.has_value()) return Fail(std::move(error));
    filter.variable = variable.name;
    filter.values.push_back(std::string("1"));
    return Advance();
  }

  bool ParseCompare(const FilterVariable& variable, Branch* out) {
    const Comparison op = token_.op;
    const size_t position = token_.position;
    Filter& filter = out->filter;
    if (op != Comparison::kEqual && op != Comparison::kNotEqual &&
        !CheckOrder(variable, position)) {
      return false;
    }
    std::optional<Literal> literal;
    if (!Advance() || !ParseValue(variable, op, &literal)) return false;
    if (!literal.has_value()) return KnownOnly(variable, position, out);
    filter.kind = Filter::Kind::kCompare;
    filter.variable = variable.name;
    filter.op = op;
    filter.values.push_back(*std::move(literal));
    return true;
  }

  // Up to a band without an end: everything that is known.
  bool KnownOnly(const FilterVariable& variable, size_t position, Branch* out) {
    Branch null;
    null.filter.kind = Filter::Kind::kIsNull;
    null.filter.variable = variable.name;
    return Negate(std::move(null), position, out);
  }

  bool CheckOrder(const FilterVariable& variable, size_t position) {
    std::optional<FilterError> error = CheckOrdered(variable, position);
    return error.has_value() ? Fail(std::move(error)) : true;
  }

  bool ParseIn(const FilterVariable& variable, Branch* out) {
    Filter& filter = out->filter;
    filter.kind = Filter::Kind::kIn;
    filter.variable = variable.name;
    if (!Advance()) return false;
    if (token_.kind != Kind::kOpen) {
      return Fail(token_.position,
                  "expected ( after IN, as in IN ('KNIFE', 'GUN')", "(");
    }
    do {
      std::optional<Literal> literal;
      if (!Advance() || !ParseValue(variable, Comparison::kEqual, &literal)) {
        return false;
      }
      filter.values.push_back(*std::move(literal));
    } while (token_.kind == Kind::kComma);
    if (token_.kind != Kind::kClose) {
      return Fail(token_.position, "expected a comma or ) in the list of IN");
    }
    return Advance();
  }

  bool ParseBetween(const FilterVariable& variable, Branch* out) {
    const size_t position = token_.position;
    if (!CheckOrder(variable, position)) return false;
    std::optional<Literal> low, high;
    if (!Advance() ||
        !ParseValue(variable, Comparison::kGreaterOrEqual, &low)) {
      return false;
    }
    if (!token_.Is("AND")) {
      return Fail(token_.position,
                  "expected AND, as in BETWEEN '2024-04' AND '2025-03'", "AND");
    }
    if (!Advance() || !ParseValue(variable, Comparison::kLessOrEqual, &high)) {
      return false;
    }
    Filter& filter = out->filter;
    filter.variable = variable.name;
    filter.kind = Filter::Kind::kBetween;
    if (!high.has_value()) {  // up to a band without an end
      filter.kind = Filter::Kind::kCompare;
      filter.op = Comparison::kGreaterOrEqual;
      filter.values = {*std::move(low)};
      return true;
    }
    if (IsBelow(*high, *low)) {
      return Fail(position, "BETWEEN needs the smaller value first");
    }
    filter.values = {*std::move(low), *std::move(high)};
    return true;
  }

  bool ParseIsNull(const FilterVariable& variable, size_t position,
                   Branch* out) {
    if (!Advance()) return false;
    const bool negated = token_.Is("NOT");
    if (negated && !Advance()) return false;
    if (!token_.Is("NULL")) {
      return Fail(token_.position, "expected IS NULL or IS NOT NULL", "NULL");
    }
    Branch null;
    null.filter.kind = Filter::Kind::kIsNull;
    null.filter.variable = variable.name;
    if (!Advance() || !Count(1, position)) return false;
    if (negated) return Negate(std::move(null), position, out);
    *out = std::move(null);
    return true;
  }

  bool ParseValue(const FilterVariable& variable, Comparison op,
                  std::optional<Literal>* literal) {
    if (token_.kind != Kind::kText && token_.kind != Kind::kNumber) {
      return FailValue(op);
    }
    std::optional<FilterError> error =
        CheckLiteral(data_set_, variable, op, token_, literal);
    return error.has_value() ? Fail(std::move(error)) : Advance();
  }

  bool FailValue(Comparison op) {
    const bool keyword = token_.Is("AND") || token_.Is("OR") ||
                         token_.Is("NOT") || token_.Is("IN") ||
                         token_.Is("BETWEEN") || token_.Is("IS");
    if (token_.kind != Kind::kWord || keyword) {
      return Fail(token_.position, kExpectedValue);
    }
    if (token_.Is("NULL")) {
      const bool differs = op == Comparison::kNotEqual;
      return Fail(token_.position,
                  differs ? "write IS NOT NULL for what is known"
                          : "write IS NULL for what is not known",
                  differs ? "IS NOT NULL" : "IS NULL");
    }
    if (token_.Is("NAN") || token_.Is("INF") || token_.Is("INFINITY")) {
      return Fail(token_.position,
                  "numbers in a filter are whole numbers such as 25: not NaN, "
                  "not infinity");
    }
    const std::string quoted = absl::StrCat("'", token_.text, "'");
    return Fail(token_.position,
                absl::StrCat("put text in single quotes: ",
                             token_.text.size() <= 40 ? quoted : "'...'"),
                quoted);
  }

  const DataSet& data_set_;
  FilterLexer lexer_;
  FilterToken token_;
  std::optional<FilterError> error_;
  int nodes_ = 0;
  int nesting_ = 0;
};

std::optional<FilterError> CheckBytes(absl::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return FilterError{
        kMaxFilterBytes,
        absl::StrCat("the filter is longer than ", kMaxFilterBytes, " bytes"),
        ""};
  }
  const size_t invalid = FirstInvalidUtf8(text);
  const size_t nul = text.find('\0');
  if (nul < invalid) {
    return FilterError{nul, "the filter has a NUL character in it", ""};
  }
  if (invalid != absl::string_view::npos) {
    return FilterError{invalid,
                       "the filter is not UTF-8 from this byte on; save it as "
                       "UTF-8",
                       ""};
  }
  if (text.find_first_not_of(" \t\r\n") == absl::string_view::npos) {
    return FilterError{0, "the filter is empty; leave it out to ask for all",
                       ""};
  }
  return std::nullopt;
}

// ---- The window of a message

constexpr size_t kWindow = 72;
constexpr size_t kBefore = 40;  // characters kept before the place
constexpr char kCut[] = "...";

// Start of the character `count` characters before `position`. Bad bytes count
// one each; whoever steps back over continuation bytes stops at three.
size_t StepBack(absl::string_view text, size_t position, size_t count) {
  while (count-- > 0 && position > 0) {
    size_t start = position - 1;
    for (size_t back = 1; back <= 4 && back <= position; ++back) {
      const Utf8Step step = NextUtf8(text, position - back);
      if (step.valid && step.bytes == back) start = position - back;
    }
    position = start;
  }
  return position;
}

size_t StepOn(absl::string_view text, size_t position, size_t count) {
  while (count-- > 0 && position < text.size()) {
    position += NextUtf8(text, position).bytes;
  }
  return position;
}

}  // namespace

std::variant<Filter, FilterError> CheckFilterText(absl::string_view text,
                                                  const DataSet& data_set) {
  std::optional<FilterError> error = CheckBytes(text);
  if (error.has_value()) return *std::move(error);
  return Parser(text, data_set).Parse();
}

std::string RenderFilterError(absl::string_view text,
                              const FilterError& error) {
  const size_t position = std::min(error.position, text.size());
  size_t from = StepBack(text, position, kBefore);
  size_t to = StepOn(text, from, kWindow);
  const bool cut_before = from > 0;
  const bool cut_after = to < text.size();
  if (cut_before) from = StepOn(text, from, 3);
  if (cut_after) to = StepBack(text, to, 3);
  const size_t before =
      CountUtf8(text.substr(from, position - from)) + (cut_before ? 3 : 0);
  return absl::StrCat(error.message, "\n", cut_before ? kCut : "",
                      PrintableUtf8(text.substr(from, to - from)),
                      cut_after ? kCut : "", "\n", std::string(before, ' '),
                      "^");
}

absl::StatusOr<Filter> ParseFilter(absl::string_view text,
                                   const DataSet& data_set) {
  std::variant<Filter, FilterError> result = CheckFilterText(text, data_set);
  if (auto* filter = std::get_if<Filter>(&result)) return std::move(*filter);
  return absl::InvalidArgumentError(
      RenderFilterError(text, std::get<FilterError>(result)));
}

}  // namespace cairn
