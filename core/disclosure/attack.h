#ifndef CAIRN_CORE_DISCLOSURE_ATTACK_H_
#define CAIRN_CORE_DISCLOSURE_ATTACK_H_

#include <cstdint>
#include <vector>

#include "core/disclosure/cell_system.h"

namespace cairn {

// The interval attacker: what anyone can infer of a hidden cell from all that
// is public. Bounds are propagated first; then the least and the greatest value
// of a cell are linear programs. What it finds on the way, it keeps: every
// solution in whole numbers, checked in whole numbers, is a table that could be
// the truth, and shows at once for every cell that it can be what it is there.

// A cell to look at, and what must be left open of it.
struct AttackTarget {
  int cell = 0;
  // Every whole number of it must stay possible; low > high: not asked for.
  Range keep = {1, 0};
  // Its least and greatest value must be this far apart.
  int64_t width = 1;
};

enum class AttackVerdict : uint8_t {
  kExact,       // it can only be one number
  kNarrow,      // it can be several, but not all that it must
  kOk,          // no one can narrow it further than it may be
  kUnresolved,  // the budget ended first
};

struct Inference {
  AttackVerdict verdict = AttackVerdict::kUnresolved;
  // No table has the cell outside. From propagation this is certain. A bound
  // from a linear program is a floating-point optimum, rounded to the next
  // whole number inside but only after a tolerance outwards, so that an error
  // of the solver below that tolerance can make it too wide, never too narrow.
  Range possible;
  // Tables in whole numbers were found at both ends; low > high: none was.
  Range seen = {1, 0};
  // kOk rests on `seen`. Otherwise on fractional solutions: linear programming
  // cannot narrow it, whole numbers perhaps could.
  bool proved = false;
  // Both ends of `possible` are optima; otherwise it may be too wide.
  bool tight = false;
};

struct AttackOptions {
  // Simplex iterations x columns, over all programs; about 30 million a
  // second. For the verdicts:
  int64_t budget = 3'000'000'000;
  // More, for the ends of cells that are wide enough already.
  int64_t tighten_budget = 300'000'000;
};

struct AttackResult {
  // What is public contradicts itself: no table has it, nothing can be said.
  bool contradictory = false;
  int contradiction = -1;             // a cell where it shows, if one is known
  std::vector<Inference> inferences;  // one a target
};

// `known`: what is public of every cell.
AttackResult Attack(const CellSystem& system, const std::vector<Range>& known,
                    const std::vector<AttackTarget>& targets,
                    const AttackOptions& options);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_ATTACK_H_
