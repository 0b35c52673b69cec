#ifndef CAIRN_AGENT_AGENT_H_
#define CAIRN_AGENT_AGENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/answerer.h"
#include "agent/config.h"
#include "agent/release_store.h"
#include "agent/terms.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"

namespace cairn {

// An agency's durable state, opened: ledger and releases in one database.
struct AgentState {
  SystemClock clock;
  std::unique_ptr<Database> database;
  std::unique_ptr<LedgerStore> ledger_store;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<ReleaseStore> releases;
  std::unique_ptr<AskBook> asks;
  std::unique_ptr<RecordsBook> records;
};

// DATA_LOSS if the ledger does not verify: the agent answers nothing then.
// Every entry is read and hashed again, and no mark of an earlier check is
// trusted: a flipped bit lies where nobody looks, and 1,000,000 entries
// take 2.7 s of a core (tests/bench/ledger.cc), held against the releases and
// all.
absl::StatusOr<std::unique_ptr<AgentState>> OpenAgentState(
    const AgentSettings& settings);

// Wiring only: attaches to the coordinator and answers until SIGTERM or SIGINT,
// or until the ledger cannot be written (INTERNAL).
absl::Status RunAgent(const AgentSettings& settings);

}  // namespace cairn

#endif  // CAIRN_AGENT_AGENT_H_
