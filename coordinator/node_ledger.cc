#include "coordinator/node_ledger.h"

#include <utility>

#include "core/base/command_line.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

LedgerParts PartsOf(QueryLog* log) {
  LedgerParts parts;
  parts.database = log->database();
  parts.ledger = log->ledger();
  parts.end_open = [log] { return log->CloseAbandoned(); };
  parts.in_commit = [](const SignedCheckpoint*, Entry*) {
    return absl::OkStatus();
  };
  return parts;
}

absl::StatusOr<std::unique_ptr<QueryLog>> OpenVerified(
    const CoordinatorSettings& settings, const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<QueryLog> log,
                         QueryLog::Open(settings.DatabasePath(), clock));
  CAIRN_RETURN_IF_ERROR(log->ledger()->Verify().status());
  CAIRN_RETURN_IF_ERROR(SettleLogKey(NodeOf(settings), *log->ledger()));
  return log;
}

}  // namespace

KeptNode NodeOf(const CoordinatorSettings& settings) {
  const v1::CoordinatorConfig& config = settings.config;
  KeptNode node;
  node.owner = OwnerIn(*settings.catalogue, "");
  node.catalogue = settings.catalogue.get();
  node.state_dir = config.state_dir();
  node.database = settings.DatabasePath();
  node.ledger_keys = config.ledger_keys();
  node.authority = config.people().authority();
  node.deny_list = config.people().deny_list();
  if (config.has_ledger_years()) {
    node.ledger_years = static_cast<int>(config.ledger_years());
  }
  return node;
}

absl::StatusOr<std::unique_ptr<QueryLog>> OpenLogToRun(
    const CoordinatorSettings& settings, const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<QueryLog> log,
                         OpenVerified(settings, clock));
  CAIRN_ASSIGN_OR_RETURN(
      const bool turned,
      TurnLogIfDue(NodeOf(settings), PartsOf(log.get()), clock->Now()));
  if (!turned) return log;
  log.reset();
  return OpenVerified(settings, clock);
}

absl::StatusOr<LogNode> CoordinatorLogNode(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(CoordinatorSettings read,
                         ReadCoordinatorConfig(config_path));
  const auto settings =
      std::make_shared<const CoordinatorSettings>(std::move(read));
  LogNode log;
  log.node = NodeOf(*settings);
  log.with_ledger =
      [settings](absl::FunctionRef<absl::Status(const LedgerParts&)> work)
      -> absl::Status {
    CAIRN_RETURN_IF_ERROR(LockStateDir(settings->config.state_dir()));
    const SystemClock clock;
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<QueryLog> opened,
                           OpenVerified(*settings, &clock));
    return work(PartsOf(opened.get()));
  };
  return log;
}

}  // namespace cairn
