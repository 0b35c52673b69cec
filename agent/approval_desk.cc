#include "agent/approval_desk.h"

#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// A verified decision in the words of the approval rules.
absl::StatusOr<Decision> Understood(const VerifiedDecision& verified) {
  Decision decision;
  CAIRN_ASSIGN_OR_RETURN(decision.kind,
                         ParseDecisionKind(verified.decision.decision));
  CAIRN_ASSIGN_OR_RETURN(decision.why, ParseRefusalCode(verified.decision.why));
  decision.person = verified.person.id;
  decision.key_id = KeyIdOf(verified.person.public_key);
  decision.organisation = verified.person.organisation;
  decision.subject = verified.decision.subject;
  decision.at = verified.decision.at;
  return decision;
}

Entry EntryOf(const Decision& decision, const WaitingQuestion& question) {
  const bool about_query = decision.kind == DecisionKind::kApprove ||
                           decision.kind == DecisionKind::kApproveStanding ||
                           decision.kind == DecisionKind::kRefuse;
  Entry entry;
  entry.type = decision.kind == DecisionKind::kRefuse ? "approval.denied"
               : about_query                          ? "approval.given"
                                                      : "operator.action";
  if (about_query) {
    entry.query_id = question.query_id;
  } else {
    entry.fields["query"] = question.query_id;
  }
  entry.fields["actor"] = decision.person;
  entry.fields["decision"] = std::string(NameOf(decision.kind));
  // Never the hash of a result: a small table could be guessed from it. The
  // question's has a nonce in it.
  entry.fields["subject"] = question.given.question;
  entry.fields["about"] = std::string(
      decision.subject == question.given.question ? "question" : "result");
  if (decision.kind == DecisionKind::kRefuse) {
    entry.fields["reason"] = std::string(NameOf(decision.why));
  }
  return entry;
}

}  // namespace

ApprovalDesk::ApprovalDesk(DeskStore* store, Ledger* ledger,
                           const PeopleTrust* trust, std::string agency)
    : store_(store),
      ledger_(ledger),
      trust_(trust),
      agency_(std::move(agency)) {}

absl::Status ApprovalDesk::Reject(const DeskStore::Letter& letter,
                                  const std::string& why) {
  Entry entry{"operator.action", "", {}};
  entry.fields["decision"] = std::string("rejected");
  entry.fields["reason"] = why;
  LogLine("decision.rejected", {{"reason", why}});
  return ledger_->Append({entry}, [&] { return store_->Discard(letter.id); })
      .status();
}

absl::StatusOr<std::string> ApprovalDesk::Take(const DeskStore::Letter& letter,
                                               absl::Time now) {
  const auto verdict = VerifyDecision(letter.envelope, letter.certificate,
                                      *trust_, agency_, now);
  if (const auto* doubt = std::get_if<Distrusted>(&verdict)) {
    CAIRN_RETURN_IF_ERROR(Reject(letter, CodeOf(doubt->why)));
    return "";
  }
  const auto decision = Understood(std::get<VerifiedDecision>(verdict));
  if (!decision.ok()) {
    CAIRN_RETURN_IF_ERROR(Reject(letter, CodeOf(Distrust::kMalformed)));
    return "";
  }
  CAIRN_ASSIGN_OR_RETURN(std::optional<WaitingQuestion> question,
                         store_->FindBySubject(decision->subject));
  if (!question.has_value()) {
    CAIRN_RETURN_IF_ERROR(Reject(letter, "unknown_question"));
    return "";
  }
  const size_t known = question->given.decisions.size();
  const absl::Status taken = Decide(*decision, now, &question->given);
  if (!taken.ok()) {
    // The rule that it broke, in the ledger's words: permission_denied, ..
    CAIRN_RETURN_IF_ERROR(Reject(
        letter, absl::AsciiStrToLower(absl::StatusCodeToString(taken.code()))));
    return "";
  }
  const auto write = [&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(store_->Discard(letter.id));
    CAIRN_RETURN_IF_ERROR(
        store_->Update(question->given, known, letter.envelope));
    const auto standing = StandingOf(question->given);
    if (!standing.has_value()) return absl::OkStatus();
    return store_->AddStanding(*standing);
  };
  const auto receipt = ledger_->Append({EntryOf(*decision, *question)}, write);
  if (!receipt.ok()) return receipt.status();
  return question->given.question;
}

absl::StatusOr<std::vector<std::string>> ApprovalDesk::Work(absl::Time now) {
  std::vector<std::string> changed;
  CAIRN_ASSIGN_OR_RETURN(const auto letters, store_->Inbox());
  for (const DeskStore::Letter& letter : letters) {
    CAIRN_ASSIGN_OR_RETURN(std::string question, Take(letter, now));
    if (!question.empty()) changed.push_back(std::move(question));
  }
  for (const CaseState state : {CaseState::kWaiting, CaseState::kHeld}) {
    CAIRN_ASSIGN_OR_RETURN(auto open, store_->InState(state));
    for (WaitingQuestion& question : open) {
      const size_t known = question.given.decisions.size();
      if (!Expire(now, &question.given)) continue;
      Entry entry{"query.abandoned", question.query_id, {}};
      entry.fields["reason"] = std::string("nobody_decided");
      CAIRN_RETURN_IF_ERROR(
          ledger_
              ->Append(
                  {entry},
                  [&] { return store_->Update(question.given, known, ""); })
              .status());
      changed.push_back(question.given.question);
    }
  }
  return changed;
}

}  // namespace cairn
