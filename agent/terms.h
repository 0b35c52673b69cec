#ifndef CAIRN_AGENT_TERMS_H_
#define CAIRN_AGENT_TERMS_H_

#include "absl/status/status.h"
#include "agent/config.h"
#include "core/disclosure/receipt.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"

namespace cairn {

// What every receipt says: under which terms the agent answers now.
DisclosureReceipt TermsOf(const AgentSettings& settings);

// Puts into the ledger under which terms the agent is about to answer, where
// they are not those of its last entry about them:
//   catalogue.changed  from, to (SHA-256, hex; from is empty at first), version
//   policy.changed     from, to, largest_hidden_count, rounding_base,
//                      minimum_persons
// What was logged last stands in terms(name, digest), written in one commit
// with the entry. Errors of the ledger or the database: nothing is logged, and
// the agent is not to start.
absl::Status LogTerms(const AgentSettings& settings, Database* database,
                      Ledger* ledger);

}  // namespace cairn

#endif  // CAIRN_AGENT_TERMS_H_
