// What was told before is answered while a table that nobody was told of is
// worked for, and what leaves is what would have left one after the other.

#include <string>
#include <thread>
#include <vector>

#include "agent/answerer.h"
#include "agent/gatekeeper.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/answerer_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Next = Answerer::Begun::Next;

class FirstReleaseTest : public AnswererTest {
 protected:
  Answerer::Begun Begin(const v1::Ask& ask) {
    auto begun = answerer_->Begin(ask);
    EXPECT_THAT(begun, IsOk());
    return begun.ok() ? *std::move(begun) : Answerer::Begun{};
  }
  v1::Answer Finish(const Answerer::Begun& begun) {
    answerer_->Work(begun.run.get());
    auto answer = answerer_->Finish(begun.run.get());
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? *std::move(answer) : v1::Answer();
  }
};

// The same agency elsewhere, where one question follows the other.
class OneAfterTheOther : public AnswererTest {
 public:
  OneAfterTheOther() { SetUp(); }
  ~OneAfterTheOther() override { TearDown(); }
  void TestBody() override {}
  // The figures and marks of all of these.
  std::vector<std::string> Cells(
      const std::vector<std::vector<std::string>>& asked) {
    std::vector<std::string> cells;
    for (const auto& by : asked) cells.push_back(CellsOf(Answer(Question(by))));
    return cells;
  }
  static std::string CellsOf(const v1::Answer& answer) {
    EXPECT_EQ(answer.tables().table_size(), 1) << answer.DebugString();
    v1::ProtectedTable table = answer.tables().table(0);
    table.clear_epoch();  // it is of one load
    return table.SerializeAsString();
  }
};

TEST_F(FirstReleaseTest, WhatWasToldBeforeIsAnsweredMeanwhile) {
  const std::string told = TableBytes(Answer(Question({"weapon"})));
  const Answerer::Begun month = Begin(Question({"month"}));
  ASSERT_EQ(month.next, Next::kWork);
  std::thread work([&] { answerer_->Work(month.run.get()); });
  for (int n = 0; n < 20; ++n) {
    const Answerer::Begun weapon = Begin(Question({"weapon"}));
    ASSERT_EQ(weapon.next, Next::kSend);
    EXPECT_EQ(TableBytes(weapon.answer), told);
    // A refusal does not wait for it either.
    v1::Ask none = Question({"weapon"});
    none.set_query("no question");
    EXPECT_EQ(Begin(none).answer.refusal().reason(), v1::INVALID);
  }
  EXPECT_EQ(ReleasesOnDisk(), 1);
  work.join();
  const auto answer = answerer_->Finish(month.run.get());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(ReleasesOnDisk(), 2);
  OneAfterTheOther other;
  EXPECT_EQ(OneAfterTheOther::CellsOf(*answer),
            other.Cells({{"weapon"}, {"month"}})[1]);
}

TEST_F(FirstReleaseTest, TheNextOneWaitsAndIsHeldAgainstIt) {
  const std::vector<std::vector<std::string>> asked = {
      {"age_band"}, {"weapon", "age_band"}, {"weapon", "month"}};
  const Answerer::Begun first = Begin(Question(asked[0]));
  ASSERT_EQ(first.next, Next::kWork);
  const size_t lines = LinesOnDisk().size();
  const v1::Ask second = Question(asked[1]), third = Question(asked[2]);
  EXPECT_EQ(Begin(second).next, Next::kLater);
  EXPECT_EQ(Begin(third).next, Next::kLater);
  EXPECT_EQ(LinesOnDisk().size(), lines);
  std::vector<std::string> cells = {OneAfterTheOther::CellsOf(Finish(first))};
  for (const v1::Ask& ask : {second, third}) {
    const Answerer::Begun begun = Begin(ask);
    ASSERT_EQ(begun.next, Next::kWork);
    cells.push_back(OneAfterTheOther::CellsOf(Finish(begun)));
  }
  OneAfterTheOther other;
  EXPECT_EQ(cells, other.Cells(asked));
}

TEST_F(FirstReleaseTest, TheSameTableIsWorkedForOnce) {
  const Answerer::Begun first = Begin(Question({"month"}));
  const v1::Ask also = Question({"month"});
  ASSERT_EQ(Begin(also).next, Next::kLater);
  const std::string told = TableBytes(Finish(first));
  const Answerer::Begun begun = Begin(also);
  ASSERT_EQ(begun.next, Next::kSend);
  EXPECT_EQ(TableBytes(begun.answer), told);
}

TEST_F(FirstReleaseTest, TheSameQuestionSentTwiceGetsTheSameBytes) {
  const v1::Ask ask = Question({"month"});
  const Answerer::Begun first = Begin(ask);
  ASSERT_EQ(first.next, Next::kWork);
  const size_t lines = LinesOnDisk().size();
  ASSERT_EQ(Begin(ask).next, Next::kLater);
  EXPECT_EQ(LinesOnDisk().size(), lines);
  const std::string bytes = Finish(first).SerializeAsString();
  const Answerer::Begun again = Begin(ask);
  ASSERT_EQ(again.next, Next::kSend);
  EXPECT_EQ(again.answer.SerializeAsString(), bytes);
}

TEST_F(FirstReleaseTest, ALoadIsTakenUpWhenItIsOver) {
  const std::string before =
      Answer(Question({"weapon"})).tables().table(0).epoch();
  const Answerer::Begun month = Begin(Question({"month"}));
  ASSERT_EQ(month.next, Next::kWork);
  Load(160);
  EXPECT_EQ(Begin(Question({"weapon"})).answer.tables().table(0).epoch(),
            before);
  EXPECT_EQ(Finish(month).tables().table(0).epoch(), before);
  EXPECT_NE(Answer(Question({"weapon"})).tables().table(0).epoch(), before);
}

TEST_F(FirstReleaseTest, WhoeverIsKilledMeanwhileToldNothing) {
  const v1::Ask ask = Question({"month"});
  {
    const Answerer::Begun begun = Begin(ask);
    ASSERT_EQ(begun.next, Next::kWork);
    answerer_->Work(begun.run.get());
  }
  Restart();
  ASSERT_THAT(asks_->CloseAbandoned(ledger_.get()), IsOk());
  EXPECT_EQ(ReleasesOnDisk(), 0);
  EXPECT_THAT(LinesOnDisk().back(), HasSubstr("query.abandoned"));
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::REPLAYED);
}

TEST_F(FirstReleaseTest, OneThatCannotBeWrittenIsNotTold) {
  const Answerer::Begun begun = Begin(Question({"month"}));
  ASSERT_EQ(begun.next, Next::kWork);
  answerer_->Work(begun.run.get());
  store_->fail_at = "answer.released";
  EXPECT_FALSE(answerer_->Finish(begun.run.get()).ok());
  EXPECT_EQ(ReleasesOnDisk(), 0);
  EXPECT_FALSE(answerer_->Answer(Question({"month"})).ok());
}

TEST_F(FirstReleaseTest, ARehearsalWaitsForItToo) {
  const auto gate = Gatekeeper::Create(&settings_, nullptr, nullptr,
                                       database_.get(), &clock_);
  ASSERT_THAT(gate, IsOk());
  answerer_->SetGate(gate->get());
  const Answerer::Begun month = Begin(Question({"month"}));
  ASSERT_EQ(month.next, Next::kWork);
  ASSERT_THAT((*gate)->desk()->WriteDesk({DeskMode::kRehearse, false}), IsOk());
  const v1::Ask rehearsed = Question({"weapon"});
  EXPECT_EQ(Begin(rehearsed).next, Next::kLater);
  EXPECT_TRUE(Finish(month).has_tables());
  EXPECT_THAT(Begin(rehearsed).answer.refusal().sentence(),
              HasSubstr("rehearsing"));
  answerer_->SetGate(nullptr);
}

}  // namespace
}  // namespace cairn
