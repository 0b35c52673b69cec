#ifndef CAIRN_CORE_DISCLOSURE_PROTECT_H_
#define CAIRN_CORE_DISCLOSURE_PROTECT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/disclosure/policy.h"
#include "core/disclosure/protected_table.h"
#include "core/query/catalogue.h"
#include "core/query/table.h"

namespace cairn {

// Why a cell is not shown. For the steward's preview only; it never travels.
enum class HiddenWhy : uint8_t {
  kShown,
  kSmall,       // the count is within the hidden range
  kFewPersons,  // too few distinct persons behind it
  kDominated,   // one or two contributors make up the sum
  kMargin,      // a margin above a hidden cell
  kNeighbour,   // would help to narrow a hidden cell, with what was released
                // before
  kPinned,      // hidden in an earlier release, and so for ever
};

struct Protection {
  ProtectedTable table;
  std::vector<HiddenWhy> why;  // one per cell
};

// The one way from a FrequencyTable to a ProtectedTable, for one measure.
//
// 1. Primary: a count of 1..t (and 0, unless the policy shows zeros), fewer
// than
//    minimum_persons distinct persons, a dominated sum. One rule for all
//    measures of a cell: what is unsafe to count is unsafe to sum.
// 2. Hidden before rounded; then every margin above a hidden cell is hidden
// too, so
//    that nothing in the table can be subtracted.
// 3. Cells that an earlier release fixed (`pinned`, all tables of this measure
// and
//    epoch) keep their value or mark. Then the union of the new table and the
//    pinned ones is attacked by bound propagation (neighbours.h); while a
//    hidden cell's interval is narrower than the whole hidden range, more new
//    cells are hidden, at last all of them.
//
// The marks: a small cell says 0..t (1..t where zeros are shown). Any other
// hidden cell says only what its released children say.
//
// `data_set` says which cells of different levels are the same people, and what
// populations are made of; it may be null where no table has either.
//
// FAILED_PRECONDITION if a pinned table was released under another policy.
// RESOURCE_EXHAUSTED if the tables together are too many to be attacked:
// nothing is released then. INVALID_ARGUMENT for a policy that does not fit or
// a measure the table does not carry.
absl::StatusOr<Protection> Protect(
    const FrequencyTable& table, const Measure& measure,
    const DisclosurePolicy& policy,
    const std::vector<const ProtectedTable*>& pinned,
    const DataSet* data_set = nullptr);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROTECT_H_
