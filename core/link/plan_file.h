#ifndef CAIRN_CORE_LINK_PLAN_FILE_H_
#define CAIRN_CORE_LINK_PLAN_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/query/catalogue.h"
#include "core/query/release_plan.h"

namespace cairn {

// Reads policies/release-plan.textproto. Every problem is INVALID_ARGUMENT with
// file, line and column: a data set, variable or measure the catalogue does not
// have, a table or data set that is there twice, more than kMaxPlannedTables of
// a data set (one crossing of two measures is two tables). `catalogue` must
// outlive the plan.
absl::StatusOr<ReleasePlan> ReadReleasePlan(const std::string& path,
                                            const Catalogue& catalogue);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_PLAN_FILE_H_
