#include "core/disclosure/tidy_table.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

struct Written {
  TidyRows rows;
  std::vector<int64_t> counts;
};

// Rows "A M 3", the header's line is 1.
Written Rows(std::vector<std::string> dims,
             const std::vector<std::string>& lines) {
  Written written;
  written.rows.source = "t.csv";
  for (const std::string& line : lines) {
    std::vector<std::string> fields = absl::StrSplit(line, ' ');
    for (size_t d = 0; d < dims.size(); ++d) {
      written.rows.codes.push_back(fields[d]);
    }
    written.counts.push_back(std::stoll(fields[dims.size()]));
    written.rows.lines.push_back(written.counts.size() + 1);
  }
  written.rows.dims = std::move(dims);
  return written;
}

// Triples "area wards W1 L1".
TidyHierarchy Tree(const std::vector<std::string>& lines) {
  TidyHierarchy hierarchy;
  hierarchy.source = "h.csv";
  for (const std::string& line : lines) {
    const std::vector<std::string> f = absl::StrSplit(line, ' ');
    hierarchy.triples.push_back(
        {f[0], f[1], f[2], f[3], hierarchy.triples.size() + 2});
  }
  return hierarchy;
}

absl::Status Make(std::vector<std::string> dims,
                  const std::vector<std::string>& lines,
                  const TidyHierarchy& hierarchy = {}, int64_t most = 100000) {
  return TidyTable::Create(Rows(std::move(dims), lines).rows, hierarchy, most)
      .status();
}

int CellOf(const TidyTable& table, const std::vector<std::string>& codes) {
  for (int cell = 0; cell < table.system().cells(); ++cell) {
    bool same = true;
    for (size_t d = 0; d < codes.size(); ++d) {
      same = same && table.code(cell, d) == codes[d];
    }
    if (same) return cell;
  }
  ADD_FAILURE() << "no such cell";
  return 0;
}

TEST(TidyTable, AddsUpMarginsThatAreNotListed) {
  const Written in = Rows({"area", "sex"}, {"A M 3", "A F 4", "B M 5"});
  const auto table = TidyTable::Create(in.rows, {}, 100);
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->system().cells(), 9);
  const auto figures = table->Complete(in.counts);
  ASSERT_THAT(figures, IsOk());
  const std::map<std::pair<std::string, std::string>, int64_t> expected = {
      {{"A", "M"}, 3},     {{"A", "F"}, 4},     {{"A", "Total"}, 7},
      {{"B", "M"}, 5},     {{"B", "F"}, 0},     {{"B", "Total"}, 5},
      {{"Total", "M"}, 8}, {{"Total", "F"}, 4}, {{"Total", "Total"}, 12}};
  for (const auto& [codes, figure] : expected) {
    EXPECT_EQ((*figures)[CellOf(*table, {codes.first, codes.second})], figure);
  }
  const int unlisted = CellOf(*table, {"B", "F"});
  EXPECT_EQ(table->row_of(unlisted), -1);
  EXPECT_TRUE(table->is_leaf(unlisted));
  EXPECT_EQ(table->row_of(table->cell_of(1)), 1);
  EXPECT_EQ(table->NameOf(table->cell_of(1)), "area=A, sex=F");
}

// The oracle knows sets of people, not sums of cells: a cell holds the leaves
// below its code in every dimension.
TEST(TidyTable, KeepsEveryTreeOfRandomTables) {
  std::mt19937 random(4);
  for (int round = 0; round < 20; ++round) {
    // Areas L0..L5 in wards and, crosswise, in districts; sexes flat.
    std::map<std::string, std::set<std::string>> below;
    std::vector<std::string> triples;
    for (int i = 0; i < 6; ++i) {
      const std::string leaf = absl::StrCat("L", i);
      below[leaf] = below["Total"] = {};
      for (const char* kind : {"W", "D"}) {
        const std::string parent = absl::StrCat(kind, random() % 3);
        below[parent].insert(leaf);
        triples.push_back(absl::StrCat("area ", kind, " ", parent, " ", leaf));
      }
    }
    for (auto& [code, leaves] : below) {
      if (code[0] == 'L') leaves.insert(code);
      if (code[0] == 'L') below["Total"].insert(code);
      if (code[0] != 'W' && code[0] != 'D') continue;
      triples.push_back(
          absl::StrCat("area ", code.substr(0, 1), " Total ", code));
    }
    std::shuffle(triples.begin(), triples.end(), random);
    std::map<std::pair<std::string, std::string>, int64_t> leaves;
    std::vector<std::string> lines;
    for (int i = 0; i < 6; ++i) {
      for (const char* sex : {"M", "F"}) {
        const int64_t count = static_cast<int64_t>(random() % 30);
        leaves[{absl::StrCat("L", i), sex}] = count;
        if (count > 3)
          lines.push_back(absl::StrCat("L", i, " ", sex, " ", count));
        else
          leaves[{absl::StrCat("L", i), sex}] = 0;
      }
    }
    lines.push_back(absl::StrCat("L0 X ", 1));
    leaves[{"L0", "X"}] = 1;
    std::shuffle(lines.begin(), lines.end(), random);
    const Written in = Rows({"area", "sex"}, lines);
    const auto table = TidyTable::Create(in.rows, Tree(triples), 1000);
    ASSERT_THAT(table, IsOk());
    const auto figures = table->Complete(in.counts);
    ASSERT_THAT(figures, IsOk());
    for (int cell = 0; cell < table->system().cells(); ++cell) {
      int64_t expected = 0;
      for (const auto& [codes, count] : leaves) {
        const std::string& sex = table->code(cell, 1);
        if (below[table->code(cell, 0)].count(codes.first) > 0 &&
            (sex == "Total" || sex == codes.second)) {
          expected += count;
        }
      }
      EXPECT_EQ((*figures)[cell], expected) << table->NameOf(cell);
    }
    // The system agrees, and says of every cell what it is made of.
    const std::vector<Range> any(figures->size());
    EXPECT_TRUE(IsFeasible(table->system(), any, *figures));
    for (size_t cell = 0; cell < figures->size(); ++cell) {
      std::vector<int64_t> wrong = *figures;
      ++wrong[cell];
      EXPECT_FALSE(IsFeasible(table->system(), any, wrong));
    }
  }
}

TEST(TidyTable, ATreeNeedNotReachTotal) {
  const Written in = Rows({"area"}, {"A 3", "B 4", "C 5"});
  const auto table =
      TidyTable::Create(in.rows,
                        Tree({"area place Centre A", "area place Centre B",
                              "area place North B", "area place2 North C"}),
                        100);
  EXPECT_THAT(table, StatusIs(kInvalid, HasSubstr("two parents")));
  const auto groups =
      TidyTable::Create(in.rows,
                        Tree({"area p1 Centre A", "area p1 Centre B",
                              "area p2 North B", "area p2 North C"}),
                        100);
  ASSERT_THAT(groups, IsOk());
  const auto figures = groups->Complete(in.counts);
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ((*figures)[CellOf(*groups, {"Centre"})], 7);
  EXPECT_EQ((*figures)[CellOf(*groups, {"North"})], 9);
  EXPECT_EQ(groups->system().cells(), 5);  // no Total was asked for
}

TEST(TidyTable, AMarginThatIsNotItsSumIsRefusedWithBothFigures) {
  const Written in =
      Rows({"area", "sex"},
           {"A M 3", "A F 4", "Total F 9", "B M 5", "Total Total 13", "B F 4"});
  const auto table = TidyTable::Create(in.rows, {}, 100);
  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(
      table->Complete(in.counts),
      StatusIs(kInvalid, AllOf(HasSubstr("t.csv:4: area=Total, sex=F is 9"),
                               HasSubstr("add up to 8"),
                               HasSubstr("A (line 3), B (line 7)"))));
}

TEST(TidyTable, TreesThatDisagreeAreRefused) {
  const Written in = Rows({"age"}, {"a 3", "b 4", "x 3", "y 5"});
  const auto table =
      TidyTable::Create(in.rows,
                        Tree({"age one Total a", "age one Total b",
                              "age two Total x", "age two Total y"}),
                        100);
  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(table->Complete(in.counts),
              StatusIs(kInvalid, AllOf(HasSubstr("'two'"), HasSubstr("is 7"),
                                       HasSubstr("add up to 8"))));
}

TEST(TidyTable, WhatDoesNotAddUpCountsAsItsLargestPart) {
  const Written in =
      Rows({"area", "sex"}, {"A M 3", "A F 4", "B M 5", "Total M 6"});
  const auto table = TidyTable::Create(in.rows, {}, 100);
  ASSERT_THAT(table, IsOk());
  const auto persons = table->CompleteFromBelow(in.counts);
  EXPECT_EQ(persons[CellOf(*table, {"A", "Total"})], 4);
  EXPECT_EQ(persons[CellOf(*table, {"Total", "M"})], 6);
  EXPECT_EQ(persons[CellOf(*table, {"Total", "Total"})], 6);
  EXPECT_EQ(persons[CellOf(*table, {"B", "F"})], 0);
}

TEST(TidyTable, RefusesWhatCannotBeMeant) {
  EXPECT_THAT(Make({"a"}, {"x 1", "y 2", "x 3"}),
              StatusIs(kInvalid, AllOf(HasSubstr("t.csv:4:"),
                                       HasSubstr("already on line 2"))));
  EXPECT_THAT(Make({"a"}, {}), StatusIs(kInvalid, HasSubstr("no rows")));
  EXPECT_THAT(Make({"a"}, {"x 1", " 2"}),
              StatusIs(kInvalid, HasSubstr("t.csv:3: the code of a is empty")));
  EXPECT_THAT(Make({"a"}, {"x 1", "TOTAL 1"}),
              StatusIs(kInvalid, HasSubstr("must be written Total")));
  EXPECT_THAT(Make({"a"}, {"Total 1"}),
              StatusIs(kInvalid, HasSubstr("Total in every row")));
  EXPECT_THAT(Make({"a", "a"}, {"x x 1"}),
              StatusIs(kInvalid, HasSubstr("named twice")));
  EXPECT_THAT(Make({"a", "b", "c", "d", "e"}, {"x x x x x 1"}),
              StatusIs(kInvalid, HasSubstr("at most 4")));
  EXPECT_THAT(Make({"a", "b"}, {"x x 1", "y y 1"}, {}, 8),
              StatusIs(kInvalid, HasSubstr("3 x 3 cells")));
}

TEST(TidyTable, RefusesAHierarchyThatIsNone) {
  const std::vector<std::string> rows = {"L1 1", "L2 2"};
  const std::vector<std::string> good = {"a t W L1", "a t W L2"};
  const auto with = [&](const std::string& line) {
    std::vector<std::string> lines = good;
    lines.push_back(line);
    return Make({"a"}, rows, Tree(lines));
  };
  EXPECT_THAT(Make({"a"}, rows, Tree(good)), IsOk());
  EXPECT_THAT(with("b t W L1"),
              StatusIs(kInvalid, HasSubstr("h.csv:4: there is no dimension")));
  EXPECT_THAT(with("a t W L1"), StatusIs(kInvalid, HasSubstr("line 2")));
  EXPECT_THAT(with("a t V L1"), StatusIs(kInvalid, HasSubstr("two parents")));
  EXPECT_THAT(with("a t W Total"),
              StatusIs(kInvalid, HasSubstr("only be a parent")));
  EXPECT_THAT(with("a t L1 W"),
              StatusIs(kInvalid, HasSubstr("part of itself")));
  EXPECT_THAT(with("a u L1 L1"), StatusIs(kInvalid, HasSubstr("L1 > L1")));
  EXPECT_THAT(with("a u total L1"),
              StatusIs(kInvalid, HasSubstr("written Total")));
  EXPECT_THAT(with("a u  L1"), StatusIs(kInvalid, HasSubstr("h.csv:4:")));
  EXPECT_THAT(Make({"a"}, {"L1 1", "L9 2"}, Tree(good)),
              StatusIs(kInvalid, AllOf(HasSubstr("t.csv:3:"),
                                       HasSubstr("in no tree of h.csv"))));
  EXPECT_THAT(Make({"a"}, {"L1 1", "Total 2"}, Tree(good)),
              StatusIs(kInvalid, HasSubstr("parent Total")));
}

TEST(TidyTable, AHundredThousandCellsTakeNoTime) {
  TidyRows rows;
  rows.source = "t.csv";
  rows.dims = {"a", "b", "c", "d"};
  for (int i = 0; i < 22 * 15 * 15 * 14; ++i) {
    int rest = i;
    for (const int size : {22, 15, 15, 14}) {
      rows.codes.push_back(absl::StrCat("code-", rest % size));
      rest /= size;
    }
    rows.lines.push_back(static_cast<uint64_t>(i) + 2);
  }
  const std::vector<int64_t> counts(rows.lines.size(), 7);
  const auto start = std::chrono::steady_clock::now();
  const auto table = TidyTable::Create(std::move(rows), {}, 100'000);
  ASSERT_THAT(table, IsOk());
  ASSERT_THAT(table->Complete(counts), IsOk());
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  EXPECT_EQ(table->system().cells(), 23 * 16 * 16 * 15);
  // A tenth of it where the machine is free and the build is optimised.
  EXPECT_LT(seconds.count(), 5);
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds.count()));
}

}  // namespace
}  // namespace cairn
