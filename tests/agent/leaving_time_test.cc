// First answers leave at one of few times, whatever their records made of them.

#include "agent/leaving_time.h"

#include <chrono>
#include <string>
#include <vector>

#include "agent/gatekeeper.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/answerer_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(LeavingTime, IsTheFirstOfTheTimesThatIsNotOver) {
  std::vector<int> times = {250, 500};
  for (int second = 1; second <= 60; ++second) times.push_back(second * 1000);
  size_t next = 0;
  for (int worked = 0; worked <= times.back(); ++worked) {
    while (times[next] < worked) ++next;
    ASSERT_EQ(LeavingTime(milliseconds(worked)).count(), times[next]) << worked;
  }
}

// Notes when an answer is to leave, and what is on the disk by then.
class LeavingTest : public AnswererTest {
 protected:
  void SetUp() override {
    AnswererTest::SetUp();
    NoteWaits();
  }
  void NoteWaits() {
    answerer_->SetWait([this](Answerer::Watch::time_point until) {
      ++waits_;
      until_ = until;
      lines_then_ = LinesOnDisk();
      releases_then_ = ReleasesOnDisk();
    });
  }

  // Of those that were on the disk when the last answer began to wait.
  int LinesWith(const std::string& type) const {
    int n = 0;
    for (const std::string& line : lines_then_) {
      n += line.find(type) != std::string::npos;
    }
    return n;
  }

  int waits_ = 0;
  Answerer::Watch::time_point until_;
  std::vector<std::string> lines_then_;
  int releases_then_ = 0;
};

TEST_F(LeavingTest, AFirstAnswerWaitsBeforeAnythingOfItIsWritten) {
  const auto before = Answerer::Watch::now();
  const v1::Answer answer = Answer(Question({"weapon"}));
  const auto after = Answerer::Watch::now();
  ASSERT_TRUE(answer.has_tables());
  ASSERT_EQ(waits_, 1);
  // Its own word for how long it took is that time and no other.
  const milliseconds said(answer.elapsed_ms());
  EXPECT_EQ(LeavingTime(said), said);
  EXPECT_GE(until_, before + said);
  EXPECT_LE(until_, after + said);
  EXPECT_EQ(releases_then_, 0);
  EXPECT_EQ(LinesWith("answer.released"), 0);
  EXPECT_EQ(ReleasesOnDisk(), 1);
}

TEST_F(LeavingTest, WhatWasToldBeforeDoesNotWait) {
  Answer(Question({"weapon"}));
  Answer(Question({"weapon"}));
  EXPECT_EQ(waits_, 1);
  // One table of two is new.
  Answer(Question({"weapon"}, "", {"count", "distinct_persons"}));
  EXPECT_EQ(waits_, 2);
  Restart();
  NoteWaits();
  Answer(Question({"weapon"}));
  EXPECT_EQ(waits_, 2);
}

TEST_F(LeavingTest, AFailureThatTheRecordsMadeWaitsEachTime) {
  Answer(Question({"weapon"}));
  Stop();
  {
    auto extract = Database::Open(settings_.ExtractPath("events"),
                                  Database::Mode::kDurable);
    ASSERT_THAT(extract, IsOk());
    ASSERT_THAT((*extract)->Execute("DELETE FROM record WHERE rowid > 10"),
                IsOk());
  }
  Start();
  NoteWaits();
  for (int n = 0; n < 2; ++n) {
    const v1::Answer answer = Answer(Question({"month"}));
    EXPECT_EQ(answer.refusal().reason(), v1::NOT_READY);
    EXPECT_EQ(waits_, 2 + n);
    const milliseconds said(answer.elapsed_ms());
    EXPECT_EQ(LeavingTime(said), said);
    // The first one's entry, once the second is under way.
    EXPECT_EQ(LinesWith("query.failed"), n);
  }
}

TEST_F(LeavingTest, ARefusalThatReadsNoRecordDoesNotWait) {
  v1::Ask ask = Question({"weapon"});
  ask.set_query("no question");
  EXPECT_EQ(Answer(ask).refusal().reason(), v1::INVALID);
  EXPECT_EQ(waits_, 0);
}

// Nothing of it is pinned: whoever may ask again and again could take the mean.
TEST_F(LeavingTest, ARefusalAfterARehearsalWaitsEachTime) {
  const auto gate = Gatekeeper::Create(&settings_, nullptr, nullptr,
                                       database_.get(), &clock_);
  ASSERT_THAT(gate, IsOk());
  ASSERT_THAT((*gate)->desk()->WriteDesk({DeskMode::kRehearse, false}), IsOk());
  answerer_->SetGate(gate->get());
  for (int n = 0; n < 2; ++n) {
    const v1::Answer answer = Answer(Question({"weapon"}));
    EXPECT_THAT(answer.refusal().sentence(), HasSubstr("rehearsing"));
    EXPECT_EQ(waits_, n + 1);
    const milliseconds said(answer.elapsed_ms());
    EXPECT_EQ(LeavingTime(said), said);
    EXPECT_EQ(LinesWith("query.refused"), n);
  }
  EXPECT_EQ(ReleasesOnDisk(), 0);
  answerer_->SetGate(nullptr);
}

TEST_F(LeavingTest, APreviewOfTheStewardsOwnDoesNotWait) {
  Query query;
  query.data_set = "events";
  query.purpose = "research";
  query.by = {"weapon"};
  ASSERT_THAT(answerer_->MakePreview(query), IsOk());
  EXPECT_EQ(waits_, 0);
}

}  // namespace
}  // namespace cairn
