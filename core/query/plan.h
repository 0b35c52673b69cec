#ifndef CAIRN_CORE_QUERY_PLAN_H_
#define CAIRN_CORE_QUERY_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/query/catalogue.h"
#include "core/query/query.h"
#include "core/query/selection.h"

namespace cairn {

// A question resolved on the lattice: the canonical table of cells it needs,
// and how its rows are worked out from them. Both sides make the same Plan from
// the same catalogue and Query.
//
//   --by lad --where "offence_class = 'ROB' AND age_band IN ('0-4','5-9')"
//   table:   age_core x lad x offence_class, with all margins
//   row:     (lad) = cell (age_core 0-9, lad, ROB)
struct PlanAxis {
  int dimension = 0;
  int level = 0;  // where the table is cut
  int by = -1;    // position in Query.by; -1: only filtered
  int by_level =
      -1;           // the level --by asked for; as coarse as `level` or coarser
  int filter = -1;  // position in Selection.axes; -1: not filtered
  int filter_level = -1;
};

struct Plan {
  const DataSet* data_set = nullptr;
  Query query;  // measures filled in
  Selection selection;
  std::vector<PlanAxis> axes;   // in the data set's order of dimensions
  std::vector<Measure> tables;  // measures to be released: never a mean

  // The levels the table is cut at, comma separated, in order: "age_core,lad".
  std::string TableKey() const;
};

// INVALID_ARGUMENT or NOT_FOUND: one sentence that says which part cannot be
// asked and what can. `data_set` must outlive the plan.
absl::StatusOr<Plan> MakePlan(const DataSet& data_set, const Query& query);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_PLAN_H_
