#ifndef CAIRN_CORE_DISCLOSURE_NARROW_BEFORE_H_
#define CAIRN_CORE_DISCLOSURE_NARROW_BEFORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// Cells for which Suppress() found no table even with nothing new shown: what
// was told before narrows them, or the search is not good enough. To hide all
// that is new for their sake would help none of them, so they are held to this
// instead: what is shown now tells no more of them than what was told before.
struct NarrowBefore {
  std::vector<int> cells;
  std::vector<Range> keep;       // what they were to keep, by their order
  std::vector<Range> public_of;  // by cell of the system: with nothing new shown
  std::vector<Range> ranges;     // by cell: what a pencil makes of that
};

// Of `suppression.unproved`; `cells` as they were suppressed. Empty if there
// are none.
NarrowBefore FindNarrowBefore(const CellSystem& system,
                              const std::vector<SuppressionCell>& cells,
                              const Suppression& suppression);

// Those of them that what is public now narrows further within what they were
// to keep: by bound propagation, or by linear programs over everything
// (Attack). In order. None where `budget` (as AttackOptions::budget) ends
// before that is clear. Where it would in any case, as the system has more than
// kMostCells, or the cells times those of the system are more than
// kMostByPrograms, by bound propagation alone.
inline constexpr int kMostCells = 20'000;
inline constexpr int64_t kMostByPrograms = 3'000'000;
std::optional<std::vector<int>> NarrowedSince(
    const NarrowBefore& before, const CellSystem& system,
    const std::vector<Range>& public_now, int64_t budget);

// As one who knows of no new figure sees it: nothing new is shown, not even a
// zero, and no new mark says anything.
void HideEverything(std::vector<SuppressionCell>* cells);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_NARROW_BEFORE_H_
