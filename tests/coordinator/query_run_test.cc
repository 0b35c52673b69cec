#include "coordinator/query_run.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Outcome = AgencyAnswer::Outcome;

AgencyAnswer Answered(const std::string& agency, uint32_t elapsed_ms = 1) {
  AgencyAnswer answer;
  answer.agency = agency;
  answer.outcome = Outcome::kAnswered;
  answer.elapsed_ms = elapsed_ms;
  return answer;
}

// A run that writes down what its callbacks were told.
class Recorded {
 public:
  explicit Recorded(std::vector<std::string> agencies)
      : run(
            "q1", std::move(agencies),
            [this](const AgencyAnswer& answer) { told.push_back(answer); },
            [this](std::vector<AgencyAnswer> answers) {
              ++dones;
              all = std::move(answers);
            }) {}

  std::vector<AgencyAnswer> told, all;
  int dones = 0;
  QueryRun run;
};

TEST(QueryRun, EndsWithTheLastAnswerInTheOrderAsked) {
  Recorded r({"a", "b", "c"});
  EXPECT_EQ(r.run.query_id(), "q1");
  EXPECT_TRUE(r.run.Accept(Answered("c")));
  EXPECT_TRUE(r.run.Accept(Answered("a")));
  EXPECT_EQ(r.dones, 0);
  EXPECT_TRUE(r.run.Accept(Answered("b")));
  EXPECT_EQ(r.dones, 1);
  ASSERT_EQ(r.all.size(), 3u);
  EXPECT_EQ(r.all[0].agency, "a");
  EXPECT_EQ(r.all[1].agency, "b");
  EXPECT_EQ(r.all[2].agency, "c");
  ASSERT_EQ(r.told.size(), 3u);
  EXPECT_EQ(r.told[0].agency, "c");
}

TEST(QueryRun, DropsASecondAnswer) {
  Recorded r({"a", "b"});
  EXPECT_TRUE(r.run.Accept(Answered("a", 10)));
  EXPECT_FALSE(r.run.Accept(Answered("a", 20)));
  EXPECT_TRUE(r.run.Accept(Answered("b")));
  EXPECT_EQ(r.all[0].elapsed_ms, 10u);
  EXPECT_EQ(r.told.size(), 2u);
}

TEST(QueryRun, DropsAnAnswerThatNobodyAskedFor) {
  Recorded r({"a"});
  EXPECT_FALSE(r.run.Accept(Answered("b")));
  EXPECT_FALSE(r.run.Accept(Answered("")));
  EXPECT_EQ(r.dones, 0);
  EXPECT_TRUE(r.told.empty());
}

TEST(QueryRun, WhoeverHasNotAnsweredInTimeIsSilentWithTheReason) {
  Recorded r({"a", "b", "c"});
  AgencyAnswer refusal = Answered("b");
  refusal.outcome = Outcome::kRefused;
  refusal.reason = "does not hold it";
  EXPECT_TRUE(r.run.Accept(refusal));
  r.run.Expire("did not answer within 10 s");
  ASSERT_EQ(r.all.size(), 3u);
  EXPECT_EQ(r.all[0].outcome, Outcome::kSilent);
  EXPECT_EQ(r.all[0].agency, "a");
  EXPECT_EQ(r.all[0].reason, "did not answer within 10 s");
  EXPECT_EQ(r.all[0].tables, nullptr);
  EXPECT_EQ(r.all[1].outcome, Outcome::kRefused);
  EXPECT_EQ(r.all[1].reason, "does not hold it");
  EXPECT_EQ(r.all[2].outcome, Outcome::kSilent);
  EXPECT_EQ(r.told.size(), 3u);
}

TEST(QueryRun, DropsALateAnswer) {
  Recorded r({"a", "b"});
  EXPECT_TRUE(r.run.Accept(Answered("a")));
  r.run.Expire("late");
  EXPECT_FALSE(r.run.Accept(Answered("b")));
  EXPECT_EQ(r.dones, 1);
  EXPECT_EQ(r.all[1].outcome, Outcome::kSilent);
  EXPECT_EQ(r.told.size(), 2u);
}

TEST(QueryRun, ExpiresOnceAndNotAfterTheEnd) {
  Recorded twice({"a"});
  twice.run.Expire("late");
  twice.run.Expire("later");
  EXPECT_EQ(twice.dones, 1);
  EXPECT_EQ(twice.all[0].reason, "late");
  EXPECT_EQ(twice.told.size(), 1u);

  Recorded ended({"a"});
  EXPECT_TRUE(ended.run.Accept(Answered("a")));
  ended.run.Expire("late");
  EXPECT_EQ(ended.dones, 1);
  EXPECT_EQ(ended.all[0].outcome, Outcome::kAnswered);
}

TEST(QueryRun, ACallbackMayCallTheRunAgain) {
  QueryRun* run = nullptr;
  int dones = 0;
  QueryRun again(
      "q", {"a", "b"},
      [&run](const AgencyAnswer& answer) { run->Accept(answer); },
      [&](std::vector<AgencyAnswer>) {
        ++dones;
        run->Expire("from within");
      });
  run = &again;
  EXPECT_TRUE(again.Accept(Answered("a")));
  EXPECT_TRUE(again.Accept(Answered("b")));
  EXPECT_EQ(dones, 1);
}

TEST(QueryRun, HoweverAcceptAndExpireRaceOnDoneComesExactlyOnce) {
  const std::vector<std::string> agencies = {"a", "b", "c", "d"};
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> dones{0}, told{0}, accepted{0}, answered{0}, size{0};
    QueryRun run(
        "q", agencies, [&told](const AgencyAnswer&) { ++told; },
        [&](std::vector<AgencyAnswer> all) {
          ++dones;
          size = static_cast<int>(all.size());
          for (size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(all[i].agency, agencies[i]);
            if (all[i].outcome == Outcome::kAnswered) ++answered;
          }
        });
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (const std::string& agency : agencies) {
      for (int copy = 0; copy < 2; ++copy) {
        threads.emplace_back([&, agency] {
          while (!go) std::this_thread::yield();
          if (run.Accept(Answered(agency))) ++accepted;
        });
      }
    }
    threads.emplace_back([&] {
      while (!go) std::this_thread::yield();
      run.Expire("late");
    });
    go = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(dones, 1);
    EXPECT_EQ(size, 4);
    EXPECT_EQ(told, 4);             // each agency is told of once
    EXPECT_EQ(answered, accepted);  // nothing accepted is lost
  }
}

}  // namespace
}  // namespace cairn
