#ifndef CAIRN_AGENT_SNAPSHOT_TABULATOR_H_
#define CAIRN_AGENT_SNAPSHOT_TABULATOR_H_

#include "absl/status/statusor.h"
#include "agent/scan_plan.h"
#include "agent/snapshot.h"
#include "core/query/table.h"

namespace cairn {

// How many threads tabulate so many rows: below some millions, starting one
// costs more than it brings.
int ThreadsFor(uint64_t rows);

// Fills a table from the records of a snapshot: counts, distinct persons, sums
// with their largest contributors, and keys, of every cell and every margin;
// the same figures as Tabulator gives for the rows one by one.
// DATA_LOSS: a column is damaged, or a record has a code that it cannot have.
absl::StatusOr<FrequencyTable> TabulateSnapshot(Snapshot* snapshot,
                                                const ScanPlan& scan,
                                                const TableShape& shape,
                                                int threads);

}  // namespace cairn

#endif  // CAIRN_AGENT_SNAPSHOT_TABULATOR_H_
