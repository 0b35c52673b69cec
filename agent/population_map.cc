#include "agent/population_map.h"

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/query/selection.h"

namespace cairn {

int FindStored(const v1::ExtractMeta& meta, const std::string& dimension) {
  for (int i = 0; i < meta.dimension_size(); ++i) {
    if (meta.dimension(i).dimension() == dimension) return i;
  }
  return -1;
}

absl::StatusOr<PopulationMap> PopulationMap::Create(
    const DataSet& data_set, const Dimension& population,
    const v1::ExtractMeta& meta, absl::FunctionRef<size_t(int)> column_of,
    absl::FunctionRef<std::vector<std::string>(int, const std::string&)>
        values_at) {
  PopulationMap map;
  CAIRN_ASSIGN_OR_RETURN(const Selection selection,
                         Selection::Create(data_set, population.population));
  map.admitted = selection.admitted();
  size_t stride = map.admitted.size();
  for (const SelectionAxis& axis : selection.axes()) {
    stride /= axis.size();
    const Dimension& used = data_set.dimensions[axis.dimension];
    const int at = FindStored(meta, used.id);
    std::vector<size_t> filter;
    for (const std::string& code :
         values_at(at, used.levels[axis.level].variable)) {
      filter.push_back(static_cast<size_t>(
          std::find(axis.codes.begin(), axis.codes.end(), code) -
          axis.codes.begin()));
    }
    map.columns.push_back(
        {column_of(at), used.multi_valued, std::move(filter), stride});
  }
  return map;
}

int PopulationMap::Admits(const std::vector<int64_t>& row, size_t column,
                          size_t offset) const {
  if (column == columns.size()) return admitted[offset] ? 1 : 0;
  const Column& at = columns[column];
  const auto value = static_cast<uint64_t>(row[at.at]);
  if (!at.mask) {
    if (value >= at.filter.size()) return -1;
    return Admits(row, column + 1, offset + at.filter[value] * at.stride);
  }
  for (size_t code = 0; code < at.filter.size(); ++code) {
    if ((value >> code & 1) == 0) continue;
    const int in =
        Admits(row, column + 1, offset + at.filter[code] * at.stride);
    if (in != 0) return in;
  }
  return 0;
}

}  // namespace cairn
