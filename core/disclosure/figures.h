#ifndef CAIRN_CORE_DISCLOSURE_FIGURES_H_
#define CAIRN_CORE_DISCLOSURE_FIGURES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/protect.h"

namespace cairn {

// The true figures of every cell of a system of linked tables. One entry per
// cell; it never leaves Protect.
struct SystemFigures {
  std::vector<int64_t> figure;   // of the measure
  std::vector<int64_t> count;    // of records
  std::vector<int64_t> persons;  // behind the cell; empty without a person key
  std::vector<int64_t> largest;  // sums: of one contributor
  std::vector<int64_t> second;
  // The clip and decimals of a sum; clip_high is 1 for counts.
  int64_t clip_high = 1;
  int decimals = 0;
};

// Fills them from the new tables, from `tabulate` for the pinned ones, and for
// the tables nobody sees by adding up finer ones, or `tabulate` where figures
// do not add. INVALID_ARGUMENT if a table does not carry the measure;
// DATA_LOSS if a pinned table's marks do not hold its figures.
absl::StatusOr<SystemFigures> FindFigures(const ProtectRequest& request,
                                          const LinkedTables& linked);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_FIGURES_H_
