#include "core/disclosure/linked_tables.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/disclosure/cell_names.h"
#include "core/disclosure/propagation.h"
#include "core/query/catalogue.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/atom_world.h"

namespace cairn {
namespace {

constexpr Cut kNone = Cut::kNone, kFine = Cut::kFine, kCoarse = Cut::kCoarse;

// Tables of one world as one system, and what is known of its cells.
class System {
 public:
  System(const AtomWorld& world, const std::vector<std::vector<Cut>>& tables,
         bool additive = true) {
    for (const std::vector<Cut>& cuts : tables) {
      shapes_.push_back(world.Shape(cuts));
    }
    std::vector<const TableShape*> pointers;
    for (const TableShape& shape : shapes_) pointers.push_back(&shape);
    auto linked = LinkedTables::Create(pointers, additive);
    EXPECT_TRUE(linked.ok()) << linked.status();
    linked_ = std::make_unique<LinkedTables>(*std::move(linked));
    ranges_.resize(static_cast<size_t>(linked_->system().cells()));
  }

  size_t Node(size_t table, size_t cell) const {
    return static_cast<size_t>(linked_->cells_of(table)[cell]);
  }
  void SetBounds(size_t node, int64_t low, int64_t high) {
    ranges_[node].low = std::max(ranges_[node].low, low);
    ranges_[node].high = std::min(ranges_[node].high, high);
  }
  bool Propagate() { return cairn::Propagate(linked_->system(), &ranges_); }
  int64_t low(size_t node) const { return ranges_[node].low; }
  int64_t high(size_t node) const { return ranges_[node].high; }

 private:
  std::vector<TableShape> shapes_;
  std::unique_ptr<LinkedTables> linked_;
  std::vector<Range> ranges_;
};

TEST(LinkedTables, TheSameCellInTwoTablesIsOneNode) {
  const AtomWorld world({{"a", {0, 1}}, {"b", {0, 1, 2}}});
  System system(world, {{kFine, kFine}, {kNone, kFine}, {kFine, kNone}});
  EXPECT_EQ(system.Node(0, 8), system.Node(1, 0));   // b0 over all a
  EXPECT_EQ(system.Node(0, 3), system.Node(2, 0));   // a0 over all b
  EXPECT_EQ(system.Node(0, 11), system.Node(1, 3));  // all
  EXPECT_EQ(system.Node(1, 3), system.Node(2, 2));
  EXPECT_NE(system.Node(0, 0), system.Node(0, 1));
}

TEST(LinkedTables, FindsWhatSubtractionFromAMarginGives) {
  const AtomWorld world({{"a", {0, 1, 2}}});
  System system(world, {{kFine}});
  system.SetBounds(system.Node(0, 0), 0, 7);
  system.SetBounds(system.Node(0, 1), 20, 20);
  system.SetBounds(system.Node(0, 2), 30, 30);
  system.SetBounds(system.Node(0, 3), 53, 53);
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.low(system.Node(0, 0)), 3);
  EXPECT_EQ(system.high(system.Node(0, 0)), 3);
}

TEST(LinkedTables, CarriesBoundsFromOneTableIntoAnother) {
  const AtomWorld world({{"a", {0, 1}}, {"b", {0, 1}}});
  System system(world, {{kFine, kFine}, {kFine, kNone}});
  system.SetBounds(system.Node(1, 0), 48, 52);  // a0
  system.SetBounds(system.Node(0, 1), 43, 47);  // a0 b1
  system.SetBounds(system.Node(0, 0), 0, 7);    // a0 b0
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.low(system.Node(0, 0)), 1);
  EXPECT_EQ(system.high(system.Node(0, 0)), 7);
}

TEST(LinkedTables, TiesACoarserLevelToItsFinerCodes) {
  const AtomWorld world({{"a", {0, 0, 1}}});
  System system(world, {{kFine}, {kCoarse}});
  system.SetBounds(system.Node(1, 0), 13, 17);
  system.SetBounds(system.Node(0, 1), 13, 17);
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.high(system.Node(0, 0)), 4);
}

TEST(LinkedTables, TiesTablesThatAreCoarserOnTwoAxesAtOnce) {
  const AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 0, 1}}});
  System system(world, {{kFine, kFine}, {kCoarse, kCoarse}});
  system.SetBounds(system.Node(1, 0), 36, 36);  // A0 B0
  system.SetBounds(system.Node(0, 0), 11, 11);
  system.SetBounds(system.Node(0, 4), 12, 12);
  system.SetBounds(system.Node(0, 5), 13, 13);
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.low(system.Node(0, 1)), 0);
  EXPECT_EQ(system.high(system.Node(0, 1)), 0);
}

TEST(LinkedTables, TiesTablesThatMeetOnlyInACellThatNeitherShows) {
  const AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 0, 1}}});
  System system(world, {{kCoarse, kFine}, {kFine, kCoarse}});
  // (A0 b0) + 9 = (a0 B0) + (a1 B0), all but the 9 hidden.
  system.SetBounds(system.Node(0, 0), 0, 7);
  system.SetBounds(system.Node(0, 1), 9, 9);
  system.SetBounds(system.Node(1, 0), 0, 7);
  system.SetBounds(system.Node(1, 3), 0, 7);
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.low(system.Node(1, 0)), 2);
  EXPECT_EQ(system.low(system.Node(1, 3)), 2);
}

TEST(LinkedTables, DistinctPersonsAreAtMostTheSumAndAtLeastTheLargest) {
  const AtomWorld world({{"a", {0, 1}}});
  System system(world, {{kFine}}, false);
  system.SetBounds(system.Node(0, 0), 20, 22);
  system.SetBounds(system.Node(0, 1), 10, 12);
  ASSERT_TRUE(system.Propagate());
  EXPECT_EQ(system.low(system.Node(0, 2)), 20);
  EXPECT_EQ(system.high(system.Node(0, 2)), 34);
}

TEST(LinkedTables, NeverExcludesTheTruth) {
  const AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 1}}});
  const std::vector<std::vector<Cut>> tables = {
      {kFine, kFine}, {kCoarse, kFine}, {kCoarse, kCoarse}, {kNone, kFine}};
  for (int64_t seed = 0; seed < 200; ++seed) {
    AtomWorld filled = world;
    for (size_t i = 0; i < filled.counts.size(); ++i) {
      filled.counts[i] = (seed * 31 + static_cast<int64_t>(i) * 17) % 23;
    }
    System system(filled, tables);
    for (size_t t = 0; t < tables.size(); ++t) {
      const FrequencyTable table = filled.Table(tables[t]);
      for (size_t cell = 0; cell < table.counts.size(); ++cell) {
        if ((static_cast<int64_t>(cell) + seed) % 3 == 0) continue;
        const int64_t count = table.counts[cell];
        system.SetBounds(system.Node(t, cell), count - count % 5,
                         count - count % 5 + 4);
      }
    }
    ASSERT_TRUE(system.Propagate());
    for (size_t t = 0; t < tables.size(); ++t) {
      const FrequencyTable table = filled.Table(tables[t]);
      for (size_t cell = 0; cell < table.counts.size(); ++cell) {
        EXPECT_LE(system.low(system.Node(t, cell)), table.counts[cell]);
        EXPECT_GE(system.high(system.Node(t, cell)), table.counts[cell]);
      }
    }
  }
}

TableAxis Axis(const std::string& variable,
               const std::vector<std::string>& codes) {
  TableAxis axis;
  axis.variable = variable;
  axis.codes = codes;
  axis.part.assign(codes.size(), false);
  return axis;
}

Dimension FlatDimension(const std::string& variable, const std::string& one,
                        const std::string& other) {
  Dimension dimension;
  dimension.id = variable;
  dimension.levels.resize(1);
  dimension.levels[0].variable = variable;
  dimension.levels[0].codes.resize(2);
  dimension.levels[0].codes[0].id = one;
  dimension.levels[0].codes[1].id = other;
  dimension.levels[0].whole = {true, true};
  dimension.up = {{0, 1}};
  return dimension;
}

// The only year there is and all of time are one cell. A population is the sum
// of its people, not of that cell twice.
TEST(LinkedTables, APopulationIsCountedOnceWhereAYearIsAllOfTime) {
  DataSet data_set;
  data_set.dimensions = {FlatDimension("weapon", "KNIFE", "NONE"),
                         FlatDimension("armed", "1", "0")};
  Filter with_a_knife;
  with_a_knife.kind = Filter::Kind::kCompare;
  with_a_knife.variable = "weapon";
  with_a_knife.values = {Literal(std::string("KNIFE"))};
  data_set.dimensions[1].population = with_a_knife;
  const auto names = CellNames::Create(data_set);
  ASSERT_TRUE(names.ok()) << names.status();

  TableShape fine, population;
  fine.axes = {Axis("year", {"2024"}), Axis("weapon", {"KNIFE", "NONE"})};
  population.axes = {Axis("armed", {"1", "0"})};
  // 3 with a knife, 40 without; the margins last.
  const std::vector<std::vector<int64_t>> counts = {{3, 40, 43, 3, 40, 43},
                                                    {3, 40, 43}};
  Timeline timeline;
  timeline.eras.emplace_back();
  timeline.eras[0].code_of["year"] = "2024";
  timeline.spans = {{0}, {0}};
  const auto linked =
      LinkedTables::Create({&fine, &population}, true, *names, timeline);
  ASSERT_TRUE(linked.ok()) << linked.status();
  std::vector<int64_t> figures(static_cast<size_t>(linked->system().cells()));
  for (size_t t = 0; t < counts.size(); ++t) {
    for (size_t cell = 0; cell < counts[t].size(); ++cell) {
      figures[static_cast<size_t>(linked->cells_of(t)[cell])] = counts[t][cell];
    }
  }
  bool tied = false;
  for (int r = 0; r < linked->system().relations(); ++r) {
    const CellSystem::Relation relation = linked->system().relation(r);
    int64_t sum = 0;
    for (const int child : relation.children) {
      sum += figures[static_cast<size_t>(child)];
    }
    EXPECT_EQ(sum, figures[static_cast<size_t>(relation.parent)]);
    tied = tied || relation.parent == linked->cells_of(1)[0];
  }
  EXPECT_TRUE(tied) << "the population is tied to nothing";
}

// A pupil may be excluded for several reasons. One that is violent is enough to
// be counted as such, so those of the other reasons need not be among the rest.
TEST(LinkedTables, RecordsWithSeveralValuesKeepEveryTieOfAPopulation) {
  DataSet data_set;
  data_set.dimensions = {FlatDimension("reason", "ATTACK", "DRUGS"),
                         FlatDimension("violent", "1", "0")};
  data_set.dimensions[0].multi_valued = true;
  Filter attack;
  attack.kind = Filter::Kind::kIn;
  attack.variable = "reason";
  attack.values = {Literal(std::string("ATTACK"))};
  data_set.dimensions[1].population = attack;
  const auto names = CellNames::Create(data_set);
  ASSERT_TRUE(names.ok()) << names.status();

  TableShape fine, population;
  fine.axes = {Axis("reason", {"ATTACK", "DRUGS"})};
  fine.axes[0].multi_valued = true;
  population.axes = {Axis("violent", {"1", "0"})};
  const auto linked = LinkedTables::Create({&fine, &population}, true, *names);
  ASSERT_TRUE(linked.ok()) << linked.status();
  const CellSystem& system = linked->system();

  // Every world of up to three records of each kind.
  for (int64_t attack_only = 0; attack_only <= 3; ++attack_only) {
    for (int64_t drugs_only = 0; drugs_only <= 3; ++drugs_only) {
      for (int64_t both = 0; both <= 3; ++both) {
        const int64_t all = attack_only + drugs_only + both;
        const std::vector<std::vector<int64_t>> counts = {
            {attack_only + both, drugs_only + both, all},
            {attack_only + both, drugs_only, all}};
        std::vector<int64_t> figures(static_cast<size_t>(system.cells()));
        for (size_t t = 0; t < counts.size(); ++t) {
          for (size_t cell = 0; cell < counts[t].size(); ++cell) {
            figures[static_cast<size_t>(linked->cells_of(t)[cell])] =
                counts[t][cell];
          }
        }
        EXPECT_TRUE(
            IsFeasible(system, std::vector<Range>(figures.size()), figures))
            << attack_only << " " << drugs_only << " " << both;
      }
    }
  }

  // And who is not violent has another reason: there are as many of these.
  std::vector<Range> ranges(static_cast<size_t>(system.cells()));
  ranges[static_cast<size_t>(linked->cells_of(1)[1])] = {5, 8};
  ASSERT_TRUE(Propagate(system, &ranges));
  EXPECT_EQ(ranges[static_cast<size_t>(linked->cells_of(0)[1])].low, 5);
}

}  // namespace
}  // namespace cairn
