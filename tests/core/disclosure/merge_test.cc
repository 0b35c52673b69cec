#include "core/disclosure/merge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
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
    rows.measures.push_back({std::make_shared<const std::vector<RowKey>>(keys),
                             std::make_shared<const std::vector<Cell>>(cells)});
  }
  return rows;
}
struct MergedRow {
  RowKey key;
  std::string agency;
  std::vector<Figure> figures;
};

using Way = void (*)(const Plan&, const std::vector<int>&,
                     const std::vector<AgencyRows>&, EachRow);

std::vector<MergedRow> Rows(Way way, const Plan& plan,
                            const std::vector<int>& decimals,
                            const std::vector<AgencyRows>& agencies) {
  std::vector<MergedRow> rows;
  way(plan, decimals, agencies,
      [&rows](const RowKey& key, const std::string& agency,
              absl::Span<const Figure> figures) {
        rows.push_back({key, agency, {figures.begin(), figures.end()}});
      });
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
  const std::vector<MergedRow> rows = Rows(Merge, PlanOf({}), {0}, agencies);
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
      Rows(Merge, plan, {0},
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
  for (const MergedRow& row :
       Rows(Merge, plan, {0}, {Answered("a", {given})})) {
    order.push_back(row.key[0]);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"A1", "Z1", "U", "OUT", "Total"}));
}

// Agencies with rows of their own choice, in any order, some of them with the
// same rows as the one before.
std::vector<AgencyRows> RandomAgencies(std::mt19937* random) {
  const auto below = [random](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(*random);
  };
  std::vector<AgencyRows> agencies;
  const int count = 1 + below(5);
  for (int a = 0; a < count; ++a) {
    std::vector<AnswerRow> rows;
    for (const char* place : {"OUT", "Z1", "A2", "Total", "A1", "U"}) {
      for (const char* sex : {"F", "U", "M", "Total"}) {
        const Cell cell = below(3) == 0 ? kHidden
                          : below(5) == 0
                              ? Cell{}
                              : PublishedCell(5 * below(9) + 10, 8, 60);
        if (below(4) > 0) rows.push_back({{place, sex}, cell});
      }
    }
    std::shuffle(rows.begin(), rows.end(), *random);
    const bool like_before = a > 0 && agencies.back().answered && below(2) == 0;
    if (like_before) {
      const AgencyRows& before = agencies.back();
      rows.resize(std::min(rows.size(), before.measures[0].cells->size()));
      AgencyRows same = before;
      std::vector<Cell> cells = *before.measures[0].cells;
      for (size_t i = 0; i < rows.size(); ++i) cells[i] = rows[i].cell;
      same.measures[0].cells =
          std::make_shared<const std::vector<Cell>>(std::move(cells));
      agencies.push_back(std::move(same));
    } else {
      agencies.push_back(below(8) == 0 ? Silent("s") : Answered("a", {rows}));
    }
  }
  return agencies;
}

TEST(Merge, GivesWhatAddingRowByRowUnderTheirNamesGives) {
  const Plan plan = PlanOf({"lsoa", "sex"});
  const std::vector<std::vector<std::string>> order = {
      {"A1", "A2", "Z1", "U", "OUT", "Total"}, {"M", "F", "U", "Total"}};
  std::mt19937 random(7);
  int merged = 0;
  for (int round = 0; round < 500; ++round) {
    const std::vector<AgencyRows> agencies = RandomAgencies(&random);
    bool silent = false, answered = false;
    std::map<RowKey, Cell> sums;
    for (const AgencyRows& agency : agencies) {
      silent = silent || !agency.answered;
      answered = answered || agency.answered;
      if (!agency.answered) continue;
      const AgencyRows::Rows& rows = agency.measures[0];
      for (size_t i = 0; i < rows.cells->size(); ++i) {
        Cell& sum = sums[(*rows.keys)[i]];
        sum = AddAny(sum, (*rows.cells)[i]);
      }
    }
    if (!answered) continue;
    const auto rows = Rows(Merge, plan, {0}, agencies);
    size_t next = 0;
    for (const std::string& place : order[0]) {
      for (const std::string& sex : order[1]) {
        const auto found = sums.find({place, sex});
        if (found == sums.end()) continue;
        const Cell& sum = found->second;
        if (sum.status == CellStatus::kNotApplicable) continue;
        ASSERT_LT(next, rows.size());
        const MergedRow& row = rows[next++];
        EXPECT_EQ(row.key, (RowKey{place, sex}));
        EXPECT_EQ(row.figures[0].status,
                  silent ? CellStatus::kUnavailable : sum.status);
        EXPECT_EQ(row.figures[0].low, static_cast<double>(sum.low));
        const bool shown = !silent && sum.status == CellStatus::kPublished;
        EXPECT_EQ(row.figures[0].value.has_value(), shown);
        if (shown) EXPECT_EQ(*row.figures[0].value, sum.value);
        ++merged;
      }
    }
    EXPECT_EQ(next, rows.size());
  }
  EXPECT_GT(merged, 3000);
}

TEST(Merge, LeavesOutRowsThatNobodyCanGive) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<MergedRow> rows =
      Rows(Merge, plan, {0},
           {Answered("a", {{{{"M"}, Cell{}}, {{kTotal}, kForty}}})});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].key[0], kTotal);
}

TEST(Merge, SumsComeInTheirOwnUnit) {
  const Plan plan = PlanOf({}, {kSumDays});
  const auto rows =
      Rows(Merge, plan, {1},
           {Answered("a", {{{{}, PublishedCell(125, 123, 127)}}})});
  EXPECT_EQ(rows[0].figures[0],
            (Figure{CellStatus::kPublished, 12.5, 12.3, 12.7}));
}

Figure MeanOf(const Cell& sum, const Cell& count) {
  const Plan plan = PlanOf({}, {kMeanDays});  // tables: the sum, then the count
  return Rows(Merge, plan, {0, 0},
              {Answered("a", {{{{}, sum}}, {{{}, count}}})})[0]
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
      Rows(SideBySide, plan, {0},
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
      Rows(SideBySide, PlanOf({"sex"}), {0}, {Silent("a"), Silent("b")});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key, std::vector<std::string>{kTotal});
  EXPECT_EQ(rows[1].figures[0].status, CellStatus::kUnavailable);
}

}  // namespace
}  // namespace cairn
