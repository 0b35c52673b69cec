#include "core/ledger/reject_counts.h"

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "core/ledger/node_entries.h"
#include "gtest/gtest.h"
#include "tests/support/ledger_in_memory.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using Fields = std::map<std::string, std::variant<std::string, int64_t>>;

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(6'000'030);  // half past a minute
};

TEST(RejectCounts, OneEntryAMinuteHoweverManyKnock) {
  SetClock clock;
  RejectCounts counts(&clock);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) counts.Add(Reject::kCertificate);
      counts.Add(Reject::kTooLarge);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(counts.Take().empty());  // the minute runs
  clock.now += absl::Seconds(29);
  EXPECT_TRUE(counts.Take().empty());
  clock.now += absl::Seconds(1);
  counts.Add(Reject::kLate);
  const std::vector<Entry> ended = counts.Take();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].type, "reject.summary");
  EXPECT_EQ(ended[0].fields, (Fields{{"minute", int64_t{6'000'000'000}},
                                     {"certificate", int64_t{80'000}},
                                     {"too_large", int64_t{8}}}));
  EXPECT_THAT(CheckEntry(ended[0]), IsOk());
  EXPECT_TRUE(counts.Take().empty());  // once
  const std::vector<Entry> rest = counts.Take(true);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].fields,
            (Fields{{"minute", int64_t{6'000'060'000}}, {"late", int64_t{1}}}));
}

TEST(RejectCounts, AMinuteOfAClockThatWasSetBackIsNotKeptBack) {
  SetClock clock;
  RejectCounts counts(&clock);
  counts.Add(Reject::kHello);
  clock.now -= absl::Hours(40);
  EXPECT_EQ(counts.Take().size(), 1u);
}

TEST(RejectCounts, EveryReasonHasANameOfItsOwn) {
  SetClock clock;
  RejectCounts counts(&clock);
  constexpr int kReasons = static_cast<int>(Reject::kLate) + 1;
  for (int i = 0; i < kReasons; ++i) counts.Add(static_cast<Reject>(i));
  const std::vector<Entry> taken = counts.Take(true);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].fields.size(), kReasons + 1u);  // and the minute
  EXPECT_THAT(CheckEntry(taken[0]), IsOk());
}

TEST(RejectCounts, ANodeWritesTheMinuteThatEndedAndTheRestWhenItStops) {
  LedgerInMemory log;
  auto node = NodeEntries::Start(log.ledger(), &log.clock, "configuration");
  ASSERT_THAT(node, IsOk());
  const uint64_t started = log.size();
  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
  // At rest, but for the clock, which stands.
  for (uint64_t i = started; i < log.size(); ++i) {
    EXPECT_EQ(ParseEntry(log.Line(i))->entry.type, "clock.jump");
  }
  for (int i = 0; i < 500; ++i) (*node)->rejects()->Add(Reject::kOverloaded);
  EXPECT_THAT((*node)->Stop(), IsOk());
  int summaries = 0;
  for (uint64_t i = started; i < log.size(); ++i) {
    const Entry entry = ParseEntry(log.Line(i))->entry;
    if (entry.type != "reject.summary") continue;
    ++summaries;
    EXPECT_EQ(std::get<int64_t>(entry.fields.at("overloaded")), 500);
    EXPECT_EQ(i, log.size() - 2);  // then node.stopped
  }
  EXPECT_EQ(summaries, 1);
}

}  // namespace
}  // namespace cairn
