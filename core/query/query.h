#ifndef CAIRN_CORE_QUERY_QUERY_H_
#define CAIRN_CORE_QUERY_QUERY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/query/filter.h"

namespace cairn {

// What is measured in a cell. A mean is worked out from the released sum and
// count.
struct Measure {
  enum class Kind { kCount, kDistinctPersons, kSum, kMean };
  Kind kind = Kind::kCount;
  std::string quantity;  // kSum, kMean

  std::string ToString() const;  // count, distinct_persons, sum:days, mean:days
  friend bool operator==(const Measure&, const Measure&) = default;
};

// INVALID_ARGUMENT says what a measure looks like.
absl::StatusOr<Measure> ParseMeasure(absl::string_view text);

// A question, in the order it was asked. Meaning is given to it by a Plan.
struct Query {
  std::string data_set;
  std::vector<std::string> by;
  std::vector<Measure> measures;  // empty: count
  std::optional<Filter> where;
  std::string purpose;
};

inline constexpr int kMaxVariables = 4;
inline constexpr int64_t kMaxTableCells = 100'000;

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_QUERY_H_
