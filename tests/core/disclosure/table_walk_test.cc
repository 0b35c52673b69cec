#include "core/disclosure/table_walk.h"

#include <cstdint>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

using Tie = CellSystem::Tie;

// The found table, all cells.
std::vector<int64_t> Whole(std::vector<int64_t> figures,
                           const TableWalk::Found& found) {
  for (const auto& [cell, figure] : found.moved) figures[cell] = figure;
  return figures;
}

// Two groups of the same wards: each is the sum of the other, and of the wards.
TEST(TableWalk, FindsTablesWhereTwoGroupsAreTheSame) {
  constexpr int kDistrict = 0, kPlace = 1, kWard = 2, kOther = 3;
  const std::vector<int64_t> figures = {20, 20, 3, 17};
  CellSystem system(4);
  system.AddRelation(kDistrict, Tie::kSum, {kPlace});
  system.AddRelation(kPlace, Tie::kSum, {kDistrict});
  system.AddRelation(kDistrict, Tie::kSum, {kWard, kOther});
  system.AddRelation(kPlace, Tie::kSum, {kWard, kOther});
  TableWalk walk(system, figures);
  std::vector<Range> known = {{18, 22}, {18, 22}, {0, 7}, {0, kNoLimit}};
  for (int cell = 0; cell < system.cells(); ++cell) {
    walk.SetBounds(cell, known[cell], known[cell], 0);
  }
  for (const int64_t end : {0, 7}) {
    const TableWalk::Found found = walk.Reach(kWard, end, 0, 0, /*seed=*/0);
    ASSERT_TRUE(found.ok) << end;
    const std::vector<int64_t> table = Whole(figures, found);
    EXPECT_EQ(table[kWard], end);
    EXPECT_TRUE(IsFeasible(system, known, table)) << end;
  }
}

// Many tables that are linked by one cell: what changes it puts as many sums
// out at once, and each can be mended.
TEST(TableWalk, FindsTablesWhereManySumsHangByOneCell) {
  constexpr int kTables = 45, kColumns = 3;
  CellSystem system(1);
  std::vector<int64_t> figures = {2};
  std::vector<Range> known = {{0, 7}};
  for (int table = 0; table < kTables; ++table) {
    std::vector<int> children = {0};
    int64_t sum = figures[0];
    for (int i = 1; i < kColumns; ++i) {
      children.push_back(system.AddCell());
      figures.push_back(10);
      known.push_back({0, kNoLimit});
      sum += figures.back();
    }
    const int total = system.AddCell();
    figures.push_back(sum);
    known.push_back({sum, sum});
    system.AddRelation(total, Tie::kSum, children);
  }
  TableWalk walk(system, figures);
  for (int cell = 0; cell < system.cells(); ++cell) {
    walk.SetBounds(cell, known[cell], known[cell], 0);
  }
  for (const int64_t end : {0, 7}) {
    const TableWalk::Found found = walk.Reach(0, end, 0, 0, /*seed=*/0);
    ASSERT_TRUE(found.ok) << end;
    const std::vector<int64_t> table = Whole(figures, found);
    EXPECT_EQ(table[0], end);
    EXPECT_TRUE(IsFeasible(system, known, table)) << end;
  }
}

}  // namespace
}  // namespace cairn
