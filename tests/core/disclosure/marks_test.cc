#include "core/disclosure/marks.h"

#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;
using Tie = CellSystem::Tie;

DisclosurePolicy Policy(bool zeros_shown) {
  DisclosurePolicy policy;
  policy.zeros_shown = zeros_shown;
  return policy;
}

// Two areas and their total, twice: cells 0 1 2 and 3 4 5, and 6 over 2 and 5.
CellSystem TwoRows() {
  CellSystem system(7);
  system.AddRelation(2, Tie::kSum, {0, 1});
  system.AddRelation(5, Tie::kSum, {3, 4});
  system.AddRelation(6, Tie::kSum, {2, 5});
  return system;
}

TEST(CellsOfCounts, HidesWhatIsSmallAndRoundsTheRest) {
  const std::vector<int64_t> counts = {0, 7, 7, 8, 31, 39, 46};
  const auto cells = CellsOfCounts(TwoRows(), counts, {}, Policy(false));
  for (const int small : {0, 1, 2}) {
    EXPECT_EQ(cells[small].kind, Kind::kHidden);
    EXPECT_EQ(cells[small].keep, (Range{0, 7}));
    EXPECT_EQ(cells[small].hidden, (Range{0, 7}));
  }
  for (const int shown : {3, 4, 5, 6}) {
    EXPECT_EQ(cells[shown].kind, Kind::kOpen);
    EXPECT_FALSE(cells[shown].sensitive());
    EXPECT_EQ(cells[shown].hidden, (Range{0, kNoLimit}));
  }
  EXPECT_EQ(cells[3].shown, (Range{8, 12}));
  EXPECT_EQ(cells[4].shown, (Range{28, 32}));
  EXPECT_LT(cells[3].cost, cells[6].cost);
}

TEST(CellsOfCounts, ShownZerosMakeTheRestAtLeastOne) {
  const std::vector<int64_t> counts = {2, 3, 5, 0, 4, 4, 9};
  const auto cells = CellsOfCounts(TwoRows(), counts, {}, Policy(true));
  EXPECT_EQ(cells[3].shown, (Range{0, 0}));
  EXPECT_FALSE(cells[3].sensitive());
  EXPECT_EQ(cells[0].keep, (Range{1, 7}));
  EXPECT_EQ(cells[0].hidden, (Range{1, 7}));
  // A margin's mark says nothing of its upper limit.
  EXPECT_EQ(cells[2].hidden, (Range{1, kNoLimit}));
  EXPECT_FALSE(cells[6].insight.has_value());
  EXPECT_EQ(cells[6].hidden, (Range{1, kNoLimit}));
}

TEST(CellsOfCounts, FewPersonsBehindManyRecordsAreHidden) {
  const std::vector<int64_t> counts = {20, 30, 50, 40, 40, 80, 130};
  const std::vector<int64_t> persons = {4, 5, 9, 40, 40, 80, 89};
  const auto cells = CellsOfCounts(TwoRows(), counts, persons, Policy(false));
  EXPECT_EQ(cells[0].kind, Kind::kHidden);
  EXPECT_TRUE(cells[0].sensitive());
  EXPECT_TRUE(cells[0].keep.Holds(20));
  EXPECT_EQ(cells[0].hidden, (Range{0, kNoLimit}));
  EXPECT_EQ(cells[1].kind, Kind::kOpen);
}

TEST(LeastByZeros, CountsTheNonEmptyCellsBehindAMargin) {
  const Range some = {3, 9}, none = {0, 0}, any = {0, 7};
  const std::vector<Range> known = {some, some, any, none, any, some, any};
  // Cell 4 is all that can make the second total more than nothing.
  EXPECT_EQ(LeastByZeros(TwoRows(), known),
            (std::vector<int64_t>{1, 1, 2, 0, 1, 1, 3}));
}

TEST(KeepWhatZerosLeave, RaisesAMarginToTheCellsKnownNotToBeZero) {
  const std::vector<int64_t> counts = {2, 3, 5, 0, 4, 4, 9};
  auto cells = CellsOfCounts(TwoRows(), counts, {}, Policy(true));
  KeepWhatZerosLeave(TwoRows(), &cells);
  EXPECT_EQ(cells[0].keep, (Range{1, 7}));
  // Two non-empty cells are behind the first total, one behind the second.
  EXPECT_EQ(cells[2].keep, (Range{2, 7}));
  EXPECT_EQ(cells[5].keep, (Range{1, 7}));
  EXPECT_FALSE(cells[6].sensitive());
}

TEST(KeepWhatZerosLeave, ReckonsWithWhatIsPublicOnly) {
  const std::vector<int64_t> counts = {2, 3, 5, 0, 4, 4, 9};
  auto cells = CellsOfCounts(TwoRows(), counts, {}, Policy(true));
  cells[0].kind = Kind::kUnseen;  // in no table
  cells[0].hidden = Range();
  cells[4].kind = Kind::kFixed;  // told before, by a mark that says nothing
  cells[4].shown = Range();
  KeepWhatZerosLeave(TwoRows(), &cells);
  EXPECT_EQ(cells[2].keep, (Range{1, 7}));
  EXPECT_EQ(cells[5].keep, (Range{1, 7}));
  EXPECT_EQ(cells[4].keep, (Range{1, 7}));  // its total is not 0, the other is
}

TEST(KeepComplementsOpen, AsksOnlyForThoseThatAreNarrow) {
  const CellSystem system = TwoRows();
  const std::vector<int64_t> counts = {3, 20, 23, 30, 40, 70, 93};
  auto cells = CellsOfCounts(system, counts, {}, Policy(false));
  Suppression suppression;
  suppression.hidden = {true, true, false, false, false, false, false};
  for (size_t i = 0; i < cells.size(); ++i) {
    suppression.known.push_back(suppression.hidden[i] ? cells[i].hidden
                                                      : cells[i].shown);
  }
  // 23 is shown as 25: 23 to 27, less 0 to 7, leaves 16 to 27.
  EXPECT_FALSE(
      KeepComplementsOpen(system, suppression, Policy(false), {}, &cells));
  suppression.known[2] = {23, 23};
  suppression.known[0] = {3, 3};
  EXPECT_TRUE(
      KeepComplementsOpen(system, suppression, Policy(false), {}, &cells));
  EXPECT_EQ(cells[1].kind, Kind::kHidden);
  EXPECT_TRUE(cells[1].keep.Holds(20));
  EXPECT_EQ(cells[1].keep.high - cells[1].keep.low, 7);
}

}  // namespace
}  // namespace cairn
