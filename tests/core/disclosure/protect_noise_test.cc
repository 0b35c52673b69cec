// Method CELL_KEY, and figures that cannot be had (core/disclosure/protect.h).
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/disclosure/cell_key.h"
#include "core/disclosure/protect.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/atom_world.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// Counts about the threshold, where noise decides.
FrequencyTable NoisyTable(std::mt19937* random) {
  AtomWorld world({{"a", {0, 0, 1, 1}}});
  for (int64_t& count : world.counts) count = (*random)() % 14;
  FrequencyTable table = world.Table({Cut::kFine});
  uint64_t sum = 0;
  for (size_t i = 0; i < 4; ++i) {
    // A cell without a record has no key.
    const uint64_t key = (*random)();
    table.keys.push_back(world.counts[i] == 0 ? 0 : key);
    sum += table.keys.back();
  }
  table.keys.push_back(sum);
  return table;
}

TEST(ProtectWithNoise, WhatTheNoiseMakesSmallIsHiddenAndIntervalsHoldTheTruth) {
  std::mt19937 random(11);
  int by_noise = 0, shown = 0;
  for (int round = 0; round < 300; ++round) {
    const FrequencyTable table = NoisyTable(&random);
    ProtectRequest request;
    request.tables = {&table};
    request.policy.cell_key = CellKeyNoise{1, 2, 1, "", nullptr};
    request.policy.zeros_shown = round % 2 == 0;
    request.policy.rounding_base = round % 3 == 0 ? 1 : 5;
    request.cell_key_secret = std::string(32, 's');
    const auto noisy =
        PerturbCounts(table, request.policy, request.cell_key_secret);
    ASSERT_THAT(noisy, IsOk());
    const auto made = Protect(request);
    ASSERT_THAT(made, IsOk());
    const std::vector<Cell>& cells = made->front().table.cells();
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      const int64_t count = table.counts[cell], seen = (*noisy)[cell];
      EXPECT_LE(cells[cell].low, count);
      EXPECT_GE(cells[cell].high, count);
      const bool is_shown = cells[cell].status == CellStatus::kPublished;
      if (count == 0 && request.policy.zeros_shown) continue;
      if (count <= 7 || seen <= 7) {
        EXPECT_FALSE(is_shown) << count << " " << seen;
      }
      by_noise += count > 7 && seen <= 7 ? 1 : 0;
      if (!is_shown) continue;
      ++shown;
      EXPECT_EQ(cells[cell].value,
                RoundToBin(seen, request.policy.rounding_base).value);
    }
  }
  EXPECT_GT(by_noise, 20);
  EXPECT_GT(shown, 100);
}

TEST(ProtectWithNoise, WithoutKeysOrTheTableNothingIsReleased) {
  std::mt19937 random(12);
  FrequencyTable table = NoisyTable(&random);
  ProtectRequest request;
  request.tables = {&table};
  request.policy.cell_key = CellKeyNoise{1, 2, 1, "another's", nullptr};
  EXPECT_THAT(Protect(request),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  request.policy.cell_key->table_digest.clear();
  table.keys.pop_back();
  EXPECT_THAT(Protect(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("no keys")));
}

// One table was released; the next is protected beside it.
class PinnedTest : public ::testing::Test {
 protected:
  PinnedTest() : world_({{"a", {0, 0, 1, 1}}, {"b", {0, 1}}}) {
    for (size_t i = 0; i < world_.counts.size(); ++i) {
      world_.counts[i] = static_cast<int64_t>(3 + 11 * i);
    }
    old_ = world_.Table({Cut::kFine, Cut::kNone});
    next_ = world_.Table({Cut::kNone, Cut::kFine});
    ProtectRequest first;
    first.tables = {&old_};
    released_ = std::make_unique<Protection>(Protect(first)->front());
    request_.tables = {&next_};
    request_.pinned = {&released_->table};
    request_.tabulate = [this](const TableShape& shape) {
      return std::make_shared<const FrequencyTable>(world_.TableOf(shape));
    };
  }
  absl::Status Status() const { return Protect(request_).status(); }

  AtomWorld world_;
  FrequencyTable old_, next_;
  std::unique_ptr<Protection> released_;
  ProtectRequest request_;
};

TEST_F(PinnedTest, WhatTheSourceFailsWithIsToldWheneverItFails) {
  ASSERT_THAT(Status(), IsOk());
  const auto tabulate = request_.tabulate;
  int calls = 0, fails_at = 0;
  request_.tabulate =
      [&](const TableShape& shape) -> absl::StatusOr<ProtectRequest::Figures> {
    if (calls++ == fails_at) return absl::UnavailableError("the source left");
    return tabulate(shape);
  };
  for (; fails_at < 100; ++fails_at) {
    calls = 0;
    const absl::Status status = Status();
    if (calls <= fails_at) {
      EXPECT_THAT(status, IsOk());
      break;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                                 HasSubstr("the source left")));
  }
  EXPECT_GE(fails_at, 1);
  EXPECT_LT(fails_at, 100);
}

TEST_F(PinnedTest, FiguresThatAreMissingOrOthersAreRefused) {
  request_.tabulate = nullptr;
  EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("no figures")));
  // Some of what was shown is another number now.
  AtomWorld other = world_;
  for (int64_t& count : other.counts) count += 40;
  request_.tabulate = [&other](const TableShape& shape) {
    return std::make_shared<const FrequencyTable>(other.TableOf(shape));
  };
  EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kDataLoss,
                                 HasSubstr("not what they hold now")));
  request_.tabulate = [this](const TableShape& shape) {
    FrequencyTable table = world_.TableOf(shape);
    table.counts.pop_back();
    return std::make_shared<const FrequencyTable>(std::move(table));
  };
  EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("carries no figures")));
  request_.measure = {Measure::Kind::kSum, "days"};
  EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kInvalidArgument));
  request_.measure = {Measure::Kind::kMean, "days"};
  EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PinnedTest, WithoutTheRecordsNoCountLeaves) {
  request_.policy.rounding_base = 5;
  for (const bool held : {false, true}) {
    request_.records =
        [held](const std::vector<const TableShape*>&,
               bool asked) -> absl::StatusOr<ProtectRequest::Records> {
      if (asked == held) return absl::UnavailableError("no records");
      return std::make_shared<const Microdata>();
    };
    EXPECT_THAT(Status(), StatusIs(absl::StatusCode::kUnavailable,
                                   HasSubstr("no records")))
        << held;
  }
}

}  // namespace
}  // namespace cairn
