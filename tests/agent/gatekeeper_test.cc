#include "agent/gatekeeper.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/approval_desk.h"
#include "core/base/digest.h"
#include "core/identity/key_file.h"
#include "core/link/agreement_file.h"
#include "core/link/policy_file.h"
#include "core/link/signed_query.h"
#include "core/query/question_text.h"
#include "core/store/sqlite_ledger_store.h"
#include "gtest/gtest.h"
#include "tests/support/example_agreement.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

class TestClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now;
};

constexpr char kRule[] = R"(profile: "standard"
method: SUPPRESS_AND_ROUND
largest_hidden_count: 7
rounding_base: 5
minimum_persons: 5
zeros: HIDDEN
dominance { n: 2 k: 0.90 }
p_percent: 0.10
)";

// An agency with an agreement in force, an analyst, and whatever a coordinator
// may send.
class GatekeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "gatekeeper_", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    Write("standard.textproto", kRule);
    Write("people.pub", PublicKeyPem(people_.authority.public_key()));
    // In the days of the example agreement.
    clock_.now = people_.now;
    analyst_ = people_.Add("p-kaur", "vru", {Role::kAnalyst});
    steward_ = people_.Add("p-steward", "police", {Role::kSteward});
    approver_ = people_.Add("p-approver", "vru", {Role::kApprover});
    settings_.catalogue = ExampleCatalogue();
    settings_.config.set_agency("police");
    settings_.config.set_policy(folder_ + "/standard.textproto");
    settings_.config.set_agreement(folder_ + "/agreement.signed");
    settings_.config.mutable_people()->set_authority(folder_ + "/people.pub");
    settings_.policy = *ReadPolicy(folder_ + "/standard.textproto");
    Sign(Text());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  static std::string Text(const std::string& from = "",
                          const std::string& to = "") {
    std::string text = absl::StrReplaceAll(
        ExampleAgreementText(), {{Sha256Hex("a rule"), Sha256Hex(kRule)}});
    return from.empty() ? text : absl::StrReplaceAll(text, {{from, to}});
  }
  void Sign(const std::string& text) {
    Write("agreement.signed",
          WriteSignedAgreement(steward_.key, steward_.certificate, text));
  }

  // Starts, or starts again, the agency's side.
  absl::Status Start() {
    gate_.reset();
    desk_.reset();
    ledger_.reset();
    ledger_store_.reset();
    database_.reset();
    auto database =
        Database::Open(folder_ + "/agent.db", Database::Mode::kDurable);
    if (!database.ok()) return database.status();
    database_ = *std::move(database);
    ledger_store_ = std::move(*SqliteLedgerStore::Create(database_.get()));
    ledger_ = std::move(*Ledger::Open(ledger_store_.get(), &clock_));
    auto trust = ReadPeople(settings_);
    if (!trust.ok()) return trust.status();
    trust_ = *std::move(trust);
    auto agreement = PutAgreementInForce(
        settings_, trust_.get(), database_.get(), ledger_.get(), clock_.now);
    if (!agreement.ok()) return agreement.status();
    agreement_ = *std::move(agreement);
    auto gate = Gatekeeper::Create(&settings_, trust_.get(), agreement_.get(),
                                   database_.get(), &clock_);
    if (!gate.ok()) return gate.status();
    gate_ = *std::move(gate);
    desk_ = std::make_unique<ApprovalDesk>(gate_->desk(), ledger_.get(),
                                           &trust_->trust, "police");
    return absl::OkStatus();
  }

  SignedQuestion Question(const QuestionText& text) {
    const auto plan = ReadQuestion(*settings_.catalogue, text);
    EXPECT_THAT(plan, IsOk());
    // As it was typed: a plan fills in what was left out.
    SignedQuestion question;
    question.partnership = "testshire";
    question.asker = "p-kaur";
    question.audience = {"police"};
    question.nonce = Sha256(absl::StrCat("nonce ", ++nonces_)).substr(0, 16);
    question.issued = clock_.now;
    question.expires = clock_.now + absl::Minutes(15);
    question.purpose = text.purpose;
    if (agreement_ != nullptr) question.agreements = {agreement_->digest};
    question.query = SpellQuery(plan->query);
    return question;
  }
  Gatekeeper::Sent Send(const SignedQuestion& question,
                        const ExamplePeople::Member& by) {
    Gatekeeper::Sent sent;
    sent.query_id = absl::StrCat("q-", nonces_);
    sent.query = question.query;
    sent.asker = "whoever the coordinator says";
    const auto envelope = SignQuestion(by.key, question);
    EXPECT_THAT(envelope, IsOk());
    sent.envelope = *envelope;
    sent.certificate = by.certificate;
    return sent;
  }
  Gatekeeper::Sent Ask(const std::string& by,
                       const std::string& purpose = "research") {
    return Send(Question({"events", by, {"count"}, "", purpose}), analyst_);
  }

  // What comes of it: "answer", or the code for the ledger. Writes as the
  // answerer would.
  std::string Meet(const Gatekeeper::Sent& sent,
                   const std::string& result = "table") {
    Refusal refusal;
    std::string code;
    const auto opened = gate_->Open(sent, &refusal, &code);
    if (!opened.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()));
      EXPECT_FALSE(refusal.sentence.empty());
      return code;
    }
    const auto data_set = settings_.catalogue->Find(opened->query.data_set);
    const auto plan = MakePlan(**data_set, opened->query);
    EXPECT_THAT(plan, IsOk());
    const auto judged = gate_->Judge(sent, *opened, *plan, true);
    EXPECT_THAT(judged, IsOk());
    const auto received = ledger_->Append(
        {{"query.received", sent.query_id, {}}},
        [&] { return gate_->WriteReceived(*opened, &*plan, &*judged); });
    EXPECT_THAT(received, IsOk());
    if (judged->course != Course::kAnswer) {
      EXPECT_FALSE(judged->refusal.sentence.empty());
      return judged->code;
    }
    const auto leaves =
        gate_->MayLeave(*judged, result, "the table in words", &refusal);
    EXPECT_THAT(leaves, IsOk());
    if (!*leaves) return "looked at";
    if (die_before_release_) return "died";
    EXPECT_THAT(ledger_->Append({{"answer.released", sent.query_id, {}}},
                                [&] { return gate_->WriteReleased(*judged); }),
                IsOk());
    return "answer";
  }

  void Decide(const ExamplePeople::Member& by, const std::string& decision,
              const std::string& why = "none") {
    auto open = gate_->desk()->InState(CaseState::kWaiting);
    ASSERT_THAT(open, IsOk());
    ASSERT_EQ(open->size(), 1u);
    const Case& given = (*open)[0].given;
    const auto envelope = SignDecision(
        by.key,
        {"testshire", "police", by.person.id, decision, why,
         given.stage == CaseStage::kResult ? given.result : given.question,
         clock_.now});
    ASSERT_THAT(envelope, IsOk());
    ASSERT_THAT(gate_->desk()->Submit(*envelope, by.certificate), IsOk());
    ASSERT_THAT(desk_->Work(clock_.now), IsOk());
  }

  std::string folder_;
  ExamplePeople people_;
  TestClock clock_;
  ExamplePeople::Member analyst_, steward_, approver_;
  AgentSettings settings_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LedgerStore> ledger_store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<PeopleFiles> trust_;
  std::unique_ptr<const Agreement> agreement_;
  std::unique_ptr<Gatekeeper> gate_;
  std::unique_ptr<ApprovalDesk> desk_;
  int nonces_ = 0;
  bool die_before_release_ = false;
};

TEST_F(GatekeeperTest, ASignedQuestionThatIsAgreedIsAnswered) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "answer");
  const auto opened = [&] {
    Refusal refusal;
    std::string code;
    return gate_->Open(Ask("month"), &refusal, &code);
  }();
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->asker, "p-kaur") << "not whom the coordinator names";
}

TEST_F(GatekeeperTest, AMaliciousCoordinatorIsRefusedWithTheRightCode) {
  ASSERT_THAT(Start(), IsOk());
  Gatekeeper::Sent sent = Ask("month");
  sent.envelope = "";
  EXPECT_EQ(Meet(sent), "unsigned");
  sent = Ask("month");
  sent.query = Ask("age_band").query;
  EXPECT_EQ(Meet(sent), "wider");
  sent = Ask("month");
  EXPECT_EQ(Meet(sent), "answer");
  EXPECT_EQ(Meet(sent), "replayed");
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(sent), "replayed") << "also after a restart";
  clock_.now += absl::Minutes(30);
  EXPECT_EQ(Meet(sent), "expired");
  clock_.now += absl::Hours(5);
  ASSERT_THAT(Start(), IsOk());
  clock_.now = people_.now;
  EXPECT_EQ(Meet(sent), "replayed") << "also when the clock is set back";
  clock_.now += absl::Hours(6);
  SignedQuestion question =
      Question({"events", "month", {"count"}, "", "research"});
  question.audience = {"council"};
  EXPECT_EQ(Meet(Send(question, analyst_)), "audience");
  question = Question({"events", "month", {"count"}, "", "research"});
  question.purpose = "planning";
  EXPECT_EQ(Meet(Send(question, analyst_)), "purpose");
  question = Question({"events", "month", {"count"}, "", "research"});
  question.agreements = {Sha256Hex("an older agreement")};
  EXPECT_EQ(Meet(Send(question, analyst_)), "agreement");
  EXPECT_EQ(
      Meet(Send(Question({"events", "month", {}, "", "research"}), approver_)),
      "role");
  sent = Ask("month");
  sent.envelope[200] ^= 1;
  EXPECT_NE(Meet(sent), "answer");
  sent = Ask("month");
  sent.certificate =
      ExamplePeople().Add("p-kaur", "vru", {Role::kAnalyst}).certificate;
  EXPECT_EQ(Meet(sent), "unknown_person");
}

TEST_F(GatekeeperTest, ARevokedAnalystIsRefused) {
  Write("deny.txt", "person p-kaur\n");
  settings_.config.mutable_people()->set_deny_list(folder_ + "/deny.txt");
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "revoked");
  // A list that cannot be read lets nobody in.
  Write("deny.txt", "everybody\n");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("deny.txt: line 1")));
  std::filesystem::remove(folder_ + "/deny.txt");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(GatekeeperTest, WhatTheAgreementDoesNotAllowNamesItsClause) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month", "planning")), "clause_3");
  EXPECT_EQ(Meet(Ask("weapon")), "clause_5");
  EXPECT_EQ(Meet(Ask("month,armed")), "clause_7");
}

TEST_F(GatekeeperTest, ItStopsWhenTheAgreementEndsWhileItRuns) {
  people_.Add("p-kaur", "vru", {Role::kAnalyst});
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "answer");
  // Certificates of this test last 90 days, so the end comes sooner too.
  Sign(Text("version: 1",
            absl::StrCat("version: 2 replaces: \"", agreement_->digest, "\"")));
  std::string text = Text("version: 1", absl::StrCat("version: 2 replaces: \"",
                                                     agreement_->digest, "\""));
  const std::string today =
      absl::FormatCivilTime(absl::ToCivilDay(clock_.now, absl::UTCTimeZone()));
  Sign(absl::StrReplaceAll(text,
                           {{"2027-03-31", today}, {"2026-12-31", today}}));
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "answer");
  clock_.now =
      absl::FromCivil(absl::ToCivilDay(clock_.now, absl::UTCTimeZone()) + 1,
                      absl::UTCTimeZone());
  EXPECT_EQ(Meet(Ask("month")), "clause_2");
}

TEST_F(GatekeeperTest, ABudgetIsOfAllAskersAndOfItsDays) {
  Sign(Text("questions: 100 days: 30", "questions: 3 days: 2"));
  ASSERT_THAT(Start(), IsOk());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Meet(Ask("month")), "answer");
  EXPECT_EQ(Meet(Ask("month")), "clause_8");
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "clause_8") << "also after a restart";
  EXPECT_EQ(Meet(Ask("weapon")), "clause_5") << "a refusal costs nothing";
  clock_.now += absl::Hours(48);
  EXPECT_EQ(Meet(Ask("month")), "answer");
}

TEST_F(GatekeeperTest, TwoPersonsLetAQuestionThrough) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward")), "waits");
  EXPECT_EQ(Meet(Ask("ward")), "waits")
      << "one case, however often it is asked";
  Decide(approver_, "approve");
  EXPECT_EQ(Meet(Ask("ward")), "waits");
  ASSERT_THAT(Start(), IsOk());
  Decide(steward_, "approve");
  EXPECT_EQ(Meet(Ask("month")), "answer") << "another question";
  EXPECT_EQ(Meet(Ask("ward")), "answer");
  EXPECT_EQ(Meet(Ask("ward")), "answer") << "it is fetched again";
  clock_.now += kFetchAgain;
  EXPECT_EQ(Meet(Ask("ward")), "waits") << "an approval is for once";
}

TEST_F(GatekeeperTest, AnApprovalIsNeitherLostNorUsedTwiceByAKill) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward")), "waits");
  Decide(approver_, "approve");
  Decide(steward_, "approve");
  die_before_release_ = true;
  EXPECT_EQ(Meet(Ask("ward")), "died");
  ASSERT_THAT(Start(), IsOk());
  die_before_release_ = false;
  EXPECT_EQ(Meet(Ask("ward")), "answer");
  clock_.now += kFetchAgain;
  EXPECT_EQ(Meet(Ask("ward")), "waits");
}

TEST_F(GatekeeperTest, AStandingApprovalEndsWithTheAgreement) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward")), "waits");
  Decide(approver_, "approve_standing");
  Decide(steward_, "approve_standing");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Meet(Ask("ward")), "answer");
  EXPECT_EQ(
      Meet(
          Send(Question({"events", "ward", {"count"}, "armed = 1", "research"}),
               analyst_)),
      "clause_7");
  Sign(Text("version: 1",
            absl::StrCat("version: 2 replaces: \"", agreement_->digest, "\"")));
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward")), "waits");
}

TEST_F(GatekeeperTest, ARefusedQuestionIsToldSoAndNotAskedAgain) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward")), "waits");
  Decide(steward_, "refuse", "too_fine");
  EXPECT_EQ(Meet(Ask("ward")), "steward_too_fine");
}

TEST_F(GatekeeperTest, AResultIsLookedAtAndMustBeTheOneThatWasSeen) {
  Sign(Text("one_from_agency: true", "one_from_agency: true result_too: true"));
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Meet(Ask("ward"), "table 1"), "waits");
  Decide(approver_, "approve");
  Decide(steward_, "approve");
  EXPECT_EQ(Meet(Ask("ward"), "table 1"), "looked at");
  const auto open = gate_->desk()->InState(CaseState::kWaiting);
  ASSERT_THAT(open, IsOk());
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ((*open)[0].result_words, "the table in words");
  EXPECT_EQ(Meet(Ask("ward"), "table 1"), "waits");
  Decide(approver_, "approve");
  Decide(steward_, "approve");
  // The records changed meanwhile: another table than the one that was seen.
  EXPECT_EQ(Meet(Ask("ward"), "table 2"), "looked at");
  Decide(approver_, "approve");
  Decide(steward_, "approve");
  EXPECT_EQ(Meet(Ask("ward"), "table 2"), "answer");
}

TEST_F(GatekeeperTest, TheDeskStopsEverythingAtOnce) {
  ASSERT_THAT(Start(), IsOk());
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kAnswer, true}), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "paused");
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kRehearse, false}), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "rehearses");
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kAskFirst, false}), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "waits");
  Decide(steward_, "approve");
  EXPECT_EQ(Meet(Ask("month")), "answer");
  clock_.now += kFetchAgain;
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kStanding, false}), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "waits");
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kAnswer, false}), IsOk());
  EXPECT_EQ(Meet(Ask("month")), "answer");
}

TEST_F(GatekeeperTest, AnAgreementIsNotTakenBackOrChangedUnseen) {
  ASSERT_THAT(Start(), IsOk());
  const std::string first = Text();
  const std::string second =
      Text("version: 1",
           absl::StrCat("version: 2 replaces: \"", Sha256Hex(first), "\""));
  ASSERT_EQ(agreement_->digest, Sha256Hex(first));
  Sign(second);
  ASSERT_THAT(Start(), IsOk());
  const auto refused = [](const char* words) {
    return StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(words));
  };
  Sign(first);
  EXPECT_THAT(Start(), refused("older one is not taken"));
  Write("agreement.signed", second);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("not a signed agreement")));
  settings_.config.clear_agreement();
  EXPECT_THAT(Start(), refused("an agreement of version 2 was in force"));
  settings_.config.set_agreement(folder_ + "/agreement.signed");
  Sign(second);
  ASSERT_THAT(Start(), IsOk());
  // It stays in force when the steward's certificate has ended; a new one by
  // that certificate does not come into force.
  clock_.now += absl::Hours(24 * 91);
  ASSERT_THAT(Start(), IsOk());
  Sign(Text("version: 1",
            absl::StrCat("version: 3 replaces: \"", Sha256Hex(second), "\"")));
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kPermissionDenied,
                                HasSubstr("ended on")));
}

TEST_F(GatekeeperTest, TheAgreementAndTheAgencysFilesMustFit) {
  Sign(Text("agency: \"police\"", "agency: \"council\""));
  EXPECT_FALSE(Start().ok());
  Sign(Text());
  Write("standard.textproto", std::string(kRule) + "# changed\n");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("not the rule of the agreement")));
  Write("standard.textproto", kRule);
  // A looser rule of its own is refused, a stricter one is not.
  Write("own.textproto",
        absl::StrReplaceAll(kRule, {{"persons: 5", "persons: 4"}}));
  settings_.config.set_policy(folder_ + "/own.textproto");
  settings_.policy = *ReadPolicy(settings_.config.policy());
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("minimum_persons")));
  Write("own.textproto",
        absl::StrReplaceAll(kRule, {{"persons: 5", "persons: 6"}}));
  settings_.policy = *ReadPolicy(settings_.config.policy());
  EXPECT_THAT(Start(), IsOk());
  settings_.config.set_release_plan(folder_ + "/own.textproto");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("release plan")));
}

TEST_F(GatekeeperTest, WithoutPeopleQuestionsNeedNoSignature) {
  settings_.config.clear_people();
  settings_.config.clear_agreement();
  ASSERT_THAT(Start(), IsOk());
  Gatekeeper::Sent sent;
  sent.query_id = "q-1";
  sent.query = Question({"events", "month", {}, "", "research"}).query;
  sent.asker = "somebody";
  EXPECT_EQ(Meet(sent), "answer");
  ASSERT_THAT(gate_->desk()->WriteDesk({DeskMode::kAnswer, true}), IsOk());
  EXPECT_EQ(Meet(sent), "paused");
}

}  // namespace
}  // namespace cairn
