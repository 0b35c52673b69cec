#ifndef CAIRN_TESTS_SUPPORT_PROTECT_ONE_H_
#define CAIRN_TESTS_SUPPORT_PROTECT_ONE_H_

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/disclosure/protect.h"

namespace cairn {

// Protects one table of one measure.
inline absl::StatusOr<Protection> ProtectOne(
    const FrequencyTable& table, const Measure& measure,
    const DisclosurePolicy& policy,
    const std::vector<const ProtectedTable*>& pinned = {},
    decltype(ProtectRequest::tabulate) tabulate = nullptr) {
  ProtectRequest request;
  request.tables = {&table};
  request.measure = measure;
  request.policy = policy;
  request.pinned = pinned;
  request.tabulate = std::move(tabulate);
  auto protections = Protect(request);
  if (!protections.ok()) return protections.status();
  return std::move(protections->front());
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_PROTECT_ONE_H_
