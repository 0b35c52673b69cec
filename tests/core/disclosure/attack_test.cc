#include "core/disclosure/attack.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Tie = CellSystem::Tie;

// A cube with 2 or 3 codes an axis and all margins, cells in the order of the
// codes with Total as the last.
struct Cube {
  explicit Cube(std::vector<int> codes) : sizes(std::move(codes)) {
    for (const int size : sizes) cells *= size + 1;
    system = CellSystem(cells);
    for (int cell = 0; cell < cells; ++cell) {
      const std::vector<int> at = PlaceOf(cell);
      bool leaf = true;
      for (size_t d = 0; d < sizes.size(); ++d) {
        if (at[d] < sizes[d]) continue;
        leaf = false;
        std::vector<int> children;
        for (int code = 0; code < sizes[d]; ++code) {
          std::vector<int> child = at;
          child[d] = code;
          children.push_back(CellAt(child));
        }
        system.AddRelation(cell, Tie::kSum, children);
      }
      if (leaf) leaves.push_back(cell);
    }
    inside.resize(cells);
    for (int cell = 0; cell < cells; ++cell) {
      for (size_t i = 0; i < leaves.size(); ++i) {
        if (Holds(cell, leaves[i])) inside[cell].push_back(i);
      }
    }
  }
  std::vector<int> PlaceOf(int cell) const {
    std::vector<int> at(sizes.size());
    for (size_t d = sizes.size(); d-- > 0;) {
      at[d] = cell % (sizes[d] + 1);
      cell /= sizes[d] + 1;
    }
    return at;
  }
  int CellAt(const std::vector<int>& at) const {
    int cell = 0;
    for (size_t d = 0; d < at.size(); ++d) cell = cell * (sizes[d] + 1) + at[d];
    return cell;
  }
  // All cells from the leaves: a cell holds the leaves that agree with it.
  std::vector<int64_t> Add(const std::vector<int64_t>& of_leaves) const {
    std::vector<int64_t> figures(cells, 0);
    for (int cell = 0; cell < cells; ++cell) {
      for (const size_t i : inside[cell]) figures[cell] += of_leaves[i];
    }
    return figures;
  }
  bool Holds(int cell, int leaf) const {
    const std::vector<int> a = PlaceOf(cell), b = PlaceOf(leaf);
    for (size_t d = 0; d < a.size(); ++d) {
      if (a[d] != sizes[d] && a[d] != b[d]) return false;
    }
    return true;
  }

  std::vector<int> sizes;
  int cells = 1;
  CellSystem system;
  std::vector<int> leaves;
  std::vector<std::vector<size_t>> inside;  // by cell: the leaves, by number
};

// Every table with leaves of 0..most that lies in `known`.
std::vector<Range> TryAll(const Cube& cube, const std::vector<Range>& known,
                          int64_t most) {
  std::vector<Range> found;
  std::vector<int64_t> leaves(cube.leaves.size(), 0);
  for (;;) {
    const std::vector<int64_t> figures = cube.Add(leaves);
    bool fits = true;
    for (size_t i = 0; fits && i < figures.size(); ++i) {
      fits = known[i].Holds(figures[i]);
    }
    if (fits && found.empty()) {
      for (const int64_t figure : figures) found.push_back({figure, figure});
    }
    for (size_t i = 0; fits && i < figures.size(); ++i) {
      found[i].low = std::min(found[i].low, figures[i]);
      found[i].high = std::max(found[i].high, figures[i]);
    }
    size_t at = 0;
    while (at < leaves.size() && leaves[at] == most) leaves[at++] = 0;
    if (at == leaves.size()) return found;
    ++leaves[at];
  }
}

// A published cube: some cells are shown in bins of `base`, the rest hidden.
std::vector<Range> Publish(const Cube& cube,
                           const std::vector<int64_t>& figures, int64_t base,
                           std::mt19937* random) {
  std::vector<Range> known;
  for (int cell = 0; cell < cube.cells; ++cell) {
    const int64_t low = figures[cell] / base * base;
    if ((*random)() % 10 < 5) {
      known.push_back({0, kNoLimit});
    } else {
      known.push_back({low, low + base - 1});
    }
  }
  // So that the brute force ends.
  for (const int leaf : cube.leaves) {
    known[leaf].high = std::min<int64_t>(known[leaf].high, 3);
  }
  return known;
}

std::vector<AttackTarget> AllOf(const Cube& cube, const Range& keep) {
  std::vector<AttackTarget> targets;
  for (int cell = 0; cell < cube.cells; ++cell) {
    targets.push_back({cell, keep, 1});
  }
  return targets;
}

std::vector<int64_t> RandomLeaves(const Cube& cube, std::mt19937* random) {
  std::vector<int64_t> leaves;
  for (size_t i = 0; i < cube.leaves.size(); ++i) {
    leaves.push_back(static_cast<int64_t>((*random)() % 4));
  }
  return leaves;
}

// The vertices of two-way tables are whole, so linear programs find it all.
TEST(Attack, FindsWhatBruteForceFindsInTwoWayTables) {
  std::mt19937 random(1);
  int exact = 0, open = 0;
  for (int round = 0; round < 25; ++round) {
    const Cube cube(round % 2 == 0 ? std::vector<int>{2, 2}
                                   : std::vector<int>{2, 3});
    const auto figures = cube.Add(RandomLeaves(cube, &random));
    const auto known = Publish(cube, figures, 1 + round % 3, &random);
    const auto truth = TryAll(cube, known, 3);
    const AttackResult result =
        Attack(cube.system, known, AllOf(cube, {1, 0}), AttackOptions());
    ASSERT_FALSE(result.contradictory);
    for (int cell = 0; cell < cube.cells; ++cell) {
      const Inference& one = result.inferences[cell];
      EXPECT_EQ(one.possible, truth[cell]) << round << " " << cell;
      const bool is_exact = truth[cell].low == truth[cell].high;
      EXPECT_EQ(one.verdict,
                is_exact ? AttackVerdict::kExact : AttackVerdict::kOk);
      EXPECT_TRUE(is_exact || (one.proved && one.seen == truth[cell]));
      EXPECT_TRUE(one.tight);
      ++(is_exact ? exact : open);
    }
  }
  EXPECT_GT(exact, 50);
  EXPECT_GT(open, 50);
}

TEST(Attack, IsSoundInThreeWayTables) {
  std::mt19937 random(2);
  int ok = 0, narrow = 0;
  for (int round = 0; round < 8; ++round) {
    const Cube cube({2, 2, 2});
    const auto figures = cube.Add(RandomLeaves(cube, &random));
    const auto known = Publish(cube, figures, 1 + round % 2, &random);
    const auto truth = TryAll(cube, known, 3);
    const Range keep = {0, 2};
    const AttackResult result =
        Attack(cube.system, known, AllOf(cube, keep), AttackOptions());
    ASSERT_FALSE(result.contradictory);
    for (int cell = 0; cell < cube.cells; ++cell) {
      const Inference& one = result.inferences[cell];
      EXPECT_LE(one.possible.low, truth[cell].low);
      EXPECT_GE(one.possible.high, truth[cell].high);
      if (one.seen.low <= one.seen.high) {
        EXPECT_GE(one.seen.low, truth[cell].low);
        EXPECT_LE(one.seen.high, truth[cell].high);
      }
      const bool kept =
          truth[cell].low <= keep.low && keep.high <= truth[cell].high;
      if (one.verdict == AttackVerdict::kExact) {
        EXPECT_EQ(truth[cell].low, truth[cell].high);
      }
      if (one.verdict == AttackVerdict::kNarrow) {
        EXPECT_FALSE(kept);
        ++narrow;
      }
      if (one.verdict == AttackVerdict::kOk && one.proved) {
        EXPECT_TRUE(kept);
        ++ok;
      }
      EXPECT_NE(one.verdict, AttackVerdict::kUnresolved);
    }
  }
  EXPECT_GT(ok, 5);
  EXPECT_GT(narrow, 5);
}

TEST(Attack, CombinesRowsAndColumns) {
  // A row of cells is three leaves and their total: 0 1 2 3 / 4 5 6 7 / ..
  const Cube cube({3, 3});
  const auto figures = cube.Add({9, 4, 30, 8, 6, 20, 17, 25, 5});
  std::vector<Range> known;
  for (const int64_t figure : figures) known.push_back({figure, figure});
  for (const int cell : {0, 1, 4, 5}) known[cell] = {0, kNoLimit};
  // A circle of four is open ..
  AttackResult result =
      Attack(cube.system, known, {{0}, {1}, {4}, {5}}, AttackOptions());
  for (const Inference& one : result.inferences) {
    EXPECT_EQ(one.verdict, AttackVerdict::kOk);
    EXPECT_TRUE(one.proved);
  }
  EXPECT_EQ(result.inferences[0].possible, (Range{3, 13}));
  // .. and a fifth cell, alone in what is left of its row, is not.
  known[9] = known[2] = {0, kNoLimit};
  result = Attack(cube.system, known, {{9}, {2}}, AttackOptions());
  EXPECT_EQ(result.inferences[0].verdict, AttackVerdict::kExact);
  EXPECT_EQ(result.inferences[0].possible, (Range{25, 25}));
  EXPECT_EQ(result.inferences[1].possible, (Range{30, 30}));
}

// Trap a2 of the notes on disclosure.
TEST(Attack, TwoOnesUnderAShownTotalAreFound) {
  const Cube cube({2, 2});
  const auto figures = cube.Add({1, 20, 1, 30});
  std::vector<Range> known;
  for (const int64_t figure : figures) known.push_back({figure, figure});
  known[0] = known[3] = {1, 7};
  const AttackResult result = Attack(
      cube.system, known, {{0, {1, 7}, 6}, {3, {1, 7}, 6}}, AttackOptions());
  for (const Inference& one : result.inferences) {
    EXPECT_EQ(one.verdict, AttackVerdict::kExact);
    EXPECT_EQ(one.possible, (Range{1, 1}));
  }
}

// Traps x1 to x4: two answers, each safe alone, that differ by one cell which
// neither shows.
TEST(Attack, TwoAnswersThatDifferByAHiddenCellAreSubtracted) {
  // under 17 + aged 17 = under 18; ward = the other areas + one area.
  for (const int64_t base : {1, 5}) {
    CellSystem system(3);
    system.AddRelation(2, Tie::kSum, {0, 1});
    const auto bin = [&](int64_t figure) {
      const int64_t value = (figure + base / 2) / base * base;
      return Range{value - base / 2, value + base / 2};
    };
    const std::vector<Range> known = {bin(40), {0, 7}, bin(43)};
    const AttackResult result =
        Attack(system, known, {{1, {0, 7}, 7}}, AttackOptions());
    // Rounding blurs it, and no more.
    EXPECT_EQ(result.inferences[0].verdict,
              base == 1 ? AttackVerdict::kExact : AttackVerdict::kNarrow);
  }
}

TEST(Attack, AMarkThatKeepsLessThanItSaysIsNarrow) {
  CellSystem system(3);
  system.AddRelation(2, Tie::kSum, {0, 1});
  const std::vector<Range> known = {{0, 7}, {0, 2}, {5, 5}};
  const AttackResult result =
      Attack(system, known, {{0, {0, 7}, 7}, {1, {0, 2}, 2}}, AttackOptions());
  EXPECT_EQ(result.inferences[0].verdict, AttackVerdict::kNarrow);
  EXPECT_EQ(result.inferences[0].possible, (Range{3, 5}));
  EXPECT_EQ(result.inferences[1].verdict, AttackVerdict::kOk);
}

TEST(Attack, DistinctPersonsLieBetweenTheLargestAndTheSum) {
  CellSystem system(4);
  system.AddRelation(3, Tie::kUnion, {0, 1, 2});
  const std::vector<Range> known = {
      {0, kNoLimit}, {10, 10}, {20, 20}, {33, 33}};
  const AttackResult result = Attack(system, known, {{0}}, AttackOptions());
  EXPECT_EQ(result.inferences[0].possible, (Range{3, 33}));
  EXPECT_EQ(result.inferences[0].verdict, AttackVerdict::kOk);
}

TEST(Attack, ACellThatNothingLimitsIsOpen) {
  CellSystem system(3);
  system.AddRelation(2, Tie::kSum, {0, 1});
  const AttackResult result =
      Attack(system, {{0, kNoLimit}, {4, 4}, {0, kNoLimit}},
             {{0, {0, 7}, 7}, {2, {1, 0}, 7}}, AttackOptions());
  EXPECT_EQ(result.inferences[0].possible, (Range{0, kNoLimit}));
  EXPECT_EQ(result.inferences[1].possible, (Range{4, kNoLimit}));
  for (const Inference& one : result.inferences) {
    EXPECT_EQ(one.verdict, AttackVerdict::kOk);
    EXPECT_TRUE(one.proved);
  }
}

TEST(Attack, FiguresThatContradictEachOtherSayNothing) {
  CellSystem system(3);
  system.AddRelation(2, Tie::kSum, {0, 1});
  const AttackResult result =
      Attack(system, {{0, 7}, {4, 4}, {12, 12}}, {{0}}, AttackOptions());
  EXPECT_TRUE(result.contradictory);
  EXPECT_TRUE(result.inferences.empty());
}

TEST(Attack, WithoutBudgetItDoesNotClaim) {
  const Cube cube({3, 3});
  const auto figures = cube.Add({9, 4, 30, 8, 6, 20, 17, 25, 5});
  std::vector<Range> known;
  for (const int64_t figure : figures) known.push_back({figure, figure});
  for (const int cell : {0, 1, 4, 5}) known[cell] = {0, kNoLimit};
  AttackOptions options;
  options.budget = options.tighten_budget = 0;
  const AttackResult result = Attack(cube.system, known, {{0}}, options);
  EXPECT_EQ(result.inferences[0].verdict, AttackVerdict::kUnresolved);
  EXPECT_FALSE(result.inferences[0].proved);
}

// x + y, y + z and z + x are 1 each: propagation is content, halves fit, whole
// numbers do not.
TEST(Attack, HalvesAreNoTable) {
  CellSystem system(6);
  system.AddRelation(3, Tie::kSum, {0, 1});
  system.AddRelation(4, Tie::kSum, {1, 2});
  system.AddRelation(5, Tie::kSum, {2, 0});
  const AttackResult result =
      Attack(system, {{0, 9}, {0, 9}, {0, 9}, {1, 1}, {1, 1}, {1, 1}},
             {{0}, {1}, {2}}, AttackOptions());
  for (const Inference& one : result.inferences) EXPECT_FALSE(one.proved);
}

}  // namespace
}  // namespace cairn
