#ifndef CAIRN_CORE_AGREEMENT_APPROVAL_H_
#define CAIRN_CORE_AGREEMENT_APPROVAL_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/agreement/ruling.h"
#include "core/query/plan.h"

namespace cairn {

// A question that waits for persons, from its arrival to its one ending. Pure:
// what is kept of it is a Case, and a Case follows from its decisions.
//
//            approve (enough)      approve (enough)
//   waiting ----------------> approved            (no result to look at)
//   waiting ----------------> result wanted -> waiting for the result ->
//   approved waiting <-- hold, release --> held waiting, held -- refuse -->
//   refused waiting, held -- time ----> expired approved -- answered ----->
//   done -- asked again within kFetchAgain --> approved

enum class CaseState {
  kWaiting,   // for approvers
  kHeld,      // somebody said: not yet
  kApproved,  // to be answered; where the result was wanted, it is known
  kRefused,
  kExpired,
  kDone,
};
const char* NameOf(CaseState state);
absl::StatusOr<CaseState> ParseCaseState(absl::string_view name);

// What is being decided about.
enum class CaseStage { kQuestion, kResult };

enum class DecisionKind {
  kApprove,
  kApproveStanding,
  kRefuse,
  kHold,
  kRelease
};
const char* NameOf(DecisionKind kind);  // "approve", ..
absl::StatusOr<DecisionKind> ParseDecisionKind(absl::string_view name);

// Why persons refuse. A closed list: it goes into ledgers and is told.
enum class RefusalCode {
  kNone,
  kPurpose,
  kTooFine,
  kTooOften,
  kNotNow,
  kOther
};
const char* NameOf(RefusalCode code);      // "purpose", ..
const char* SentenceOf(RefusalCode code);  // for the one who asked
absl::StatusOr<RefusalCode> ParseRefusalCode(absl::string_view name);

// One person's decision, verified (core/identity/signed_decision.h).
struct Decision {
  std::string person;
  std::string key_id;
  std::string organisation;
  DecisionKind kind = DecisionKind::kApprove;
  RefusalCode why = RefusalCode::kNone;  // with kRefuse only
  // The SHA-256, hex, of what was decided about: the signed question, or the
  // result that is to leave.
  std::string subject;
  absl::Time at;
};

struct Case {
  std::string question;   // SHA-256 of the signed question, hex: its name
  std::string canonical;  // QuestionName: the same in another dress
  std::string agreement;  // SHA-256 of the one it was held against
  std::string agency;     // whose records these are
  std::string asker;
  std::string asker_key;  // key id
  int approvers = 1;
  bool one_from_agency = false;
  bool result_too = false;
  absl::Time arrived;
  absl::Time expires;

  CaseState state = CaseState::kWaiting;
  CaseStage stage = CaseStage::kQuestion;
  std::string result;               // ResultName of what is to be looked at
  std::vector<Decision> decisions;  // of both stages, in their order
  RefusalCode why = RefusalCode::kNone;
  std::optional<absl::Time> answered;  // when the answer left, the first time
};

// How long a question waits.
inline constexpr absl::Duration kLongestWait = absl::Hours(24 * 7);
// How long an answer may be fetched again: it may have been lost on its way,
// and with it what several people decided.
inline constexpr absl::Duration kFetchAgain = absl::Minutes(10);

// Takes one decision. Nothing of the case changes unless OK is returned.
// PERMISSION_DENIED: the asker decides about their own question, by id or by
// key; one person, or one key, approves a second time.
// FAILED_PRECONDITION: the case has ended, its time is over, or the decision is
// about another question or result. INVALID_ARGUMENT: a refusal without a
// reason, or a reason without a refusal.
absl::Status Decide(const Decision& decision, absl::Time now, Case* given);

// Of an approved case whose result is looked at first: the result (its bytes,
// as they would leave) is there and waits for the same approvals.
// FAILED_PRECONDITION in any other state.
absl::Status ShowResult(absl::string_view result, Case* given);
// The name of a result of one question: SHA-256, hex. Two questions that come
// to the same table have results of two names.
std::string ResultName(absl::string_view question, absl::string_view result);

// Ends a case whose time is over; true if it did.
bool Expire(absl::Time now, Case* given);

// The answer has left. FAILED_PRECONDITION unless it was approved.
absl::Status Finish(absl::Time now, Case* given);
// Makes a case that is done approved once more if its answer first left less
// than kFetchAgain ago; true if it did. Where results are looked at, the same
// one leaves without another look.
bool FetchAgain(absl::Time now, Case* given);

// How many more must approve at this stage, at least: 0 once it is approved.
int StillWanted(const Case& given);

// An approval for every time the same question comes again, under the same
// agreement.
struct StandingApproval {
  std::string canonical;
  std::string agreement;
  std::vector<std::string> approvers;  // persons
};
// What an approved case stands for later: only if all whose approval counted
// said so. A standing approval is of the question; a result is looked at each
// time.
std::optional<StandingApproval> StandingOf(const Case& given);
bool Covers(const StandingApproval& standing, absl::string_view canonical,
            absl::string_view agreement);

// The name of a question whoever asks it and however it is written: SHA-256,
// hex, of its data set, purpose, measures, variables and canonical filter.
std::string QuestionName(const Plan& plan);

// How the steward runs the desk.
enum class DeskMode { kAnswer, kStanding, kAskFirst, kRehearse };
const char* NameOf(DeskMode mode);  // "answer", "standing", "ask_first", ..
absl::StatusOr<DeskMode> ParseDeskMode(absl::string_view name);

struct Desk {
  DeskMode mode = DeskMode::kAnswer;
  bool paused = false;
};

// What is done with a question now.
enum class Course {
  kAnswer,
  kWait,      // for the approvers of the ruling, at least one
  kRehearse,  // everything is done and logged, nothing is sent
  kRefuse,    // by the agreement
  kPaused,    // the steward stopped all answers
};
// `stands`: a standing approval covers it.
//   mode       agreement allows    needs approval
//   answer     answer              answer if it stands, else wait
//   standing   answer if it stands, else wait (both)
//   ask_first  wait (both)
//   rehearse   rehearse (both)
// Before all of these: what the agreement refuses is refused, and while the
// desk is paused nothing is answered.
Course CourseOf(const Desk& desk, const Ruling& ruling, bool stands);

}  // namespace cairn

#endif  // CAIRN_CORE_AGREEMENT_APPROVAL_H_
