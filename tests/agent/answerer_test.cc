#include "agent/answerer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/terms.h"
#include "core/base/digest.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "google/protobuf/unknown_field_set.h"
#include "tests/agent/answerer_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AnswererTest, AnAnswerStandsOnEntriesThatAreOnTheDisk) {
  const v1::Answer answer = Answer(Question({"weapon"}));
  EXPECT_EQ(answer.query_id(), "q1");
  const std::vector<std::string> lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], HasSubstr("query.received"));
  EXPECT_THAT(lines[1], HasSubstr("query.admitted"));
  EXPECT_THAT(lines[2], HasSubstr("answer.released"));
  EXPECT_EQ(answer.receipt().index(), 2u);
  EXPECT_EQ(answer.receipt().entry_hash(), LeafHash(lines[2]));
  EXPECT_EQ(ReleasesOnDisk(), 1);
  const auto table = FromProto(answer.tables().table(0));
  ASSERT_THAT(table, IsOk());
  // KNIFE 40, GUN 3 hidden; the total, rounded as it is, tells nothing of it.
  EXPECT_EQ(table->cells()[0], PublishedCell(40, 38, 42));
  EXPECT_EQ(table->cells()[1], SuppressedCell(0, 7));
  EXPECT_EQ(table->cells().back().status, CellStatus::kPublished);
}

TEST_F(AnswererTest, AnAnswerBindsTheAgencyToAReceiptThatStaysWithIt) {
  const v1::Answer answer = Answer(Question({"weapon"}, "", {"count"}));
  const v1::DisclosureReceipt& said = answer.receipt().disclosure();
  ASSERT_EQ(said.table_size(), 1);
  EXPECT_EQ(said.catalogue_digest(), catalogue_->digest);
  // KNIFE and the total are shown, GUN is not, nor are the codes without one.
  EXPECT_EQ(said.table(0).cells(),
            said.table(0).shown() + said.table(0).hidden());
  EXPECT_EQ(said.table(0).shown_permille(), 1000u * 40 / 45);
  // The steward's text is on the disk, and hashes to what was sent.
  auto rows = *database_->Prepare("SELECT salt, text FROM receipt");
  ASSERT_TRUE(*rows.Step());
  const std::string salt = rows.Blob(0), text = rows.Text(1);
  EXPECT_EQ(salt.size(), 32u);
  EXPECT_EQ(Sha256(salt + text), said.table(0).full_receipt());
  EXPECT_THAT(text, HasSubstr("\"small\":"));
  EXPECT_THAT(LinesOnDisk()[2], HasSubstr(Hex(said.table(0).full_receipt())));
  // Neither the text nor a count of reasons is in what was sent or logged.
  EXPECT_THAT(answer.SerializeAsString(), Not(HasSubstr("complement")));
  for (const std::string& line : LinesOnDisk()) {
    EXPECT_THAT(line, Not(HasSubstr("complement")));
    EXPECT_THAT(line, Not(HasSubstr("small")));
  }
  // Another ask, and one after a restart, say the same of the same table.
  const std::string first = said.SerializeAsString();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(
        Answer(Question({"weapon"})).receipt().disclosure().SerializeAsString(),
        first);
    Stop();
    Start();
  }
}

TEST_F(AnswererTest, AReceiptThatCannotBeKeptLetsNothingOut) {
  ASSERT_THAT(database_->Execute("DROP TABLE receipt"), IsOk());
  const auto answer = answerer_->Answer(Question({"weapon"}));
  EXPECT_FALSE(answer.ok() && answer->has_tables());
  EXPECT_EQ(ReleasesOnDisk(), 0);
}

// Attack: a question that brings a rule of its own, another name of the data
// set, or asks for a preview.
TEST_F(AnswererTest, NoQuestionChoosesTheRuleItIsAnsweredUnder) {
  const v1::Ask good = Question({"weapon"});
  DisclosurePolicy loose;
  loose.largest_hidden_count = 1;
  loose.rounding_base = 1;
  const std::string rule = ToProto(loose).SerializeAsString();
  for (int field = 6; field < 40; ++field) {
    v1::Ask ask = good;
    ask.set_query_id(NewId());
    v1::Query query;
    ASSERT_TRUE(query.ParseFromString(ask.query()));
    query.GetReflection()->MutableUnknownFields(&query)->AddLengthDelimited(
        field, rule);
    ask.set_query(query.SerializeAsString());
    EXPECT_EQ(Answer(ask).refusal().reason(), v1::INVALID) << field;
  }
  for (const char* alias : {"Events", "EVENTS", "events ", " events", "event",
                            "events\n", "events;exact", "events@loose"}) {
    v1::Ask ask = good;
    ask.set_query_id(NewId());
    v1::Query query;
    ASSERT_TRUE(query.ParseFromString(ask.query()));
    query.set_data_set(alias);
    ask.set_query(query.SerializeAsString());
    EXPECT_EQ(Answer(ask).refusal().reason(), v1::INVALID) << alias;
  }
  EXPECT_EQ(ReleasesOnDisk(), 0);
}

// Whatever a coordinator sends, it has no word for a policy or a preview.
TEST(CoordinatorMessage, HasNoPlaceForARuleOrAPreview) {
  std::vector<const google::protobuf::Descriptor*> open = {
      v1::CoordinatorMessage::descriptor(), v1::Query::descriptor()};
  for (size_t i = 0; i < open.size(); ++i) {
    EXPECT_NE(open[i], v1::DisclosurePolicy::descriptor());
    for (int f = 0; f < open[i]->field_count(); ++f) {
      const auto* field = open[i]->field(f);
      EXPECT_EQ(std::string(field->name()).find("preview"), std::string::npos);
      EXPECT_EQ(std::string(field->name()).find("policy"), std::string::npos);
      const auto* type = field->message_type();
      if (type != nullptr &&
          std::find(open.begin(), open.end(), type) == open.end()) {
        open.push_back(type);
      }
    }
  }
  EXPECT_GE(open.size(), 8u);
}

TEST_F(AnswererTest, TheTermsAreLoggedWhenTheyAreOthersThanTheLast) {
  const auto log = [this] {
    ASSERT_THAT(LogTerms(settings_, database_.get(), ledger_.get()), IsOk());
  };
  log();
  std::vector<std::string> lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0],
              AllOf(HasSubstr("catalogue.changed"), HasSubstr("\"from\":\"\""),
                    HasSubstr(catalogue_->digest)));
  const std::string first = PolicyDigest(settings_.policy);
  EXPECT_THAT(lines[1], AllOf(HasSubstr("policy.changed"), HasSubstr(first),
                              HasSubstr("\"rounding_base\":5")));
  log();
  Stop();
  Start();
  log();
  EXPECT_EQ(LinesOnDisk().size(), 2u);
  settings_.policy.minimum_persons = 9;
  log();
  lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[2], AllOf(HasSubstr("policy.changed"),
                              HasSubstr("\"from\":\"" + first),
                              HasSubstr(PolicyDigest(settings_.policy)),
                              HasSubstr("\"minimum_persons\":9")));
  // Back again is a change too.
  settings_.policy.minimum_persons = 5;
  log();
  EXPECT_EQ(LinesOnDisk().size(), 4u);
}

TEST(RowsBand, IsWideAndHasNoGap) {
  EXPECT_EQ(RowsBand(0), "none");
  EXPECT_EQ(RowsBand(1), "1 to 99");
  EXPECT_EQ(RowsBand(99), "1 to 99");
  EXPECT_EQ(RowsBand(100), "100 to 999");
  EXPECT_EQ(RowsBand(999), "100 to 999");
  EXPECT_EQ(RowsBand(1000), "1000 to 9999");
  EXPECT_EQ(RowsBand(12'345'678), "10000000 to 99999999");
}

class RecordsTest : public AnswererTest {
 protected:
  // As the running agent's.
  void SetUp() override {
    AnswererTest::SetUp();
    Again();
  }
  void Again() {
    Stop();
    Start();
    records_ = *RecordsBook::Create(database_.get(), ledger_.get());
    answerer_->SetRecords(records_.get());
  }
  std::string Epoch() { return answerer_->Holdings().at(0).epoch(); }
  std::vector<Entry> Entries() {
    std::vector<Entry> entries;
    for (const std::string& line : LinesOnDisk()) {
      entries.push_back(ParseEntry(line)->entry);
    }
    return entries;
  }

  std::unique_ptr<RecordsBook> records_;
};

TEST_F(RecordsTest, RecordsAreLoggedBeforeAnythingIsToldOfThem) {
  Answer(Question({"weapon"}));
  const std::string first = Epoch();
  std::vector<Entry> entries = Entries();
  ASSERT_GE(entries.size(), 3u);
  EXPECT_EQ(entries[0].type, "dataset.loaded");
  using Fields = decltype(Entry::fields);
  EXPECT_EQ(entries[0].fields, (Fields{{"data_set", "events"},
                                       {"from", ""},
                                       {"to", first},
                                       {"rows", "1 to 99"}}));
  const size_t before = entries.size();
  Epoch();
  Again();
  Epoch();
  EXPECT_EQ(Entries().size(), before);
  Load(160);
  Answer(Question({"age_band"}));
  entries = Entries();
  EXPECT_EQ(entries.at(before).type, "dataset.loaded");
  EXPECT_EQ(entries[before].fields, (Fields{{"data_set", "events"},
                                            {"from", first},
                                            {"to", Epoch()},
                                            {"rows", "100 to 999"}}));
  EXPECT_NE(Epoch(), first);
  EXPECT_EQ(entries.at(before + 1).type, "query.received");
}

TEST_F(RecordsTest, RecordsThatAreGoneAreLoggedOnce) {
  const std::string held = Epoch();
  ASSERT_TRUE(std::filesystem::remove(settings_.ExtractPath("events")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(answerer_->Holdings().empty());
  std::vector<Entry> entries = Entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].type, "dataset.removed");
  EXPECT_EQ(std::get<std::string>(entries[1].fields.at("from")), held);
  // The same again is loaded anew; then the configuration leaves it out.
  Load(40);
  EXPECT_EQ(Epoch(), held);
  ASSERT_THAT(records_->RemovedBut(settings_.config), IsOk());
  EXPECT_EQ(Entries().size(), 3u);
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(records_->RemovedBut(v1::AgentConfig()), IsOk());
  }
  entries = Entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[3].type, "dataset.removed");
}

TEST_F(RecordsTest, OfRecordsThatCannotBeLoggedNothingIsTold) {
  store_->fail_at = "dataset.loaded";
  EXPECT_FALSE(answerer_->Answer(Question({"weapon"})).ok());
  EXPECT_TRUE(LinesOnDisk().empty());
}

TEST_F(RecordsTest, APreviewLogsNothing) {
  Query query;
  query.data_set = "events";
  query.purpose = "research";
  query.by = {"weapon"};
  query.measures = {*ParseMeasure("count")};
  EXPECT_THAT(answerer_->MakePreview(query), IsOk());
  EXPECT_TRUE(LinesOnDisk().empty());
  Epoch();
  EXPECT_EQ(LinesOnDisk().size(), 1u);
}

TEST_F(AnswererTest, TermsThatCannotBeLoggedAreNotTakenAsLogged) {
  store_->fail_at = "policy.changed";
  EXPECT_FALSE(LogTerms(settings_, database_.get(), ledger_.get()).ok());
  EXPECT_TRUE(LinesOnDisk().empty());
  Stop();
  Start();
  EXPECT_THAT(LogTerms(settings_, database_.get(), ledger_.get()), IsOk());
  EXPECT_EQ(LinesOnDisk().size(), 2u);
}

TEST_F(AnswererTest, ALedgerThatCannotTakeTheQuestionGivesNoAnswer) {
  store_->fail_at = "query.received";
  EXPECT_THAT(answerer_->Answer(Question({"weapon"})),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("ledger")));
  EXPECT_TRUE(LinesOnDisk().empty());
  EXPECT_EQ(ReleasesOnDisk(), 0);
  // Nothing is answered from then on.
  store_->fail_at = "";
  EXPECT_THAT(answerer_->Answer(Question({"weapon"})),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(AnswererTest, NothingIsReleasedBeforeItsEntryIsOnTheDisk) {
  store_->fail_at = "answer.released";
  EXPECT_THAT(answerer_->Answer(Question({"weapon"})),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(ReleasesOnDisk(), 0);
  EXPECT_EQ(LinesOnDisk().size(), 2u);
  // After a restart the question is new, and is answered.
  Stop();
  Start();
  EXPECT_TRUE(Answer(Question({"weapon"})).has_tables());
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, ARefusedQuestionIsLoggedAndNoRecordIsRead) {
  v1::Ask ask = Question({"weapon"});
  v1::Query query;
  ASSERT_TRUE(query.ParseFromString(ask.query()));
  query.set_purpose("curiosity");
  ask.set_query(query.SerializeAsString());
  // No extract at all: whoever looked for a record would say NOT_READY.
  std::filesystem::remove(settings_.ExtractPath("events"));
  const v1::Answer answer = Answer(ask);
  EXPECT_EQ(answer.refusal().reason(), v1::NOT_PERMITTED);
  EXPECT_FALSE(answer.has_tables());
  const std::vector<std::string> lines = LinesOnDisk();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("query.refused"));
  EXPECT_THAT(lines[1], HasSubstr("NOT_PERMITTED"));
  EXPECT_EQ(answer.receipt().index(), 1u);
  EXPECT_EQ(answer.receipt().entry_hash(), LeafHash(lines[1]));
  EXPECT_EQ(Answer(Question({"weapon"})).refusal().reason(), v1::NOT_READY);
}

TEST_F(AnswererTest, AnswersOnlyForThePurposesTheAgencyPermits) {
  settings_.config.add_permitted_purpose("planning");
  EXPECT_EQ(Answer(Question({"weapon"})).refusal().reason(), v1::NOT_PERMITTED);
}

TEST_F(AnswererTest, WhatIsNoQuestionIsRefusedAndLogged) {
  v1::Ask ask = Question({"weapon"});
  ask.set_query("\xff\xff\xff");
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::INVALID);
  v1::Ask stranger = Question({"weapon"});
  v1::Query query;
  ASSERT_TRUE(query.ParseFromString(stranger.query()));
  query.set_data_set("secrets");
  stranger.set_query(query.SerializeAsString());
  EXPECT_EQ(Answer(stranger).refusal().reason(), v1::INVALID);
  stranger.set_query_id(NewId());
  query.set_data_set("monthly");  // in the catalogue, not held here
  stranger.set_query(query.SerializeAsString());
  EXPECT_EQ(Answer(stranger).refusal().reason(), v1::NOT_HELD);
  EXPECT_EQ(LinesOnDisk().size(), 6u);
}

TEST_F(AnswererTest, AnAskerWithoutEndDoesNotStopTheAgent) {
  v1::Ask ask = Question({"weapon"});
  ask.set_asker(std::string(100'000, 'a'));
  ask.set_query_id(std::string(100'000, 'q'));
  EXPECT_THAT(answerer_->Answer(ask), IsOk());
  EXPECT_TRUE(Answer(Question({"weapon"})).has_tables());
}

TEST_F(AnswererTest, NoIdWhateverItIsStopsTheAgent) {
  for (const std::string& id :
       {std::string(), std::string("\0\n\"", 3), std::string("\xff\xC3"),
        std::string(70, '\x01')}) {
    v1::Ask ask = Question({"weapon"});
    ask.set_query_id(id);
    EXPECT_THAT(answerer_->Answer(ask), IsOk());
  }
  EXPECT_THAT(ledger_->Verify(), IsOk());
}

TEST_F(AnswererTest, TheLogHoldsNoCountAndNoLiteral) {
  Answer(Question({"age_band"}, "weapon = 'KNIFE'"));
  for (const std::string& line : LinesOnDisk()) {
    EXPECT_THAT(line, Not(HasSubstr("KNIFE")));
    EXPECT_THAT(line, Not(HasSubstr("\"40\"")));
  }
}

TEST_F(AnswererTest, ATableIsTheSameBitForBitOnTheSecondAskAndAfterReopening) {
  const std::string first = TableBytes(Answer(Question({"weapon", "month"})));
  EXPECT_EQ(TableBytes(Answer(Question({"weapon", "month"}))), first);
  Stop();
  Start();
  EXPECT_EQ(TableBytes(Answer(Question({"weapon", "month"}))), first);
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, TheSameQuestionInAnotherDressGetsTheSameTable) {
  const std::string first =
      TableBytes(Answer(Question({"month"}, "weapon = 'KNIFE'")));
  for (const char* where :
       {"weapon = 'blade'", "weapon IN ('KNIFE')", "NOT weapon <> 'KNIFE'",
        "weapon = 'KNIFE' AND (age_band = 'U' OR age_band <> 'U')"}) {
    EXPECT_EQ(TableBytes(Answer(Question({"month"}, where))), first) << where;
  }
  // Another filter on the same variables needs no new table either.
  EXPECT_EQ(TableBytes(Answer(Question({"month"}, "weapon = 'GUN'"))), first);
  EXPECT_EQ(TableBytes(Answer(Question({"weapon", "month"}))), first);
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, AnotherPolicyOnAReleasedEpochIsRefused) {
  Answer(Question({"weapon"}));
  settings_.policy.largest_hidden_count = 2;
  for (const std::vector<std::string>& by :
       {std::vector<std::string>{"weapon"}, {"month"}}) {
    const v1::Answer answer = Answer(Question(by));
    EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
    EXPECT_THAT(answer.refusal().sentence(), HasSubstr("policy changed"));
    EXPECT_FALSE(answer.receipt().entry_hash().empty());
  }
  // Nor under another measure: persons under a looser rule tell of the counts.
  EXPECT_EQ(
      Answer(Question({"weapon"}, "", {"distinct_persons"})).refusal().reason(),
      v1::NOT_READY);
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, ANewLoadIsANewEpochAndMayHaveANewPolicy) {
  const v1::Answer before = Answer(Question({"weapon"}));
  Load(90);
  settings_.policy.largest_hidden_count = 12;
  const v1::Answer after = Answer(Question({"weapon"}));
  ASSERT_TRUE(after.has_tables()) << after.DebugString();
  EXPECT_NE(after.tables().table(0).epoch(), before.tables().table(0).epoch());
  EXPECT_EQ(after.tables().table(0).rule().largest_hidden_count(), 12u);
}

TEST_F(AnswererTest, ANewPolicyHoldsFromTheNextLoadOfTheSameRecords) {
  Load(10);
  Answer(Question({"weapon"}));
  settings_.policy.largest_hidden_count = 12;
  EXPECT_EQ(Answer(Question({"weapon"})).refusal().reason(), v1::NOT_READY);
  Load(10);
  for (int again = 0; again < 2; ++again) {
    const auto table =
        FromProto(Answer(Question({"weapon"})).tables().table(0));
    ASSERT_THAT(table, IsOk());
    // 10 knives were shown once, and 13 in all.
    EXPECT_EQ(table->policy().largest_hidden_count, 12);
    EXPECT_EQ(table->cells()[0].status, CellStatus::kSuppressed);
    EXPECT_EQ(table->cells().back(), PublishedCell(15, 13, 17));
    Stop();
    Start();
  }
}

TEST_F(AnswererTest, ALateRecordChangesNoAnswer) {
  const std::string first = TableBytes(Answer(Question({"weapon", "month"})));
  Load(41);
  EXPECT_EQ(TableBytes(Answer(Question({"weapon", "month"}))), first);
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, ARevisionIsHeldAgainstWhatWasToldBefore) {
  const v1::Answer before = Answer(Question({"weapon"}));
  Load(49);  // nine more in three months: kept back
  EXPECT_EQ(TableBytes(Answer(Question({"weapon"}))),
            before.tables().table(0).SerializeAsString());
  Load(71);  // ten or eleven in each month
  const auto table = FromProto(Answer(Question({"weapon"})).tables().table(0));
  ASSERT_THAT(table, IsOk());
  EXPECT_NE(table->epoch(), before.tables().table(0).epoch());
  EXPECT_EQ(table->cells()[0], PublishedCell(70, 68, 72));
}

TEST_F(AnswererTest, RecordsOlderThanWhatWasToldOfThemAreNotAnsweredFrom) {
  Answer(Question({"weapon"}));
  const std::string extract = settings_.ExtractPath("events");
  std::filesystem::copy_file(extract, folder_ + "/backup.db");
  Load(90);
  const std::string told = TableBytes(Answer(Question({"weapon"})));
  Stop();
  std::filesystem::copy_file(extract, folder_ + "/newer.db");
  std::filesystem::copy_file(folder_ + "/backup.db", extract,
                             std::filesystem::copy_options::overwrite_existing);
  Start();
  for (const char* by : {"weapon", "month"}) {
    const v1::Answer answer = Answer(Question({by}));
    EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
    EXPECT_THAT(answer.refusal().sentence(), HasSubstr("older than"));
  }
  std::filesystem::copy_file(folder_ + "/newer.db", extract,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(TableBytes(Answer(Question({"weapon"}))), told);
}

TEST_F(AnswererTest, AReleaseThatTheLedgerNamesMustBeThere) {
  Answer(Question({"weapon"}, "", {"count", "distinct_persons"}));
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()), IsOk());
  ASSERT_THAT(database_->Execute("DELETE FROM release WHERE measure = 'count'"),
              IsOk());
  Stop();
  Start();
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("count of table 'weapon'")));
  const v1::Answer answer = Answer(Question({"month"}));
  EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
  EXPECT_THAT(answer.refusal().sentence(), HasSubstr("cairn-agent status"));
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(AnswererTest, AReleaseThatTheLedgerDoesNotNameIsNotTrusted) {
  Answer(Question({"weapon"}));
  ASSERT_THAT(database_->Execute("UPDATE release SET table_key = 'month'"),
              IsOk());
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()),
              StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_THAT(database_->Execute("UPDATE release SET table_key = 'weapon'"),
              IsOk());
  ASSERT_THAT(database_->Execute("INSERT INTO release SELECT data_set, epoch, "
                                 "measure, 'month', bytes FROM release"),
              IsOk());
  EXPECT_THAT(releases_->CheckAgainst(sqlite_.get()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("the ledger does not name")));
}

TEST_F(AnswererTest, FiguresThatDoNotFitTheRecordsAreNotBlamedOnThePolicy) {
  Answer(Question({"weapon"}));
  Stop();
  // The same epoch, but not the same records.
  {
    auto extract = Database::Open(settings_.ExtractPath("events"),
                                  Database::Mode::kDurable);
    ASSERT_THAT(extract, IsOk());
    ASSERT_THAT((*extract)->Execute("DELETE FROM record WHERE rowid > 10"),
                IsOk());
  }
  Start();
  const v1::Answer answer = Answer(Question({"month"}));
  EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
  EXPECT_THAT(answer.refusal().sentence(), HasSubstr("does not fit"));
  EXPECT_THAT(answer.refusal().sentence(), Not(HasSubstr("policy")));
}

TEST_F(AnswererTest, APreviewWritesNothingAndShowsWhatWouldLeave) {
  Query query;
  query.data_set = "events";
  query.purpose = "research";
  query.by = {"weapon"};
  const auto preview = answerer_->MakePreview(query);
  ASSERT_THAT(preview, IsOk());
  EXPECT_EQ(preview->tables[0].why[1], HiddenWhy::kSmall);
  EXPECT_TRUE(LinesOnDisk().empty());
  EXPECT_EQ(ReleasesOnDisk(), 0);
  EXPECT_EQ(TableBytes(Answer(Question({"weapon"}))),
            ToProto(*preview->tables[0].table).SerializeAsString());
}

TEST_F(AnswererTest, AReleasedTableThatIsDamagedIsNeverReplaced) {
  Answer(Question({"weapon"}));
  ASSERT_THAT(database_->Execute("UPDATE release SET bytes = x'ff'"), IsOk());
  Stop();
  Start();
  for (const char* by : {"weapon", "month"}) {
    const v1::Answer answer = Answer(Question({by}));
    EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
  }
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

}  // namespace
}  // namespace cairn
