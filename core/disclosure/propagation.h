#ifndef CAIRN_CORE_DISCLOSURE_PROPAGATION_H_
#define CAIRN_CORE_DISCLOSURE_PROPAGATION_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"

namespace cairn {

// What anyone with a pencil infers from ranges: a parent is at least the sum
// of its children's lows, a child at most its parent less the others' lows, and
// so on until nothing narrows any more. It finds nearly every cell that can be
// found exactly (notes on disclosure, section 5); a linear program finds more.
// Whole numbers only, so what it says is certain.
//
// Finite bounds must not pass 10^12 (with up to 10^6 children in a relation).
class BoundPropagation {
 public:
  // Keeps a reference to `system`, which must outlive it and not grow.
  explicit BoundPropagation(const CellSystem& system);

  // Narrows `ranges` (one per cell) to the fixed point. False as soon as they
  // contradict each other: no table has them all; `ranges` is then left as far
  // as it got. A system in which bounds creep by ones towards a far limit is
  // left before its fixed point, after kVisits visits of each relation on
  // average: what is said then still holds, but is not all.
  bool Run(std::vector<Range>* ranges);
  // The same where `ranges` was at its fixed point before those of `changed`
  // were narrowed: only what follows from them.
  bool RunFrom(absl::Span<const int> changed, std::vector<Range>* ranges);

  // After false: a cell of the contradiction.
  int contradiction() const { return contradiction_; }

  static constexpr int64_t kVisits = 100;

 private:
  bool Possible(int cell, const std::vector<Range>& ranges);
  bool Work(std::vector<Range>* ranges);
  bool Visit(int r, Range* ranges);
  bool VisitSum(int r, Range* ranges);
  bool VisitUnion(int r, Range* ranges);
  bool VisitCover(int r, Range* ranges);
  bool Raise(int cell, int64_t low, int r, Range* ranges);
  bool Lower(int cell, int64_t high, int r, Range* ranges);
  void Wake(int cell, int but);
  void Push(int r);

  const CellSystem& system_;
  const CellSystem::Index index_;
  // Relations to visit, each once, first come first served: a ring.
  std::vector<int> queue_;
  std::vector<bool> queued_;
  size_t head_ = 0;
  size_t waiting_ = 0;
  int contradiction_ = -1;
};

// Run() once.
bool Propagate(const CellSystem& system, std::vector<Range>* ranges);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROPAGATION_H_
