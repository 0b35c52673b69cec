#include "coordinator/answer_book.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/disclosure/receipt.h"
#include "core/link/policy_file.h"
#include "core/link/receipt_wire.h"
#include "core/link/translate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"
#include "tests/support/text_proto.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = AgencyAnswer::Outcome;

// A table of one cell, the total, that shows `value`.
v1::Answer TotalAnswer(const std::string& data_set, const std::string& measure,
                       int64_t value) {
  auto answer = ParseText<v1::Answer>(R"pb(
    query_id: "q1"
    elapsed_ms: 12
    tables {
      table {
        epoch: "e1"
        rule {
          profile: "standard"
          method: SUPPRESS_AND_ROUND
          largest_hidden_count: 7
          rounding_base: 5
          minimum_persons: 5
          zeros: HIDDEN
          dominance { n: 2 k: 0.9 }
          p_percent: 0.1
        }
      }
    }
    receipt { index: 3 }
  )pb");
  v1::ProtectedTable* table = answer.mutable_tables()->mutable_table(0);
  table->set_data_set(data_set);
  table->set_measure(measure);
  table->set_state(std::string(1, '\1'));
  table->add_value(value);
  answer.mutable_receipt()->set_entry_hash(std::string(32, 'h'));
  v1::DisclosureReceipt* receipt =
      answer.mutable_receipt()->mutable_disclosure();
  receipt->set_engine(kRuleEngine);
  receipt->set_policy_digest(PolicyDigest(DisclosurePolicy()));
  receipt->set_catalogue_digest(std::string(64, 'c'));
  v1::TableReceipt* said = receipt->add_table();
  said->set_measure(measure);
  said->set_epoch("e1");
  said->set_cells(1);
  said->set_shown(1);
  if (measure == "count" && value > 0) said->set_shown_permille(1000);
  return answer;
}

class AnswerBookTest : public ::testing::Test {
 protected:
  void Ask(const std::string& data_set, const std::vector<std::string>& by = {},
           const std::vector<std::string>& measures = {"count"}) {
    Query query;
    query.data_set = data_set;
    query.by = by;
    for (const std::string& measure : measures) {
      query.measures.push_back(*ParseMeasure(measure));
    }
    auto plan = MakePlan(**catalogue_->Find(data_set), query);
    ASSERT_THAT(plan, IsOk());
    plan_ = *std::move(plan);
  }
  void Add(AgencyAnswer answer, const std::string& holding = "") {
    answers_.push_back(std::move(answer));
    auto held = ParseText<v1::Holding>(holding);
    held.set_epoch("e1");
    if (held.month().empty()) {
      for (const char* month : {"2024-01", "2024-02", "2024-03", "2024-04"}) {
        held.add_month(month);
      }
    }
    holdings_.push_back(std::make_shared<const v1::Holding>(std::move(held)));
  }
  v1::Result Result(bool split = false) {
    v1::Result result;
    FillResult({&plan_, split, holdings_}, answers_, &result);
    return result;
  }
  std::vector<std::string> Warnings() {
    const v1::Result result = Result();
    return {result.warning().begin(), result.warning().end()};
  }

  std::shared_ptr<const Catalogue> catalogue_ = ExampleCatalogue();
  Plan plan_;
  std::vector<AgencyAnswer> answers_;
  std::vector<std::shared_ptr<const v1::Holding>> holdings_;
};

AgencyAnswer Silent(const std::string& agency) {
  AgencyAnswer answer;
  answer.agency = agency;
  answer.reason = "did not answer in time";
  return answer;
}

TEST(ReadAnswer, TakesOverTheTablesAndTheReceipt) {
  const AgencyAnswer read =
      ReadAnswer("police", TotalAnswer("events", "count", 40));
  EXPECT_EQ(read.outcome, Outcome::kAnswered);
  EXPECT_EQ(read.agency, "police");
  EXPECT_EQ(read.elapsed_ms, 12u);
  EXPECT_EQ(read.receipt.index, 3u);
  ASSERT_NE(read.tables, nullptr);
  EXPECT_EQ((*read.tables)[0].cells()[0], PublishedCell(40, 38, 42));
}

TEST(ReadAnswer, ARefusalKeepsItsSentenceInBounds) {
  v1::Answer refusal;
  refusal.mutable_refusal()->set_sentence(std::string(9000, 'x'));
  const AgencyAnswer read = ReadAnswer("police", refusal);
  EXPECT_EQ(read.outcome, Outcome::kRefused);
  EXPECT_LE(read.reason.size(), 500u);
}

TEST(ReadAnswer, ARefusalWithoutAWordSaysThatItHasNone) {
  v1::Answer refusal;
  refusal.mutable_refusal();
  EXPECT_EQ(ReadAnswer("police", refusal).reason, "gave no reason");
}

TEST(ReadAnswer, WhatCannotBeReadCountsAsSilentAndSaysWhy) {
  v1::Answer misfit = TotalAnswer("events", "count", 41);
  v1::Answer no_receipt = TotalAnswer("events", "count", 40);
  no_receipt.clear_receipt();
  v1::Answer short_receipt = TotalAnswer("events", "count", 40);
  short_receipt.mutable_receipt()->set_entry_hash("short");
  v1::Answer no_table = TotalAnswer("events", "count", 40);
  no_table.mutable_tables()->clear_table();
  for (const v1::Answer& answer :
       {misfit, no_receipt, short_receipt, no_table, v1::Answer()}) {
    const AgencyAnswer read = ReadAnswer("police", answer);
    EXPECT_EQ(read.outcome, Outcome::kSilent);
    EXPECT_EQ(read.tables, nullptr);
    EXPECT_THAT(read.reason, HasSubstr("cannot be read"));
  }
}

TEST(ReadAnswer, LeavesOutWhatWasMadeUnderARuleBelowTheFloor) {
  DisclosurePolicy floor;
  const v1::Answer answer = TotalAnswer("events", "count", 40);
  EXPECT_EQ(ReadAnswer("police", answer, floor).outcome, Outcome::kAnswered);
  floor.minimum_persons = 100;
  const AgencyAnswer read = ReadAnswer("police", answer, floor);
  EXPECT_EQ(read.outcome, Outcome::kSilent);
  EXPECT_EQ(read.tables, nullptr);
  EXPECT_THAT(read.reason, HasSubstr("minimum_persons is"));
}

TEST(ReadAnswer, AReceiptThatIsNotOfItsTablesIsNoReceipt) {
  const v1::Answer good = TotalAnswer("events", "count", 40);
  ASSERT_EQ(ReadAnswer("police", good).outcome, Outcome::kAnswered);
  const auto refused = [&good](auto change) {
    v1::Answer answer = good;
    change(answer.mutable_receipt()->mutable_disclosure());
    const AgencyAnswer read = ReadAnswer("police", answer);
    return read.outcome == Outcome::kSilent &&
           read.reason.find("disclosure receipt") != std::string::npos;
  };
  using R = v1::DisclosureReceipt*;
  EXPECT_TRUE(refused([](R r) { r->Clear(); }));
  EXPECT_TRUE(refused([](R r) { r->clear_engine(); }));
  EXPECT_TRUE(refused([](R r) { r->set_catalogue_digest("abc"); }));
  EXPECT_TRUE(refused([](R r) {
    r->set_policy_digest(std::string(64, 'a'));  // of another policy
  }));
  EXPECT_TRUE(refused([](R r) { r->clear_table(); }));
  EXPECT_TRUE(refused([](R r) { *r->add_table() = r->table(0); }));
  EXPECT_TRUE(refused([](R r) { r->mutable_table(0)->set_hidden(1); }));
  EXPECT_TRUE(refused([](R r) { r->mutable_table(0)->set_epoch("e2"); }));
  EXPECT_TRUE(refused([](R r) { r->mutable_table(0)->set_full_receipt("x"); }));
  EXPECT_TRUE(
      refused([](R r) { r->mutable_table(0)->set_shown_permille(999); }));
  EXPECT_FALSE(refused([](R r) {
    r->mutable_table(0)->set_full_receipt(std::string(32, 'f'));
  }));
}

TEST(CheckHoldings, TakesNoDataSetUnderARuleBelowTheFloorOrUnderNone) {
  DisclosurePolicy floor;
  v1::Hello hello;
  *hello.add_holding()->mutable_rule() = ToProto(floor);
  v1::Holding* calls = hello.add_holding();
  calls->set_data_set("calls");
  DisclosurePolicy rule = floor;
  rule.minimum_persons = 12;
  *calls->mutable_rule() = ToProto(rule);
  EXPECT_THAT(CheckHoldings(hello, floor), IsOk());
  rule.zeros_shown = true;
  *calls->mutable_rule() = ToProto(rule);
  EXPECT_THAT(CheckHoldings(hello, floor),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("calls"),
                                        HasSubstr("zeros is SHOWN"))));
  EXPECT_THAT(CheckHoldings(hello, std::nullopt), IsOk());
  calls->clear_rule();
  EXPECT_THAT(CheckHoldings(hello, floor),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AnswerBookTest, AddsWhatEveryAgencyGave) {
  Ask("events");
  Add(ReadAnswer("a", TotalAnswer("events", "count", 40)));
  Add(ReadAnswer("b", TotalAnswer("events", "count", 10)));
  const v1::Result result = Result();
  ASSERT_EQ(result.row_size(), 1);
  EXPECT_EQ(result.row(0).status(), v1::PUBLISHED);
  EXPECT_EQ(result.row(0).value(), 50);
  EXPECT_EQ(result.row(0).low(), 46);
  EXPECT_EQ(result.row(0).high(), 54);
  EXPECT_FALSE(result.split_by_agency());
  EXPECT_EQ(result.agency(0).epoch(), "e1");
  EXPECT_EQ(result.agency(0).rule().largest_hidden_count(), 7u);
  EXPECT_EQ(result.agency(0).receipt().index(), 3u);
  EXPECT_EQ(OutcomeOf(result), "complete");
}

TEST_F(AnswerBookTest, AnUnreadableAnswerCountsAsSilentAndKeepsTheOthers) {
  Ask("events");
  Add(ReadAnswer("a", TotalAnswer("events", "count", 40)));
  Add(ReadAnswer("b", TotalAnswer("events", "count", 41)));
  // Readable, but not what was asked: another data set, measure or shape.
  Add(ReadAnswer("c", TotalAnswer("calls", "count", 40)));
  Add(ReadAnswer("d", TotalAnswer("events", "distinct_persons", 40)));
  v1::Answer shape = TotalAnswer("events", "count", 40);
  shape.mutable_tables()->mutable_table(0)->add_dimension()->set_variable(
      "weapon");
  Add(ReadAnswer("e", shape));
  const v1::Result result = Result();
  ASSERT_EQ(result.row_size(), 1);
  EXPECT_EQ(result.row(0).status(), v1::UNAVAILABLE);
  EXPECT_EQ(result.row(0).low(), 38);
  EXPECT_FALSE(result.row(0).has_high());
  EXPECT_FALSE(result.row(0).has_value());
  ASSERT_EQ(result.agency_size(), 5);
  EXPECT_EQ(result.agency(0).outcome(), v1::ANSWERED);
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(result.agency(i).outcome(), v1::SILENT) << i;
    EXPECT_THAT(result.agency(i).reason(), HasSubstr("cannot be read")) << i;
  }
  EXPECT_EQ(OutcomeOf(result), "partial");
}

// weapon GUN and U by age 0-17 and U. Of each cell 40 but for `state` and, if
// it is shown, `value` of GUN x 0-17.
v1::Answer GunsByAge(char state, int64_t value) {
  v1::Answer answer = TotalAnswer("events", "count", 40);
  v1::ProtectedTable* table = answer.mutable_tables()->mutable_table(0);
  for (const auto& [variable, code] :
       {std::pair{"weapon", "GUN"}, {"age_band", "0-17"}}) {
    v1::TableDimension* dimension = table->add_dimension();
    dimension->set_variable(variable);
    dimension->add_code(code);
    dimension->add_code("U");
    dimension->add_coverage(v1::WHOLE);
    dimension->add_coverage(v1::WHOLE);
    if (dimension->variable() != "age_band") continue;
    auto* up = dimension->add_roll_up();
    up->set_variable("adult");
    up->add_code("no");
    up->add_code("U");
  }
  table->set_state(state + std::string(8, '\1'));
  table->clear_value();
  if (state == 1) table->add_value(value);
  for (int i = 0; i < 8; ++i) table->add_value(40);
  const auto read = FromProto(*table);
  if (!read.ok()) return answer;
  DisclosureReceipt receipt;
  receipt.tables = {MakeTableReceipt(*read)};
  *answer.mutable_receipt()->mutable_disclosure()->mutable_table(0) =
      ToProto(receipt).table(0);
  return answer;
}

// The agency says what it likes; which cells are structural zeros, and that
// they are 0, the coordinator knows by itself.
TEST_F(AnswerBookTest, AStructuralZeroIsZeroOrTheAnswerIsNotTaken) {
  constexpr char kZero = 5, kShown = 1, kHidden = 0;
  const auto message = [](bool has_zero) {
    v1::Catalogue catalogue = ExampleCatalogueMessage();
    if (has_zero) {
      *catalogue.mutable_data_set(0)->add_structural_zero() =
          ParseText<v1::StructuralZero>(R"pb(
            part { variable: "weapon" code: "GUN" }
            part { variable: "adult" code: "no" }
          )pb");
    }
    return catalogue;
  };
  for (const bool has_zero : {false, true}) {
    catalogue_ = *MakeCatalogue(message(has_zero));
    answers_.clear();
    holdings_.clear();
    Ask("events", {"weapon", "age_band"});
    Add(ReadAnswer("a", GunsByAge(kZero, 0)));
    Add(ReadAnswer("b", GunsByAge(kHidden, 0)));
    Add(ReadAnswer("c", GunsByAge(kShown, 40)));
    const v1::Result result = Result();
    ASSERT_EQ(result.agency_size(), 3);
    EXPECT_EQ(result.agency(0).outcome(), has_zero ? v1::ANSWERED : v1::SILENT);
    EXPECT_EQ(result.agency(1).outcome(), has_zero ? v1::SILENT : v1::ANSWERED);
    EXPECT_EQ(result.agency(2).outcome(), has_zero ? v1::SILENT : v1::ANSWERED);
    EXPECT_THAT(result.agency(has_zero ? 2 : 0).reason(),
                HasSubstr("structural zeros are not those of the catalogue"));
  }
  // A number that the rule could not show, where it would be the true one.
  EXPECT_EQ(ReadAnswer("d", GunsByAge(kShown, 0)).outcome, Outcome::kSilent);
  answers_.clear();
  holdings_.clear();
  Add(ReadAnswer("a", GunsByAge(kZero, 0)));
  const v1::Result result = Result();
  ASSERT_GT(result.row_size(), 0);
  EXPECT_EQ(result.row(0).key(0), "GUN");
  EXPECT_EQ(result.row(0).key(1), "0-17");
  EXPECT_EQ(result.row(0).status(), v1::PUBLISHED);
  EXPECT_EQ(result.row(0).value(), 0);
  EXPECT_EQ(result.row(0).low(), 0);
  EXPECT_EQ(result.row(0).high(), 0);
}

TEST_F(AnswerBookTest, AllRefusedIsRefusedAndAllSilentIsPartial) {
  Ask("events");
  AgencyAnswer refused = Silent("a");
  refused.outcome = Outcome::kRefused;
  Add(refused);
  EXPECT_EQ(OutcomeOf(Result()), "refused");
  Add(Silent("b"));
  const v1::Result result = Result();
  EXPECT_EQ(OutcomeOf(result), "partial");
  EXPECT_EQ(result.agency(0).outcome(), v1::REFUSED);
  EXPECT_EQ(result.agency(1).reason(), "did not answer in time");
  EXPECT_EQ(result.row(0).status(), v1::UNAVAILABLE);
}

TEST_F(AnswerBookTest, OverlappingDataSetsStandSideBySideAndAreNeverSummed) {
  Ask("calls");
  Add(ReadAnswer("a", TotalAnswer("calls", "count", 40)));
  Add(ReadAnswer("b", TotalAnswer("calls", "count", 10)));
  const v1::Result result = Result();
  EXPECT_TRUE(result.split_by_agency());
  ASSERT_EQ(result.row_size(), 2);
  EXPECT_EQ(result.row(0).agency(), "a");
  EXPECT_EQ(result.row(0).value(), 40);
  EXPECT_EQ(result.row(1).agency(), "b");
  EXPECT_EQ(result.row(1).value(), 10);
  EXPECT_THAT(Warnings(), Contains(AllOf(HasSubstr("same event"),
                                         HasSubstr("never added"))));
}

TEST_F(AnswerBookTest, DistinctPersonsStandSideBySideAndAreNeverSummed) {
  Ask("events", {}, {"count", "distinct_persons"});
  for (const char* agency : {"a", "b"}) {
    v1::Answer both = TotalAnswer("events", "count", 40);
    const v1::Answer persons = TotalAnswer("events", "distinct_persons", 30);
    *both.mutable_tables()->add_table() = persons.tables().table(0);
    *both.mutable_receipt()->mutable_disclosure()->add_table() =
        persons.receipt().disclosure().table(0);
    Add(ReadAnswer(agency, both), "without_person_percent: 5");
  }
  const v1::Result result = Result();
  EXPECT_TRUE(result.split_by_agency());
  ASSERT_EQ(result.row_size(), 4);
  for (const v1::ResultRow& row : result.row()) {
    EXPECT_FALSE(row.agency().empty());
    EXPECT_EQ(row.value(), row.measure() == 0 ? 40 : 30);
  }
  EXPECT_THAT(Warnings(), Contains(AllOf(HasSubstr("same person"),
                                         HasSubstr("never added"))));
  EXPECT_THAT(Warnings(), Contains(HasSubstr("about 5 % of its records")));
}

TEST_F(AnswerBookTest, SideBySideWhereItIsAskedFor) {
  Ask("events");
  Add(ReadAnswer("a", TotalAnswer("events", "count", 40)));
  Add(Silent("b"));
  const v1::Result result = Result(true);
  EXPECT_TRUE(result.split_by_agency());
  ASSERT_EQ(result.row_size(), 2);
  EXPECT_EQ(result.row(0).status(), v1::PUBLISHED);
  EXPECT_EQ(result.row(1).status(), v1::UNAVAILABLE);
}

TEST_F(AnswerBookTest, MonthsThatAreNotCoveredAreSaid) {
  Ask("events");
  Add(ReadAnswer("a", TotalAnswer("events", "count", 40)),
      "month: '2024-01' month: '2024-02' month: '2024-04'");
  Add(ReadAnswer("b", TotalAnswer("events", "count", 40)));
  Add(Silent("c"), "month: '2024-01'");
  EXPECT_THAT(Warnings(),
              ElementsAre(AllOf(HasSubstr("a does not cover 2024-03"),
                                HasSubstr("for the months it covers"))));
}

// Protocol Buffers reads no message that has half a character in it.
TEST_F(AnswerBookTest, NoWordsOfAnAgencyMakeTheAnswerUnreadable) {
  std::string words = "x";  // cut at any even number of bytes, in a character
  for (int i = 0; i < 700; ++i) words += "\u00e9";
  Ask("events");
  Add(ReadAnswer("a", TotalAnswer("events", "count", 40)),
      absl::StrCat("loaded_at: '", words, "' month: '2024-01", words,
                   "' series_break { month: '", words, "' what: '", words,
                   "' }"));
  v1::Answer refusal;
  refusal.mutable_refusal()->set_sentence(words);
  Add(ReadAnswer("b", refusal));
  v1::Answer unreadable = TotalAnswer("events", "count", 40);
  unreadable.mutable_tables()->mutable_table(0)->set_measure(words);
  Add(ReadAnswer("c", unreadable));
  const v1::Result result = Result();
  v1::Result read;
  EXPECT_TRUE(read.ParseFromString(result.SerializeAsString()));
  EXPECT_EQ(read.agency_size(), 3);
}

TEST_F(AnswerBookTest, PlacesInsideOtherAgenciesAreasAreSaid) {
  const auto by_ward = [](int64_t value) {
    v1::Answer answer = TotalAnswer("events", "count", value);
    v1::ProtectedTable* table = answer.mutable_tables()->mutable_table(0);
    *table->add_dimension() = ParseText<v1::TableDimension>(
        "variable: 'ward' code: 'W1' coverage: WHOLE");
    table->set_state(std::string("\1\1", 2));
    table->add_value(value);
    v1::TableReceipt* said =
        answer.mutable_receipt()->mutable_disclosure()->mutable_table(0);
    said->add_variable("ward");
    said->set_cells(2);
    said->set_shown(2);
    return answer;
  };
  Ask("events", {"ward"});
  Add(ReadAnswer("transport", by_ward(40)), "places_overlap: true");
  Add(ReadAnswer("police", by_ward(40)));
  EXPECT_THAT(Warnings(),
              Contains(AllOf(HasSubstr("transport"),
                             HasSubstr("inside other agencies' areas"))));
  EXPECT_THAT(Warnings(), Not(Contains(HasSubstr("police works inside"))));
  // Only where places matter.
  answers_.clear();
  holdings_.clear();
  Ask("events");
  Add(ReadAnswer("transport", TotalAnswer("events", "count", 40)),
      "places_overlap: true");
  EXPECT_TRUE(Warnings().empty());
}

}  // namespace
}  // namespace cairn
