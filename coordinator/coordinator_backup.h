#ifndef CAIRN_COORDINATOR_COORDINATOR_BACKUP_H_
#define CAIRN_COORDINATOR_COORDINATOR_BACKUP_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// `cairn-coordinator backup` and `restore` (core/store/backup.h). Each prints
// what it did. A backup may be made while the coordinator runs; a restore may
// not. Restored is only what opens, with a ledger that verifies.
absl::Status BackUpCoordinator(const std::string& config_path,
                               const std::string& folder);
absl::Status RestoreCoordinator(const std::string& config_path,
                                const std::string& folder, bool only_verify);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_COORDINATOR_BACKUP_H_
