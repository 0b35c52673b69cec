#ifndef CAIRN_CORE_LINK_CELL_READER_H_
#define CAIRN_CORE_LINK_CELL_READER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/table.pb.h"
#include "core/disclosure/policy.h"
#include "core/query/cell.h"

namespace cairn {

// How the cells of a table are told apart on the wire (ProtectedTable.state).
enum CellState : char {
  kRange,
  kShown,
  kBounds,
  kShownSum,
  kBoundedSum,
  kStructuralZero,
};

inline constexpr int64_t kMaxFigure = int64_t{1} << 52;

// The cells of a table message, one a state, each held against what the rule
// can give: a shown number is a multiple of `base` (1 or more), a hidden one
// lies in the rule's range times `clip`. INVALID_ARGUMENT says what cannot be.
// Whether its structural zeros are the catalogue's is for the caller to see.
absl::StatusOr<std::vector<Cell>> ReadCells(const v1::ProtectedTable& message,
                                            int64_t base,
                                            const DisclosurePolicy& policy,
                                            int64_t clip);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_CELL_READER_H_
