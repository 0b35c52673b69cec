#ifndef CAIRN_AGENT_POPULATION_MAP_H_
#define CAIRN_AGENT_POPULATION_MAP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "cairn/v1/extract.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// A stored dimension's position in meta.dimension(), or -1.
int FindStored(const v1::ExtractMeta& meta, const std::string& dimension);

// A population's code from the stored columns it is made of.
struct PopulationMap {
  struct Column {
    size_t at;                   // in the row
    bool mask;                   // multi-valued
    std::vector<size_t> filter;  // stored index -> filter code
    size_t stride;
  };
  std::vector<Column> columns;
  std::vector<bool> admitted;

  // By a stored dimension's position in meta.dimension(): `column_of`, its
  // place in the row; `values_at`, the code of a variable for each number it
  // has. Errors as Selection::Create.
  static absl::StatusOr<PopulationMap> Create(
      const DataSet& data_set, const Dimension& population,
      const v1::ExtractMeta& meta, absl::FunctionRef<size_t(int)> column_of,
      absl::FunctionRef<std::vector<std::string>(int, const std::string&)>
          values_at);

  // Is a record in? With several values of a variable: if any of them is.
  // -1 for a value that no column has.
  int Admits(const std::vector<int64_t>& row, size_t column = 0,
             size_t offset = 0) const;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_POPULATION_MAP_H_
