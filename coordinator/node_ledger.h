#ifndef CAIRN_COORDINATOR_NODE_LEDGER_H_
#define CAIRN_COORDINATOR_NODE_LEDGER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "coordinator/config.h"
#include "coordinator/query_log.h"
#include "core/base/clock.h"
#include "core/keeping/log_command.h"

namespace cairn {

// The coordinator's ledger over the years (core/keeping).
KeptNode NodeOf(const CoordinatorSettings& settings);

// The ledger of a coordinator that is about to run: verified, its keys settled,
// and, where the year has turned, the new log begun. DATA_LOSS if it does not
// verify; errors of QueryLog::Open, SettleLogKey and TurnLogIfDue.
absl::StatusOr<std::unique_ptr<QueryLog>> OpenLogToRun(
    const CoordinatorSettings& settings, const Clock* clock);

// For `cairn-coordinator log`.
absl::StatusOr<LogNode> CoordinatorLogNode(const std::string& config_path);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_NODE_LEDGER_H_
