#include "core/query/release_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

const PlanAxis* AxisOf(const Plan& plan, int dimension) {
  for (const PlanAxis& axis : plan.axes) {
    if (axis.dimension == dimension) return &axis;
  }
  return nullptr;
}

bool Serves(const Plan& table, const PlanAxis& wanted, bool additive) {
  const PlanAxis* axis = AxisOf(table, wanted.dimension);
  if (axis == nullptr) return false;
  if (axis->level == wanted.level) return true;
  return additive && table.data_set->dimensions[wanted.dimension].Nests(
                         axis->level, wanted.level);
}

}  // namespace

absl::StatusOr<PlannedTable> MakePlannedTable(
    const DataSet& data_set, const std::vector<std::string>& by,
    const Measure& measure) {
  if (measure.kind == Measure::Kind::kMean) {
    return absl::InvalidArgumentError(absl::StrCat(
        measure.ToString(), " is worked out from released sums and counts; ",
        "list sum:", measure.quantity, " and count"));
  }
  Query query;
  query.data_set = data_set.id;
  query.by = by;
  query.measures = {measure};
  PlannedTable table;
  CAIRN_ASSIGN_OR_RETURN(table.plan, MakePlan(data_set, query));
  table.measure = measure;
  return table;
}

bool Contains(const PlannedTable& table, const Plan& plan, bool additive) {
  return std::all_of(plan.axes.begin(), plan.axes.end(),
                     [&](const PlanAxis& wanted) {
                       return Serves(table.plan, wanted, additive);
                     });
}

const PlannedTable* NearestTable(const std::vector<PlannedTable>& tables,
                                 const Plan& plan) {
  const PlannedTable* nearest = nullptr;
  // Least lacking, then with the least beside what was asked for.
  std::pair<size_t, size_t> best;
  for (const PlannedTable& table : tables) {
    const auto served = static_cast<size_t>(std::count_if(
        plan.axes.begin(), plan.axes.end(), [&](const PlanAxis& wanted) {
          return Serves(table.plan, wanted, true);
        }));
    const std::pair<size_t, size_t> lacks = {plan.axes.size() - served,
                                             table.plan.axes.size() - served};
    if (nearest != nullptr && lacks >= best) continue;
    best = lacks;
    nearest = &table;
  }
  return nearest;
}

}  // namespace cairn
