#include "agent/scan_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/status_macros.h"

namespace cairn {
namespace {

FrequencyTable::Sum SumOf(const Quantity& quantity) {
  FrequencyTable::Sum sum;
  sum.quantity = quantity.variable;
  sum.decimals = quantity.decimals;
  sum.clip_low = quantity.clip_low;
  sum.clip_high = quantity.clip_high;
  return sum;
}

}  // namespace

bool FindCodes(const ScanPlan& scan, const std::vector<int64_t>& row,
               std::vector<int64_t>* codes) {
  codes->resize(scan.axes.size());
  for (size_t a = 0; a < scan.axes.size(); ++a) {
    const ScanPlan::Axis& axis = scan.axes[a];
    if (!axis.population.admitted.empty()) {
      const int in = axis.population.Admits(row);
      if (in < 0) return false;
      (*codes)[a] = in == 1 ? 0 : 1;
      continue;
    }
    const int64_t value = row[axis.column];
    if (axis.mask) {
      (*codes)[a] = value;
      continue;
    }
    if (value < 0 || static_cast<size_t>(value) >= axis.position.size()) {
      return false;
    }
    (*codes)[a] = axis.position[static_cast<size_t>(value)];
    if ((*codes)[a] < 0) return false;
  }
  return true;
}

absl::StatusOr<ScanPlan> MakeScanPlan(
    const Plan& plan, const TableShape& shape, const v1::ExtractMeta& meta,
    const std::function<std::vector<std::string>(int, const std::string&)>&
        values_at) {
  const DataSet& data_set = *plan.data_set;
  ScanPlan scan;
  const auto column_of = [&scan](int at) {
    const auto found = std::find(scan.stored.begin(), scan.stored.end(), at);
    if (found != scan.stored.end()) {
      return static_cast<size_t>(found - scan.stored.begin());
    }
    scan.stored.push_back(at);
    return scan.stored.size() - 1;
  };
  scan.axes.resize(plan.axes.size());
  for (size_t a = 0; a < plan.axes.size(); ++a) {
    const Dimension& dimension = data_set.dimensions[plan.axes[a].dimension];
    ScanPlan::Axis& axis = scan.axes[a];
    if (dimension.population.has_value()) {
      CAIRN_ASSIGN_OR_RETURN(axis.population,
                             PopulationMap::Create(data_set, dimension, meta,
                                                   column_of, values_at));
      continue;
    }
    const int at = FindStored(meta, dimension.id);
    axis.column = column_of(at);
    axis.mask = dimension.multi_valued;
    std::map<std::string, int64_t> index;
    for (size_t i = 0; i < shape.axes[a].codes.size(); ++i) {
      index[shape.axes[a].codes[i]] = static_cast<int64_t>(i);
    }
    for (const std::string& code : values_at(at, shape.axes[a].variable)) {
      const auto found = index.find(code);
      axis.position.push_back(found == index.end() ? -1 : found->second);
    }
  }
  scan.options.persons = meta.has_person();
  for (const Measure& measure : plan.tables) {
    if (measure.kind != Measure::Kind::kSum) continue;
    scan.options.sums.push_back(
        SumOf(*data_set.FindQuantity(measure.quantity)));
    const auto& held = meta.quantity();
    scan.quantities.push_back(static_cast<int>(
        std::find(held.begin(), held.end(), measure.quantity) - held.begin()));
  }
  return scan;
}

}  // namespace cairn
