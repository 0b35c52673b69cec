#include "core/agreement/approval.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// Words of an enum, in its order.
template <typename Enum, size_t kCount>
absl::StatusOr<Enum> Parse(absl::string_view name, absl::string_view what,
                           const char* const (&names)[kCount]) {
  for (size_t i = 0; i < kCount; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no ", what, " '", name.substr(0, 20),
                   "'; there are: ", absl::StrJoin(names, ", ")));
}

constexpr const char* kStates[] = {"waiting", "held",    "approved",
                                   "refused", "expired", "done"};
constexpr const char* kKinds[] = {"approve", "approve_standing", "refuse",
                                  "hold", "release"};
constexpr const char* kCodes[] = {"none",      "purpose", "too_fine",
                                  "too_often", "not_now", "other"};
constexpr const char* kModes[] = {"answer", "standing", "ask_first",
                                  "rehearse"};

bool IsApproval(DecisionKind kind) {
  return kind == DecisionKind::kApprove ||
         kind == DecisionKind::kApproveStanding;
}

const std::string& SubjectOf(const Case& given) {
  return given.stage == CaseStage::kQuestion ? given.question : given.result;
}

// The approvals that count at the stage the case is at.
std::vector<const Decision*> Approvals(const Case& given) {
  std::vector<const Decision*> approvals;
  for (const Decision& decision : given.decisions) {
    if (IsApproval(decision.kind) && decision.subject == SubjectOf(given)) {
      approvals.push_back(&decision);
    }
  }
  return approvals;
}

bool Enough(const Case& given) {
  const auto approvals = Approvals(given);
  return approvals.size() >= static_cast<size_t>(given.approvers) &&
         (!given.one_from_agency ||
          std::any_of(approvals.begin(), approvals.end(),
                      [&](const Decision* decision) {
                        return decision->organisation == given.agency;
                      }));
}

bool IsOpen(const Case& given) {
  return given.state == CaseState::kWaiting || given.state == CaseState::kHeld;
}

absl::Status CheckDecision(const Decision& decision, absl::Time now,
                           const Case& given) {
  if (!IsOpen(given)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this question waits no longer; it is ", NameOf(given.state)));
  }
  if (now >= given.expires) {
    return absl::FailedPreconditionError(
        "the time in which this question could be approved is over");
  }
  if (decision.subject != SubjectOf(given)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the decision is about another ",
        given.stage == CaseStage::kQuestion ? "question" : "result"));
  }
  if (decision.person == given.asker || decision.key_id == given.asker_key) {
    return absl::PermissionDeniedError(
        "nobody decides about their own question");
  }
  if ((decision.kind == DecisionKind::kRefuse) !=
      (decision.why != RefusalCode::kNone)) {
    return absl::InvalidArgumentError(
        "a refusal, and nothing else, gives its reason");
  }
  if (!IsApproval(decision.kind)) return absl::OkStatus();
  for (const Decision* other : Approvals(given)) {
    if (other->person == decision.person || other->key_id == decision.key_id) {
      return absl::PermissionDeniedError(absl::StrCat(
          other->person, " has approved it already; another person must"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

const char* NameOf(CaseState state) {
  return kStates[static_cast<size_t>(state)];
}
absl::StatusOr<CaseState> ParseCaseState(absl::string_view name) {
  return Parse<CaseState>(name, "state", kStates);
}

const char* NameOf(DecisionKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}
absl::StatusOr<DecisionKind> ParseDecisionKind(absl::string_view name) {
  return Parse<DecisionKind>(name, "decision", kKinds);
}

const char* NameOf(RefusalCode code) {
  return kCodes[static_cast<size_t>(code)];
}
absl::StatusOr<RefusalCode> ParseRefusalCode(absl::string_view name) {
  return Parse<RefusalCode>(name, "reason", kCodes);
}

const char* SentenceOf(RefusalCode code) {
  switch (code) {
    case RefusalCode::kNone:
      return "";
    case RefusalCode::kPurpose:
      return "its steward does not see how the question serves its purpose";
    case RefusalCode::kTooFine:
      return "its steward finds the question too detailed; ask for larger "
             "places, longer periods or coarser groups";
    case RefusalCode::kTooOften:
      return "its steward finds that this was asked too often";
    case RefusalCode::kNotNow:
      return "its steward cannot approve it now; ask again later";
    case RefusalCode::kOther:
      return "its steward refused it and will say why when asked";
  }
  return "";
}

const char* NameOf(DeskMode mode) { return kModes[static_cast<size_t>(mode)]; }
absl::StatusOr<DeskMode> ParseDeskMode(absl::string_view name) {
  return Parse<DeskMode>(name, "mode", kModes);
}

absl::Status Decide(const Decision& decision, absl::Time now, Case* given) {
  CAIRN_RETURN_IF_ERROR(CheckDecision(decision, now, *given));
  given->decisions.push_back(decision);
  switch (decision.kind) {
    case DecisionKind::kRefuse:
      given->state = CaseState::kRefused;
      given->why = decision.why;
      return absl::OkStatus();
    case DecisionKind::kHold:
      given->state = CaseState::kHeld;
      return absl::OkStatus();
    case DecisionKind::kRelease:
      given->state = CaseState::kWaiting;
      break;
    case DecisionKind::kApprove:
    case DecisionKind::kApproveStanding:
      break;
  }
  // An approval counts while the case is held, but only a release ends that.
  if (given->state == CaseState::kWaiting && Enough(*given)) {
    given->state = CaseState::kApproved;
  }
  return absl::OkStatus();
}

absl::Status ShowResult(absl::string_view result, Case* given) {
  if (given->state != CaseState::kApproved || !given->result_too ||
      given->stage != CaseStage::kQuestion) {
    return absl::FailedPreconditionError(
        "only a question that was approved has a result to look at, once");
  }
  given->result = ResultName(given->question, result);
  given->answered.reset();
  given->stage = CaseStage::kResult;
  given->state = CaseState::kWaiting;
  return absl::OkStatus();
}

std::string ResultName(absl::string_view question, absl::string_view result) {
  return Sha256Hex(absl::StrCat("cairn-result/1\n", question, "\n", result));
}

bool Expire(absl::Time now, Case* given) {
  if (!IsOpen(*given) || now < given->expires) return false;
  given->state = CaseState::kExpired;
  return true;
}

absl::Status Finish(absl::Time now, Case* given) {
  const bool ready = given->state == CaseState::kApproved &&
                     (!given->result_too || given->stage == CaseStage::kResult);
  if (!ready) {
    return absl::FailedPreconditionError(
        "only what was approved, question and result, is answered");
  }
  given->state = CaseState::kDone;
  if (!given->answered.has_value()) given->answered = now;
  return absl::OkStatus();
}

bool FetchAgain(absl::Time now, Case* given) {
  if (given->state != CaseState::kDone || !given->answered.has_value() ||
      now < *given->answered || now - *given->answered >= kFetchAgain) {
    return false;
  }
  given->state = CaseState::kApproved;
  return true;
}

int StillWanted(const Case& given) {
  if (!IsOpen(given)) return 0;
  const auto have = static_cast<int>(Approvals(given).size());
  if (Enough(given)) return 0;
  return std::max(1, given.approvers - have);
}

std::optional<StandingApproval> StandingOf(const Case& given) {
  const bool approved = given.state == CaseState::kApproved ||
                        given.state == CaseState::kDone ||
                        given.stage == CaseStage::kResult;
  StandingApproval standing{given.canonical, given.agreement, {}};
  for (const Decision& decision : given.decisions) {
    if (!IsApproval(decision.kind) || decision.subject != given.question) {
      continue;
    }
    if (decision.kind != DecisionKind::kApproveStanding) return std::nullopt;
    standing.approvers.push_back(decision.person);
  }
  if (!approved || standing.approvers.empty()) return std::nullopt;
  return standing;
}

bool Covers(const StandingApproval& standing, absl::string_view canonical,
            absl::string_view agreement) {
  return standing.canonical == canonical && standing.agreement == agreement;
}

std::string QuestionName(const Plan& plan) {
  Sha256Stream name;
  // Each part with its length before it, so that no two run into one another.
  const auto add = [&name](absl::string_view part) {
    name.Add(absl::StrCat(part.size(), ":", part));
  };
  const DataSet& data_set = *plan.data_set;
  add("cairn-question/1");
  add(data_set.id);
  add(plan.query.purpose);
  std::set<std::string> measures;
  for (const Measure& measure : plan.query.measures) {
    measures.insert(measure.ToString());
  }
  add(absl::StrJoin(measures, ","));
  const std::set<std::string> by(plan.query.by.begin(), plan.query.by.end());
  add(absl::StrJoin(by, ","));
  for (const SelectionAxis& axis : plan.selection.axes()) {
    add(data_set.dimensions[axis.dimension].levels[axis.level].variable);
    add(axis.open ? "open" : "");
    add(absl::StrCat(axis.codes.size()));
    for (const std::string& code : axis.codes) add(code);
  }
  std::string admitted;
  for (const bool bit : plan.selection.admitted()) {
    admitted.push_back(bit ? '1' : '0');
  }
  add(admitted);
  return Hex(name.Finish());
}

Course CourseOf(const Desk& desk, const Ruling& ruling, bool stands) {
  if (desk.paused) return Course::kPaused;
  if (ruling.outcome == Ruling::Outcome::kRefused) return Course::kRefuse;
  switch (desk.mode) {
    case DeskMode::kRehearse:
      return Course::kRehearse;
    case DeskMode::kAskFirst:
      return Course::kWait;
    case DeskMode::kStanding:
      return stands ? Course::kAnswer : Course::kWait;
    case DeskMode::kAnswer:
      break;
  }
  return stands || ruling.outcome == Ruling::Outcome::kAllowed ? Course::kAnswer
                                                               : Course::kWait;
}

}  // namespace cairn
