// What an agency keeps beside its ledger, over the turn of a year.
#include "core/ledger/turn.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/node_ledger.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/tlog_proof.h"
#include "core/ledger/verify_log.h"
#include "tests/agent/answerer_fixture.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

class TurnTest : public AnswererTest {
 protected:
  void SetUp() override {
    AnswererTest::SetUp();
    owner_ = OwnerIn(*catalogue_, "police");
    const std::string& dir = settings_.config.state_dir();
    // For this log the year has turned already.
    const auto secrets =
        ReadOrMakeNodeSecrets(dir, owner_, absl::Now() - absl::Hours(24 * 366));
    ASSERT_THAT(secrets, IsOk());
    old_ = secrets->log.verifier();
    ASSERT_THAT(MakeNextLogKey(dir, owner_,
                               NextYearsLog(owner_, old_->name(), absl::Now())),
                IsOk());
  }
  void Turn() {
    Stop();
    const auto state = OpenStateToRun(settings_);
    ASSERT_THAT(state, IsOk());
    ASSERT_EQ((*state)->ledger->size(), 1u);
    EXPECT_THAT((*state)->releases->sound(), IsOk());
  }

  LogOwner owner_;
  std::optional<VerifierKey> old_;
};

TEST_F(TurnTest, AnAnswerIsGivenAgainWithItsProofInTheSealedLog) {
  const v1::Ask asked = Question({"weapon"});
  const v1::Answer first = Answer(asked);
  v1::Ask bad = Question({"weapon"});
  bad.set_query("\xff\xff");
  const v1::Answer refused = Answer(bad);
  const std::vector<std::string> lines = LinesOnDisk();
  Turn();
  Start();
  for (const auto& [ask, before] :
       {std::pair{asked, first}, std::pair{bad, refused}}) {
    v1::Answer again = Answer(ask);
    const v1::Receipt& receipt = again.receipt();
    EXPECT_EQ(receipt.entry(), lines[before.receipt().index()]);
    const auto proof = ParseTlogProof(receipt.proof());
    ASSERT_THAT(proof, IsOk());
    EXPECT_EQ(proof->index, before.receipt().index());
    EXPECT_THAT(VerifyTlogProof(receipt.entry(), *proof, *old_), IsOk());
    // Nothing else of it is another.
    again.mutable_receipt()->clear_entry();
    again.mutable_receipt()->clear_proof();
    EXPECT_EQ(again.SerializeAsString(), before.SerializeAsString());
  }
  EXPECT_EQ(LinesOnDisk().size(), 1u);
}

// The new log's numbers are those of other questions in the old one.
TEST_F(TurnTest, AUsedIdIsNotTakenForAQuestionOfTheNewLog) {
  const v1::Ask asked = Question({"weapon"});
  Answer(asked);
  Turn();
  Start();
  for (int i = 0; i < 3; ++i) Answer(Question({"month"}));
  v1::Ask other = Question({"month"});
  other.set_query_id(asked.query_id());
  EXPECT_EQ(Answer(other).refusal().reason(), v1::REPLAYED);
  // And when the answer is no longer kept, not for its own either.
  clock_.shift = AskBook::kAnswerKept + absl::Minutes(1);
  Answer(Question({"month"}));
  EXPECT_EQ(Answer(asked).refusal().reason(), v1::REPLAYED);
  auto kept = *database_->Prepare("SELECT count(*) FROM asked_earlier");
  ASSERT_TRUE(*kept.Step());
  EXPECT_EQ(kept.Int(0), 0);
}

TEST_F(TurnTest, AQuestionThatWasCutOffIsClosedInTheOldLog) {
  const v1::Ask asked = Question({"weapon"});
  store_->fail_at = "answer.released";
  EXPECT_FALSE(answerer_->Answer(asked).ok());
  Turn();
  Start();
  const v1::Answer again = Answer(asked);
  EXPECT_EQ(again.refusal().reason(), v1::REPLAYED);
  EXPECT_THAT(again.refusal().sentence(), HasSubstr("no longer"));
  std::vector<std::string> types;
  const LogFolder sealed(SealedFolder(settings_.config.state_dir()) + "/" +
                         EditionOf(old_->name()));
  ASSERT_THAT(VerifyLog(sealed, {*old_, {}, {}},
                        [&](const ParsedEntry& entry) {
                          types.push_back(entry.entry.type);
                          return absl::OkStatus();
                        }),
              IsOk());
  EXPECT_EQ(types, (std::vector<std::string>{"query.received", "query.admitted",
                                             "query.abandoned", "key.rotated",
                                             "log.sealed"}));
  const auto lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[1], HasSubstr("query.received"));
}

TEST_F(TurnTest, TablesThatWereReleasedBeforeAreBoundIntoTheNewLog) {
  const std::string told = TableBytes(Answer(Question({"weapon"})));
  Turn();
  Start();
  EXPECT_THAT(LinesOnDisk()[0], HasSubstr("\"carried\":1,\"carried_digest\":"));
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()), IsOk());
  EXPECT_EQ(TableBytes(Answer(Question({"weapon"}))), told);
  Answer(Question({"month"}));
  Restart();
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()), IsOk());
  // One is lost, in the list too, or one more is said to be of before.
  for (const char* change :
       {"DELETE FROM release WHERE table_key = 'weapon'",
        "DELETE FROM release WHERE table_key = 'weapon'; "
        "DELETE FROM release_carried",
        "INSERT INTO release_carried SELECT epoch, 'x', measure FROM "
        "release_carried; UPDATE release SET table_key = 'x' WHERE table_key "
        "= 'month'"}) {
    ASSERT_THAT(database_->Execute("SAVEPOINT before"), IsOk());
    ASSERT_THAT(database_->Execute(change), IsOk());
    const auto fresh = *ReleaseStore::Create(database_.get());
    EXPECT_EQ(fresh->CheckAgainst(sqlite_.get()).code(),
              absl::StatusCode::kDataLoss)
        << change;
    ASSERT_THAT(database_->Execute("ROLLBACK TO before; RELEASE before"),
                IsOk());
  }
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()), IsOk());
}

}  // namespace
}  // namespace cairn
