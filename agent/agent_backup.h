#ifndef CAIRN_AGENT_AGENT_BACKUP_H_
#define CAIRN_AGENT_AGENT_BACKUP_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// `cairn-agent backup` and `restore` (core/store/backup.h). Each prints
// what it did. A backup may be made while the agent runs; a restore may
// not. Restored is only what opens, with a ledger that verifies.
absl::Status BackUpAgent(const std::string& config_path,
                         const std::string& folder);
absl::Status RestoreAgent(const std::string& config_path,
                          const std::string& folder, bool only_verify);

}  // namespace cairn

#endif  // CAIRN_AGENT_AGENT_BACKUP_H_
