#include "core/disclosure/protect.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/disclosure/atom_world.h"
#include "tests/support/protect_one.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

const Measure kPersons{Measure::Kind::kDistinctPersons, ""};
const Measure kDays{Measure::Kind::kSum, "days"};

// One axis, counts by code; the margin is added.
FrequencyTable Column(const std::vector<int64_t>& counts) {
  AtomWorld world({{"a", std::vector<int>(counts.size(), 0)}});
  world.counts = counts;
  FrequencyTable table = world.Table({Cut::kFine});
  table.shape.axes[0].roll_ups.clear();
  return table;
}

std::vector<int64_t> WithTotal(std::vector<int64_t> figures) {
  int64_t total = 0;
  for (const int64_t figure : figures) total += figure;
  figures.push_back(total);
  return figures;
}

FrequencyTable::Sum Days(const std::vector<int64_t>& total,
                         const std::vector<int64_t>& largest,
                         const std::vector<int64_t>& second,
                         int64_t clip = 100) {
  return {"days", 0, 0, clip, total, largest, second};
}

Protection Protected(const FrequencyTable& table, const Measure& measure = {},
                     const DisclosurePolicy& policy = {},
                     const std::vector<const ProtectedTable*>& pinned = {},
                     const AtomWorld* world = nullptr) {
  auto protection = ProtectOne(
      table, measure, policy, pinned, [world](const TableShape& shape) {
        return std::make_shared<const FrequencyTable>(world->TableOf(shape));
      });
  EXPECT_THAT(protection, IsOk());
  return *std::move(protection);
}

bool Shown(const Protection& protection, size_t cell) {
  return protection.table.cells()[cell].status == CellStatus::kPublished;
}

TEST(Protect, ShowsTheRoundedNumberWithItsBinAndHidesTheRest) {
  const Protection protection = Protected(Column({40, 8, 7}));
  const std::vector<Cell>& cells = protection.table.cells();
  EXPECT_EQ(cells[0], PublishedCell(40, 38, 42));
  EXPECT_EQ(cells[1], PublishedCell(10, 8, 12));
  EXPECT_EQ(cells[2], SuppressedCell(0, 7));
  // 55 = 40 + 8 + 7: with what the others may be, 7 may be anything.
  EXPECT_EQ(cells[3], PublishedCell(55, 53, 57));
  EXPECT_EQ(protection.why,
            (std::vector<HiddenWhy>{HiddenWhy::kShown, HiddenWhy::kShown,
                                    HiddenWhy::kSmall, HiddenWhy::kShown}));
}

TEST(Protect, NeverShowsACellAtOrBelowTheThreshold) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 1}}});
    for (int64_t& count : world.counts) count = random() % 16;
    DisclosurePolicy policy;
    policy.zeros_shown = i % 2 == 0;
    policy.rounding_base = i % 3 == 0 ? 1 : 5;
    const FrequencyTable table = world.Table({Cut::kFine, Cut::kFine});
    const Protection protection = Protected(table, Measure{}, policy);
    for (size_t cell = 0; cell < table.counts.size(); ++cell) {
      const int64_t count = table.counts[cell];
      if (count == 0 && policy.zeros_shown) continue;
      if (count <= 7) {
        EXPECT_FALSE(Shown(protection, cell)) << count;
      }
      if (Shown(protection, cell)) {
        EXPECT_GT(protection.table.cells()[cell].low, 7) << count;
      }
    }
  }
}

TEST(Protect, RoundingSavesMostMargins) {
  std::mt19937 random(8);
  int margins[2] = {0, 0}, shown[2] = {0, 0}, complements[2] = {0, 0};
  for (int i = 0; i < 300; ++i) {
    AtomWorld world({{"a", {0, 1}}, {"b", {0, 1, 2}}, {"c", {0, 1}}});
    for (int64_t& count : world.counts) count = 6 + random() % 20;
    const std::vector<Cut> all(3, Cut::kFine);
    const FrequencyTable table = world.Table(all);
    const std::vector<std::vector<int>> members = world.Members(all);
    for (const int base : {1, 5}) {
      DisclosurePolicy policy;
      policy.rounding_base = base;
      const Protection protection = Protected(table, Measure{}, policy);
      for (size_t cell = 0; cell < members.size(); ++cell) {
        if (members[cell].size() == 1) continue;
        ++margins[base == 5];
        shown[base == 5] += Shown(protection, cell);
      }
      for (const HiddenWhy why : protection.why) {
        complements[base == 5] += why == HiddenWhy::kComplement;
      }
    }
  }
  EXPECT_GT(shown[1], margins[1] * 7 / 8);
  EXPECT_LT(complements[1], complements[0]);
}

// 0 of unknown sex in each of four rows: 50 + 53 + 0 = 103, and rounding alone
// leaves room for 6. One of the three others must go from each row.
TEST(Protect, APlanGivesUpTheMarginsOfATableBeforeItsInnerCells) {
  AtomWorld world({{"a", {0, 0, 0, 0}}, {"b", {0, 0, 0}}});
  world.counts.clear();
  for (int row = 0; row < 4; ++row) {
    world.counts.insert(world.counts.end(), {50, 53, 0});
  }
  FrequencyTable table = world.Table({Cut::kFine, Cut::kFine});
  for (TableAxis& axis : table.shape.axes) axis.roll_ups.clear();
  ProtectRequest request;
  request.tables = {&table};
  request.thorough = true;
  const auto protections = Protect(request);
  ASSERT_THAT(protections, IsOk());
  const Protection& made = (*protections)[0];
  int complements = 0;
  for (size_t cell = 0; cell < table.counts.size(); ++cell) {
    const bool inner =
        table.shape.at(cell, 0) < 4 && table.shape.at(cell, 1) < 3;
    if (inner && table.counts[cell] > 7) {
      EXPECT_TRUE(Shown(made, cell)) << cell;
    }
    complements += made.why[cell] == HiddenWhy::kComplement;
  }
  EXPECT_GE(complements, 4);
}

TEST(Protect, ShowsAZeroExactlyWhereThePolicyShowsZeros) {
  EXPECT_EQ(Protected(Column({0, 20, 50, 60})).table.cells()[0],
            SuppressedCell(0, 7));
  DisclosurePolicy shown;
  shown.zeros_shown = true;
  const Protection protection = Protected(Column({0, 3, 50}), {}, shown);
  EXPECT_EQ(protection.table.cells()[0], PublishedCell(0, 0, 0));
  EXPECT_EQ(protection.table.cells()[1], SuppressedCell(1, 7));
}

TEST(Protect, PersonsRule) {
  FrequencyTable table = Column({30, 30, 30});
  table.persons = WithTotal({4, 5, 30});
  table.keyed_persons = table.persons;
  const Protection counts = Protected(table);
  EXPECT_EQ(counts.why[0], HiddenWhy::kFewPersons);
  EXPECT_NE(counts.why[1], HiddenWhy::kFewPersons);
  // It might be a small one: the total would tell that it is not.
  EXPECT_EQ(
      std::count(counts.why.begin(), counts.why.end(), HiddenWhy::kComplement),
      1);
  // 30 records of 4 persons: "0 to 7" would be a lie.
  EXPECT_EQ(counts.table.cells()[0], SuppressedCell(0, kNoLimit));
}

TEST(Protect, DistinctPersonsAtOrBelowTheThresholdAreHidden) {
  FrequencyTable table = Column({30, 30, 30});
  table.persons = {7, 8, 20, 35};
  table.keyed_persons = {7, 8, 20, 35};
  const Protection persons = Protected(table, kPersons);
  EXPECT_EQ(persons.table.cells()[0], SuppressedCell(0, 7));
  EXPECT_EQ(persons.table.cells()[1], PublishedCell(10, 8, 12));
  // The total is at least the largest and at most the sum of its parts.
  EXPECT_EQ(persons.table.cells()[3], PublishedCell(35, 33, 37));
  EXPECT_FALSE(persons.table.additive());
}

TEST(Protect, DominatedSumIsHidden) {
  FrequencyTable table = Column({20, 20, 20, 20});
  // k = 0.90: two contributors hold 90 of 100; 89 of 100; the p % rule: what is
  // left, 4, is under 10 % of 50; nothing to dominate in a sum of 0.
  table.sums = {
      Days({100, 100, 94, 0, 294}, {60, 59, 50, 0, 60}, {30, 30, 40, 0, 59})};
  const Protection sums = Protected(table, kDays);
  EXPECT_EQ(sums.why[0], HiddenWhy::kDominated);
  EXPECT_NE(sums.why[1], HiddenWhy::kDominated);
  EXPECT_EQ(sums.why[2], HiddenWhy::kDominated);
  EXPECT_NE(sums.why[3], HiddenWhy::kDominated);
  EXPECT_NE(sums.why[4], HiddenWhy::kDominated);
  EXPECT_EQ(sums.table.cells()[0].high, kNoLimit);
  // The same cells may be counted.
  EXPECT_TRUE(Shown(Protected(table), 0));
}

TEST(Protect, RemainderUnderPPercentOfTheLargestIsHiddenEvenWithoutDominance) {
  FrequencyTable table = Column({20, 20});
  table.sums = {Days({100, 100, 200}, {80, 80, 80}, {13, 11, 80})};
  DisclosurePolicy policy;
  policy.dominance_k = 0;
  const Protection sums = Protected(table, kDays, policy);
  EXPECT_EQ(sums.why[0], HiddenWhy::kDominated);  // 7 < 8
  EXPECT_NE(sums.why[1], HiddenWhy::kDominated);  // 9 >= 8
}

TEST(Protect, ASumIsRoundedToATwentiethOfItsClip) {
  FrequencyTable table = Column({40, 3, 20});
  table.sums = {Days({1234, 50, 900, 2184}, {100, 20, 100, 100},
                     {100, 20, 100, 100}, 190)};
  const Protection sums = Protected(table, kDays);
  EXPECT_EQ(sums.table.base(), 10);  // 5 % of 190, rounded up
  EXPECT_EQ(sums.table.clip_high(), 190);
  EXPECT_EQ(sums.table.cells()[0], PublishedCell(1230, 1225, 1234));
  // What is too small to count is too small to sum: up to 7 times the clip.
  EXPECT_EQ(sums.table.cells()[1], SuppressedCell(0, 7 * 190));
}

TEST(Protect, TheMarkOfASmallCellSaysNothingOfItsFigure) {
  DisclosurePolicy shown;
  shown.zeros_shown = true;
  FrequencyTable table = Column({5, 5, 60});
  table.persons = {5, 5, 40, 50};
  table.keyed_persons = {0, 5, 40, 45};
  table.sums = {Days({0, 30, 600, 630}, {0, 9, 9, 9}, {0, 9, 9, 9})};
  for (const Measure& measure : {kDays, kPersons}) {
    const Protection protection = Protected(table, measure, shown);
    EXPECT_EQ(protection.table.cells()[0], protection.table.cells()[1])
        << measure.ToString();
  }
}

TEST(Protect, ReleasedCellsKeepTheirValueInEveryLaterTable) {
  std::mt19937 random(9);
  for (int i = 0; i < 100; ++i) {
    AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 1}}});
    for (int64_t& count : world.counts) count = random() % 30;
    std::vector<std::vector<Cut>> cuts = {{Cut::kFine, Cut::kNone},
                                          {Cut::kNone, Cut::kFine},
                                          {Cut::kFine, Cut::kFine},
                                          {Cut::kNone, Cut::kNone}};
    std::shuffle(cuts.begin(), cuts.end(), random);
    std::vector<ProtectedTable> released;
    std::vector<std::pair<std::vector<int>, Cell>> seen;
    for (const std::vector<Cut>& cut : cuts) {
      std::vector<const ProtectedTable*> pinned;
      for (const ProtectedTable& table : released) pinned.push_back(&table);
      Protection protection = Protected(world.Table(cut), Measure{},
                                        DisclosurePolicy(), pinned, &world);
      const std::vector<std::vector<int>> members = world.Members(cut);
      for (size_t cell = 0; cell < members.size(); ++cell) {
        // The same codes: the same people in this world, as no dimension has
        // one code only.
        for (const auto& [atoms, earlier] : seen) {
          if (atoms == members[cell]) {
            EXPECT_EQ(protection.table.cells()[cell], earlier);
          }
        }
        seen.push_back({members[cell], protection.table.cells()[cell]});
      }
      released.push_back(std::move(protection.table));
    }
  }
}

TEST(Protect, RefusesATableWhoseNeighboursWereReleasedUnderAnotherPolicy) {
  const Protection first = Protected(Column({40, 50}));
  DisclosurePolicy other;
  other.largest_hidden_count = 12;
  EXPECT_THAT(
      ProtectOne(Column({40, 50}), Measure{}, other, {&first.table}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("policy")));
}

TEST(Protect, RefusesAMisfitPolicyAndAMeasureTheTableLacks) {
  DisclosurePolicy misfit;
  misfit.largest_hidden_count = 6;
  EXPECT_THAT(ProtectOne(Column({40}), Measure{}, misfit),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const Measure& measure :
       {kPersons, kDays, Measure{Measure::Kind::kMean, "days"}}) {
    EXPECT_THAT(ProtectOne(Column({40}), measure, DisclosurePolicy()),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(measure.ToString())));
  }
}

TEST(Protect, AMultiValuedMarginLiesBetweenItsLargestCodeAndTheirSum) {
  FrequencyTable table = Column({40, 20, 3});
  table.shape.axes[0].multi_valued = true;
  table.counts[3] = 45;
  const Protection protection = Protected(table);
  EXPECT_EQ(protection.table.cells()[3], PublishedCell(45, 43, 47));
}

TEST(Protect, TheTotalOfATableWithoutAxesIsACell) {
  FrequencyTable table;
  table.counts = {7};
  EXPECT_EQ(Protected(table).table.cells(),
            std::vector<Cell>{SuppressedCell(0, 7)});
  table.counts = {8};
  EXPECT_EQ(Protected(table).table.cells(),
            std::vector<Cell>{PublishedCell(10, 8, 12)});
}

// Seventeen of seventeen known to be in one category says so of each of them.
TEST(Protect, AGroupThatIsNearlyAllInOneSensitiveCategoryIsNotSplit) {
  DataSet data_set;
  Dimension dimension;
  dimension.id = "a";
  dimension.levels.resize(1);
  dimension.levels[0].variable = "a";
  for (const char* code : {"a0", "a1", "a2", "a3"}) {
    dimension.levels[0].codes.emplace_back().id = code;
  }
  dimension.up = {{0, 1, 2, 3}};
  data_set.dimensions = {dimension};
  const auto why_first = [&](const std::vector<int64_t>& counts,
                             bool sensitive) {
    data_set.dimensions[0].sensitive = sensitive;
    const FrequencyTable table = Column(counts);
    ProtectRequest request;
    request.tables = {&table};
    request.data_set = &data_set;
    const auto protections = Protect(request);
    EXPECT_THAT(protections, IsOk());
    return protections->front().why[0];
  };
  EXPECT_EQ(why_first({60, 0, 0, 0}, true), HiddenWhy::kAllTheSame);
  EXPECT_EQ(why_first({60, 3, 0, 0}, true), HiddenWhy::kAllTheSame);
  EXPECT_NE(why_first({60, 4, 0, 0}, true), HiddenWhy::kAllTheSame);  // 94 %
  EXPECT_NE(why_first({600, 20, 0, 0}, true), HiddenWhy::kAllTheSame);
  EXPECT_NE(why_first({60, 0, 0, 0}, false), HiddenWhy::kAllTheSame);

  // Where zeros are shown, three of them would say it as well.
  data_set.dimensions[0].sensitive = true;
  const FrequencyTable table = Column({60, 0, 3, 0});
  ProtectRequest request;
  request.tables = {&table};
  request.data_set = &data_set;
  request.policy.zeros_shown = true;
  const auto protections = Protect(request);
  ASSERT_THAT(protections, IsOk());
  for (size_t code = 0; code < 4; ++code) {
    const Cell& mark = protections->front().table.cells()[code];
    EXPECT_EQ(mark.status, CellStatus::kSuppressed) << code;
    EXPECT_EQ(mark.low, 0) << code;
    EXPECT_GE(mark.high, 8) << code;
  }
}

TEST(Protect, ANoisyFigureIsTheSameForEveryAskAndItsIntervalHoldsTheTruth) {
  FrequencyTable table = Column({40, 55, 3, 0, 70});
  table.keys = {11, 22, 33, 0, 44, 110};
  for (const bool zeros_shown : {false, true}) {
    ProtectRequest request;
    request.tables = {&table};
    request.policy.cell_key = CellKeyNoise();
    request.policy.zeros_shown = zeros_shown;
    request.cell_key_secret = std::string(32, 's');
    const auto first = Protect(request);
    ASSERT_THAT(first, IsOk());
    for (int ask = 0; ask < 1000; ++ask) {
      const auto again = Protect(request);
      ASSERT_TRUE(again.ok() &&
                  again->front().table.cells() == first->front().table.cells());
    }
    const std::vector<Cell>& cells = first->front().table.cells();
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      EXPECT_LE(cells[cell].low, table.counts[cell]);
      EXPECT_GE(cells[cell].high, table.counts[cell]);
    }
    EXPECT_EQ(cells[3] == PublishedCell(0, 0, 0), zeros_shown);
    EXPECT_EQ(cells[2].status, CellStatus::kSuppressed);
  }
}

}  // namespace
}  // namespace cairn
