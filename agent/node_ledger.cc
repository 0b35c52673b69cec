#include "agent/node_ledger.h"

#include <utility>

#include "agent/audit.h"
#include "agent/terms.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

// An answer that is kept for those who ask again has its proof from now on: the
// log that it stands in is not the agent's own any more.
AskBook::Prove Prover(const Ledger* ledger, const SignedCheckpoint* last) {
  if (last == nullptr) return nullptr;
  return [ledger, last](v1::Receipt* receipt) -> absl::Status {
    if (receipt->entry_hash().empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(*receipt->mutable_entry(),
                           ledger->Line(receipt->index()));
    CAIRN_ASSIGN_OR_RETURN(const TlogProof proof,
                           ledger->ProveEntry(receipt->index(), *last));
    receipt->set_proof(proof.Text());
    return absl::OkStatus();
  };
}

LedgerParts PartsOf(const AgentSettings& settings, AgentState* state) {
  LedgerParts parts;
  parts.database = state->database.get();
  parts.ledger = state->ledger.get();
  parts.policies.emplace_back(PolicyDigest(settings.policy),
                              ToProto(settings.policy).SerializeAsString());
  parts.end_open = [state, dir = settings.config.state_dir()]() {
    bool logged = false;
    CAIRN_RETURN_IF_ERROR(LogExports(dir, state->ledger.get(), &logged));
    return state->asks->CloseAbandoned(state->ledger.get());
  };
  parts.in_commit = [state](const SignedCheckpoint* last,
                            Entry* opened) -> absl::Status {
    CAIRN_RETURN_IF_ERROR(
        state->asks->WriteTurn(Prover(state->ledger.get(), last)));
    CAIRN_RETURN_IF_ERROR(ForgetLoggedTerms(state->database.get()));
    return state->releases->Carry(opened);
  };
  return parts;
}

}  // namespace

KeptNode NodeOf(const AgentSettings& settings) {
  const v1::AgentConfig& config = settings.config;
  KeptNode node;
  node.owner = OwnerIn(*settings.catalogue, config.agency());
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

absl::StatusOr<std::unique_ptr<AgentState>> OpenStateToRun(
    const AgentSettings& settings) {
  const KeptNode node = NodeOf(settings);
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<AgentState> state,
                         OpenAgentState(settings));
  CAIRN_RETURN_IF_ERROR(SettleLogKey(node, *state->ledger));
  CAIRN_ASSIGN_OR_RETURN(
      const bool turned,
      TurnLogIfDue(node, PartsOf(settings, state.get()), state->clock.Now()));
  if (!turned) return state;
  state.reset();
  return OpenAgentState(settings);
}

absl::StatusOr<LogNode> AgentLogNode(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(AgentSettings read, ReadAgentConfig(config_path));
  const auto settings = std::make_shared<const AgentSettings>(std::move(read));
  LogNode log;
  log.node = NodeOf(*settings);
  log.with_ledger =
      [settings](absl::FunctionRef<absl::Status(const LedgerParts&)> work)
      -> absl::Status {
    CAIRN_RETURN_IF_ERROR(LockStateDir(settings->config.state_dir()));
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                           OpenAgentState(*settings));
    CAIRN_RETURN_IF_ERROR(SettleLogKey(NodeOf(*settings), *state->ledger));
    return work(PartsOf(*settings, state.get()));
  };
  return log;
}

}  // namespace cairn
