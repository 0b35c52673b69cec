#ifndef CAIRN_CORE_DISCLOSURE_MARKS_H_
#define CAIRN_CORE_DISCLOSURE_MARKS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/policy.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// What a table of counts says of its cells: which are unsafe by themselves,
// and what the mark of a hidden one tells. With z = 0, or 1 where the policy
// shows zeros, and t = largest_hidden_count:
//
//   small cell       count of z..t           hidden, its mark says z..t
//   few persons      count above t, fewer    hidden, the mark says z or more
//                    than minimum_persons
//   zero, if shown   count of 0              shown for certain
//   any other        shown as its rounding bin; as a complement, z or more
//
// One who knows this has the insight that a hidden cell without an upper limit
// is above t, but for margins under shown zeros, where all marks are alike.

// What hiding a cell loses; relative.
using CellCost = std::function<double(int cell, int64_t count)>;
double CostByCount(int cell, int64_t count);  // 1 + count

// The cells of a table of counts, for Suppress(). `persons`: distinct persons
// behind each cell; empty if that is not known.
//
// A finest cell costs twice what `cost` says: a margin that is hidden can still
// be put together from the finer cells that are shown, not the other way round.
//
// A small cell is to keep all of z..t. Where zeros are shown, the mark of a
// margin, small or not, is always z or more: 1..7 over two children of 1 or
// more would take 7 from both.
std::vector<SuppressionCell> CellsOfCounts(const CellSystem& system,
                                           absl::Span<const int64_t> counts,
                                           absl::Span<const int64_t> persons,
                                           const DisclosurePolicy& policy,
                                           const CellCost& cost = CostByCount);

// The least figure of every cell that follows from which cells are 0
// (known.high is 0) and which are not (known.low is above 0), and nothing else.
std::vector<int64_t> LeastByZeros(const CellSystem& system,
                                  absl::Span<const Range> known);

// Takes from what sensitive cells are to keep what no rule can take back where
// zeros are shown: a margin is at least the number of the cells behind it that
// are known not to be 0. Known by what is public of them: of a cell that nobody
// sees, or of one whose mark says nothing, it is not.
void KeepWhatZerosLeave(const CellSystem& system,
                        std::vector<SuppressionCell>* cells);

// A complement is to be as open as a small cell: t - z wide (exact_only: not
// exact), or an outsider who cannot tell it apart could boast of a find. Makes
// the complements that bound propagation finds narrower sensitive, and keeps
// all others hidden. True if there were any: then Suppress() must be asked
// again, with this suppression as its hint.
bool KeepComplementsOpen(const CellSystem& system,
                         const Suppression& suppression,
                         const DisclosurePolicy& policy,
                         const SuppressionOptions& options,
                         std::vector<SuppressionCell>* cells);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_MARKS_H_
