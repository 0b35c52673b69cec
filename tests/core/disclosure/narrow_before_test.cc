#include "core/disclosure/narrow_before.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "core/disclosure/propagation.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

// Four rows of four cells and all their totals. In such a table the ends that a
// linear program finds are whole numbers (it is a network), so brute force over
// whole numbers must find the same.
constexpr int kSide = 4, kWidth = kSide + 1, kCells = kWidth * kWidth;
constexpr int64_t kMost = 1;  // of an inner cell
constexpr int64_t kBudget = 100'000'000;

CellSystem SquareTable() {
  CellSystem system(kCells);
  for (int i = 0; i < kWidth; ++i) {
    std::vector<int> row, column;
    for (int k = 0; k < kSide; ++k) {
      row.push_back(i * kWidth + k);
      column.push_back(k * kWidth + i);
    }
    system.AddRelation(i * kWidth + kSide, CellSystem::Tie::kSum, row);
    system.AddRelation(kSide * kWidth + i, CellSystem::Tie::kSum, column);
  }
  return system;
}

bool IsInner(int cell) {
  return cell < kSide * kWidth && cell % kWidth < kSide;
}

using Figures = std::vector<int64_t>;  // by cell

// From the inner cells, row by row.
Figures WithTotals(const Figures& inner) {
  Figures all(kCells, 0);
  for (int r = 0; r < kSide; ++r) {
    for (int c = 0; c < kSide; ++c) {
      for (const int row : {r, kSide}) {
        for (const int column : {c, kSide}) {
          all[row * kWidth + column] += inner[r * kSide + c];
        }
      }
    }
  }
  return all;
}

// What each cell can be, by every table there is.
std::vector<Range> ByBruteForce(const std::vector<Range>& known) {
  std::vector<Range> found(kCells, Range{INT64_MAX, -1});
  Figures inner(kSide * kSide, 0);
  while (true) {
    const Figures all = WithTotals(inner);
    bool fits = true;
    for (int i = 0; i < kCells && fits; ++i) fits = known[i].Holds(all[i]);
    for (int i = 0; i < kCells && fits; ++i) {
      found[i] = {std::min(found[i].low, all[i]),
                  std::max(found[i].high, all[i])};
    }
    size_t at = 0;
    while (at < inner.size() && inner[at] == kMost) inner[at++] = 0;
    if (at == inner.size()) return found;
    ++inner[at];
  }
}

// So many in a hundred totals are told, and some of the cells that they are of.
std::vector<Range> RandomlyPublic(const Figures& truth, uint64_t totals,
                                  std::mt19937_64* random) {
  std::vector<Range> known;
  for (int i = 0; i < kCells; ++i) {
    const bool told = (*random)() % 100 < (IsInner(i) ? 10 : totals);
    const Range open = {0, IsInner(i) ? kMost : kSide * kSide * kMost};
    known.push_back(told ? Range{truth[i], truth[i]} : open);
  }
  return known;
}

Range Within(const Range& range, const Range& keep) {
  return {std::max(range.low, keep.low), std::min(range.high, keep.high)};
}

TEST(NarrowedSince, FindsWhatEveryTableTogetherSays) {
  const CellSystem system = SquareTable();
  std::mt19937_64 random(20261123);
  int told = 0, beyond_a_pencil = 0, not_narrowed = 0;
  for (int round = 0; round < 400; ++round) {
    Figures inner;
    for (int i = 0; i < kSide * kSide; ++i) {
      inner.push_back(static_cast<int64_t>(random() % (kMost + 1)));
    }
    const Figures truth = WithTotals(inner);
    NarrowBefore before;
    before.public_of = before.ranges = RandomlyPublic(truth, 30, &random);
    ASSERT_TRUE(Propagate(system, &before.ranges));
    std::vector<Range> now = RandomlyPublic(truth, 80, &random);
    for (int i = 0; i < kCells; ++i) {
      now[i] = Within(now[i], before.public_of[i]);
    }
    const Range keep = {0, 2};
    for (int i = 0; i < kCells; ++i) {
      if (now[i].low == now[i].high || !keep.Holds(truth[i])) continue;
      before.cells.push_back(i);
      before.keep.push_back(keep);
    }
    const std::vector<Range> was = ByBruteForce(before.public_of);
    const std::vector<Range> is = ByBruteForce(now);
    std::vector<Range> pencil = now;
    ASSERT_TRUE(Propagate(system, &pencil));
    const auto found = NarrowedSince(before, system, now, kBudget);
    ASSERT_TRUE(found.has_value());
    for (const int cell : before.cells) {
      const bool narrowed =
          Within(is[cell], keep) != Within(was[cell], keep);
      const bool by_pencil = Within(pencil[cell], keep) !=
                             Within(before.ranges[cell], keep);
      // A pencil that narrows what programs had narrowed before counts too.
      const bool said = std::binary_search(found->begin(), found->end(), cell);
      EXPECT_EQ(said, narrowed || by_pencil) << round << ": " << cell;
      told += narrowed ? 1 : 0;
      beyond_a_pencil += narrowed && !by_pencil ? 1 : 0;
      not_narrowed += narrowed ? 0 : 1;
    }
  }
  EXPECT_GT(told, 100);
  EXPECT_GT(beyond_a_pencil, 10);
  EXPECT_GT(not_narrowed, 100);
}

// What cannot be told within the budget is not taken for safe.
TEST(NarrowedSince, SaysNothingWhereTheBudgetEnds) {
  const CellSystem system = SquareTable();
  NarrowBefore before;
  before.public_of.assign(kCells, Range{0, 9});
  before.ranges = before.public_of;
  before.cells = {0};
  before.keep = {{0, 2}};
  EXPECT_EQ(NarrowedSince(before, system, before.public_of, 0), std::nullopt);
  const auto found = NarrowedSince(before, system, before.public_of, kBudget);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->empty());
}

// Far too many for programs are left to the pencil, at once.
TEST(NarrowedSince, LeavesTooManyToThePencil) {
  constexpr int kMany = 2'000;
  CellSystem system(kMany + 1);
  std::vector<int> children;
  NarrowBefore before;
  for (int cell = 1; cell <= kMany; ++cell) {
    children.push_back(cell);
    before.cells.push_back(cell);
    before.keep.push_back({0, 2});
  }
  system.AddRelation(0, CellSystem::Tie::kSum, children);
  before.public_of.assign(kMany + 1, Range());
  before.ranges = before.public_of;
  std::vector<Range> now = before.public_of;
  const auto as_before = NarrowedSince(before, system, now, /*budget=*/0);
  ASSERT_TRUE(as_before.has_value());
  EXPECT_TRUE(as_before->empty());
  now[0] = {1, 1};
  const auto found = NarrowedSince(before, system, now, /*budget=*/0);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, before.cells);
}

}  // namespace
}  // namespace cairn
