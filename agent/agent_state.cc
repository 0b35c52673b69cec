// What an agent is, and what it keeps, before it runs.

#include <memory>

#include "agent/agent.h"
#include "core/base/status_macros.h"
#include "core/store/schema.h"
#include "core/store/sqlite_ledger_store.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<AgentState>> OpenAgentState(
    const AgentSettings& settings) {
  auto state = std::make_unique<AgentState>();
  CAIRN_ASSIGN_OR_RETURN(
      state->database,
      Database::Open(settings.DatabasePath(), Database::Mode::kDurable));
  CAIRN_RETURN_IF_ERROR(BringToForm(state->database.get(), {}));
  CAIRN_ASSIGN_OR_RETURN(state->ledger_store,
                         SqliteLedgerStore::Create(state->database.get()));
  CAIRN_ASSIGN_OR_RETURN(
      state->ledger, Ledger::Open(state->ledger_store.get(), &state->clock));
  CAIRN_ASSIGN_OR_RETURN(state->releases,
                         ReleaseStore::Create(state->database.get()));
  CAIRN_ASSIGN_OR_RETURN(
      state->asks,
      AskBook::Create(state->database.get(), state->releases->commitments(),
                      &state->clock));
  CAIRN_ASSIGN_OR_RETURN(
      state->records,
      RecordsBook::Create(state->database.get(), state->ledger.get()));
  CAIRN_RETURN_IF_ERROR(state->ledger->Verify().status());
  const absl::Status sound =
      state->releases->CheckAgainst(state->ledger_store.get());
  // The agent says so to whoever asks; its steward reads it in `status`.
  if (!sound.ok() && !absl::IsDataLoss(sound)) return sound;
  return state;
}

}  // namespace cairn
