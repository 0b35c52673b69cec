#include "agent/approval_desk.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/nonce_store.h"
#include "core/base/digest.h"
#include "core/store/sqlite_ledger_store.h"
#include "gtest/gtest.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// The agent's database with a desk and a ledger in it.
struct Office {
  static std::unique_ptr<Office> Open(const std::string& path,
                                      const PeopleTrust* trust) {
    auto office = std::make_unique<Office>();
    auto database = Database::Open(path, Database::Mode::kDurable);
    EXPECT_THAT(database, IsOk());
    office->database = *std::move(database);
    office->ledger_store =
        std::move(*SqliteLedgerStore::Create(office->database.get()));
    office->ledger =
        std::move(*Ledger::Open(office->ledger_store.get(), &office->clock));
    office->store = std::move(*DeskStore::Create(office->database.get()));
    office->desk = std::make_unique<ApprovalDesk>(
        office->store.get(), office->ledger.get(), trust, "police");
    return office;
  }

  // How many entries of a type name each subject.
  std::map<std::string, int> Subjects(const std::string& type) {
    std::map<std::string, int> subjects;
    EXPECT_THAT(
        ledger_store->Read(
            0, ledger->size(),
            [&](const LedgerStore::Line& line) -> absl::Status {
              const auto entry = ParseEntry(line.text);
              EXPECT_THAT(entry, IsOk());
              if (entry->entry.type != type) return absl::OkStatus();
              const auto text = [&](const char* name) {
                return std::get<std::string>(entry->entry.fields.at(name));
              };
              ++subjects[entry->entry.fields.count("reason") > 0
                             ? text("reason")
                             : absl::StrCat(text("subject"), " by ",
                                            text("actor"))];
              return absl::OkStatus();
            }),
        IsOk());
    return subjects;
  }

  SystemClock clock;
  std::unique_ptr<Database> database;
  std::unique_ptr<LedgerStore> ledger_store;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<DeskStore> store;
  std::unique_ptr<ApprovalDesk> desk;
};

class ApprovalDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "approval_desk_", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    Reopen();
    one_ = people_.Add("p-1", "police", {Role::kSteward});
    two_ = people_.Add("p-2", "vru", {Role::kApprover});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Reopen() {
    office_.reset();
    office_ = Office::Open(folder_ + "/agent.db", &trust_);
  }

  std::string AddQuestion(const std::string& name, int approvers) {
    WaitingQuestion question;
    question.given.question = Sha256Hex(name);
    question.given.canonical = Sha256Hex("canonical " + name);
    question.given.agreement = Sha256Hex("agreement");
    question.given.agency = "police";
    question.given.asker = "p-asker";
    question.given.asker_key = Sha256Hex("key");
    question.given.approvers = approvers;
    question.given.one_from_agency = true;
    question.given.arrived = people_.now;
    question.given.expires = people_.now + kLongestWait;
    question.query_id = "q-" + name;
    question.query = std::string("bytes\0of it", 11);
    question.envelope = "{envelope}";
    question.certificate = "{certificate}";
    question.words = "how many";
    EXPECT_THAT(office_->database->Transact(
                    [&] { return office_->store->Add(question); }),
                IsOk());
    return question.given.question;
  }

  void Submit(const ExamplePeople::Member& member, const std::string& subject,
              const std::string& decision = "approve",
              const std::string& why = "none") {
    const auto envelope =
        SignDecision(member.key, {"testshire", "police", member.person.id,
                                  decision, why, subject, people_.now});
    ASSERT_THAT(envelope, IsOk());
    ASSERT_THAT(office_->store->Submit(*envelope, member.certificate), IsOk());
  }

  CaseState StateOf(const std::string& question) {
    const auto found = office_->store->Find(question);
    EXPECT_TRUE(found.ok() && found->has_value());
    return (*found)->given.state;
  }

  std::vector<std::string> Work() {
    const auto changed = office_->desk->Work(people_.now);
    EXPECT_THAT(changed, IsOk());
    return changed.ok() ? *changed : std::vector<std::string>();
  }

  std::string folder_;
  ExamplePeople people_;
  const PeopleTrust trust_ = people_.Trust();
  std::unique_ptr<Office> office_;
  ExamplePeople::Member one_, two_;
};

TEST_F(ApprovalDeskTest, AQuestionSurvivesARestartWithItsDecisions) {
  const std::string question = AddQuestion("a", 2);
  Submit(one_, question);
  EXPECT_EQ(Work(), std::vector<std::string>{question});
  EXPECT_EQ(StateOf(question), CaseState::kWaiting);
  Reopen();
  const auto found = office_->store->Find(question);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->query, std::string("bytes\0of it", 11));
  EXPECT_EQ((*found)->words, "how many");
  EXPECT_EQ((*found)->given.expires, people_.now + kLongestWait);
  ASSERT_EQ((*found)->given.decisions.size(), 1u);
  EXPECT_EQ((*found)->given.decisions[0].organisation, "police");
  // The same person does not count twice, not even after the restart.
  Submit(one_, question);
  EXPECT_TRUE(Work().empty());
  Submit(two_, question);
  EXPECT_EQ(Work(), std::vector<std::string>{question});
  EXPECT_EQ(StateOf(question), CaseState::kApproved);
  EXPECT_THAT(office_->ledger->Verify(), IsOk());
  EXPECT_EQ(office_->Subjects("approval.given").size(), 2u);
}

TEST_F(ApprovalDeskTest, WhatIsNotBelievedIsLoggedAndChangesNothing) {
  const std::string question = AddQuestion("a", 1);
  const auto& analyst = people_.Add("p-3", "police", {Role::kAnalyst});
  Submit(analyst, question);
  ExamplePeople others;
  const auto& stranger = others.Add("p-1", "police", {Role::kSteward});
  Submit(stranger, question);
  Submit(one_, Sha256Hex("no such question"));
  Submit(one_, question, "approve", "other");
  Submit(one_, question, "refuse", "none");
  Submit(one_, question, "destroy");
  ASSERT_THAT(office_->store->Submit("junk", "junk"), IsOk());
  EXPECT_TRUE(Work().empty());
  EXPECT_EQ(StateOf(question), CaseState::kWaiting);
  const std::map<std::string, int> expected = {{"role", 1},
                                               {"unknown_person", 1},
                                               {"unknown_question", 1},
                                               {"invalid_argument", 2},
                                               {"malformed", 2}};
  EXPECT_EQ(office_->Subjects("operator.action"), expected);
  EXPECT_TRUE(office_->Subjects("approval.given").empty());
  const auto inbox = office_->store->Inbox();
  ASSERT_THAT(inbox, IsOk());
  EXPECT_TRUE(inbox->empty());
}

TEST_F(ApprovalDeskTest, TheAskerCannotApproveWhateverTheirRoles) {
  const auto& asker =
      people_.Add("p-asker", "police", {Role::kAnalyst, Role::kSteward});
  const std::string question = AddQuestion("a", 1);
  Submit(asker, question);
  EXPECT_TRUE(Work().empty());
  EXPECT_EQ(StateOf(question), CaseState::kWaiting);
  EXPECT_EQ(office_->Subjects("operator.action").count("permission_denied"),
            1u);
}

TEST_F(ApprovalDeskTest, ARefusalAHoldAndTimeAreLogged) {
  const std::string refused = AddQuestion("a", 1), held = AddQuestion("b", 1);
  Submit(one_, refused, "refuse", "too_fine");
  Submit(one_, held, "hold");
  EXPECT_EQ(Work().size(), 2u);
  EXPECT_EQ(StateOf(refused), CaseState::kRefused);
  EXPECT_EQ(StateOf(held), CaseState::kHeld);
  EXPECT_EQ(office_->Subjects("approval.denied").size(), 1u);
  const auto late = office_->desk->Work(people_.now + kLongestWait);
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(*late, std::vector<std::string>{held});
  EXPECT_EQ(StateOf(held), CaseState::kExpired);
  EXPECT_EQ(office_->Subjects("query.abandoned").count("nobody_decided"), 1u);
}

TEST_F(ApprovalDeskTest, AStandingApprovalIsKeptAndTakenBack) {
  const std::string question = AddQuestion("a", 1);
  Submit(one_, question, "approve_standing");
  EXPECT_EQ(Work().size(), 1u);
  Reopen();
  const std::string canonical = Sha256Hex("canonical a");
  const auto stands = [&](const std::string& agreement) {
    const auto result = office_->store->Stands(canonical, agreement);
    return result.ok() && *result;
  };
  EXPECT_TRUE(stands(Sha256Hex("agreement")));
  EXPECT_FALSE(stands(Sha256Hex("the next agreement")));
  ASSERT_THAT(office_->store->RemoveStanding(canonical), IsOk());
  EXPECT_FALSE(stands(Sha256Hex("agreement")));
}

TEST_F(ApprovalDeskTest, AQuestionIsFoundByTheFirstDigitsOfItsName) {
  const std::string question = AddQuestion("a", 1);
  const auto found = office_->store->FindByPrefix(question.substr(0, 6));
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->given.question, question);
  EXPECT_THAT(office_->store->FindByPrefix("abc"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(office_->store->FindByPrefix("%%%%"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(office_->store->FindByPrefix("00000000"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("review")));
}

TEST_F(ApprovalDeskTest, TheDesksSettingsAreReadByAnotherProcess) {
  auto desk = office_->store->ReadDesk();
  ASSERT_THAT(desk, IsOk());
  EXPECT_EQ(desk->mode, DeskMode::kAnswer);
  EXPECT_FALSE(desk->paused);
  const auto other = Office::Open(folder_ + "/agent.db", &trust_);
  ASSERT_THAT(other->store->WriteDesk({DeskMode::kAskFirst, true}), IsOk());
  desk = office_->store->ReadDesk();
  ASSERT_THAT(desk, IsOk());
  EXPECT_EQ(desk->mode, DeskMode::kAskFirst);
  EXPECT_TRUE(desk->paused);
}

// Killed at any moment of the work: no decision is lost, none counts twice.
TEST_F(ApprovalDeskTest, AKillNeitherLosesNorDoublesADecision) {
  std::vector<std::string> questions;
  for (int i = 0; i < 40; ++i) {
    questions.push_back(AddQuestion(absl::StrCat("k", i), 2));
    Submit(one_, questions.back());
    Submit(two_, questions.back());
  }
  office_.reset();
  std::mt19937 random(7);
  int killed = 0;
  for (int round = 0; round < 400; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto office = Office::Open(folder_ + "/agent.db", &trust_);
      _exit(office->desk->Work(people_.now).ok() ? 0 : 1);
    }
    // The first ones early: on a quick disk the work is soon done.
    usleep(1000 + random() % (round < 10 ? 3000 : 40'000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ++killed;
      continue;
    }
    ASSERT_EQ(WEXITSTATUS(status), 0);
    break;
  }
  EXPECT_GT(killed, 3);
  Reopen();
  EXPECT_THAT(office_->ledger->Verify(), IsOk());
  const auto given = office_->Subjects("approval.given");
  EXPECT_EQ(given.size(), 80u);
  for (const auto& [subject, count] : given) EXPECT_EQ(count, 1) << subject;
  for (const std::string& question : questions) {
    EXPECT_EQ(StateOf(question), CaseState::kApproved);
  }
}

TEST_F(ApprovalDeskTest, ANonceIsSpentOnceAlsoAfterARestart) {
  auto nonces = NonceStore::Create(office_->database.get());
  ASSERT_THAT(nonces, IsOk());
  SignedQuestion question;
  question.asker = "p-1";
  question.nonce = std::string("\0\xff nonce 16 byte", 16);
  question.expires = people_.now;
  const auto spend = [&] {
    return office_->database->Transact(
        [&] { return (*nonces)->Spend(question); });
  };
  EXPECT_THAT(spend(), IsOk());
  EXPECT_THAT(spend(), StatusIs(absl::StatusCode::kAlreadyExists));
  Reopen();
  nonces = NonceStore::Create(office_->database.get());
  ASSERT_THAT(nonces, IsOk());
  const auto spent = [&](const std::string& asker, absl::Time expires) {
    const auto result = (*nonces)->Spent(asker, question.nonce, expires);
    return !result.ok() || *result;
  };
  EXPECT_TRUE(spent("p-1", people_.now));
  EXPECT_FALSE(spent("p-2", people_.now)) << "another asker's nonce";
  // It is forgotten an hour after its end, and then its whole time counts as
  // spent, so that a clock set back brings nothing back.
  EXPECT_THAT((*nonces)->Forget(people_.now + absl::Minutes(59)), IsOk());
  EXPECT_FALSE(spent("p-2", people_.now));
  EXPECT_THAT((*nonces)->Forget(people_.now + absl::Hours(2)), IsOk());
  EXPECT_TRUE(spent("p-1", people_.now));
  EXPECT_TRUE(spent("p-2", people_.now));
  EXPECT_FALSE(spent("p-2", people_.now + absl::Seconds(1)));
  EXPECT_THAT((*nonces)->Forget(people_.now - absl::Hours(9)), IsOk());
  EXPECT_TRUE(spent("p-1", people_.now)) << "the mark does not go back";
}

}  // namespace
}  // namespace cairn
