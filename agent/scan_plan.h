#ifndef CAIRN_AGENT_SCAN_PLAN_H_
#define CAIRN_AGENT_SCAN_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/population_map.h"
#include "agent/tabulator.h"
#include "cairn/v1/extract.pb.h"
#include "core/query/plan.h"
#include "core/query/table.h"

namespace cairn {

// What a pass over an extract's records reads to fill a table, and what the
// stored numbers mean on its axes.
struct ScanPlan {
  struct Axis {
    // Of an axis with a population, all that follows is empty.
    PopulationMap population;
    size_t column = 0;  // in `stored`
    bool mask = false;  // multi-valued: the stored mask is taken as it is
    // By stored index; -1: no record of the table's can have it.
    std::vector<int64_t> position = {};
  };
  std::vector<int> stored;  // positions in meta.dimension(), each once
  std::vector<Axis> axes;
  std::vector<int> quantities;  // positions in meta.quantity(): of each sum
  Tabulator::Options options;
  std::vector<bool> chosen;  // by era: whether its records are taken

  // The position in meta.dimension() that the eras stand for, or -1.
  int time = -1;
};

// The positions of a record on the axes, as Tabulator::Add wants them. `row`:
// the stored numbers of plan.stored. False: it has one that it cannot have.
bool FindCodes(const ScanPlan& scan, const std::vector<int64_t>& row,
               std::vector<int64_t>* codes);

// `values_at`: the code of a variable for each number that a stored dimension
// has. Errors as Selection::Create.
absl::StatusOr<ScanPlan> MakeScanPlan(
    const Plan& plan, const TableShape& shape, const v1::ExtractMeta& meta,
    const std::function<std::vector<std::string>(int, const std::string&)>&
        values_at);

}  // namespace cairn

#endif  // CAIRN_AGENT_SCAN_PLAN_H_
