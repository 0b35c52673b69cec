#include "core/disclosure/dealt_records.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <utility>
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
    StandInRequest request;
    request.schema = &world.data();
    request.linked = &*linked;
    request.shapes = &both;
    request.told = request.asked = both.size();
    request.looks = looks;
    const std::vector<Microdata::Leaf> leaves = DealRecords(request);
    ASSERT_EQ(leaves.size(), 3000 * world.data().parts.size());
    // The larger table is dealt first. Where a cell is small, only its share of
    // what is left is known.
    EXPECT_LE(FarthestOff(world, shapes[1], asked[1], leaves), 8);
    // In the other, codes of v2 may be off by what its twelve cells are.
    EXPECT_LE(FarthestOff(world, shapes[0], asked[0], leaves), 40);
  }
}

// Tables of one world, the first of which are asked for now.
class Asked {
 public:
  Asked(const World& world, const std::vector<std::vector<size_t>>& asked)
      : world_(world) {
    for (const auto& variables : asked)
      shapes_.push_back(world.Shape(variables));
    for (const TableShape& shape : shapes_) pointers_.push_back(&shape);
    linked_.emplace(*LinkedTables::Create(pointers_, /*additive=*/true));
    looks_.assign(static_cast<size_t>(linked_->system().cells()),
                  Range{0, kNoLimit});
    for (size_t t = 0; t < asked.size(); ++t) {
      const FrequencyTable truth = world.Table(asked[t]);
      for (size_t cell = 0; cell < truth.counts.size(); ++cell) {
        const int64_t count = truth.counts[cell];
        looks_[linked_->cells_of(t)[cell]] =
            count <= 7 ? Range{0, 7} : Range{count, count};
      }
    }
    request_.schema = &world_.data();
    request_.linked = &*linked_;
    request_.shapes = &pointers_;
    request_.told = asked.size();
    request_.asked = 1;
    request_.looks = looks_;
  }
  StandInRequest& request() { return request_; }
  const TableShape& shape(size_t t) const { return shapes_[t]; }

 private:
  const World& world_;
  std::vector<TableShape> shapes_;
  std::vector<const TableShape*> pointers_;
  std::optional<LinkedTables> linked_;
  std::vector<Range> looks_;
  StandInRequest request_;
};

// The second half of the records says of v0 what v2 says of it, so that
// dimensions go together.
World Together(uint32_t seed) {
  World world(seed, 1500);
  std::mt19937 random(seed);
  for (int n = 0; n < 1500; ++n) {
    const auto code = static_cast<Microdata::Leaf>(random() % 4);
    world.Add({code, static_cast<Microdata::Leaf>(random() % 3), code,
               static_cast<Microdata::Leaf>(random() % 2), 0});
  }
  return world;
}

std::vector<int64_t> CountsIn(const World& world,
                              const std::vector<size_t>& variables,
                              const std::vector<Microdata::Leaf>& leaves) {
  std::vector<Record> records;
  for (auto at = leaves.begin(); at != leaves.end(); at += 5) {
    records.push_back(Record(at, at + 5));
  }
  return World::Counts(world.Shape(variables), variables, records);
}

TEST(DealRecords, FromAStartSayWhatIsNewAndKeepWhatWasTold) {
  // Asked for now, then told before.
  const std::vector<std::vector<std::vector<size_t>>> cases = {
      {{0, 3}, {0, 1, 2}},          // a new dimension
      {{0, 2}, {0, 1}, {2, 3}},     // no table crossed these
      {{0, 2}, {0, 1}, {1, 2}},     // they were crossed over another only
      {{0, 2, 3}, {0, 1}, {1, 2}},  // both
  };
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    const World world = Together(seed);
    for (const auto& tables : cases) {
      Asked asked(world, tables);
      // A start that agrees with what was told: the records, and of what was
      // not told something else.
      std::vector<bool> is_told(5, false);
      for (size_t t = 1; t < tables.size(); ++t) {
        for (const size_t v : tables[t]) is_told[v] = true;
      }
      std::vector<Microdata::Leaf> start = world.data().leaves;
      for (size_t at = 0; at < start.size(); ++at) {
        if (!is_told[at % 5]) start[at] = 0;
      }
      // Among records that are alike in the dimension between them, of the
      // last table's other one nothing else is told.
      const std::vector<size_t>& last = tables.back();
      if (tables.size() > 2) {
        const size_t between = last[0] == 1 ? 1 : 3, moved = 2;
        for (size_t a = 0; a < start.size(); a += 5) {
          for (size_t b = a + 5 * 701; b < start.size(); b += 5 * 701) {
            if (start[a + between] != start[b + between]) continue;
            std::swap(start[a + moved], start[b + moved]);
            break;
          }
        }
      }
      asked.request().start = start;
      const std::vector<Microdata::Leaf> leaves = DealRecords(asked.request());
      ASSERT_EQ(leaves.size(), start.size());
      for (size_t t = 1; t < tables.size(); ++t) {
        EXPECT_EQ(CountsIn(world, tables[t], leaves),
                  CountsIn(world, tables[t], start))
            << "seed " << seed << ", table " << t;
      }
      const auto off = [&](const std::vector<Microdata::Leaf>& from) {
        return FarthestOff(world, asked.shape(0), tables[0], from);
      };
      EXPECT_GT(off(start), 100) << "there was nothing to do";
      // Of 3000.
      EXPECT_LE(off(leaves), 30)
          << "seed " << seed << ", " << tables.size() << " tables";
      EXPECT_EQ(DealRecords(asked.request()), leaves);
    }
  }
}

TEST(DealRecords, LeaveWhatTheyHaveNoStepsForAsItWas) {
  const World world = Together(1);
  Asked asked(world, {{0, 3}, {0, 1, 2}});
  std::vector<Microdata::Leaf> start = world.data().leaves;
  for (size_t at = 3; at < start.size(); at += 5) start[at] = 0;
  asked.request().start = start;
  // One pass over two axes, twice each, and two for the pass itself. The
  // dimension that was told before is alone: nothing is traded.
  const auto steps = static_cast<int64_t>(start.size() / 5 * 6);
  asked.request().deal_steps = steps;
  EXPECT_NE(DealRecords(asked.request()), start);
  asked.request().deal_steps = steps - 1;
  EXPECT_EQ(DealRecords(asked.request()), start);
}

TEST(MakeStandIn, MakesNoMoreRecordsThanItMay) {
  const World world(1, 500);
  Asked asked(world, {{0, 1}});
  StandInRequest request = asked.request();
  request.max_records = 500;
  EXPECT_TRUE(MakeStandIn(request).has_value());
  request.max_records = 499;
  EXPECT_FALSE(MakeStandIn(request).has_value());
}

}  // namespace
}  // namespace cairn
