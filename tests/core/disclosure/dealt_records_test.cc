#include "core/disclosure/dealt_records.h"

#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/disclosure/record_world.h"

namespace cairn {
namespace {

// How far dealt records are from the world's in the inner cells of a table.
int64_t FarthestOff(const World& world, const TableShape& shape,
                    const std::vector<size_t>& variables,
                    const std::vector<Microdata::Leaf>& leaves) {
  std::vector<Record> records;
  const auto parts = static_cast<ptrdiff_t>(world.data().parts.size());
  for (auto at = leaves.begin(); at != leaves.end(); at += parts) {
    records.push_back(Record(at, at + parts));
  }
  const std::vector<int64_t> dealt = World::Counts(shape, variables, records);
  const FrequencyTable truth = world.Table(variables);
  int64_t farthest = 0;
  for (size_t cell = 0; cell < dealt.size(); ++cell) {
    bool inner = true;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      inner = inner && shape.at(cell, a) != shape.axes[a].margin();
    }
    if (inner) {
      farthest = std::max(farthest, std::abs(dealt[cell] - truth.counts[cell]));
    }
  }
  return farthest;
}

TEST(DealRecords, HaveTheSharesOfEveryTableThatSaysSomethingNew) {
  const std::vector<std::vector<size_t>> asked = {{2, 3}, {0, 1, 2}};
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    const World world(seed, 3000);
    const TableShape shapes[] = {world.Shape(asked[0]), world.Shape(asked[1])};
    const std::vector<const TableShape*> both = {&shapes[0], &shapes[1]};
    const auto linked = LinkedTables::Create(both, /*additive=*/true);
    ASSERT_TRUE(linked.ok()) << linked.status();
    std::vector<Range> looks(static_cast<size_t>(linked->system().cells()),
                             Range{0, kNoLimit});
    for (size_t t = 0; t < both.size(); ++t) {
      const FrequencyTable truth = world.Table(asked[t]);
      for (size_t cell = 0; cell < truth.counts.size(); ++cell) {
        const int64_t count = truth.counts[cell];
        looks[linked->cells_of(t)[cell]] =
            count <= 7 ? Range{0, 7} : Range{count, count};
      }
    }
    const std::vector<Microdata::Leaf> leaves =
        DealRecords(world.data(), *linked, both, both.size(), looks);
    ASSERT_EQ(leaves.size(), 3000 * world.data().parts.size());
    // The larger table is dealt first. Where a cell is small, only its share of
    // what is left is known.
    EXPECT_LE(FarthestOff(world, shapes[1], asked[1], leaves), 8);
    // In the other, codes of v2 may be off by what its twelve cells are.
    EXPECT_LE(FarthestOff(world, shapes[0], asked[0], leaves), 40);
  }
}

}  // namespace
}  // namespace cairn
