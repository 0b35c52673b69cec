#ifndef CAIRN_CORE_LINK_POLICY_FILE_H_
#define CAIRN_CORE_LINK_POLICY_FILE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/catalogue.pb.h"
#include "cairn/v1/policy.pb.h"
#include "core/disclosure/policy.h"

namespace cairn {

// INVALID_ARGUMENT for a policy that does not fit (core/disclosure/policy.h),
// leaves out a field that has no safe default, names no method, or does not say
// what noise CELL_KEY is to make.
absl::StatusOr<DisclosurePolicy> MakePolicy(
    const v1::DisclosurePolicy& message);
v1::DisclosurePolicy ToProto(const DisclosurePolicy& policy);
// SHA-256 (hex) of the policy as it is sent.
std::string PolicyDigest(const DisclosurePolicy& policy);

// Reads policies/standard.textproto; a problem names file, line and column.
// With a table of noise (cell_key.table, relative to the policy) that is read
// too, and its problems name its own file, line and column. A policy looser
// than `floor`, where there is one, is such a problem.
absl::StatusOr<DisclosurePolicy> ReadPolicy(
    const std::string& path,
    const std::optional<DisclosurePolicy>& floor = std::nullopt);

// The partnership's floor, if the catalogue has one. INVALID_ARGUMENT as
// MakePolicy.
absl::StatusOr<std::optional<DisclosurePolicy>> FloorOf(
    const v1::Catalogue& catalogue);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_POLICY_FILE_H_
