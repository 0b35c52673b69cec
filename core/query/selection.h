#ifndef CAIRN_CORE_QUERY_SELECTION_H_
#define CAIRN_CORE_QUERY_SELECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/query/catalogue.h"
#include "core/query/filter.h"

namespace cairn {

// What a filter means: the set of combinations of codes it admits, in one
// canonical form. Two filters that admit the same combinations are the same
// Selection, however they were written: permuted, doubly negated, IN against
// OR, with a condition that is always true. That is why the same question in
// another dress gets the same cells.
//
//   sex = 'M' OR NOT (sex <> 'M')          -> axis sex, {M}
//   sex IN ('M','F','X','U')               -> no axis: everything
//   age_band IN ('0-4','5-9')              -> axis age_core, {0-9}: the
//   coarsest level
//
// NOT is the exact complement: it takes in "not known" (U). Comparisons with <
// and > never admit U.
struct SelectionAxis {
  int dimension = 0;
  int level = 0;
  std::vector<std::string> codes;
  // Places: the codes are those the filter names, and one more entry after the
  // last stands for every other place.
  bool open = false;

  size_t size() const { return codes.size() + (open ? 1 : 0); }
};

class Selection {
 public:
  // No filter: everything. INVALID_ARGUMENT: the filter names what the data set
  // does not have, or cuts through a band; the sentence names the nearest
  // filter that can be answered. At most 4 variables may take part.
  static absl::StatusOr<Selection> Create(const DataSet& data_set,
                                          const std::optional<Filter>& filter);

  // In the order of the data set's dimensions; only those that matter.
  const std::vector<SelectionAxis>& axes() const { return axes_; }
  // Row-major over the axes. With no axis: one entry.
  const std::vector<bool>& admitted() const { return admitted_; }

 private:
  std::vector<SelectionAxis> axes_;
  std::vector<bool> admitted_ = {true};
};

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_SELECTION_H_
