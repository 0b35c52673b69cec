#ifndef CAIRN_AGENT_CELL_FINDER_H_
#define CAIRN_AGENT_CELL_FINDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/scan_plan.h"
#include "agent/snapshot.h"
#include "core/query/table.h"

namespace cairn {

// Works out, a block of rows at a time, the one finest cell that each record
// lies in: the sum over the axes of what a look-up table has for its code. A
// record that is not of the table's span goes to a cell behind the last.
// For tables without multi-valued variables.
class CellFinder {
 public:
  CellFinder() = default;  // of no table

  static bool CanServe(const ScanPlan& scan);

  // Errors as Snapshot::Find. The snapshot must outlive it.
  static absl::StatusOr<CellFinder> Create(Snapshot* snapshot,
                                           const ScanPlan& scan,
                                           const TableShape& shape);

  // The most rows at a time: what is worked on stays in the nearest cache.
  static constexpr size_t kBlockRows = 2048;

  // False: a record has a code that it cannot have. Threads may share it.
  bool Find(uint64_t first_row, size_t rows, uint32_t* cells) const;

 private:
  // A column, and what each of its numbers adds.
  struct Lane {
    Snapshot::Column column;
    std::vector<uint32_t> adds;
  };
  // A code that follows from several columns: their sum is where to look.
  struct Joint {
    std::vector<Lane> lanes;
    std::vector<uint32_t> adds;
  };

  explicit CellFinder(uint32_t behind) : behind_(behind) {}

  static absl::StatusOr<Snapshot::Column> ColumnOf(Snapshot* snapshot,
                                                   const ScanPlan& scan,
                                                   size_t stored);
  absl::Status AddAxis(Snapshot* snapshot, const ScanPlan& scan,
                       const ScanPlan::Axis& axis, uint32_t stride);
  absl::Status AddSpan(Snapshot* snapshot, const ScanPlan& scan);
  void AddUp(const std::vector<Lane>& lanes, uint64_t first_row, size_t rows,
             uint32_t* sums) const;
  static void AddTwo(const Lane& a, const Lane& b, uint64_t first_row,
                     size_t rows, uint32_t* sums);

  uint32_t behind_ = 0;
  std::vector<Lane> lanes_;
  std::vector<Joint> joints_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_CELL_FINDER_H_
