#ifndef CAIRN_CORE_DISCLOSURE_UNSAFE_CELLS_H_
#define CAIRN_CORE_DISCLOSURE_UNSAFE_CELLS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/figures.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// What the policy says of every cell of the system by itself, before any other
// cell is looked at: the first step of Protect. By cell:
struct UnsafeCells {
  std::vector<SuppressionCell> cells;
  std::vector<HiddenWhy> why;
  std::vector<Range> looks;  // what a stand-in is to keep of it if it is told
};

// `noisy`: what is shown of each cell before it is rounded; the figures
// themselves without a cell key.
UnsafeCells FindUnsafe(const ProtectRequest& request,
                       const LinkedTables& linked, const SystemFigures& figures,
                       absl::Span<const int64_t> noisy);

// What shown figures of the measure are rounded to.
int64_t BaseOf(const ProtectRequest& request, const SystemFigures& figures);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_UNSAFE_CELLS_H_
