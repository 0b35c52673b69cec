#include "agent/agent.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "agent/ledger_link.h"
#include "agent/node_ledger.h"
#include "agent/own_identity.h"
#include "agent/running_agent.h"
#include "agent/terms.h"
#include "core/base/command_line.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/node_entries.h"
#include "core/link/ledger_keys.h"
#include "core/store/sqlite_checkpoint_store.h"

namespace cairn {
absl::Status RunAgent(const AgentSettings& settings) {
  BlockSignals();  // before gRPC starts threads of its own
  CAIRN_RETURN_IF_ERROR(CheckOwnIdentity(settings));
  CAIRN_RETURN_IF_ERROR(LockStateDir(settings.config.state_dir()));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                         OpenStateToRun(settings));
  const LogOwner owner = OwnerIn(*settings.catalogue, settings.config.agency());
  CAIRN_ASSIGN_OR_RETURN(NodeSecrets secrets,
                         ReadOrMakeNodeSecrets(settings.config.state_dir(),
                                               owner, state->clock.Now()));
  CAIRN_ASSIGN_OR_RETURN(
      const std::optional<LedgerKeys> keys,
      ReadOwnLedgerKeys(settings.config.ledger_keys(), *settings.catalogue,
                        owner, PublicHalves(secrets)));
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(settings.config.state_dir())));
  // Finds a ledger that was rolled back, before anything is added to it.
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<LogSigner> signer,
      LogSigner::Create(std::move(secrets.log), state->ledger.get(),
                        checkpoints.get()));
  // Whoever finds that the ledger is broken: no log, no run.
  state->ledger->WhenBroken([](const absl::Status& why) {
    LogLine("ledger.broken", {{"reason", std::string(why.message())}});
    kill(getpid(), SIGTERM);
  });
  std::unique_ptr<LedgerLink> ledger;
  if (keys.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(
        ledger,
        LedgerLink::Create(settings, std::move(secrets.witness), *keys,
                           signer.get(), state->database.get(), &state->clock));
  }
  CAIRN_ASSIGN_OR_RETURN(
      const auto node,
      NodeEntries::Start(state->ledger.get(), &state->clock,
                         settings.config.SerializeAsString(),
                         QuorumFields(keys, settings.config.quorum())));
  CAIRN_RETURN_IF_ERROR(state->asks->CloseAbandoned(state->ledger.get()));
  CAIRN_RETURN_IF_ERROR(
      LogTerms(settings, state->database.get(), state->ledger.get()));
  CAIRN_RETURN_IF_ERROR(state->records->RemovedBut(settings.config));
  CAIRN_ASSIGN_OR_RETURN(Gate gate, OpenGate(settings, state.get()));
  LogLine("agent.started", {{"agency", settings.config.agency()}});
  absl::Status ended;
  bool vouched = false;
  {
    RunningAgent agent(settings, state.get(), signer.get(), &gate, ledger.get(),
                       node->rejects());
    ended = agent.Run();
    vouched = !agent.Quarantined();
  }
  LogLine("agent.stopped", {{"agency", settings.config.agency()}});
  CAIRN_RETURN_IF_ERROR(state->ledger->broken());
  CAIRN_RETURN_IF_ERROR(ended);
  if (ledger != nullptr) {
    CAIRN_RETURN_IF_ERROR(ledger->Keep(state->ledger.get()));
  }
  CAIRN_RETURN_IF_ERROR(node->Stop());
  // An auditor finds the last entry signed too.
  return vouched ? signer->Sign().status() : absl::OkStatus();
}

}  // namespace cairn
