#ifndef CAIRN_CLI_AUDIT_H_
#define CAIRN_CLI_AUDIT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/audit/commands.h"

namespace cairn {

// The coordinator's ledger, file by file through its audit service, with an
// auditor's profile. UNAUTHENTICATED as Client::Create.
absl::StatusOr<std::unique_ptr<AuditSource>> CoordinatorLedger(
    const std::string& profile);

}  // namespace cairn

#endif  // CAIRN_CLI_AUDIT_H_
