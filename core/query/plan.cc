#include "core/query/plan.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// The coarsest level that nests in both. Places: by what the catalogue
// declares.
absl::StatusOr<int> CommonLevel(const Dimension& dimension, int a, int b) {
  int best = -1;
  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    const int level = static_cast<int>(l);
    if (!dimension.Nests(level, a) || !dimension.Nests(level, b)) continue;
    if (best < 0 || dimension.Nests(best, level)) best = level;
  }
  if (best >= 0) return best;
  return Invalid(absl::StrCat(dimension.levels[a].variable, " and ",
                              dimension.levels[b].variable,
                              " share no finer level in the catalogue"));
}

absl::Status CheckPrecision(const DataSet& data_set,
                            const Dimension& dimension) {
  const bool too_fine = (dimension.kind == DimensionKind::kWeekday &&
                         data_set.time_precision == TimePrecision::kMonth) ||
                        (dimension.kind == DimensionKind::kHour &&
                         data_set.time_precision != TimePrecision::kMinute);
  if (!too_fine) return absl::OkStatus();
  return Invalid(absl::StrCat(
      "data set ", data_set.id, " is kept by ",
      data_set.time_precision == TimePrecision::kMonth ? "month" : "day", "; ",
      dimension.levels[0].variable, " is finer than that"));
}

absl::Status CheckMeasures(const DataSet& data_set, Plan* plan) {
  if (plan->query.measures.empty()) plan->query.measures = {Measure{}};
  const auto need = [plan](const Measure& measure) {
    if (std::find(plan->tables.begin(), plan->tables.end(), measure) ==
        plan->tables.end()) {
      plan->tables.push_back(measure);
    }
  };
  for (const Measure& measure : plan->query.measures) {
    switch (measure.kind) {
      case Measure::Kind::kCount:
        need(measure);
        break;
      case Measure::Kind::kDistinctPersons:
        if (!data_set.has_person_key) {
          return Invalid(absl::StrCat(
              "data set ", data_set.id,
              " has no person key, so distinct persons cannot be counted"));
        }
        need(measure);
        break;
      case Measure::Kind::kSum:
      case Measure::Kind::kMean: {
        if (data_set.FindQuantity(measure.quantity) == nullptr) {
          std::vector<std::string> names;
          for (const Quantity& q : data_set.quantities) {
            names.push_back(q.variable);
          }
          return Invalid(absl::StrCat(
              "data set ", data_set.id, " has no quantity '",
              measure.quantity.substr(0, 40), "'",
              names.empty()
                  ? "; it has none that can be summed"
                  : absl::StrCat("; it has: ", absl::StrJoin(names, ", "))));
        }
        need(Measure{Measure::Kind::kSum, measure.quantity});
        if (measure.kind == Measure::Kind::kMean) need(Measure{});
        break;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status AddBy(const DataSet& data_set, const Query& query,
                   std::map<int, PlanAxis>* axes) {
  for (size_t i = 0; i < query.by.size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                           data_set.FindVariable(query.by[i]));
    PlanAxis& axis = (*axes)[at.dimension];
    if (axis.by >= 0) {
      return Invalid(absl::StrCat(
          query.by[axis.by], " and ", query.by[i], " are ",
          query.by[axis.by] == query.by[i] ? "the same variable"
                                           : "levels of one variable",
          "; ask for one of them"));
    }
    axis.dimension = at.dimension;
    axis.by = static_cast<int>(i);
    axis.by_level = axis.level = at.level;
  }
  return absl::OkStatus();
}

absl::Status AddFilter(const DataSet& data_set, const Selection& selection,
                       std::map<int, PlanAxis>* axes) {
  for (size_t f = 0; f < selection.axes().size(); ++f) {
    const SelectionAxis& filter = selection.axes()[f];
    PlanAxis& axis = (*axes)[filter.dimension];
    axis.dimension = filter.dimension;
    axis.filter = static_cast<int>(f);
    axis.filter_level = filter.level;
    if (axis.by < 0) {
      axis.level = filter.level;
    } else {
      CAIRN_ASSIGN_OR_RETURN(axis.level,
                             CommonLevel(data_set.dimensions[filter.dimension],
                                         axis.by_level, filter.level));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string Plan::TableKey() const {
  return absl::StrJoin(axes, ",", [this](std::string* out, const PlanAxis& a) {
    out->append(data_set->dimensions[a.dimension].levels[a.level].variable);
  });
}

absl::StatusOr<Plan> MakePlan(const DataSet& data_set, const Query& query) {
  if (query.by.size() > kMaxVariables) {
    return Invalid(absl::StrCat("--by names ", query.by.size(),
                                " variables; at most ", kMaxVariables,
                                " can be crossed"));
  }
  Plan plan;
  plan.data_set = &data_set;
  plan.query = query;
  CAIRN_RETURN_IF_ERROR(CheckMeasures(data_set, &plan));
  std::map<int, PlanAxis> axes;
  CAIRN_RETURN_IF_ERROR(AddBy(data_set, query, &axes));
  CAIRN_ASSIGN_OR_RETURN(plan.selection,
                         Selection::Create(data_set, query.where));
  CAIRN_RETURN_IF_ERROR(AddFilter(data_set, plan.selection, &axes));
  if (axes.size() > kMaxVariables) {
    return Invalid(absl::StrCat("--by and --where use ", axes.size(),
                                " variables together; at most ", kMaxVariables,
                                " can be crossed"));
  }
  for (const auto& [dimension, axis] : axes) {
    CAIRN_RETURN_IF_ERROR(
        CheckPrecision(data_set, data_set.dimensions[dimension]));
    plan.axes.push_back(axis);
  }
  return plan;
}

}  // namespace cairn
