#ifndef CAIRN_CORE_QUERY_RELEASE_PLAN_H_
#define CAIRN_CORE_QUERY_RELEASE_PLAN_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/query/plan.h"

namespace cairn {

// The tables that a partnership agreed to release of a data set: few enough to
// be protected as one, chosen so that most questions are arithmetic on them.
inline constexpr size_t kMaxPlannedTables = 50;  // of a data set

// One measure of one crossing.
struct PlannedTable {
  Plan plan;  // of a question that asks for just this table
  Measure measure;

  std::string Key() const { return plan.TableKey(); }
};

// By data set; the tables in the order given, the most used first.
using ReleasePlan = std::map<std::string, std::vector<PlannedTable>>;

// INVALID_ARGUMENT or NOT_FOUND: a variable or measure the data set does not
// have (the nearest is named), two levels of one variable, a mean, which is
// worked out and not released. `data_set` must outlive the table.
absl::StatusOr<PlannedTable> MakePlannedTable(
    const DataSet& data_set, const std::vector<std::string>& by,
    const Measure& measure);

// Whether the cells of a table with these axes can be worked out from the
// planned one: it has all their variables, at the same level or a finer one.
// Without `additive` at the same level only: distinct persons do not add up.
bool Contains(const PlannedTable& table, const Plan& plan, bool additive);

// The planned table nearest to a question: the one that lacks the fewest of its
// variables; null if there are none.
const PlannedTable* NearestTable(const std::vector<PlannedTable>& tables,
                                 const Plan& plan);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_RELEASE_PLAN_H_
