// Each question is answered once: the order of what is written, and what is
// done with an id that comes again.
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/store/sqlite_commitment_store.h"
#include "tests/agent/answerer_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReplayTest : public AnswererTest {
 protected:
  void Restart() {
    Stop();
    Start();
    ASSERT_THAT(asks_->CloseAbandoned(ledger_.get()), IsOk());
  }
  // The text of a field of a line, as a plain search finds it.
  static std::string Field(const std::string& line, const std::string& name) {
    const std::string begin = absl::StrCat("\"", name, "\":\"");
    const size_t at = line.find(begin);
    if (at == std::string::npos) return "";
    const size_t from = at + begin.size();
    return line.substr(from, line.find('"', from) - from);
  }
  SqliteCommitmentStore::Opening Opening(uint64_t seq) {
    const auto found = releases_->commitments()->Find(seq);
    EXPECT_TRUE(found.ok() && found->has_value()) << seq;
    return found.ok() && found->has_value() ? **found
                                            : SqliteCommitmentStore::Opening();
  }
};

TEST_F(ReplayTest, TheSameQuestionUnderTheSameIdGetsTheSameBytesAndNoEntry) {
  const v1::Ask ask = Question({"weapon", "month"});
  const std::string first = Answer(ask).SerializeAsString();
  const size_t entries = LinesOnDisk().size();
  EXPECT_EQ(Answer(ask).SerializeAsString(), first);
  Restart();
  EXPECT_EQ(Answer(ask).SerializeAsString(), first);
  // Nothing is worked out again: the records may be gone.
  std::filesystem::remove(settings_.ExtractPath("events"));
  EXPECT_EQ(Answer(ask).SerializeAsString(), first);
  EXPECT_EQ(LinesOnDisk().size(), entries);
}

TEST_F(ReplayTest, ARefusalIsSentAgainToTheByteToo) {
  v1::Ask ask = Question({"weapon"});
  ask.set_query("\xff\xff");
  const v1::Answer refused = Answer(ask);
  EXPECT_EQ(refused.refusal().reason(), v1::INVALID);
  EXPECT_EQ(refused.receipt().index(), 1u);
  Restart();
  EXPECT_EQ(Answer(ask).SerializeAsString(), refused.SerializeAsString());
  EXPECT_EQ(LinesOnDisk().size(), 2u);
}

TEST_F(ReplayTest, AnotherQuestionUnderAUsedIdIsRefusedAndBothAreOnRecord) {
  const v1::Ask ask = Question({"weapon"});
  const v1::Answer first = Answer(ask);
  v1::Ask other = Question({"month"});
  other.set_query_id(ask.query_id());
  v1::Ask stranger = ask;
  stranger.set_asker("bob");
  for (const v1::Ask& again : {other, stranger}) {
    const v1::Answer refused = Answer(again);
    EXPECT_EQ(refused.refusal().reason(), v1::REPLAYED);
    EXPECT_THAT(refused.refusal().sentence(), HasSubstr("another question"));
    const std::vector<std::string> lines = LinesOnDisk();
    EXPECT_THAT(lines.back(),
                AllOf(HasSubstr("query.refused"), HasSubstr("REPLAYED")));
    EXPECT_EQ(refused.receipt().index(), lines.size() - 1);
    EXPECT_EQ(refused.receipt().entry_hash(), LeafHash(lines.back()));
    EXPECT_EQ(Opening(lines.size() - 2).bytes, again.query());
  }
  EXPECT_EQ(ReleasesOnDisk(), 1);
  EXPECT_EQ(Answer(ask).SerializeAsString(), first.SerializeAsString());
}

// Killed after commit A: the run is cut off, and its id is never run again.
TEST_F(ReplayTest, AQuestionCutOffInItsRunIsAbandonedAndNeverRunsAgain) {
  const v1::Ask ask = Question({"weapon"});
  store_->fail_at = "answer.released";
  EXPECT_FALSE(answerer_->Answer(ask).ok());
  EXPECT_EQ(LinesOnDisk().size(), 2u);
  Restart();
  std::vector<std::string> lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[2],
              AllOf(HasSubstr("query.abandoned"), HasSubstr("\"qid\":\"q1\"")));
  const v1::Answer refused = Answer(ask);
  EXPECT_EQ(refused.refusal().reason(), v1::REPLAYED);
  EXPECT_THAT(refused.refusal().sentence(), HasSubstr("runs nothing twice"));
  EXPECT_EQ(ReleasesOnDisk(), 0);
  // It is closed once, and a question of its own is answered.
  Restart();
  EXPECT_EQ(LinesOnDisk().size(), 5u);
  EXPECT_TRUE(Answer(Question({"weapon"})).has_tables());
}

TEST_F(ReplayTest, AnAnswerIsErasedAfterADayAndItsIdStaysTaken) {
  const v1::Ask ask = Question({"weapon"});
  const std::string first = Answer(ask).SerializeAsString();
  clock_.shift = AskBook::kAnswerKept - absl::Minutes(1);
  Answer(Question({"month"}));
  EXPECT_EQ(Answer(ask).SerializeAsString(), first);
  clock_.shift += absl::Minutes(2);
  Answer(Question({"month"}));
  auto kept = *database_->Prepare(
      "SELECT query_id FROM asked "
      "WHERE answer IS NOT NULL ORDER BY seq");
  ASSERT_TRUE(*kept.Step());
  EXPECT_EQ(kept.Text(0), "q2");
  kept.Reset();
  const v1::Answer refused = Answer(ask);
  EXPECT_EQ(refused.refusal().reason(), v1::REPLAYED);
  EXPECT_THAT(refused.refusal().sentence(), HasSubstr("any longer"));
}

TEST_F(ReplayTest, AnAnswerThatCannotBeKeptLetsNothingOut) {
  ASSERT_THAT(database_->Execute("CREATE TRIGGER no BEFORE UPDATE ON asked "
                                 "BEGIN SELECT raise(ABORT, 'no'); END"),
              IsOk());
  EXPECT_FALSE(answerer_->Answer(Question({"weapon"})).ok());
  EXPECT_EQ(ReleasesOnDisk(), 0);
  EXPECT_EQ(LinesOnDisk().size(), 2u);
}

TEST_F(ReplayTest, ADiskWithoutRoomForAnAnswerRefusesItOnRecord) {
  ASSERT_EQ(setenv("CAIRN_DISK_RESERVE_MIB", "4000000000000", 1), 0);
  const v1::Answer refused = Answer(Question({"weapon"}));
  ASSERT_EQ(unsetenv("CAIRN_DISK_RESERVE_MIB"), 0);
  EXPECT_EQ(refused.refusal().reason(), v1::NOT_READY);
  EXPECT_THAT(refused.refusal().sentence(), HasSubstr("room"));
  const std::vector<std::string> lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("query.refused"));
  EXPECT_EQ(ReleasesOnDisk(), 0);
  // With room again it goes on.
  EXPECT_TRUE(Answer(Question({"weapon"})).has_tables());
}

TEST_F(ReplayTest, ACommitmentOpensWithItsSaltAndIsNoBareHash) {
  const v1::Ask ask = Question({"weapon"});
  const v1::Answer answer = Answer(ask);
  const std::vector<std::string> lines = LinesOnDisk();
  const std::string tables = answer.tables().SerializeAsString();
  // As docs/ledger-format.md says: SHA-256 of 32 bytes, then the thing itself.
  const auto question = Opening(0), released = Opening(2);
  EXPECT_EQ(question.salt.size(), 32u);
  EXPECT_EQ(question.bytes, ask.query());
  EXPECT_EQ(Field(lines[0], "question_commit"),
            Sha256Hex(question.salt + ask.query()));
  EXPECT_EQ(released.bytes, std::nullopt);
  EXPECT_EQ(Field(lines[2], "answer_commit"),
            Sha256Hex(released.salt + tables));
  for (const std::string& line : lines) {
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex(ask.query()))));
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex(tables))));
  }
  // The same question again is another number, so nobody sees it is the same.
  Answer(Question({"weapon"}));
  EXPECT_NE(Field(LinesOnDisk()[3], "question_commit"),
            Field(lines[0], "question_commit"));
  // Erased, the log is whole, and the id still taken.
  ASSERT_THAT(releases_->commitments()->Erase(0), IsOk());
  EXPECT_THAT(ledger_->Verify(), IsOk());
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::REPLAYED);
}

TEST_F(ReplayTest, NoTextThatSomebodyMadeUpGoesIntoTheLog) {
  v1::Ask ask = Question({"weapon"});
  v1::Query query;
  ASSERT_TRUE(query.ParseFromString(ask.query()));
  query.set_purpose("Bob Smith, born 1.2.1990");
  ask.set_query(query.SerializeAsString());
  ask.set_asker("Carol of the VRU");
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::NOT_PERMITTED);
  query.set_data_set("the Smith family");
  ask.set_query(query.SerializeAsString());
  ask.set_query_id("q2");
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::INVALID);
  for (const std::string& line : LinesOnDisk()) {
    EXPECT_THAT(line, Not(HasSubstr("Smith")));
    EXPECT_THAT(line, Not(HasSubstr("Carol")));
  }
  EXPECT_EQ(Field(LinesOnDisk()[0], "data_set"), "events");
}

}  // namespace
}  // namespace cairn
