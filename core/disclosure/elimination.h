#ifndef CAIRN_CORE_DISCLOSURE_ELIMINATION_H_
#define CAIRN_CORE_DISCLOSURE_ELIMINATION_H_

#include <cstdint>
#include <vector>

#include "core/disclosure/cell_system.h"

namespace cairn {

// What plain algebra gives away: the exact check of a release, by the idea of
// Gaussian elimination over the cells (Langsrud 2024, "Secondary cell
// suppression by Gaussian elimination"; GaussSuppression). Written apart from
// the engine that chooses what to hide, and knows nothing of bounds, rounding
// or whole numbers: it sees the kSum relations alone (a kUnion relation says
// nothing linear) and reckons modulo the prime 2^61 - 1, where nothing is ever
// rounded off.
//
// It draws three vectors at random (always the same ones) from all changes of
// the unknown cells that leave every sum as it is. A cell that stays put in all
// three is known; two cells that move in step determine each other. For
// 100,000 cells the chance to miss one is below 1e-12, to name one in error
// below 1e-25.
struct Determined {
  // By cell: an unknown whose figure follows from the known ones.
  std::vector<bool> exact;
  // By cell: unknown cells that are not exact and share a number >= 0 determine
  // each other: whoever knows one, as the one person behind a count of 1 does,
  // knows all. Else -1. Numbered 0, 1, ... by their first cells.
  std::vector<int> kin;
  // False: the budget of steps ran out. Every unknown cell is then marked
  // exact, and the caller must hide more.
  bool complete = true;
};

// Terms of equations read and written; 5 to 10 ns each. 100,000 cells of a
// crossing take some ten million; only holes strewn over the leaves at random,
// without a shape, take more than a hundred and fifty times that.
inline constexpr int64_t kEliminationBudget = 1'500'000'000;

// `known`: one per cell, whether its figure is public. Deterministic; the
// budget is counted in steps, never in time.
Determined FindDetermined(const CellSystem& system,
                          const std::vector<bool>& known,
                          int64_t budget = kEliminationBudget);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_ELIMINATION_H_
