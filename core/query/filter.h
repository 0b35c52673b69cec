#ifndef CAIRN_CORE_QUERY_FILTER_H_
#define CAIRN_CORE_QUERY_FILTER_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace cairn {

enum class Comparison {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
};

// A value in a question: text in single quotes, or a whole number.
using Literal = std::variant<std::string, int64_t>;

// A checked tree of conditions on variables, never text. What a comparison
// means on codes is decided in one place, core/query/selection.h.
struct Filter {
  enum class Kind { kCompare, kIn, kBetween, kIsNull, kAnd, kOr, kNot };
  Kind kind = Kind::kAnd;
  std::string variable;                // kCompare, kIn, kBetween, kIsNull
  Comparison op = Comparison::kEqual;  // kCompare
  std::vector<Literal> values;  // kCompare: 1, kIn: 1.., kBetween: low, high
  std::vector<Filter> parts;    // kAnd, kOr: 1.., kNot: 1
};

// Limits on a filter, wherever it comes from.
inline constexpr int kMaxFilterDepth = 64;
inline constexpr int kMaxFilterNodes = 2000;
inline constexpr size_t kMaxFilterBytes = 64 * 1024;

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_FILTER_H_
