#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/query/filter_text.h"

namespace cairn {
namespace {

using Kind = Filter::Kind;

// A list of one is what it holds.
const Filter& Unwrap(const Filter& filter) {
  const Filter* at = &filter;
  while ((at->kind == Kind::kAnd || at->kind == Kind::kOr) &&
         at->parts.size() == 1) {
    at = &at->parts[0];
  }
  return *at;
}

// Whether a part needs brackets inside a node of this kind.
bool NeedsBrackets(const Filter& part, Kind inside) {
  if (part.kind == Kind::kOr) return inside != Kind::kOr;
  return part.kind == Kind::kAnd && inside == Kind::kNot;
}

template <typename PrintOne>
std::string PrintPart(const Filter& wrapped, Kind inside,
                      const PrintOne& print) {
  const Filter& part = Unwrap(wrapped);
  const std::string text = print(part);
  return NeedsBrackets(part, inside) ? absl::StrCat("(", text, ")") : text;
}

template <typename PrintOne>
std::string PrintList(const Filter& filter, absl::string_view keyword,
                      const PrintOne& print) {
  return absl::StrJoin(filter.parts, keyword,
                       [&](std::string* out, const Filter& part) {
                         out->append(PrintPart(part, filter.kind, print));
                       });
}

// ---- As text

constexpr std::array<absl::string_view, 6> kOperatorText = {"=",  "<>", "<",
                                                            "<=", ">",  ">="};

std::string LiteralText(const Literal& literal) {
  if (const auto* number = std::get_if<int64_t>(&literal)) {
    return absl::StrCat(*number);
  }
  return absl::StrCat(
      "'", absl::StrReplaceAll(std::get<std::string>(literal), {{"'", "''"}}),
      "'");
}

std::string ValuesText(const Filter& filter, absl::string_view between) {
  return absl::StrJoin(filter.values, between,
                       [](std::string* out, const Literal& literal) {
                         out->append(LiteralText(literal));
                       });
}

std::string Print(const Filter& filter) {
  switch (filter.kind) {
    case Kind::kCompare:
      return absl::StrCat(filter.variable, " ",
                          kOperatorText[static_cast<size_t>(filter.op)], " ",
                          ValuesText(filter, ""));
    case Kind::kIn:
      return absl::StrCat(filter.variable, " IN (", ValuesText(filter, ", "),
                          ")");
    case Kind::kBetween:
      return absl::StrCat(filter.variable, " BETWEEN ",
                          ValuesText(filter, " AND "));
    case Kind::kIsNull:
      return absl::StrCat(filter.variable, " IS NULL");
    case Kind::kAnd:
      return PrintList(filter, " AND ", Print);
    case Kind::kOr:
      return PrintList(filter, " OR ", Print);
    case Kind::kNot:
      return absl::StrCat("NOT ",
                          PrintPart(filter.parts[0], Kind::kNot, Print));
  }
  return "";
}

// ---- In words

// What a variable's name stands for; null where the data set does not know it.
struct Meaning {
  const Dimension* dimension = nullptr;
  const Level* level = nullptr;
  std::string title;
};

// "Age band" -> "age band", but "LSOA" stays.
std::string InSentence(std::string title) {
  const bool capitals = title.size() > 1 && absl::ascii_isupper(title[1]);
  if (!title.empty() && !capitals) title[0] = absl::ascii_tolower(title[0]);
  return title;
}

Meaning Find(const DataSet& data_set, const std::string& name) {
  for (const Dimension& dimension : data_set.dimensions) {
    for (const Level& level : dimension.levels) {
      if (level.variable != name) continue;
      return {&dimension, &level,
              InSentence(level.title.empty() ? name : level.title)};
    }
  }
  for (const Dimension& dimension : data_set.dimensions) {
    if (dimension.id != name || dimension.levels.empty()) continue;
    return {&dimension, &dimension.levels[0],
            InSentence(dimension.title.empty() ? name : dimension.title)};
  }
  return {nullptr, nullptr, name};
}

// 2024-04 -> "April 2024"; 2024-04-09 -> "9 April 2024"; else as it is.
std::string DateInWords(const std::string& text) {
  static constexpr const char* kMonths[] = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  int month = 0, day = 0;
  if ((text.size() != 7 && text.size() != 10) || text[4] != '-' ||
      !absl::SimpleAtoi(text.substr(5, 2), &month) || month < 1 || month > 12) {
    return text;
  }
  const bool has_day =
      text.size() == 10 && absl::SimpleAtoi(text.substr(8), &day);
  return absl::StrCat(has_day ? absl::StrCat(day, " ") : "", kMonths[month - 1],
                      " ", text.substr(0, 4));
}

std::string ValueInWords(const Meaning& meaning, const Literal& literal) {
  if (const auto* number = std::get_if<int64_t>(&literal)) {
    return absl::StrCat(*number);
  }
  const std::string& text = std::get<std::string>(literal);
  if (meaning.level == nullptr) return text;
  const int index = meaning.level->Find(text);
  if (index >= 0) {
    const Code& code = meaning.level->codes[index];
    if (!code.label.empty() && code.label != code.id) return code.label;
  }
  return meaning.dimension->kind == DimensionKind::kTime ? DateInWords(text)
                                                         : text;
}

// "A", "A or B", "A, B or C".
std::string Alternatives(const std::vector<std::string>& words) {
  if (words.size() < 2) return absl::StrJoin(words, "");
  return absl::StrCat(absl::StrJoin(words.begin(), words.end() - 1, ", "),
                      " or ", words.back());
}

std::string CompareInWords(const Meaning& meaning, Comparison op,
                           const std::string& value) {
  const bool time = meaning.dimension != nullptr &&
                    meaning.dimension->kind == DimensionKind::kTime;
  const std::string& title = meaning.title;
  switch (op) {
    case Comparison::kEqual:
      return absl::StrCat(title, " is ", value);
    case Comparison::kNotEqual:
      return absl::StrCat(title, " is not ", value);
    case Comparison::kLess:
      return absl::StrCat(title, time ? " before " : " under ", value);
    case Comparison::kLessOrEqual:
      return time ? absl::StrCat(title, " up to ", value)
                  : absl::StrCat(title, " ", value, " or under");
    case Comparison::kGreater:
      return absl::StrCat(title, time ? " after " : " over ", value);
    case Comparison::kGreaterOrEqual:
      return time ? absl::StrCat(title, " from ", value)
                  : absl::StrCat(title, " ", value, " or over");
  }
  return title;
}

class Speaker {
 public:
  explicit Speaker(const DataSet& data_set) : data_set_(data_set) {}

  std::string Say(const Filter& filter) const {
    const auto say = [this](const Filter& part) { return Say(part); };
    switch (filter.kind) {
      case Kind::kAnd:
        return PrintList(filter, " and ", say);
      case Kind::kOr:
        return PrintList(filter, " or ", say);
      case Kind::kNot:
        return SayNot(Unwrap(filter.parts[0]));
      default:
        return SayCondition(filter, Find(data_set_, filter.variable));
    }
  }

 private:
  std::string SayNot(const Filter& part) const {
    if (part.kind == Kind::kIsNull) {
      return absl::StrCat(Find(data_set_, part.variable).title, " known");
    }
    return absl::StrCat("not (", Say(part), ")");
  }

  std::string SayCondition(const Filter& filter, const Meaning& meaning) const {
    if (filter.kind == Kind::kIsNull) {
      return absl::StrCat(meaning.title, " not known");
    }
    std::vector<std::string> values;
    for (const Literal& literal : filter.values) {
      values.push_back(ValueInWords(meaning, literal));
    }
    if (filter.kind == Kind::kIn) {
      return absl::StrCat(meaning.title, " is ", Alternatives(values));
    }
    if (filter.kind == Kind::kBetween) {
      return absl::StrCat(meaning.title, " from ",
                          absl::StrJoin(values, " to "));
    }
    const std::string value = absl::StrJoin(values, ", ");
    if (IsYesOrNo(filter, meaning)) return SayPopulation(filter, meaning);
    return CompareInWords(meaning, filter.op, value);
  }

  // A population is itself, or not: "knife-enabled offences".
  static bool IsYesOrNo(const Filter& filter, const Meaning& meaning) {
    return meaning.dimension != nullptr &&
           meaning.dimension->population.has_value() &&
           (filter.op == Comparison::kEqual ||
            filter.op == Comparison::kNotEqual) &&
           (filter.values == std::vector<Literal>{Literal("1")} ||
            filter.values == std::vector<Literal>{Literal("0")});
  }
  static std::string SayPopulation(const Filter& filter,
                                   const Meaning& meaning) {
    const bool yes = std::get<std::string>(filter.values[0]) == "1";
    const bool equal = filter.op == Comparison::kEqual;
    return yes == equal ? meaning.title : absl::StrCat("not ", meaning.title);
  }

  const DataSet& data_set_;
};

}  // namespace

std::string FilterToText(const Filter& filter) { return Print(Unwrap(filter)); }

std::string FilterToWords(const Filter& filter, const DataSet& data_set) {
  return Speaker(data_set).Say(Unwrap(filter));
}

}  // namespace cairn
