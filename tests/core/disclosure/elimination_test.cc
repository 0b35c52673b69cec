#include "core/disclosure/elimination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "tests/core/disclosure/random_problem.h"

namespace cairn {
namespace {

using ::testing::Each;
using Tie = CellSystem::Tie;

// --- The oracle: dense elimination over the rational numbers -----------------

struct Fraction {
  __int128 top = 0;
  __int128 bottom = 1;  // > 0

  static Fraction Of(__int128 top, __int128 bottom) {
    __int128 a = top < 0 ? -top : top, b = bottom < 0 ? -bottom : bottom;
    while (b != 0) std::swap(a %= b, b);
    if (bottom < 0) a = -a;
    return {top / a, bottom / a};
  }
  friend Fraction operator-(Fraction a, Fraction b) {
    return Of(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom);
  }
  friend Fraction operator*(Fraction a, Fraction b) {
    return Of(a.top * b.top, a.bottom * b.bottom);
  }
  friend Fraction operator/(Fraction a, Fraction b) {
    return Of(a.top * b.bottom, a.bottom * b.top);
  }
  bool zero() const { return top == 0; }
};
using Matrix = std::vector<std::vector<Fraction>>;

Matrix Equations(const CellSystem& system, const std::vector<bool>& known) {
  Matrix matrix;
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    if (relation.tie != Tie::kSum) continue;
    std::vector<int64_t> row(system.cells(), 0);
    ++row[relation.parent];
    for (const int child : relation.children) --row[child];
    auto& line = matrix.emplace_back(system.cells());
    for (int cell = 0; cell < system.cells(); ++cell) {
      if (!known[cell]) line[cell].top = row[cell];
    }
  }
  return matrix;
}

// Gauss and Jordan; the cell solved by each row that is left.
std::vector<int> Reduce(Matrix* matrix, int cells) {
  std::vector<int> solved;
  for (int cell = 0; cell < cells; ++cell) {
    size_t at = solved.size();
    while (at < matrix->size() && (*matrix)[at][cell].zero()) ++at;
    if (at == matrix->size()) continue;
    std::swap((*matrix)[at], (*matrix)[solved.size()]);
    std::vector<Fraction>& row = (*matrix)[solved.size()];
    const Fraction lead = row[cell];
    for (Fraction& f : row) f = f / lead;
    for (std::vector<Fraction>& other : *matrix) {
      if (&other == &row || other[cell].zero()) continue;
      const Fraction times = other[cell];
      for (int c = 0; c < cells; ++c) other[c] = other[c] - times * row[c];
    }
    solved.push_back(cell);
  }
  return solved;
}

// By cell: how it changes with each free cell (one column per free cell). All
// zero: determined, or known.
Matrix Changes(const CellSystem& system, const std::vector<bool>& known) {
  Matrix matrix = Equations(system, known);
  const std::vector<int> solved = Reduce(&matrix, system.cells());
  std::vector<int> row_of(system.cells(), -1);
  for (size_t i = 0; i < solved.size(); ++i) {
    row_of[solved[i]] = static_cast<int>(i);
  }
  std::vector<int> free;
  for (int c = 0; c < system.cells(); ++c) {
    if (!known[c] && row_of[c] < 0) free.push_back(c);
  }
  Matrix changes(system.cells(), std::vector<Fraction>(free.size()));
  for (int c = 0; c < system.cells(); ++c) {
    for (size_t f = 0; f < free.size(); ++f) {
      if (c == free[f]) changes[c][f].top = 1;
      if (row_of[c] < 0) continue;
      changes[c][f] = Fraction{} - matrix[row_of[c]][free[f]];
    }
  }
  return changes;
}

bool Still(const std::vector<Fraction>& change) {
  for (const Fraction& f : change) {
    if (!f.zero()) return false;
  }
  return true;
}

// Whether one is a multiple of the other; neither is still.
bool InStep(const std::vector<Fraction>& a, const std::vector<Fraction>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!(a[i] * b[j] - a[j] * b[i]).zero()) return false;
    }
  }
  return true;
}

void ExpectAgrees(const CellSystem& system, const std::vector<bool>& known,
                  const std::string& where) {
  const Determined found = FindDetermined(system, known);
  const Matrix changes = Changes(system, known);
  ASSERT_TRUE(found.complete) << where;
  int next = 0;
  for (int a = 0; a < system.cells(); ++a) {
    const bool still = Still(changes[a]);
    EXPECT_EQ(found.exact[a], !known[a] && still) << where << ", cell " << a;
    bool alone = true;
    for (int b = 0; b < system.cells(); ++b) {
      const bool kin = a != b && !still && !Still(changes[b]) &&
                       InStep(changes[a], changes[b]);
      if (kin) alone = false;
      if (a < b) {
        EXPECT_EQ(found.kin[a] >= 0 && found.kin[a] == found.kin[b], kin)
            << where << ", cells " << a << " and " << b;
      }
    }
    EXPECT_EQ(found.kin[a] < 0, alone) << where << ", cell " << a;
    EXPECT_LE(found.kin[a], next) << where << ", cell " << a;
    if (found.kin[a] == next) ++next;
  }
}

// --- Systems -----------------------------------------------------------------

std::vector<bool> AnyKnown(int cells, double share, std::mt19937* random) {
  std::vector<bool> known(cells);
  for (int c = 0; c < cells; ++c) {
    known[c] = (*random)() % 1000 < share * 1000;
  }
  return known;
}

// From nearly nothing to nearly all is known.
void ExpectAgreesWhateverIsKnown(const CellSystem& system, std::mt19937* random,
                                 const std::string& where) {
  for (const double share : {0.02, 0.2, 0.5, 0.7, 0.9}) {
    ExpectAgrees(system, AnyKnown(system.cells(), share, random),
                 where + ", known " + std::to_string(share));
  }
}

// --- Tests -------------------------------------------------------------------

TEST(Elimination, AgreesWithFractionsOnCrossingsOfOneToFourVariables) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const int dimensions = 1 + round % 4;
    const int most = dimensions == 1 ? 9 : dimensions == 2 ? 5 : 2;
    std::vector<CrossingVariable> variables;
    for (int d = 0; d < dimensions; ++d) {
      const int least = dimensions == 4 ? 1 : 2;
      variables.push_back(CrossingVariable::Flat(
          least + static_cast<int>(random() % (most - least + 1))));
    }
    ExpectAgreesWhateverIsKnown(CrossingOf(variables), &random,
                                "round " + std::to_string(round));
  }
}

TEST(Elimination, AgreesWithFractionsOnHierarchiesAndTwoTrees) {
  std::mt19937 random(2);
  for (int round = 0; round < 30; ++round) {
    const int leaves = 4 + static_cast<int>(random() % 3);
    CrossingVariable place = CrossingVariable::Flat(leaves);
    place.AddTree(leaves, 2);
    if (round % 2 == 1) place.AddTree(leaves, 3);
    std::vector<CrossingVariable> variables = {place};
    if (round % 3 > 0) variables.push_back(CrossingVariable::Flat(round % 3));
    ExpectAgreesWhateverIsKnown(CrossingOf(variables), &random,
                                "round " + std::to_string(round));
  }
}

TEST(Elimination, AgreesWithFractionsOnSumsWithoutAnyShape) {
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    const int cells = 3 + static_cast<int>(random() % 12);
    CellSystem system(cells);
    for (int left = static_cast<int>(random() % cells); left >= 0; --left) {
      std::vector<int> children(random() % 5);
      for (int& child : children) child = static_cast<int>(random() % cells);
      // Rings, a cell twice, a cell under itself, no children: all of them.
      system.AddRelation(static_cast<int>(random() % cells), Tie::kSum,
                         children);
    }
    ExpectAgrees(system, AnyKnown(cells, 0.3, &random),
                 "round " + std::to_string(round));
  }
}

// Two rows of one table, linked to another by a shared margin.
TEST(Elimination, AgreesWithFractionsOnLinkedTables) {
  std::mt19937 random(4);
  for (int round = 0; round < 40; ++round) {
    const CellSystem table = CrossingOf(
        {CrossingVariable::Flat(3), CrossingVariable::Flat(2 + round % 3)});
    CellSystem linked = table;
    std::vector<int> other(table.cells());
    for (int cell = 0; cell < table.cells(); ++cell) {
      other[cell] = cell < 4 ? cell : linked.AddCell();  // the first variable
    }
    for (int r = 0; r < table.relations(); ++r) {
      const CellSystem::Relation relation = table.relation(r);
      std::vector<int> children;
      for (const int child : relation.children) {
        children.push_back(other[child]);
      }
      linked.AddRelation(other[relation.parent], Tie::kSum, children);
    }
    ExpectAgreesWhateverIsKnown(linked, &random,
                                "round " + std::to_string(round));
  }
}

TEST(Elimination, FindsTheCellsThatTakeTwoRowsAndTwoColumnsTogether) {
  // Hidden: two cells in each of rows 1 and 2 and of columns 1 and 2, and one
  // of them once more outside: rows 1 + 2 less columns 1 + 2 leaves one cell.
  //   x x x
  //   x x .
  //   . . .
  const CellSystem system =
      CrossingOf({CrossingVariable::Flat(3), CrossingVariable::Flat(3)});
  const auto at = [](int column, int row) { return column + 4 * row; };
  std::vector<bool> known(system.cells(), true);
  for (const int cell : {at(1, 1), at(2, 1), at(3, 1), at(1, 2), at(2, 2)}) {
    known[cell] = false;
  }
  known[at(3, 0)] = false;  // so that column 3 alone gives nothing
  const Determined found = FindDetermined(system, known);
  EXPECT_TRUE(found.exact[at(3, 1)]);
  EXPECT_TRUE(found.exact[at(3, 0)]);
  for (const int cell : {at(1, 1), at(2, 1), at(1, 2), at(2, 2)}) {
    EXPECT_FALSE(found.exact[cell]) << cell;
    EXPECT_EQ(found.kin[cell], 0) << cell;  // one square: one step for all
  }
  ExpectAgrees(system, known, "two rows and two columns");
}

TEST(Elimination, TheOnePersonInARowOfOnesLearnsTheOther) {
  CellSystem row(4);
  row.AddRelation(0, Tie::kSum, {1, 2, 3});
  const Determined two = FindDetermined(row, {true, false, false, true});
  EXPECT_THAT(two.exact, Each(false));
  EXPECT_EQ(two.kin, (std::vector<int>{-1, 0, 0, -1}));
  const Determined three = FindDetermined(row, {true, false, false, false});
  EXPECT_THAT(three.exact, Each(false));
  EXPECT_THAT(three.kin, Each(-1));
}

TEST(Elimination, AUnionSaysNothing) {
  CellSystem system(3);
  system.AddRelation(0, Tie::kUnion, {1, 2});
  const Determined found = FindDetermined(system, {true, true, false});
  EXPECT_THAT(found.exact, Each(false));
  EXPECT_THAT(found.kin, Each(-1));
}

TEST(Elimination, AnEmptySumIsKnownToBeNone) {
  CellSystem system(2);
  system.AddRelation(0, Tie::kSum, {});
  EXPECT_EQ(FindDetermined(system, {false, false}).exact,
            (std::vector<bool>{true, false}));
}

TEST(Elimination, NothingToFindInNothing) {
  const Determined found = FindDetermined(CellSystem(), {});
  EXPECT_TRUE(found.complete);
  EXPECT_TRUE(found.exact.empty());
  EXPECT_TRUE(found.kin.empty());
}

TEST(Elimination, IsTheSameEveryTime) {
  std::mt19937 random(5);
  const CellSystem system =
      CrossingOf({CrossingVariable::Flat(8), CrossingVariable::Flat(7),
                  CrossingVariable::Flat(6)});
  const std::vector<bool> known = AnyKnown(system.cells(), 0.6, &random);
  const Determined once = FindDetermined(system, known);
  const Determined again = FindDetermined(system, known);
  EXPECT_EQ(once.exact, again.exact);
  EXPECT_EQ(once.kin, again.kin);
}

TEST(Elimination, FailsClosedWhenItsBudgetRunsOut) {
  std::mt19937 random(6);
  const CellSystem system =
      CrossingOf({CrossingVariable::Flat(8), CrossingVariable::Flat(7),
                  CrossingVariable::Flat(6)});
  const std::vector<bool> known = AnyKnown(system.cells(), 0.3, &random);
  EXPECT_TRUE(FindDetermined(system, known).complete);
  const Determined found = FindDetermined(system, known, 100);
  EXPECT_FALSE(found.complete);
  for (int cell = 0; cell < system.cells(); ++cell) {
    EXPECT_EQ(found.exact[cell], !known[cell]) << cell;
  }
}

}  // namespace
}  // namespace cairn
