#include "core/query/evaluate.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/query/filter_text.h"
#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

// A record by its finest codes: month, age band, sex, lsoa.
using Record = std::vector<std::string>;
using Rows = std::map<std::vector<std::string>, Cell>;

const std::vector<std::string> kMonths = {
    "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "U"};
const std::vector<std::string> kBands = {"0-9", "10-17", "18-24", "25+", "U"};
const std::vector<std::string> kSexes = {"M", "F", "U"};
const std::map<std::string, std::string> kWards = {
    {"L1", "W1"}, {"L2", "W1"}, {"L3", "W2"}, {"OUT", "OUT"}, {"U", "U"}};

Plan PlanOf(const std::vector<std::string>& by, const std::string& where = "") {
  Query query;
  query.data_set = "events";
  query.by = by;
  if (!where.empty()) query.where = *ParseFilter(where, ExampleDataSet());
  auto plan = MakePlan(ExampleDataSet(), query);
  EXPECT_THAT(plan, IsOk());
  return *std::move(plan);
}

// What a finest code is at a level, by the code lists and the wards above.
std::string CodeAt(const Dimension& dimension, size_t level,
                   const std::string& finest) {
  if (dimension.kind == DimensionKind::kPlace) {
    return level == 0 ? finest : kWards.at(finest);
  }
  const int leaf = dimension.levels[0].Find(finest);
  return dimension.levels[level]
      .codes[static_cast<size_t>(
          dimension.up[level][static_cast<size_t>(leaf)])]
      .id;
}

std::vector<std::string> FinestOf(const Dimension& dimension) {
  std::vector<std::string> codes;
  if (dimension.kind == DimensionKind::kPlace) {
    for (const auto& [lsoa, ward] : kWards) codes.push_back(lsoa);
  } else {
    for (const Code& code : dimension.levels[0].codes) codes.push_back(code.id);
  }
  return codes;
}

TableShape ShapeOf(const Plan& plan) {
  TableShape shape;
  for (const PlanAxis& at : plan.axes) {
    const Dimension& dimension =
        ExampleDataSet().dimensions[static_cast<size_t>(at.dimension)];
    TableAxis axis;
    const auto own = static_cast<size_t>(at.level);
    axis.variable = dimension.levels[own].variable;
    for (const std::string& variable : dimension.levels[own].nests_in) {
      axis.roll_ups.push_back({variable, {}});
    }
    for (const std::string& finest : FinestOf(dimension)) {
      const std::string code = CodeAt(dimension, own, finest);
      if (std::count(axis.codes.begin(), axis.codes.end(), code) > 0) continue;
      axis.codes.push_back(code);
      for (TableAxis::RollUp& up : axis.roll_ups) {
        up.codes.push_back(CodeAt(
            dimension, static_cast<size_t>(dimension.FindLevel(up.variable)),
            finest));
      }
    }
    axis.part.assign(axis.codes.size(), false);
    axis.multi_valued = dimension.multi_valued;
    shape.axes.push_back(std::move(axis));
  }
  return shape;
}

// Exact counts of the records in every cell and margin.
std::vector<Cell> Count(const Plan& plan, const TableShape& shape,
                        const std::vector<Record>& records) {
  std::vector<Cell> cells(shape.cells());
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    int64_t n = 0;
    for (const Record& record : records) {
      bool in = true;
      for (size_t a = 0; a < shape.axes.size(); ++a) {
        const auto d = static_cast<size_t>(plan.axes[a].dimension);
        const size_t at = shape.at(cell, a);
        in = in &&
             (at == shape.axes[a].margin() ||
              shape.axes[a].codes[at] ==
                  CodeAt(ExampleDataSet().dimensions[d],
                         static_cast<size_t>(plan.axes[a].level), record[d]));
      }
      n += in ? 1 : 0;
    }
    cells[cell] = PublishedCell(n, n, n);
  }
  return cells;
}

Rows Evaluated(const Plan& plan, const TableShape& shape,
               const std::vector<Cell>& cells, bool additive = true) {
  auto rows = Evaluate(plan, shape, cells, additive);
  EXPECT_THAT(rows, IsOk());
  Rows by_key;
  for (const AnswerRow& row : *rows) {
    EXPECT_TRUE(by_key.emplace(row.key, row.cell).second) << "a row twice";
  }
  return by_key;
}

struct Question {
  std::vector<std::string> by;
  std::string where;
  std::function<bool(const Record&)> admits;
};

const std::vector<Question>& Questions() {
  static const auto* const questions = new std::vector<Question>{
      {{}, "", [](const Record&) { return true; }},
      {{"sex", "age_core"}, "", [](const Record&) { return true; }},
      {{"age_core"},
       "age_band = '0-9' OR age_band = '25+'",
       [](const Record& r) { return r[1] == "0-9" || r[1] == "25+"; }},
      {{"sex"},
       "age < 18 AND month >= '2024-04'",
       [](const Record& r) {
         return (r[1] == "0-9" || r[1] == "10-17") && r[0] >= "2024-04" &&
                r[0] != "U";
       }},
      {{"ward", "sex"},
       "lsoa IN ('L1','L3')",
       [](const Record& r) { return r[3] == "L1" || r[3] == "L3"; }},
      {{"lsoa"},
       "ward <> 'W1'",
       [](const Record& r) { return kWards.at(r[3]) != "W1"; }},
      {{"age_band", "sex"},
       "sex = 'M' OR age_band = '18-24'",
       [](const Record& r) { return r[2] == "M" || r[1] == "18-24"; }},
      {{},
       "NOT (sex = 'M' AND age_band <> 'U') OR month = '2024-05'",
       [](const Record& r) {
         return !(r[2] == "M" && r[1] != "U") || r[0] == "2024-05";
       }},
      {{"quarter"},
       "month <> '2024-05'",
       [](const Record& r) { return r[0] != "2024-05"; }},
  };
  return *questions;
}

TEST(Evaluate, CountsWhatAHandWouldCount) {
  std::mt19937 random(5);
  std::vector<std::string> lsoas;
  for (const auto& [lsoa, ward] : kWards) lsoas.push_back(lsoa);
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i) {
    records.push_back({kMonths[random() % 7], kBands[random() % 5],
                       kSexes[random() % 3], lsoas[random() % 5]});
  }
  for (const Question& question : Questions()) {
    const Plan plan = PlanOf(question.by, question.where);
    const TableShape shape = ShapeOf(plan);
    const Rows rows = Evaluated(plan, shape, Count(plan, shape, records));
    // Every row by hand: the codes of --by, each also as "Total".
    std::map<std::vector<std::string>, int64_t> expected;
    expected[std::vector<std::string>(question.by.size(), kTotal)] = 0;
    for (const Record& record : records) {
      if (!question.admits(record)) continue;
      for (size_t mask = 0; mask < (size_t{1} << question.by.size()); ++mask) {
        std::vector<std::string> key;
        for (size_t i = 0; i < question.by.size(); ++i) {
          const auto at = *ExampleDataSet().FindVariable(question.by[i]);
          const auto d = static_cast<size_t>(at.dimension);
          key.push_back((mask >> i & 1) != 0
                            ? std::string(kTotal)
                            : CodeAt(ExampleDataSet().dimensions[d],
                                     static_cast<size_t>(at.level), record[d]));
        }
        ++expected[key];
      }
    }
    for (const auto& [key, count] : expected) {
      ASSERT_EQ(rows.count(key), 1u) << question.where;
      EXPECT_EQ(rows.at(key), PublishedCell(count, count, count))
          << question.where << " " << ::testing::PrintToString(key);
    }
    for (const auto& [key, cell] : rows) {
      if (expected.count(key) == 0) {
        EXPECT_EQ(cell.high, 0) << ::testing::PrintToString(key);
      }
    }
  }
}

// sex x nothing: M, F, U and the margin.
TableShape SexShape(const std::vector<std::string>& codes) {
  TableShape shape;
  TableAxis axis;
  axis.variable = "sex";
  axis.codes = codes;
  axis.part.assign(codes.size(), false);
  shape.axes = {axis};
  return shape;
}

TEST(Evaluate, AddsIntervalsAndNeverInventsANumber) {
  const Plan plan = PlanOf({}, "sex IN ('M','F')");
  const std::vector<Cell> cells = {PublishedCell(40, 38, 42),
                                   SuppressedCell(0, 7), SuppressedCell(0, 7),
                                   SuppressedCell(38, 56)};
  const Rows rows = Evaluated(plan, SexShape(kSexes), cells);
  EXPECT_EQ(rows.at({}), (Cell{CellStatus::kBounded, 0, 38, 49}));
}

TEST(Evaluate, UsesTheMarginWhereTheFilterTreatsAllCodesAlike) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<Cell> cells = {SuppressedCell(0, 7), SuppressedCell(0, 7),
                                   SuppressedCell(0, 7),
                                   PublishedCell(10, 8, 12)};
  EXPECT_EQ(Evaluated(plan, SexShape(kSexes), cells).at({kTotal}), cells[3]);
}

TEST(Evaluate, DistinctPersonsUnite) {
  const Plan plan = PlanOf({}, "sex IN ('M','F')");
  const std::vector<Cell> cells = {
      PublishedCell(40, 38, 42), PublishedCell(10, 8, 12), SuppressedCell(0, 7),
      PublishedCell(45, 43, 47)};
  EXPECT_EQ(Evaluated(plan, SexShape(kSexes), cells, false).at({}),
            (Cell{CellStatus::kBounded, 0, 38, 54}));
}

TEST(Evaluate, ACodeTheSourceDoesNotTellApartIsNotAZero) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<Cell> cells = {
      PublishedCell(40, 38, 42), SuppressedCell(0, 7), SuppressedCell(38, 49)};
  const Rows rows = Evaluated(plan, SexShape({"M", "U"}), cells);
  EXPECT_EQ(rows.at({"F"}).status, CellStatus::kNotApplicable);
  EXPECT_EQ(rows.at({"F"}).high, kNoLimit);
  EXPECT_EQ(rows.at({kTotal}), cells[2]);  // all there is, told apart or not
  // A part of what is asked for may stand under another code.
  const Plan both = PlanOf({}, "sex IN ('M','F')");
  const Rows total = Evaluated(both, SexShape({"M", "U"}), cells);
  EXPECT_EQ(total.at({}), (Cell{CellStatus::kUnavailable, 0, 38, kNoLimit}));
}

TEST(Evaluate, MonthsThatAreNotCoveredAreNeverAZero) {
  const Plan plan = PlanOf({"month"});
  TableShape shape;
  TableAxis axis;
  axis.variable = "month";
  axis.codes = {"2024-02", "2024-03"};
  axis.part = {false, false};
  axis.roll_ups = {{"quarter", {"2024-Q1", "2024-Q1"}},
                   {"financial_year", {"2023/24", "2023/24"}}};
  shape.axes = {axis};
  const std::vector<Cell> cells = {PublishedCell(20, 18, 22),
                                   PublishedCell(10, 8, 12),
                                   PublishedCell(30, 28, 32)};
  const Rows rows = Evaluated(plan, shape, cells);
  EXPECT_EQ(rows.at({"2024-02"}), cells[0]);
  EXPECT_EQ(rows.at({"2024-05"}).status, CellStatus::kUnavailable);
  EXPECT_EQ(rows.at({kTotal}),
            (Cell{CellStatus::kUnavailable, 0, 28, kNoLimit}));
}

TEST(Evaluate, APlaceOutsideTheAreaDoesNotApply) {
  const Plan plan = PlanOf({}, "lsoa = 'L9'");
  TableShape shape;
  TableAxis axis;
  axis.variable = "lsoa";
  axis.codes = {"L1", "U"};
  axis.part = {false, false};
  axis.roll_ups = {{"ward", {"W1", "U"}}};
  shape.axes = {axis};
  const std::vector<Cell> cells(3, PublishedCell(10, 8, 12));
  const Rows rows = Evaluated(plan, shape, cells);
  EXPECT_EQ(rows.at({}), Cell{});
}

TEST(Evaluate, RefusesATableOfAnotherShape) {
  const Plan plan = PlanOf({"sex"});
  const std::vector<Cell> four(4);
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  TableShape other = SexShape(kSexes);
  other.axes[0].variable = "age_band";
  EXPECT_THAT(Evaluate(plan, other, four, true), StatusIs(kInvalid));
  EXPECT_THAT(Evaluate(plan, SexShape(kSexes), std::vector<Cell>(3), true),
              StatusIs(kInvalid));
  EXPECT_THAT(Evaluate(plan, TableShape(), std::vector<Cell>(1), true),
              StatusIs(kInvalid));
  // A code that the catalogue does not have.
  EXPECT_THAT(Evaluate(plan, SexShape({"M", "F", "Q"}), four, true),
              StatusIs(kInvalid));
  // A finer table that does not say what its codes lie in.
  const Plan coarse = PlanOf({"age_core"}, "age_band = '0-9'");
  TableShape bands;
  bands.axes = {{"age_band", kBands, std::vector<bool>(5, false), {}, false}};
  EXPECT_THAT(Evaluate(coarse, bands, std::vector<Cell>(6), true),
              StatusIs(kInvalid));
}

}  // namespace
}  // namespace cairn
