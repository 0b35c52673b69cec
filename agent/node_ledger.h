#ifndef CAIRN_AGENT_NODE_LEDGER_H_
#define CAIRN_AGENT_NODE_LEDGER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/agent.h"
#include "agent/config.h"
#include "core/keeping/log_command.h"

namespace cairn {

// The agent's ledger over the years (core/keeping).
KeptNode NodeOf(const AgentSettings& settings);

// The state of an agent that is about to run: its keys settled, and, where the
// year has turned, the new log begun. Errors of OpenAgentState, SettleLogKey
// and TurnLogIfDue.
absl::StatusOr<std::unique_ptr<AgentState>> OpenStateToRun(
    const AgentSettings& settings);

// For `cairn-agent log`.
absl::StatusOr<LogNode> AgentLogNode(const std::string& config_path);

}  // namespace cairn

#endif  // CAIRN_AGENT_NODE_LEDGER_H_
