#ifndef CAIRN_AGENT_APPROVAL_DESK_H_
#define CAIRN_AGENT_APPROVAL_DESK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/desk_store.h"
#include "core/identity/signed_decision.h"
#include "core/ledger/ledger.h"

namespace cairn {

// The running agent's side of the desk: takes the decisions that were brought,
// and ends what has waited too long. Each step is one commit of the ledger:
//
//   approve, refuse  approval.given, approval.denied   before they count
//   hold, release    operator.action
//   not believed     operator.action                   with the reason's code
//   too late         query.abandoned
//
// Killed at any moment, a decision is still in the inbox or has been taken
// once: its letter is thrown away in the commit that takes it.
class ApprovalDesk {
 public:
  // All must outlive the desk. `agency` is whose desk it is.
  ApprovalDesk(DeskStore* store, Ledger* ledger, const PeopleTrust* trust,
               std::string agency);

  // Reads the inbox and the clock. Returns the names of the questions whose
  // state changed. Errors are of the database or the ledger: the agent is to
  // stop, as after any of them.
  absl::StatusOr<std::vector<std::string>> Work(absl::Time now);

 private:
  absl::StatusOr<std::string> Take(const DeskStore::Letter& letter,
                                   absl::Time now);
  absl::Status Reject(const DeskStore::Letter& letter, const std::string& why);

  DeskStore* const store_;
  Ledger* const ledger_;
  const PeopleTrust* const trust_;
  const std::string agency_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_APPROVAL_DESK_H_
