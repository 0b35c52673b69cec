#ifndef CAIRN_AGENT_AUDIT_H_
#define CAIRN_AGENT_AUDIT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/audit/commands.h"
#include "core/ledger/ledger.h"

namespace cairn {

// The agency's own ledger, read from its disk while the agent runs or not. It
// needs no coordinator and writes nothing to the database.
absl::StatusOr<std::unique_ptr<AuditSource>> OwnLedger(
    const std::string& config_path);

// An export is made by another program than the one that may write to the
// ledger: so it leaves a note in STATE_DIR/exports, and the agent writes
// export.made for each note it finds, at its start and while it runs. INTERNAL
// if the ledger cannot be written.
absl::Status LogExports(const std::string& state_dir, Ledger* ledger,
                        bool* logged);

}  // namespace cairn

#endif  // CAIRN_AGENT_AUDIT_H_
