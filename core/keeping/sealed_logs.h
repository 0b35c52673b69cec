#ifndef CAIRN_CORE_KEEPING_SEALED_LOGS_H_
#define CAIRN_CORE_KEEPING_SEALED_LOGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/keeping/turn_log.h"
#include "core/ledger/checkpoint.h"

namespace cairn {

// A log that came before, in the folder sealed/NAME; `name` is its edition.
struct SealedLog {
  std::string name;
  Checkpoint whole;
  absl::Time ended;        // its last entry
  bool forgotten = false;  // only its last checkpoint is left
};

// In the order in which they were begun. An error names the first folder that
// cannot be read.
absl::StatusOr<std::vector<SealedLog>> ListSealed(const KeptNode& node);

// Takes a whole log away, and what opens its commitments; its last checkpoint
// stays for good, in sealed/NAME.checkpoint. The act is logged before it is
// done. NOT_FOUND if there is no such log; FAILED_PRECONDITION if it ended less
// than node.ledger_years ago.
absl::Status ForgetSealed(const KeptNode& node, const LedgerParts& parts,
                          const std::string& name, absl::Time now);

}  // namespace cairn

#endif  // CAIRN_CORE_KEEPING_SEALED_LOGS_H_
