#include "agent/gatekeeper.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/signed_query.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

absl::Status Refuse(v1::RefusalReason reason, absl::string_view sentence,
                    absl::string_view code, Refusal* refusal,
                    std::string* said) {
  *refusal = {reason, std::string(sentence)};
  *said = std::string(code);
  return absl::FailedPreconditionError(sentence);
}

v1::RefusalReason ReasonOf(Distrust why) {
  return why == Distrust::kMalformed ? v1::INVALID : v1::NOT_PERMITTED;
}

// The question for the steward's eyes.
std::string WordsOf(const Plan& plan, absl::string_view classes) {
  std::vector<std::string> measures;
  for (const Measure& measure : plan.query.measures) {
    measures.push_back(measure.ToString());
  }
  return absl::StrCat(
      absl::StrJoin(measures, ", "), " of ", plan.data_set->id,
      plan.query.by.empty()
          ? ""
          : absl::StrCat(" by ", absl::StrJoin(plan.query.by, ", ")),
      plan.query.where.has_value() ? ", filtered" : "", "; needs the table ",
      plan.axes.empty() ? "of the total" : plan.TableKey(), "; for ",
      plan.query.purpose, classes.empty() ? "" : "; ", classes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gatekeeper>> Gatekeeper::Create(
    const AgentSettings* settings, const PeopleFiles* people,
    const Agreement* agreement, Database* database, const Clock* clock) {
  std::unique_ptr<Gatekeeper> gate(
      new Gatekeeper(settings, people, agreement, database, clock));
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS gate_asked("
      "at INTEGER NOT NULL, data_set TEXT NOT NULL, table_key TEXT NOT NULL);"
      "CREATE INDEX IF NOT EXISTS gate_asked_at ON gate_asked(at);"
      "CREATE INDEX IF NOT EXISTS gate_asked_key ON gate_asked(data_set, "
      "table_key);"));
  CAIRN_ASSIGN_OR_RETURN(gate->desk_, DeskStore::Create(database));
  CAIRN_ASSIGN_OR_RETURN(gate->nonces_, NonceStore::Create(database));
  CAIRN_RETURN_IF_ERROR(gate->nonces_->Forget(clock->Now()));
  return gate;
}

absl::StatusOr<Gatekeeper::Opened> Gatekeeper::OpenSigned(const Sent& sent,
                                                          Refusal* refusal,
                                                          std::string* code) {
  if (sent.envelope.empty()) {
    return Refuse(v1::NOT_PERMITTED,
                  "answers only questions that their asker signed; log in with "
                  "`cairn login` and ask again",
                  "unsigned", refusal, code);
  }
  QuestionTrust trust;
  trust.people = people_->trust;
  trust.agency = settings_->config.agency();
  trust.agreement = agreement_ == nullptr ? "" : agreement_->digest;
  trust.nonces = nonces_.get();
  CAIRN_ASSIGN_OR_RETURN(
      auto verdict,
      VerifyQuestion(sent.envelope, sent.certificate, trust, clock_->Now()));
  const auto* doubt = std::get_if<Distrusted>(&verdict);
  if (doubt != nullptr) {
    return Refuse(ReasonOf(doubt->why), doubt->sentence, CodeOf(doubt->why),
                  refusal, code);
  }
  auto& verified = std::get<VerifiedQuestion>(verdict);
  auto query = OpenQuery(verified.question, sent.query);
  doubt = std::get_if<Distrusted>(&query);
  if (doubt != nullptr) {
    return Refuse(ReasonOf(doubt->why), doubt->sentence, CodeOf(doubt->why),
                  refusal, code);
  }
  Opened opened;
  opened.query = std::get<Query>(std::move(query));
  opened.bytes = verified.question.query;
  opened.asker = verified.asker.id;
  opened.asker_key = KeyIdOf(verified.asker.public_key);
  opened.name = verified.digest;
  opened.question = std::move(verified.question);
  return opened;
}

absl::StatusOr<Gatekeeper::Opened> Gatekeeper::Open(const Sent& sent,
                                                    Refusal* refusal,
                                                    std::string* code) {
  if (people_ != nullptr) return OpenSigned(sent, refusal, code);
  v1::Query message;
  absl::Status read = ParseMessage(sent.query, kMaxQuestionBytes, &message);
  if (!read.ok()) {
    return Refuse(v1::INVALID, read.message(), "malformed", refusal, code);
  }
  auto query = FromProto(message);
  if (!query.ok()) {
    return Refuse(v1::INVALID, query.status().message(), "malformed", refusal,
                  code);
  }
  Opened opened;
  opened.query = *std::move(query);
  opened.bytes = sent.query;
  opened.asker = sent.asker;
  opened.name =
      Sha256Hex(absl::StrCat("unsigned\n", sent.query_id, "\n", sent.query));
  return opened;
}

absl::StatusOr<AskedNow> Gatekeeper::Facts(const Opened& opened,
                                           const Plan& plan,
                                           bool outside_release_plan) {
  AskedNow asked;
  asked.plan = &plan;
  asked.asker = opened.asker;
  asked.now = clock_->Now();
  asked.outside_release_plan = outside_release_plan;
  CAIRN_ASSIGN_OR_RETURN(
      Statement before,
      database_->Prepare("SELECT 1 FROM gate_asked WHERE data_set = ?1 AND "
                         "table_key = ?2 LIMIT 1"));
  before.BindText(1, plan.data_set->id);
  before.BindText(2, plan.TableKey());
  CAIRN_ASSIGN_OR_RETURN(const bool found, before.Step());
  asked.first_use_of_crossing = !found;
  if (agreement_ == nullptr) return asked;
  for (const Agreement::Budget& budget : agreement_->budgets) {
    CAIRN_ASSIGN_OR_RETURN(
        Statement count,
        database_->Prepare("SELECT count(*) FROM gate_asked WHERE at > ?1 AND "
                           "(?2 = '' OR data_set = ?2)"));
    count.BindInt(1, ToUnixSeconds(asked.now - absl::Hours(24 * budget.days)));
    count.BindText(2, budget.data_set == nullptr ? "" : budget.data_set->id);
    CAIRN_ASSIGN_OR_RETURN(const bool row, count.Step());
    asked.asked.push_back(row ? count.Int(0) : budget.questions);
  }
  return asked;
}

absl::Status Gatekeeper::Wait(const Sent& sent, const Opened& opened,
                              const Plan& plan, const Ruling& ruling,
                              Judged* judged) {
  std::vector<std::string> classes;
  for (const auto* given : ruling.classes) classes.push_back(given->title);
  WaitingQuestion question;
  Case& given = question.given;
  given.question = opened.name;
  given.canonical = QuestionName(plan);
  given.agreement = agreement_ == nullptr ? "" : agreement_->digest;
  given.agency = settings_->config.agency();
  given.asker = opened.asker;
  given.asker_key = opened.asker_key;
  given.approvers = std::max(1, ruling.approvers);
  given.one_from_agency = ruling.one_from_agency;
  given.result_too = ruling.result_too;
  given.arrived = clock_->Now();
  given.expires = given.arrived + kLongestWait;
  question.query_id = sent.query_id;
  question.query = opened.bytes;
  question.envelope = sent.envelope;
  question.certificate = sent.certificate;
  question.words = WordsOf(plan, absl::StrJoin(classes, ", "));
  judged->refusal = {v1::WAITING,
                     "the question waits for a steward to decide; ask it again "
                     "later"};
  judged->code = "waits";
  judged->waits = std::move(question);
  return absl::OkStatus();
}

absl::StatusOr<Gatekeeper::Judged> Gatekeeper::Judge(
    const Sent& sent, const Opened& opened, const Plan& plan,
    bool outside_release_plan) {
  Judged judged;
  CAIRN_ASSIGN_OR_RETURN(const Desk desk, desk_->ReadDesk());
  Ruling ruling;
  ruling.outcome = Ruling::Outcome::kAllowed;
  if (agreement_ != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(const AskedNow asked,
                           Facts(opened, plan, outside_release_plan));
    ruling = CheckAgainstAgreement(*agreement_, asked);
  }
  const std::string canonical = QuestionName(plan);
  const std::string agreement = agreement_ == nullptr ? "" : agreement_->digest;
  CAIRN_ASSIGN_OR_RETURN(const bool stands,
                         desk_->Stands(canonical, agreement));
  judged.course = CourseOf(desk, ruling, stands);
  switch (judged.course) {
    case Course::kAnswer:
      return judged;
    case Course::kPaused:
      judged.refusal = {v1::NOT_READY,
                        "its steward has stopped all answers for now"};
      judged.code = "paused";
      return judged;
    case Course::kRehearse:
      judged.refusal = {v1::NOT_READY,
                        "is rehearsing: its steward looks at what would be "
                        "answered, and nothing is sent yet"};
      judged.code = "rehearses";
      return judged;
    case Course::kRefuse:
      judged.refusal = {v1::NOT_PERMITTED,
                        absl::StrCat(ruling.sentence, " (clause ",
                                     static_cast<int>(ruling.clause), ", ",
                                     TitleOf(ruling.clause), ")")};
      judged.code = absl::StrCat("clause_", static_cast<int>(ruling.clause));
      return judged;
    case Course::kWait:
      break;
  }
  CAIRN_ASSIGN_OR_RETURN(std::optional<Case> latest,
                         desk_->Latest(canonical, agreement, opened.asker));
  if (latest.has_value()) FetchAgain(clock_->Now(), &*latest);
  if (!latest.has_value() || latest->state == CaseState::kDone ||
      latest->state == CaseState::kExpired) {
    CAIRN_RETURN_IF_ERROR(Wait(sent, opened, plan, ruling, &judged));
    return judged;
  }
  if (latest->state == CaseState::kApproved) {
    judged.course = Course::kAnswer;
    judged.used = std::move(latest);
    return judged;
  }
  if (latest->state == CaseState::kRefused) {
    judged.course = Course::kRefuse;
    judged.refusal = {v1::NOT_PERMITTED, SentenceOf(latest->why)};
    judged.code = absl::StrCat("steward_", NameOf(latest->why));
    return judged;
  }
  judged.refusal = {
      v1::WAITING,
      absl::StrCat("the question waits since ", FormatUtc(latest->arrived),
                   " for a steward to decide; ask it again "
                   "later")};
  judged.code = "waits";
  return judged;
}

absl::Status Gatekeeper::WriteReceived(const Opened& opened, const Plan* plan,
                                       const Judged* judged) {
  if (opened.question.has_value()) {
    CAIRN_RETURN_IF_ERROR(nonces_->Spend(*opened.question));
  }
  if (judged == nullptr || plan == nullptr) return absl::OkStatus();
  if (judged->waits.has_value()) {
    CAIRN_RETURN_IF_ERROR(desk_->Add(*judged->waits));
  }
  if (judged->course != Course::kAnswer) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO gate_asked VALUES(?1, ?2, ?3)"));
  insert.BindInt(1, ToUnixSeconds(clock_->Now()));
  insert.BindText(2, plan->data_set->id);
  insert.BindText(3, plan->TableKey());
  return insert.Run();
}

absl::StatusOr<bool> Gatekeeper::MayLeave(const Judged& judged,
                                          absl::string_view result,
                                          absl::string_view words,
                                          Refusal* refusal) {
  if (!LooksAtResult(judged)) return true;
  Case looked = *judged.used;
  if (looked.stage == CaseStage::kResult) {
    if (looked.result == ResultName(looked.question, result)) return true;
    // The records, or what was told of them, changed since: it is looked at
    // again.
    looked.stage = CaseStage::kQuestion;
  }
  CAIRN_RETURN_IF_ERROR(ShowResult(result, &looked));
  const auto write = [&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(desk_->Update(looked, looked.decisions.size(), ""));
    return desk_->SetResultWords(looked.question, words);
  };
  CAIRN_RETURN_IF_ERROR(database_->Transact(write));
  *refusal = {v1::WAITING,
              "a steward looks at the result before it leaves; ask again "
              "later"};
  return false;
}

absl::Status Gatekeeper::WriteReleased(const Judged& judged) {
  if (!judged.used.has_value()) return absl::OkStatus();
  Case used = *judged.used;
  CAIRN_RETURN_IF_ERROR(Finish(clock_->Now(), &used));
  return desk_->Update(used, used.decisions.size(), "");
}

}  // namespace cairn
