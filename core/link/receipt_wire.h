#ifndef CAIRN_CORE_LINK_RECEIPT_WIRE_H_
#define CAIRN_CORE_LINK_RECEIPT_WIRE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/disclosure/receipt.h"

namespace cairn {

v1::DisclosureReceipt ToProto(const DisclosureReceipt& receipt);

// Reads a public receipt and holds it against the tables it came with.
// INVALID_ARGUMENT if it says of them what is not so, or if its hashes are
// none.
absl::StatusOr<DisclosureReceipt> FromProto(
    const v1::DisclosureReceipt& message,
    const std::vector<ProtectedTable>& tables);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_RECEIPT_WIRE_H_
