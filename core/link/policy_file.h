#ifndef CAIRN_CORE_LINK_POLICY_FILE_H_
#define CAIRN_CORE_LINK_POLICY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/policy.pb.h"
#include "core/disclosure/policy.h"

namespace cairn {

// INVALID_ARGUMENT for a policy that does not fit (core/disclosure/policy.h),
// leaves out a field that has no safe default, names no method, or does not say
// what noise CELL_KEY is to make.
absl::StatusOr<DisclosurePolicy> MakePolicy(
    const v1::DisclosurePolicy& message);
v1::DisclosurePolicy ToProto(const DisclosurePolicy& policy);

// Reads policies/standard.textproto; a problem names file, line and column.
// With a table of noise (cell_key.table, relative to the policy) that is read
// too, and its problems name its own file, line and column.
absl::StatusOr<DisclosurePolicy> ReadPolicy(const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_POLICY_FILE_H_
