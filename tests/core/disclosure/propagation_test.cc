#include "core/disclosure/propagation.h"

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Tie = CellSystem::Tie;

constexpr int64_t kMost = 3;  // of a free cell, in the brute force

// Every table with free cells of 0..kMost each that keeps the ranges, by trying
// all: the least and greatest of every cell. Empty: there is none.
std::vector<Range> TryAll(const CellSystem& system, int free_cells,
                          const std::vector<Range>& ranges) {
  std::vector<Range> found;
  std::vector<int64_t> figures(ranges.size(), 0);
  const std::function<void(int)> next = [&](int cell) {
    if (cell < system.cells()) {
      // A margin's figure is tried too: nothing here knows what a sum is.
      const int64_t most =
          cell < free_cells ? kMost : kMost * static_cast<int64_t>(free_cells);
      for (figures[cell] = 0; figures[cell] <= most; ++figures[cell]) {
        next(cell + 1);
      }
      return;
    }
    if (!IsFeasible(system, ranges, figures)) return;
    if (found.empty()) {
      for (const int64_t figure : figures) found.push_back({figure, figure});
    }
    for (size_t i = 0; i < figures.size(); ++i) {
      found[i].low = std::min(found[i].low, figures[i]);
      found[i].high = std::max(found[i].high, figures[i]);
    }
  };
  next(0);
  return found;
}

Range RandomRange(std::mt19937* random, int64_t most) {
  std::uniform_int_distribution<int64_t> any(0, most);
  const int64_t a = any(*random), b = any(*random);
  return {std::min(a, b), std::max(a, b)};
}

TEST(BoundPropagation, NeverCutsOffATableThatCouldBe) {
  std::mt19937 random(1);
  int contradictions = 0;
  for (int round = 0; round < 150; ++round) {
    // 2 x 2 and one pair of margins; every second time what the margins count
    // may overlap.
    CellSystem system(6);
    const Tie ties[] = {Tie::kSum, Tie::kUnion, Tie::kSum, Tie::kCover};
    const Tie tie = ties[round % 4];
    system.AddRelation(4, tie, {0, 1});
    system.AddRelation(5, round % 3 == 0 ? Tie::kSum : tie, {0, 2, 3});
    std::vector<Range> ranges;
    for (int cell = 0; cell < 4; ++cell) {
      ranges.push_back(RandomRange(&random, kMost));
    }
    for (int cell = 4; cell < 6; ++cell) {
      ranges.push_back(RandomRange(&random, kMost * 3));
    }
    const std::vector<Range> truth = TryAll(system, 4, ranges);
    const bool agreed = Propagate(system, &ranges);
    contradictions += !agreed;
    EXPECT_TRUE(agreed || truth.empty()) << "round " << round;
    if (!agreed || truth.empty()) continue;
    for (size_t cell = 0; cell < ranges.size(); ++cell) {
      EXPECT_LE(ranges[cell].low, truth[cell].low) << round << " " << cell;
      EXPECT_GE(ranges[cell].high, truth[cell].high) << round << " " << cell;
    }
  }
  EXPECT_GT(contradictions, 10);
}

TEST(BoundPropagation, OneSumIsExhausted) {
  std::mt19937 random(2);
  for (const Tie tie : {Tie::kSum, Tie::kUnion, Tie::kCover}) {
    for (int round = 0; round < 200; ++round) {
      CellSystem system(4);
      system.AddRelation(3, tie, {0, 1, 2});
      std::vector<Range> ranges;
      for (int cell = 0; cell < 3; ++cell) {
        ranges.push_back(RandomRange(&random, kMost));
      }
      ranges.push_back(RandomRange(&random, kMost * 3));
      const std::vector<Range> truth = TryAll(system, 3, ranges);
      const bool agreed = Propagate(system, &ranges);
      EXPECT_EQ(agreed, !truth.empty());
      if (agreed) {
        EXPECT_EQ(ranges, truth);
      }
    }
  }
}

TEST(BoundPropagation, AHiddenCellAloneIsTheRest) {
  CellSystem system(4);
  system.AddRelation(3, Tie::kSum, {0, 1, 2});
  std::vector<Range> ranges = {{10, 10}, {0, kNoLimit}, {5, 5}, {19, 19}};
  ASSERT_TRUE(Propagate(system, &ranges));
  EXPECT_EQ(ranges[1], (Range{4, 4}));
}

// Trap a2 of the notes on disclosure: marks that say "1 or more" add up.
TEST(BoundPropagation, TwoMarksOfAtLeastOneThatSumToTwoAreOnes) {
  CellSystem system(3);
  system.AddRelation(2, Tie::kSum, {0, 1});
  std::vector<Range> ranges = {{1, 7}, {1, 7}, {2, 2}};
  ASSERT_TRUE(Propagate(system, &ranges));
  EXPECT_EQ(ranges[0], (Range{1, 1}));
  EXPECT_EQ(ranges[1], (Range{1, 1}));
}

TEST(BoundPropagation, NoLimitStaysWhereNothingLimits) {
  CellSystem system(3);
  system.AddRelation(2, Tie::kSum, {0, 1});
  std::vector<Range> ranges = {{3, kNoLimit}, {0, kNoLimit}, {0, kNoLimit}};
  ASSERT_TRUE(Propagate(system, &ranges));
  EXPECT_EQ(ranges[0], (Range{3, kNoLimit}));
  EXPECT_EQ(ranges[1], (Range{0, kNoLimit}));
  EXPECT_EQ(ranges[2], (Range{3, kNoLimit}));
}

TEST(BoundPropagation, AParentOfNothingIsZero) {
  CellSystem system(1);
  system.AddRelation(0, Tie::kSum, {});
  std::vector<Range> ranges = {{0, kNoLimit}};
  ASSERT_TRUE(Propagate(system, &ranges));
  EXPECT_EQ(ranges[0], (Range{0, 0}));
}

TEST(BoundPropagation, NamesACellOfAContradiction) {
  CellSystem system(4);
  system.AddRelation(2, Tie::kSum, {0, 1});
  BoundPropagation propagation(system);
  std::vector<Range> ranges = {{0, 3}, {0, 3}, {7, 9}, {0, 5}};
  EXPECT_FALSE(propagation.Run(&ranges));
  EXPECT_EQ(propagation.contradiction(), 2);
  ranges = {{0, 3}, {0, 3}, {0, 9}, {6, 5}};
  EXPECT_FALSE(propagation.Run(&ranges));
  EXPECT_EQ(propagation.contradiction(), 3);
  ranges = {{0, 3}, {0, 3}, {0, 9}, {0, 5}};
  EXPECT_TRUE(propagation.Run(&ranges));
}

TEST(BoundPropagation, GoesOnFromWhatChanged) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    CellSystem system(8);
    system.AddRelation(4, Tie::kSum, {0, 1});
    system.AddRelation(5, Tie::kSum, {2, 3});
    system.AddRelation(6, Tie::kSum, {0, 2});
    system.AddRelation(7, Tie::kUnion, {4, 5});
    BoundPropagation propagation(system);
    std::vector<Range> step(8, Range{0, 9});
    ASSERT_TRUE(propagation.Run(&step));
    const int cell = static_cast<int>(random() % 8);
    step[cell] = RandomRange(&random, 9);
    std::vector<Range> whole = step;
    const bool agreed = propagation.RunFrom({cell}, &step);
    EXPECT_EQ(agreed, propagation.Run(&whole));
    if (agreed) {
      EXPECT_EQ(step, whole);
    }
  }
}

// Two trees that say x + 1 = y and y + 1 = x, far below a high limit: the lows
// creep, and the visits are counted.
TEST(BoundPropagation, EndsWhereBoundsCreep) {
  CellSystem system(4);
  system.AddRelation(1, Tie::kSum, {0, 2});
  system.AddRelation(0, Tie::kSum, {1, 3});
  std::vector<Range> ranges = {
      {0, 1'000'000'000'000}, {0, 1'000'000'000'000}, {1, 1}, {1, 1}};
  Propagate(system, &ranges);
  EXPECT_GT(ranges[0].low, 0);
}

}  // namespace
}  // namespace cairn
