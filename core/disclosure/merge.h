#ifndef CAIRN_CORE_DISCLOSURE_MERGE_H_
#define CAIRN_CORE_DISCLOSURE_MERGE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "core/query/evaluate.h"
#include "core/query/plan.h"

namespace cairn {

// Puts the agencies' answers to one question together. Every answer is safe by
// itself, so they may be added freely: intervals add, a hidden cell stays
// hidden, and whoever is silent leaves the row without an upper bound.
//
// Worked example, one row, rule "0 to 7 hidden, nearest 5":
//   police A  published 40 (38..42)      police B  [c] (0..7)      merged 38 to
//   49 police A  published 40 (38..42)      police B  silent          [x], at
//   least 38 police A  [c] (0..7)                 police B  [c] (0..7)      [c]
//   (0..14)

// One agency's rows of one measure; none if it refused or was silent.
struct AgencyRows {
  std::string agency;
  bool answered = false;
  // One per measure of the question; a mean is worked out from the sum and
  // count it stands on.
  struct Rows {
    std::shared_ptr<const std::vector<RowKey>> keys;  // shared by like tables
    std::shared_ptr<const std::vector<Cell>> cells;   // one a key
  };
  std::vector<Rows> measures;
};

// A figure of a result, in the measure's own unit.
struct Figure {
  CellStatus status = CellStatus::kNotApplicable;
  std::optional<double> value, low, high;

  friend bool operator==(const Figure&, const Figure&) = default;
};

// A row of the result. `agency` is empty unless side by side; of the figures
// there is one per measure of the question.
using EachRow = absl::FunctionRef<void(
    const RowKey& key, const std::string& agency, absl::Span<const Figure>)>;

// Adds the agencies' rows. `decimals`: one per table of the plan. Rows come in
// the catalogue's order (places by code, then not known, then outside), margins
// last; rows that no agency can give are left out.
void Merge(const Plan& plan, const std::vector<int>& decimals,
           const std::vector<AgencyRows>& agencies, EachRow each);
// The same rows, one block an agency, nothing added.
void SideBySide(const Plan& plan, const std::vector<int>& decimals,
                const std::vector<AgencyRows>& agencies, EachRow each);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_MERGE_H_
