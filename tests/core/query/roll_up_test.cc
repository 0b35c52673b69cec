#include "core/query/roll_up.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

// Records have a place (one of 6 wards, three to a district), a month (of 6,
// three to a quarter) and a sex.
struct Record {
  int ward, month, sex;
};

constexpr int kWards = 6, kMonths = 6, kSexes = 2;

std::string CodeOf(const std::string& variable, const Record& record) {
  if (variable == "ward") return absl::StrCat("W", record.ward);
  if (variable == "lad") return absl::StrCat("L", record.ward / 3);
  if (variable == "month") return absl::StrCat("M", record.month);
  if (variable == "quarter") return absl::StrCat("Q", record.month / 3);
  return absl::StrCat("S", record.sex);
}

TableAxis AxisOf(const std::string& variable) {
  TableAxis axis;
  axis.variable = variable;
  const std::string above = variable == "ward"    ? "lad"
                            : variable == "month" ? "quarter"
                                                  : "";
  if (!above.empty()) axis.roll_ups.push_back({above, {}});
  for (int i = 0; i < kWards; ++i) {
    const Record one = {i % kWards, i % kMonths, i % kSexes};
    const std::string code = CodeOf(variable, one);
    if (std::find(axis.codes.begin(), axis.codes.end(), code) !=
        axis.codes.end()) {
      continue;
    }
    axis.codes.push_back(code);
    axis.part.push_back(false);
    if (!above.empty()) axis.roll_ups[0].codes.push_back(CodeOf(above, one));
  }
  return axis;
}

TableShape ShapeOf(const std::vector<std::string>& variables) {
  TableShape shape;
  for (const std::string& v : variables) shape.axes.push_back(AxisOf(v));
  return shape;
}

std::vector<int64_t> Count(const TableShape& shape,
                           const std::vector<Record>& records) {
  std::vector<int64_t> counts(shape.cells(), 0);
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    for (const Record& record : records) {
      bool in = true;
      for (size_t a = 0; a < shape.axes.size(); ++a) {
        const TableAxis& axis = shape.axes[a];
        const size_t at = shape.at(cell, a);
        in = in && (at == axis.margin() ||
                    axis.codes[at] == CodeOf(axis.variable, record));
      }
      counts[cell] += in ? 1 : 0;
    }
  }
  return counts;
}

class RollUpTest : public ::testing::Test {
 protected:
  RollUpTest() {
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
      records_.push_back({static_cast<int>(random() % kWards),
                          static_cast<int>(random() % kMonths),
                          static_cast<int>(random() % kSexes)});
    }
  }

  // Counts below `hide_below` are hidden, the others shown as they are.
  std::vector<Cell> Cells(const TableShape& shape, int64_t hide_below) {
    std::vector<Cell> cells;
    for (const int64_t count : Count(shape, records_)) {
      cells.push_back(count < hide_below ? SuppressedCell(0, hide_below - 1)
                                         : PublishedCell(count, count, count));
    }
    return cells;
  }

  std::vector<Record> records_;
};

using Names = std::vector<std::string>;

TEST_F(RollUpTest, SumsAreTheCountsOfTheRecordsThemselves) {
  const TableShape fine = ShapeOf({"ward", "month", "sex"});
  const std::vector<Cell> cells = Cells(fine, 0);
  const Names places = {"", "ward", "lad"}, times = {"", "month", "quarter"},
              sexes = {"", "sex"};
  for (const std::string& place : places) {
    for (const std::string& time : times) {
      for (const std::string& sex : sexes) {
        Names names;
        for (const std::string& name : {place, time, sex}) {
          if (!name.empty()) names.push_back(name);
        }
        const TableShape wanted = ShapeOf(names);
        const auto sums = WorkOutCells(wanted, {{&fine, &cells}}, true);
        ASSERT_TRUE(sums.has_value());
        const std::vector<int64_t> counts = Count(wanted, records_);
        for (size_t i = 0; i < counts.size(); ++i) {
          EXPECT_EQ((*sums)[i], PublishedCell(counts[i], counts[i], counts[i]));
        }
      }
    }
  }
}

TEST_F(RollUpTest, AHiddenCellWidensItsSumAndNeverLies) {
  const TableShape fine = ShapeOf({"ward", "month"});
  const std::vector<Cell> cells = Cells(fine, 8);
  const TableShape wanted = ShapeOf({"lad", "quarter"});
  const auto sums = WorkOutCells(wanted, {{&fine, &cells}}, true);
  ASSERT_TRUE(sums.has_value());
  const std::vector<int64_t> counts = Count(wanted, records_);
  size_t wide = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_LE((*sums)[i].low, counts[i]);
    EXPECT_GE((*sums)[i].high, counts[i]);
    wide += (*sums)[i].status == CellStatus::kBounded ? 1 : 0;
  }
  EXPECT_GT(wide, 0u) << "nothing was hidden: this test cannot fail";
}

TEST_F(RollUpTest, ACellThatWasReleasedIsGivenAsReleased) {
  const TableShape fine = ShapeOf({"ward", "month"});
  const TableShape coarse = ShapeOf({"lad", "quarter", "sex"});
  const std::vector<Cell> hidden = Cells(fine, 8), shown = Cells(coarse, 0);
  const TableShape wanted = ShapeOf({"lad", "quarter"});
  // Whichever comes first.
  for (const auto& known :
       {std::vector<KnownTable>{{&fine, &hidden}, {&coarse, &shown}},
        std::vector<KnownTable>{{&coarse, &shown}, {&fine, &hidden}}}) {
    const auto cells = WorkOutCells(wanted, known, true);
    ASSERT_TRUE(cells.has_value());
    for (size_t i = 0; i < cells->size(); ++i) {
      EXPECT_EQ((*cells)[i].status, CellStatus::kPublished);
    }
  }
}

TEST_F(RollUpTest, AMarginComesFromATableThatHasNoMore) {
  const TableShape fine = ShapeOf({"ward", "month"});
  const TableShape districts = ShapeOf({"lad"});
  const std::vector<Cell> hidden = Cells(fine, 100),
                          shown = Cells(districts, 0);
  const TableShape wanted = ShapeOf({"lad", "month"});
  const auto cells =
      WorkOutCells(wanted, {{&fine, &hidden}, {&districts, &shown}}, true);
  ASSERT_TRUE(cells.has_value());
  for (size_t i = 0; i < cells->size(); ++i) {
    const bool all_months = wanted.at(i, 1) == wanted.axes[1].margin();
    const bool all_places = wanted.at(i, 0) == wanted.axes[0].margin();
    if (!all_months) continue;
    EXPECT_EQ((*cells)[i].status == CellStatus::kPublished,
              !all_places || (*cells)[i].value > 0);
  }
}

TEST_F(RollUpTest, WhatNoTableMakesUpIsNotMadeUp) {
  const TableShape coarse = ShapeOf({"lad", "quarter"});
  const std::vector<Cell> cells = Cells(coarse, 0);
  const std::vector<KnownTable> known = {{&coarse, &cells}};
  EXPECT_FALSE(WorkOutCells(ShapeOf({"ward"}), known, true).has_value());
  EXPECT_FALSE(WorkOutCells(ShapeOf({"lad", "sex"}), known, true).has_value());
  EXPECT_FALSE(WorkOutCells(ShapeOf({"lad"}), {}, true).has_value());
  EXPECT_TRUE(WorkOutCells(ShapeOf({"lad"}), known, true).has_value());
}

TEST_F(RollUpTest, PersonsAreNeverAddedUp) {
  const TableShape fine = ShapeOf({"ward", "month"});
  const std::vector<Cell> cells = Cells(fine, 0);
  const std::vector<KnownTable> known = {{&fine, &cells}};
  EXPECT_FALSE(WorkOutCells(ShapeOf({"lad"}), known, false).has_value());
  const auto wards = WorkOutCells(ShapeOf({"ward"}), known, false);
  ASSERT_TRUE(wards.has_value());
  EXPECT_EQ(wards->at(0), cells[fine.axes[1].margin()]);
}

TEST_F(RollUpTest, ValuesOfOneRecordAreNeverAddedUp) {
  TableShape fine = ShapeOf({"ward", "month"});
  fine.axes[0].multi_valued = true;
  const std::vector<Cell> cells = Cells(fine, 0);
  const std::vector<KnownTable> known = {{&fine, &cells}};
  EXPECT_FALSE(WorkOutCells(ShapeOf({"lad"}), known, true).has_value());
  EXPECT_TRUE(WorkOutCells(ShapeOf({"quarter"}), known, true).has_value());
}

}  // namespace
}  // namespace cairn
