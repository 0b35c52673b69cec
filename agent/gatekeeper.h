#ifndef CAIRN_AGENT_GATEKEEPER_H_
#define CAIRN_AGENT_GATEKEEPER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/agreement_book.h"
#include "agent/config.h"
#include "agent/desk_store.h"
#include "agent/nonce_store.h"
#include "agent/sqlite_source.h"
#include "core/agreement/approval.h"
#include "core/base/clock.h"
#include "core/query/query.h"
#include "core/store/sqlite.h"

namespace cairn {

// Who may ask this agency what, before anything is looked up:
//
//   Open(ask)     whose question it is, and which bytes are run   signature
//   Judge(plan)   the agreement, the desk, standing approvals     -> a course
//   WriteReceived inside the commit that logs the question: nonce, budget, the
//                 case that waits
//   MayLeave      the result, where it is looked at before it leaves
//   WriteReleased inside the commit that logs the answer: the approval is used
//   up
//
// Killed between the two commits, an approval is still there: the question is
// asked again and answered once.
//
// Without people configured, questions need no signature; without an agreement,
// the desk decides alone. One thread at a time.
class Gatekeeper {
 public:
  // All must outlive the gatekeeper; `people` and `agreement` may be null.
  static absl::StatusOr<std::unique_ptr<Gatekeeper>> Create(
      const AgentSettings* settings, const PeopleFiles* people,
      const Agreement* agreement, Database* database, const Clock* clock);

  // What the coordinator sent.
  struct Sent {
    std::string query_id;
    std::string query;  // v1.Query
    std::string asker;
    std::string envelope;  // empty if unsigned
    std::string certificate;
  };
  struct Opened {
    Query query;
    std::string bytes;  // those that were signed
    std::string asker;
    std::string asker_key;  // key id; empty if unsigned
    std::string name;       // SHA-256 of what was signed, hex
    std::optional<SignedQuestion> question;
  };
  // FAILED_PRECONDITION: not believed; `refusal` says why, and `code` is for
  // the ledger (core/identity/distrust.h, or "unsigned", "paused",
  // "malformed"). Other errors are of the database.
  absl::StatusOr<Opened> Open(const Sent& sent, Refusal* refusal,
                              std::string* code);

  // What is to be done, and what is to be noted.
  struct Judged {
    Course course = Course::kRefuse;
    Refusal refusal;   // unless kAnswer
    std::string code;  // for the ledger
    // The case that was approved and is used up by this answer.
    std::optional<Case> used;
    // The case that begins to wait.
    std::optional<WaitingQuestion> waits;
  };
  // `outside_release_plan`: its tables are not of the plan, nor follow from it.
  absl::StatusOr<Judged> Judge(const Sent& sent, const Opened& opened,
                               const Plan& plan, bool outside_release_plan);

  // To be called inside the commit that logs query.received; without a plan and
  // a judgement for a question that did not come so far. ALREADY_EXISTS: the
  // nonce was spent meanwhile, and the commit is to fail.
  absl::Status WriteReceived(const Opened& opened, const Plan* plan,
                             const Judged* judged);

  // Whether persons are to look at the result before it leaves: where they are
  // not, MayLeave says true and needs no words.
  static bool LooksAtResult(const Judged& judged) {
    return judged.used.has_value() && judged.used->result_too;
  }
  // Whether the result of an admitted question may leave: its bytes as they
  // would. False: persons look at it first; `refusal` says so, and the case
  // waits for them, with the result in words. Commits what it writes.
  absl::StatusOr<bool> MayLeave(const Judged& judged, absl::string_view result,
                                absl::string_view words, Refusal* refusal);
  // To be called inside the commit that logs answer.released.
  absl::Status WriteReleased(const Judged& judged);

  DeskStore* desk() { return desk_.get(); }
  // SHA-256 of the agreement in force, hex; empty: none is.
  std::string agreement() const {
    return agreement_ == nullptr ? "" : agreement_->digest;
  }

 private:
  Gatekeeper(const AgentSettings* settings, const PeopleFiles* people,
             const Agreement* agreement, Database* database, const Clock* clock)
      : settings_(settings),
        people_(people),
        agreement_(agreement),
        database_(database),
        clock_(clock) {}

  absl::StatusOr<Opened> OpenSigned(const Sent& sent, Refusal* refusal,
                                    std::string* code);
  absl::StatusOr<AskedNow> Facts(const Opened& opened, const Plan& plan,
                                 bool outside_release_plan);
  absl::Status Wait(const Sent& sent, const Opened& opened, const Plan& plan,
                    const Ruling& ruling, Judged* judged);

  const AgentSettings* const settings_;
  const PeopleFiles* const people_;
  const Agreement* const agreement_;
  Database* const database_;
  const Clock* const clock_;
  std::unique_ptr<DeskStore> desk_;
  std::unique_ptr<NonceStore> nonces_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_GATEKEEPER_H_
