#include "core/disclosure/merge.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

const Measure kSumDays{Measure::Kind::kSum, "days"};
const Measure kMeanDays{Measure::Kind::kMean, "days"};

Plan PlanOf(const std::vector<std::string>& by,
            const std::vector<Measure>& measures = {}) {
  Query query;
  query.data_set = "events";
  query.by = by;
  query.measures = measures;
  auto plan = MakePlan(ExampleDataSet(), query);
  EXPECT_THAT(plan, IsOk());
  return *std::move(plan);
}

AgencyRows Answered(const std::string& agency,
                    const std::vector<std::vector<AnswerRow>>& measures) {
  AgencyRows rows{agency, true, {}};
  for (const std::vector<AnswerRow>& measure : measures) {
    std::vector<RowKey> keys;
    std::vector<Cell> cells;
    for (const AnswerRow& row : measure) {
      keys.push_back(row.key);
      cells.push_back(row.cell);
    }
    rows.measures.push_back(
        {std::make_shared<const std::vector<RowKey>>(keys), cells});
  }
  return rows;
}
AgencyRows Silent(const std::string& agency) { return {agency, false, {}}; }

const Cell kForty = PublishedCell(40, 38, 42);
const Cell kHidden = SuppressedCell(0, 7);

// The one figure of a question without --by.
Figure Total(const std::vector<Cell>& cells, bool silent = false) {
  std::vector<AgencyRows> agencies;
  for (const Cell& cell : cells) {
    agencies.push_back(
        Answered("a" + std::to_string(agencies.size()), {{{{}, cell}}}));
  }
  if (silent) agencies.push_back(Silent("s"));
  const std::vector<MergedRow> rows = Merge(PlanOf({}), {0}, agencies);
  EXPECT_EQ(rows.size(), 1u);
  return rows[0].figures[0];
}

TEST(Merge, TheWorkedExampleOfTheHeader) {
  EXPECT_EQ(Total({kForty, kHidden}),
            (Figure{CellStatus::kBounded, {}, 38, 49}));
  EXPECT_EQ(Total({kForty}, true),
            (Figure{CellStatus::kUnavailable, {}, 38, {}}));
  EXPECT_EQ(Total({kHidden, kHidden}),
            (Figure{CellStatus::kSuppressed, {}, 0, 14}));
}

TEST(Merge, AddsPublishedNumbersAndTheirBins) {
  EXPECT_EQ(Total({kForty, kForty, PublishedCell(10, 8, 12)}),
            (Figure{CellStatus::kPublished, 90, 84, 96}));
}

TEST(Merge, ASilentAgencyIsNeverAZero) {
  EXPECT_EQ(Total({}, true), (Figure{CellStatus::kUnavailable, {}, 0, {}}));
  EXPECT_EQ(Total({kHidden}, true),
            (Figure{CellStatus::kUnavailable, {}, 0, {}}));
}

TEST(Merge, WhatDoesNotApplyAddsNothingButMayTakeTheUpperBound) {
  EXPECT_EQ(Total({kForty, Cell{}}),
            (Figure{CellStatus::kPublished, 40, 38, 42}));
  EXPECT_EQ(Total({kForty, Cell{CellStatus::kNotApplicable, 0, 0, kNoLimit}}),
            (Figure{CellStatus::kUnavailable, {}, 38, {}}));
}

TEST(Merge, RowsComeInTheCataloguesOrderMarginsLast) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<MergedRow> rows =
      Merge(plan, {0},
            {Answered("a", {{{{kTotal}, kForty}, {{"U"}, kHidden}}}),
             Answered("b", {{{{"F"}, kForty}, {{"M"}, kForty}}})});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].key[0], "M");
  EXPECT_EQ(rows[1].key[0], "F");
  EXPECT_EQ(rows[2].key[0], "U");
  EXPECT_EQ(rows[3].key[0], kTotal);
}

TEST(Merge, PlacesComeByCodeThenNotKnownThenOutside) {
  const Plan plan = PlanOf({"lsoa"});
  std::vector<AnswerRow> given;
  for (const char* code : {"OUT", "Total", "Z1", "U", "A1"}) {
    given.push_back({{code}, kForty});
  }
  std::vector<std::string> order;
  for (const MergedRow& row : Merge(plan, {0}, {Answered("a", {given})})) {
    order.push_back(row.key[0]);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"A1", "Z1", "U", "OUT", "Total"}));
}

TEST(Merge, LeavesOutRowsThatNobodyCanGive) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<MergedRow> rows = Merge(
      plan, {0}, {Answered("a", {{{{"M"}, Cell{}}, {{kTotal}, kForty}}})});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].key[0], kTotal);
}

TEST(Merge, SumsComeInTheirOwnUnit) {
  const Plan plan = PlanOf({}, {kSumDays});
  const auto rows =
      Merge(plan, {1}, {Answered("a", {{{{}, PublishedCell(125, 123, 127)}}})});
  EXPECT_EQ(rows[0].figures[0],
            (Figure{CellStatus::kPublished, 12.5, 12.3, 12.7}));
}

Figure MeanOf(const Cell& sum, const Cell& count) {
  const Plan plan = PlanOf({}, {kMeanDays});  // tables: the sum, then the count
  return Merge(plan, {0, 0}, {Answered("a", {{{{}, sum}}, {{{}, count}}})})[0]
      .figures[0];
}

TEST(Merge, AMeanLiesBetweenTheLeastOverTheMostAndTheMostOverTheLeast) {
  const Figure mean =
      MeanOf(PublishedCell(200, 190, 209), PublishedCell(40, 38, 42));
  EXPECT_EQ(mean.status, CellStatus::kPublished);
  EXPECT_DOUBLE_EQ(*mean.value, 5);
  EXPECT_DOUBLE_EQ(*mean.low, 190.0 / 42);
  EXPECT_DOUBLE_EQ(*mean.high, 209.0 / 38);
}

TEST(Merge, AMeanOfHiddenFiguresIsHidden) {
  const Figure hidden = MeanOf(SuppressedCell(0, 700), kHidden);
  EXPECT_EQ(hidden.status, CellStatus::kSuppressed);
  EXPECT_FALSE(hidden.value.has_value());
  EXPECT_EQ(MeanOf(SuppressedCell(0, kNoLimit), kForty).status,
            CellStatus::kBounded);
  EXPECT_EQ(MeanOf(PublishedCell(0, 0, 0), PublishedCell(0, 0, 0)).value,
            std::nullopt);
}

TEST(SideBySide, GivesEachAgencyItsOwnRowAndAddsNothing) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<MergedRow> rows =
      SideBySide(plan, {0},
                 {Answered("a", {{{{"M"}, kForty}}}),
                  Answered("b", {{{{"M"}, kHidden}}}), Silent("c")});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].agency, "a");
  EXPECT_EQ(rows[0].figures[0], (Figure{CellStatus::kPublished, 40, 38, 42}));
  EXPECT_EQ(rows[1].agency, "b");
  EXPECT_EQ(rows[1].figures[0], (Figure{CellStatus::kSuppressed, {}, 0, 7}));
  EXPECT_EQ(rows[2].agency, "c");
  EXPECT_EQ(rows[2].figures[0], (Figure{CellStatus::kUnavailable, {}, 0, {}}));
}

TEST(SideBySide, SaysThatNobodyAnsweredForEachAgency) {
  const std::vector<MergedRow> rows =
      SideBySide(PlanOf({"sex"}), {0}, {Silent("a"), Silent("b")});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key, std::vector<std::string>{kTotal});
  EXPECT_EQ(rows[1].figures[0].status, CellStatus::kUnavailable);
}

}  // namespace
}  // namespace cairn
