#ifndef CAIRN_CORE_QUERY_CELL_H_
#define CAIRN_CORE_QUERY_CELL_H_

#include <cstdint>
#include <limits>

namespace cairn {

// What an outsider is told of one cell: a number or not, and the interval the
// true number lies in. `kNoLimit` in `high` means that no upper bound is
// public. A hidden cell is never a number; a silent agency is never a zero.
enum class CellStatus {
  kPublished,      // value shown, low..high = its rounding bin
  kSuppressed,     // hidden; low..high is all that is said
  kBounded,        // sum of intervals, some published, some hidden
  kUnavailable,    // somebody did not answer: low is what the others hold
  kNotApplicable,  // the agency does not have this cell. high 0: it has nothing
                   // there (a place outside its area). high kNoLimit: its
                   // source does not tell it apart, so what belongs there may
                   // stand under another code
};

inline constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

struct Cell {
  CellStatus status = CellStatus::kNotApplicable;
  int64_t value = 0;  // meaningful only when published
  int64_t low = 0;
  int64_t high = 0;

  friend bool operator==(const Cell&, const Cell&) = default;
};

inline Cell PublishedCell(int64_t value, int64_t low, int64_t high) {
  return {CellStatus::kPublished, value, low, high};
}
inline Cell SuppressedCell(int64_t low, int64_t high) {
  return {CellStatus::kSuppressed, 0, low, high};
}

// The sum of two disjoint cells: intervals add, a hidden part makes it bounded.
// A cell that does not apply adds nothing, but leaves the sum without an upper
// bound if what belongs there may stand under another code.
Cell AddAny(const Cell& a, const Cell& b);
inline Cell Add(const Cell& a, const Cell& b) {
  const bool numbers = a.status == CellStatus::kPublished &&
                       b.status == CellStatus::kPublished &&
                       a.high != kNoLimit && b.high != kNoLimit;
  if (!numbers) return AddAny(a, b);
  return PublishedCell(a.value + b.value, a.low + b.low, a.high + b.high);
}
// The union of two cells whose members may be the same: between the larger of
// the two and their sum. Distinct persons and multi-valued variables combine
// so.
Cell Unite(const Cell& a, const Cell& b);
// The cell, known not to be all of it: only the lower bound stands.
Cell Incomplete(const Cell& cell);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_CELL_H_
