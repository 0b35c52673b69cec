#include "core/query/atom.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

absl::StatusOr<int> FindCode(const Level& level, const Literal& value) {
  const std::string text = std::holds_alternative<std::string>(value)
                               ? std::get<std::string>(value)
                               : absl::StrCat(std::get<int64_t>(value));
  const int index = level.Find(text);
  if (index >= 0) return index;
  std::vector<std::string> ids;
  for (const Code& code : level.codes) ids.push_back(code.id);
  const std::string near = Nearest(text, ids);
  return Invalid(absl::StrCat(
      level.variable, " has no code '", text.substr(0, 40), "'",
      near.empty()
          ? absl::StrCat("; its codes run from ", ids.front(), " to ",
                         ids.size() > 1 ? ids[ids.size() - 2] : ids.front())
          : absl::StrCat("; did you mean '", near, "'?")));
}

// A threshold on codes: how many leading codes (in order) lie below it.
struct Cut {
  int below = 0;      // codes entirely below the literal
  int not_above = 0;  // codes entirely at or below it
};

int OrderedCodes(const Level& level) {
  // U stands last and outside any order.
  return static_cast<int>(level.codes.size()) -
         (level.codes.back().id == kUnknownCode ? 1 : 0);
}

absl::StatusOr<Cut> CutAtNumber(const Level& level, int64_t number) {
  Cut cut;
  for (const Code& code : level.codes) {
    if (!code.at_least.has_value()) continue;
    const bool open_above = !code.at_most.has_value();
    if (!open_above && *code.at_most < number) ++cut.below;
    if (!open_above && *code.at_most <= number) ++cut.not_above;
  }
  return cut;
}

// Whether `number` cuts through a band, for < and >= (`strict`) or <= and >.
absl::Status CheckBand(const Level& level, const std::string& variable,
                       Comparison op, int64_t number) {
  const bool edge_before =
      op == Comparison::kLess || op == Comparison::kGreaterOrEqual;
  // The first value above the cut.
  const int64_t start = edge_before ? number : number + 1;
  int64_t nearest_low = 0, nearest_high = 0;
  for (const Code& code : level.codes) {
    if (!code.at_least.has_value() || *code.at_least >= start) continue;
    if (code.at_most.has_value() && *code.at_most < start) continue;
    nearest_low = *code.at_least;
    nearest_high = code.at_most.has_value() ? *code.at_most + 1 : nearest_low;
    const std::string other =
        nearest_high == nearest_low
            ? ""
            : absl::StrCat(" or ", variable, " < ", nearest_high);
    return Invalid(absl::StrCat("the filter cuts through the band ", code.id,
                                " of ", level.variable, "; nearest: ", variable,
                                " < ", nearest_low, other));
  }
  return absl::OkStatus();
}

// One atom over the codes of its level: which codes it admits.
class AtomReader {
 public:
  AtomReader(const Level& level, bool is_time)
      : level_(level), time_(is_time) {}

  absl::StatusOr<std::vector<bool>> Read(const Filter& atom) const {
    std::vector<bool> admitted(level_.codes.size(), false);
    switch (atom.kind) {
      case Filter::Kind::kIsNull: {
        const int unknown = level_.Find(kUnknownCode);
        if (unknown >= 0) admitted[unknown] = true;
        return admitted;
      }
      case Filter::Kind::kIn:
        for (const Literal& value : atom.values) {
          CAIRN_RETURN_IF_ERROR(AdmitEqual(value, &admitted));
        }
        return admitted;
      case Filter::Kind::kBetween: {
        if (atom.values.size() != 2) return Invalid("BETWEEN needs two values");
        CAIRN_RETURN_IF_ERROR(Order(atom.variable, Comparison::kGreaterOrEqual,
                                    atom.values[0], &admitted));
        std::vector<bool> upper(level_.codes.size(), false);
        CAIRN_RETURN_IF_ERROR(Order(atom.variable, Comparison::kLessOrEqual,
                                    atom.values[1], &upper));
        for (size_t i = 0; i < upper.size(); ++i) {
          admitted[i] = admitted[i] && upper[i];
        }
        return admitted;
      }
      default:
        break;
    }
    if (atom.values.size() != 1) return Invalid("a comparison needs one value");
    if (atom.op == Comparison::kEqual || atom.op == Comparison::kNotEqual) {
      CAIRN_RETURN_IF_ERROR(AdmitEqual(atom.values[0], &admitted));
      if (atom.op == Comparison::kNotEqual) admitted.flip();
      return admitted;
    }
    CAIRN_RETURN_IF_ERROR(
        Order(atom.variable, atom.op, atom.values[0], &admitted));
    return admitted;
  }

 private:
  bool HasNumbers() const {
    return std::any_of(level_.codes.begin(), level_.codes.end(),
                       [](const Code& c) { return c.at_least.has_value(); });
  }

  absl::Status AdmitEqual(const Literal& value,
                          std::vector<bool>* admitted) const {
    if (std::holds_alternative<int64_t>(value) && HasNumbers() &&
        level_.Find(absl::StrCat(std::get<int64_t>(value))) < 0) {
      const int64_t number = std::get<int64_t>(value);
      for (size_t i = 0; i < level_.codes.size(); ++i) {
        const Code& code = level_.codes[i];
        if (code.at_least == number && code.at_most == number) {
          (*admitted)[i] = true;
          return absl::OkStatus();
        }
      }
      return Invalid(absl::StrCat(level_.variable, " is kept in bands; ",
                                  number, " is inside one of them"));
    }
    CAIRN_ASSIGN_OR_RETURN(const int index, FindCode(level_, value));
    if (!level_.whole[index]) {
      return Invalid(absl::StrCat(
          level_.variable, " '", level_.codes[index].id,
          "' reaches beyond the period of the data set; ask for its months"));
    }
    (*admitted)[index] = true;
    return absl::OkStatus();
  }

  absl::Status Order(const std::string& variable, Comparison op,
                     const Literal& value, std::vector<bool>* admitted) const {
    int first = 0, last = OrderedCodes(level_);  // admitted: [first, last)
    if (time_) {
      CAIRN_RETURN_IF_ERROR(OrderTime(op, value, &first, &last));
    } else {
      if (!HasNumbers() || !std::holds_alternative<int64_t>(value)) {
        return Invalid(absl::StrCat(
            level_.variable, " has no order; use =, <> or IN with its codes"));
      }
      const int64_t number = std::get<int64_t>(value);
      if (number == INT64_MAX || number == INT64_MIN) {
        return Invalid(absl::StrCat(number, " is out of range"));
      }
      CAIRN_RETURN_IF_ERROR(CheckBand(level_, variable, op, number));
      CAIRN_ASSIGN_OR_RETURN(const Cut cut, CutAtNumber(level_, number));
      if (op == Comparison::kLess) last = cut.below;
      if (op == Comparison::kLessOrEqual) last = cut.not_above;
      if (op == Comparison::kGreater) first = cut.not_above;
      if (op == Comparison::kGreaterOrEqual) first = cut.below;
    }
    for (int i = first; i < last; ++i) {
      (*admitted)[i] = time_ || level_.codes[i].at_least.has_value();
    }
    return absl::OkStatus();
  }

  absl::Status OrderTime(Comparison op, const Literal& value, int* first,
                         int* last) const {
    if (!std::holds_alternative<std::string>(value)) {
      return Invalid(absl::StrCat(level_.variable,
                                  " is compared with text such as '",
                                  level_.codes.front().id, "'"));
    }
    std::string text = std::get<std::string>(value);
    if (text.size() == 10 && level_.variable == "month") {
      CAIRN_ASSIGN_OR_RETURN(text, MonthAtEdge(text, &op));
    }
    // Codes of one calendar level sort as text. A bound outside the period is
    // fine: everything, or nothing, lies beyond it.
    if (level_.Find(text) < 0 && !LooksLikeCode(text)) {
      return FindCode(level_, text).status();
    }
    const int ordered = OrderedCodes(level_);
    int below = 0, not_above = 0;
    for (int i = 0; i < ordered; ++i) {
      if (level_.codes[i].id < text) ++below;
      if (level_.codes[i].id <= text) ++not_above;
    }
    if (op == Comparison::kLess) *last = below;
    if (op == Comparison::kLessOrEqual) *last = not_above;
    if (op == Comparison::kGreater) *first = not_above;
    if (op == Comparison::kGreaterOrEqual) *first = below;
    return absl::OkStatus();
  }

  bool LooksLikeCode(const std::string& text) const {
    if (level_.variable != "month") return false;
    return MonthsBetween(text, text).ok();
  }

  // month >= '2024-04-01' falls on a month's edge; month >= '2024-04-15' does
  // not.
  absl::StatusOr<std::string> MonthAtEdge(const std::string& date,
                                          Comparison* op) const {
    int year = 0, month = 0, day = 0;
    if (!absl::SimpleAtoi(date.substr(0, 4), &year) ||
        !absl::SimpleAtoi(date.substr(5, 2), &month) ||
        !absl::SimpleAtoi(date.substr(8, 2), &day) || month < 1 || month > 12 ||
        day < 1) {
      return Invalid(absl::StrCat("'", date, "' is not a date"));
    }
    static constexpr int kDays[] = {31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int days = kDays[month - 1] + (month == 2 && leap ? 1 : 0);
    const std::string code = date.substr(0, 7);
    if (day > days) {
      return Invalid(absl::StrCat("'", date, "' does not exist: ", code,
                                  " has ", days, " days"));
    }
    const bool starts =
        *op == Comparison::kGreaterOrEqual || *op == Comparison::kLess;
    if (starts ? day == 1 : day == days) return code;
    return Invalid(
        absl::StrCat("the filter cuts through the month ", code, "; nearest: '",
                     code, starts ? "-01'" : absl::StrFormat("-%02d'", days)));
  }

  const Level& level_;
  bool time_;
};

}  // namespace

absl::StatusOr<std::vector<bool>> AdmittedCodes(const Level& level,
                                                bool is_time,
                                                const Filter& atom) {
  return AtomReader(level, is_time).Read(atom);
}

}  // namespace cairn
