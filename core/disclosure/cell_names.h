#ifndef CAIRN_CORE_DISCLOSURE_CELL_NAMES_H_
#define CAIRN_CORE_DISCLOSURE_CELL_NAMES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/query/catalogue.h"

namespace cairn {

// How a population hangs together with the variables it is made of: its code 1
// is the union of the admitted combinations of their codes, its code 0 of the
// others.
struct PopulationTie {
  std::string variable;
  struct Part {
    // For each variable of the part's dimension that is fine enough: its codes,
    // as positions in the filter's axis.
    absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, size_t>>
        position;
    size_t stride = 1;
    bool multi_valued = false;
  };
  std::vector<Part> parts;
  std::vector<bool> admitted;  // row-major over the parts
};

// What a data set's catalogue says about which cells are the same people.
// Without a data set every code stands for itself.
class CellNames {
 public:
  CellNames() = default;
  static absl::StatusOr<CellNames> Create(const DataSet& data_set);

  // One name for a code of a variable, the same for codes of other levels that
  // take in the same finest codes: age_band U, age_core U and age_u25 U are
  // one.
  std::string Of(const std::string& variable, const std::string& code) const;
  const std::vector<PopulationTie>& populations() const { return ties_; }

 private:
  absl::flat_hash_map<std::string, std::string> names_;
  std::vector<PopulationTie> ties_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CELL_NAMES_H_
