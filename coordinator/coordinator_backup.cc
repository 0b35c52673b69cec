#include "coordinator/coordinator_backup.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "coordinator/config.h"
#include "coordinator/query_log.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/store/backup.h"

namespace cairn {

absl::Status BackUpCoordinator(const std::string& config_path,
                               const std::string& folder) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const uint64_t files,
                         BackUp(settings.config.state_dir(), folder));
  std::printf("ok    %s: %llu files; it holds what the state folder holds\n",
              folder.c_str(), static_cast<unsigned long long>(files));
  return absl::OkStatus();
}

absl::Status RestoreCoordinator(const std::string& config_path,
                                const std::string& folder, bool only_verify) {
  CAIRN_ASSIGN_OR_RETURN(CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  const std::string state_dir = settings.config.state_dir();
  if (!only_verify) CAIRN_RETURN_IF_ERROR(LockStateDir(state_dir));
  const auto works = [&](const std::string& aside) -> absl::Status {
    settings.config.set_state_dir(aside);
    const SystemClock clock;
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<QueryLog> log,
                           QueryLog::Open(settings.DatabasePath(), &clock));
    CAIRN_ASSIGN_OR_RETURN(const uint64_t entries, log->ledger()->Verify());
    std::printf("ok    %s: %llu entries, no gap, each as it was hashed\n",
                folder.c_str(), static_cast<unsigned long long>(entries));
    return absl::OkStatus();
  };
  CAIRN_RETURN_IF_ERROR(Restore(folder, state_dir, only_verify, works));
  std::printf("ok    %s: %s\n", state_dir.c_str(),
              only_verify ? "not changed" : "restored");
  return absl::OkStatus();
}

}  // namespace cairn
