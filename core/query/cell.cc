#include "core/query/cell.h"

#include <algorithm>

namespace cairn {
namespace {

int64_t AddLimit(int64_t a, int64_t b) {
  return a == kNoLimit || b == kNoLimit ? kNoLimit : a + b;
}

CellStatus Join(CellStatus a, CellStatus b) {
  if (a == CellStatus::kUnavailable || b == CellStatus::kUnavailable) {
    return CellStatus::kUnavailable;
  }
  return a == b ? a : CellStatus::kBounded;
}

// The sum of two cells of which `absent` does not apply.
Cell AddAbsent(const Cell& absent, const Cell& other) {
  if (absent.high != kNoLimit) return other;
  return other.status == CellStatus::kNotApplicable ? absent
                                                    : Incomplete(other);
}

}  // namespace

Cell AddAny(const Cell& a, const Cell& b) {
  if (a.status == CellStatus::kNotApplicable) return AddAbsent(a, b);
  if (b.status == CellStatus::kNotApplicable) return AddAbsent(b, a);
  Cell sum{Join(a.status, b.status), 0, a.low + b.low,
           AddLimit(a.high, b.high)};
  if (sum.status == CellStatus::kPublished) sum.value = a.value + b.value;
  if (sum.status == CellStatus::kUnavailable) sum.high = kNoLimit;
  return sum;
}

Cell Unite(const Cell& a, const Cell& b) {
  if (a.status == CellStatus::kNotApplicable) return b;
  if (b.status == CellStatus::kNotApplicable) return a;
  CellStatus status = Join(a.status, b.status);
  if (status == CellStatus::kPublished) status = CellStatus::kBounded;
  const int64_t high =
      status == CellStatus::kUnavailable ? kNoLimit : AddLimit(a.high, b.high);
  return {status, 0, std::max(a.low, b.low), high};
}

Cell Incomplete(const Cell& cell) {
  const int64_t low = cell.status == CellStatus::kNotApplicable ? 0 : cell.low;
  return {CellStatus::kUnavailable, 0, low, kNoLimit};
}

}  // namespace cairn
