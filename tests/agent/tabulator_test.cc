#include "agent/tabulator.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

struct Row {
  std::vector<int64_t> codes;
  int64_t person;
  std::vector<int64_t> values;
  uint64_t key = 0;
};

TableShape Shape(const std::vector<size_t>& sizes,
                 const std::vector<bool>& multi) {
  TableShape shape;
  for (size_t a = 0; a < sizes.size(); ++a) {
    TableAxis axis;
    axis.variable = "v" + std::to_string(a);
    for (size_t i = 0; i < sizes[a]; ++i) {
      axis.codes.push_back("c" + std::to_string(i));
    }
    axis.part.assign(sizes[a], false);
    axis.multi_valued = multi[a];
    shape.axes.push_back(std::move(axis));
  }
  return shape;
}

// Does the record lie in the cell? Asked of every record and every cell.
bool In(const Row& row, const TableShape& shape, size_t cell) {
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const size_t at = shape.at(cell, a);
    if (at == shape.axes[a].margin()) continue;
    const int64_t code = row.codes[a];
    const bool in = shape.axes[a].multi_valued
                        ? (code >> at & 1) != 0
                        : code == static_cast<int64_t>(at);
    if (!in) return false;
  }
  return true;
}

void ExpectLikeByHand(const FrequencyTable& table, const std::vector<Row>& rows,
                      bool persons, size_t sums) {
  for (size_t cell = 0; cell < table.shape.cells(); ++cell) {
    int64_t count = 0, keyless = 0;
    uint64_t sum_of_keys = 0;  // modulo 2^64
    std::set<int64_t> keys;
    // Contributors of each sum: a person, or a record of nobody.
    std::vector<std::map<std::pair<int64_t, size_t>, int64_t>> shares(sums);
    std::vector<int64_t> totals(sums, 0);
    for (size_t r = 0; r < rows.size(); ++r) {
      if (!In(rows[r], table.shape, cell)) continue;
      ++count;
      sum_of_keys += rows[r].key;
      if (rows[r].person >= 0) {
        keys.insert(rows[r].person);
      } else {
        ++keyless;
      }
      for (size_t s = 0; s < sums; ++s) {
        const size_t own = rows[r].person < 0 ? r + 1 : 0;
        shares[s][{rows[r].person, own}] += rows[r].values[s];
        totals[s] += rows[r].values[s];
      }
    }
    EXPECT_EQ(table.counts[cell], count) << cell;
    EXPECT_EQ(table.keys[cell], sum_of_keys) << cell;
    if (persons) {
      const auto keyed = static_cast<int64_t>(keys.size());
      EXPECT_EQ(table.keyed_persons[cell], keyed) << cell;
      EXPECT_EQ(table.persons[cell], keyed + (keyless > 0 ? 1 : 0)) << cell;
    }
    for (size_t s = 0; s < sums; ++s) {
      std::vector<int64_t> largest = {0, 0};
      for (const auto& [who, share] : shares[s]) largest.push_back(share);
      std::sort(largest.begin(), largest.end(), std::greater<>());
      EXPECT_EQ(table.sums[s].total[cell], totals[s]) << cell;
      EXPECT_EQ(table.sums[s].largest[cell], largest[0]) << cell;
      EXPECT_EQ(table.sums[s].second[cell], largest[1]) << cell;
    }
  }
}

TEST(Tabulator, CountsWhatAHandWouldCount) {
  std::mt19937 random(11);
  std::mt19937_64 random_key(12);
  for (int round = 0; round < 200; ++round) {
    const size_t axes = random() % 4;
    std::vector<size_t> sizes;
    std::vector<bool> multi;
    for (size_t a = 0; a < axes; ++a) {
      sizes.push_back(1 + random() % 4);
      multi.push_back(random() % 3 == 0);
    }
    const bool persons = random() % 2 == 0;
    const size_t sums = random() % 3;
    std::vector<Row> rows;
    for (size_t r = random() % 60; r > 0; --r) {
      Row row;
      for (size_t a = 0; a < axes; ++a) {
        // At least one code, as the not-known code is one.
        row.codes.push_back(static_cast<int64_t>(
            multi[a] ? 1 + random() % ((size_t{1} << sizes[a]) - 1)
                     : random() % sizes[a]));
      }
      row.person = persons ? static_cast<int64_t>(random() % 12) - 2 : -1;
      if (row.person < 0) row.person = -1;
      for (size_t s = 0; s < sums; ++s) {
        row.values.push_back(static_cast<int64_t>(random() % 50));
      }
      row.key = random_key();
      rows.push_back(std::move(row));
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.person < b.person;
    });
    Tabulator::Options options;
    options.persons = persons;
    options.keys = true;
    for (size_t s = 0; s < sums; ++s) {
      options.sums.push_back({"q" + std::to_string(s), 0, 0, 100, {}, {}, {}});
    }
    Tabulator tabulator(Shape(sizes, multi), options);
    for (const Row& row : rows) {
      tabulator.Add(row.codes, row.person, row.values, row.key);
    }
    ExpectLikeByHand(tabulator.Finish(), rows, persons, sums);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

TEST(Tabulator, ARecordOfSeveralCodesCountsOnceInTheMargin) {
  Tabulator::Options options;
  options.keys = true;
  Tabulator tabulator(Shape({3}, {true}), options);
  tabulator.Add({0b011}, -1, {}, 100);
  tabulator.Add({0b110}, -1, {}, 1000);
  const FrequencyTable table = tabulator.Finish();
  EXPECT_EQ(table.counts, (std::vector<int64_t>{1, 2, 1, 2}));
  EXPECT_EQ(table.keys, (std::vector<uint64_t>{100, 1100, 1000, 1100}));
}

TEST(Tabulator, KeysAreSummedOnlyWhereTheyAreAskedFor) {
  Tabulator tabulator(Shape({2}, {false}), {});
  tabulator.Add({0}, -1, {}, 7);
  EXPECT_TRUE(tabulator.Finish().keys.empty());
}

TEST(Tabulator, RecordsWithoutAKeyCountAsOnePersonTogether) {
  Tabulator::Options options;
  options.persons = true;
  Tabulator tabulator(Shape({2}, {false}), options);
  for (const int64_t person : {-1, -1, -1, 4, 4, 9}) {
    tabulator.Add({0}, person, {});
  }
  const FrequencyTable table = tabulator.Finish();
  EXPECT_EQ(table.persons, (std::vector<int64_t>{3, 0, 3}));
  EXPECT_EQ(table.keyed_persons, (std::vector<int64_t>{2, 0, 2}));
}

TEST(Tabulator, NoRecordGivesATableOfZeros) {
  Tabulator::Options options;
  options.persons = true;
  options.sums.push_back({"days", 1, 0, 100, {}, {}, {}});
  const FrequencyTable table = Tabulator(Shape({2}, {false}), options).Finish();
  const std::vector<int64_t> zeros(3, 0);
  EXPECT_EQ(table.counts, zeros);
  EXPECT_EQ(table.persons, zeros);
  EXPECT_EQ(table.sums[0].total, zeros);
  EXPECT_EQ(table.sums[0].largest, zeros);
  EXPECT_EQ(table.sums[0].decimals, 1);
}

}  // namespace
}  // namespace cairn
