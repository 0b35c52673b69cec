#include "core/disclosure/cell_key.h"

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Row = PerturbationTable::Row;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

struct Numbers {
  double variance;
  int64_t max_noise;
  int64_t smallest_shown;
};
const std::vector<Numbers> kNumbers = {
    {1, 2, 1},    {0.5, 1, 1}, {2.0 / 3, 1, 1}, {1.05, 2, 2},  {2, 3, 3},
    {3, 5, 1},    {3, 5, 3},   {6, 5, 4},       {10, 5, 1},    {0.01, 2, 1},
    {0.3, 10, 1}, {30, 10, 8}, {650, 50, 1},    {200, 50, 11},
};

std::string Say(const Numbers& numbers, size_t count) {
  return "variance " + std::to_string(numbers.variance) + ", noise " +
         std::to_string(numbers.max_noise) + ", smallest " +
         std::to_string(numbers.smallest_shown) + ", count " +
         std::to_string(count);
}

PerturbationTable Table(const Numbers& numbers) {
  auto table = PerturbationTable::Make(numbers.variance, numbers.max_noise,
                                       numbers.smallest_shown);
  EXPECT_THAT(table, IsOk());
  return *std::move(table);
}

double Moment(const Row& row, int order) {
  double moment = 0;
  for (const auto& step : row) {
    moment +=
        std::pow(static_cast<double>(step.noise), order) * step.probability;
  }
  return moment;
}

// A change of a distribution that leaves its sum and its moments under
// `points - 1` as they are (divided differences of polynomials of lower order
// vanish), from step `at` on. Such changes span all there are.
std::vector<double> Change(const Row& row, size_t at, size_t points) {
  std::vector<double> change(row.size(), 0);
  double largest = 0;
  for (size_t i = at; i < at + points; ++i) {
    double product = 1;
    for (size_t j = at; j < at + points; ++j) {
      if (i == j) continue;
      product *= static_cast<double>(row[i].noise - row[j].noise);
    }
    change[i] = 1 / product;
    largest = std::max(largest, std::abs(change[i]));
  }
  for (double& part : change) part /= largest;
  return change;
}

// The slope of the entropy, the sum of -p log p, along a change of sum 0.
double Slope(const Row& row, const std::vector<double>& change) {
  double slope = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    slope -= change[i] * std::log(row[i].probability);
  }
  return slope;
}

TEST(PerturbationTable, HasTheMeanTheRangeAndNothingThatMayNotBeShown) {
  for (const Numbers& numbers : kNumbers) {
    const PerturbationTable table = Table(numbers);
    EXPECT_EQ(table.max_noise(), numbers.max_noise);
    for (size_t count = 0; count < table.rows().size(); ++count) {
      const Row& row = table.rows()[count];
      EXPECT_NEAR(Moment(row, 0), 1, 1e-12) << Say(numbers, count);
      EXPECT_NEAR(Moment(row, 1), 0, 1e-10) << Say(numbers, count);
      for (const auto& step : row) {
        const int64_t shown = static_cast<int64_t>(count) + step.noise;
        EXPECT_GE(shown, 0) << Say(numbers, count);
        EXPECT_TRUE(shown == 0 || shown >= numbers.smallest_shown)
            << Say(numbers, count);
        EXPECT_LE(std::abs(step.noise), numbers.max_noise);
        EXPECT_GT(step.probability, 0);
      }
    }
    ASSERT_EQ(table.rows()[0].size(), 1u);
    EXPECT_EQ(table.rows()[0][0].noise, 0);
    EXPECT_NEAR(table.variance(), numbers.variance, 1e-9 * numbers.variance);
    EXPECT_EQ(table.rows().back().size(),
              static_cast<size_t>(2 * numbers.max_noise + 1));
  }
}

// The entropy is concave and what is asked of the noise is linear: a
// distribution from which no allowed change leads upwards is the best of all.
TEST(PerturbationTable, NoOtherNoiseOfThatMeanAndVarianceIsMoreUncertain) {
  for (const Numbers& numbers : kNumbers) {
    const PerturbationTable table = Table(numbers);
    for (size_t count = 1; count < table.rows().size(); ++count) {
      const Row& row = table.rows()[count];
      const double variance = Moment(row, 2);
      const bool whole = variance > numbers.variance * (1 - 1e-9);
      if (row.size() == 2) continue;  // the mean leaves it no choice
      EXPECT_LE(variance, numbers.variance * (1 + 1e-9)) << Say(numbers, count);
      // With less than the variance, any change of it was allowed too.
      const size_t points = whole ? 4 : 3;
      for (size_t at = 0; at + points <= row.size(); ++at) {
        EXPECT_NEAR(Slope(row, Change(row, at, points)), 0, 1e-6)
            << Say(numbers, count) << " at " << at;
      }
      // And where it has the whole variance, more of it would be more
      // uncertain, or as much: so the bound is what holds it.
      for (size_t at = 0; whole && at + 3 <= row.size(); ++at) {
        std::vector<double> spread = Change(row, at, 3);
        double added = 0;
        for (size_t i = 0; i < row.size(); ++i) {
          added += spread[i] * static_cast<double>(row[i].noise * row[i].noise);
        }
        for (double& part : spread) part *= added > 0 ? 1 : -1;
        EXPECT_GE(Slope(row, spread), -1e-6) << Say(numbers, count);
      }
    }
  }
}

// Noise -2..2 of variance 1 by bisection. Symmetric, so p1 = (1 - 8 p2) / 2 and
// p0 = 1 - 2 p1 - 2 p2; at the most entropy p1^4 = p0^3 p2.
TEST(PerturbationTable, IsThePublishedFormForNoiseOfTwo) {
  double low = 0, high = 1.0 / 8;
  for (int i = 0; i < 200; ++i) {
    const double p2 = (low + high) / 2;
    const double p1 = (1 - 8 * p2) / 2, p0 = 1 - 2 * p1 - 2 * p2;
    (std::pow(p1, 4) > std::pow(p0, 3) * p2 ? low : high) = p2;
  }
  const Row row = Table({1, 2, 1}).rows().back();
  EXPECT_NEAR(row[0].probability, low, 1e-12);
  EXPECT_NEAR(row[1].probability, (1 - 8 * low) / 2, 1e-12);
  EXPECT_NEAR(row[4].probability, low, 1e-12);
}

TEST(PerturbationTable, AWalkByChanceNeverFindsMoreUncertainNoise) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> step(-0.02, 0.02);
  const auto entropy = [](const Row& row) {
    double sum = 0;
    for (const auto& s : row) sum -= s.probability * std::log(s.probability);
    return sum;
  };
  for (const Numbers& numbers :
       std::vector<Numbers>{{1, 2, 1}, {3, 5, 1}, {3, 5, 3}}) {
    const PerturbationTable table = Table(numbers);
    for (const Row& row : table.rows()) {
      for (int i = 0; i < 2000 && row.size() > 3; ++i) {
        Row other = row;
        bool fits = true;
        for (size_t at = 0; at + 4 <= row.size(); ++at) {
          const std::vector<double> change = Change(row, at, 4);
          const double by = step(random);
          for (size_t k = 0; k < row.size(); ++k) {
            other[k].probability += by * change[k];
          }
        }
        for (const auto& s : other) fits = fits && s.probability > 0;
        EXPECT_TRUE(!fits || entropy(other) <= entropy(row));
      }
    }
  }
}

TEST(PerturbationTable, WithOneStepTheVarianceSaysAll) {
  const Row row = Table({0.5, 1, 1}).rows().back();
  EXPECT_NEAR(row[0].probability, 0.25, 1e-12);
  EXPECT_NEAR(row[1].probability, 0.5, 1e-12);
  EXPECT_NEAR(row[2].probability, 0.25, 1e-12);
}

TEST(PerturbationTable, ACountThatMayNotBeShownGoesToZeroOrTheFirstThatMay) {
  const PerturbationTable table = Table({1, 3, 3});
  const Row& one = table.rows()[1];
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[0].noise, -1);
  EXPECT_NEAR(one[0].probability, 2.0 / 3, 1e-12);
  EXPECT_EQ(one[1].noise, 2);
  EXPECT_EQ(table.smallest_shown(), 3);
}

TEST(PerturbationTable, RefusesNoiseThatCannotBe) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(PerturbationTable::Make(2.1, 2),
              StatusIs(kInvalid, HasSubstr("cell_key.variance is 2.1")));
  EXPECT_THAT(PerturbationTable::Make(nan, 2), StatusIs(kInvalid));
  EXPECT_THAT(PerturbationTable::Make(0, 2), StatusIs(kInvalid));
  EXPECT_THAT(PerturbationTable::Make(1, 0),
              StatusIs(kInvalid, HasSubstr("cell_key.max_noise is 0")));
  EXPECT_THAT(PerturbationTable::Make(1, 51), StatusIs(kInvalid));
  EXPECT_THAT(PerturbationTable::Make(1, 2, 4),
              StatusIs(kInvalid, HasSubstr("cell_key.smallest_shown is 4")));
}

TEST(PerturbationTable, ALoadedRowThatIsNoNoiseIsRefusedByName) {
  const auto why = [](int64_t count, const Row& row) {
    return std::string(PerturbationTable::CheckRow(count, row).message());
  };
  EXPECT_EQ(why(2, {{-1, 0.25}, {0, 0.5}, {1, 0.25}}), "");
  EXPECT_THAT(why(2, {{-1, 0.25}, {0, 0.4}, {1, 0.25}}),
              AllOf(HasSubstr("row of count 2"), HasSubstr("sum to 0.9")));
  EXPECT_THAT(why(1, {{-1, 0.4}, {0, 0.2}, {2, 0.4}}),
              HasSubstr("the mean of the noise is 0.4"));
  EXPECT_THAT(why(1, {{-2, 0.5}, {2, 0.5}}), HasSubstr("gives -1"));
  EXPECT_THAT(why(0, {{0, 0.5}, {1, 0.5}}), HasSubstr("0 stays 0"));
  EXPECT_THAT(why(3, {{0, 0.5}, {0, 0.5}}), HasSubstr("there twice"));
  EXPECT_THAT(why(3, {{0, 1.5}, {1, -0.5}}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(why(99, {{-51, 0.5}, {51, 0.5}}), HasSubstr("more than 50"));
  EXPECT_THAT(why(3, {}), HasSubstr("sum to 0,"));
  EXPECT_THAT(PerturbationTable::Create({}), StatusIs(kInvalid));
}

TEST(PerturbationTable, ALoadedTableIsTakenAsItIs) {
  const auto table = PerturbationTable::Create(
      {{{0, 1}}, {{-1, 0.5}, {1, 0.5}}, {{0, 0}, {1, 0.5}, {-1, 0.5}}});
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->max_noise(), 1);
  EXPECT_EQ(table->variance(), 1);
  EXPECT_EQ(table->smallest_shown(), 1);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  for (const int64_t count : {1, 2, 3, 1000000}) {
    EXPECT_EQ(table->NoiseOf(count, 0), -1) << count;
    EXPECT_EQ(table->NoiseOf(count, kHalf - 1), -1) << count;
    EXPECT_EQ(table->NoiseOf(count, kHalf), 1) << count;
    EXPECT_EQ(table->NoiseOf(count, ~uint64_t{0}), 1) << count;
  }
  EXPECT_EQ(table->NoiseOf(0, 0), 0);
}

DisclosurePolicy Policy() {
  DisclosurePolicy policy;
  policy.cell_key = CellKeyNoise();
  return policy;
}

// Sums of the keys of records that nobody knows.
std::vector<uint64_t> Sums(size_t cells, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> sums(cells);
  for (uint64_t& sum : sums) sum = random();
  return sums;
}

std::vector<int64_t> NoiseOver(int64_t count, const std::vector<uint64_t>& sums,
                               const DisclosurePolicy& policy,
                               const std::string& secret) {
  const auto noisy = PerturbFigures(std::vector<int64_t>(sums.size(), count),
                                    sums, policy, secret);
  EXPECT_THAT(noisy, IsOk());
  std::vector<int64_t> noise = *noisy;
  for (int64_t& one : noise) one -= count;
  return noise;
}

TEST(CellKey, BiasAndVarianceOfAMillionCellsAreTheTablesToOnePercent) {
  const std::vector<uint64_t> sums = Sums(1000000, 1);
  for (const auto& [variance, max_noise, smallest] :
       std::vector<Numbers>{{1, 2, 1}, {3, 5, 3}}) {
    DisclosurePolicy policy;
    policy.cell_key = CellKeyNoise{variance, max_noise, smallest, "", nullptr};
    double sum = 0, squares = 0;
    for (const int64_t noise : NoiseOver(200, sums, policy, "secret")) {
      sum += static_cast<double>(noise);
      squares += static_cast<double>(noise * noise);
    }
    const double mean = sum / 1e6;
    EXPECT_LT(std::abs(mean), 0.01 * std::sqrt(variance));
    EXPECT_NEAR(squares / 1e6 - mean * mean, variance, 0.01 * variance);
  }
}

TEST(CellKey, EverySmallCountHasItsRowToo) {
  const PerturbationTable table = Table({3, 5, 3});
  std::mt19937_64 random(2);
  for (size_t count = 1; count < table.rows().size(); ++count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < 1000000; ++i) {
      const auto noise = static_cast<double>(
          table.NoiseOf(static_cast<int64_t>(count), random()));
      sum += noise;
      squares += noise * noise;
    }
    const double variance = Moment(table.rows()[count], 2);
    EXPECT_LT(std::abs(sum / 1e6), 0.01 * std::sqrt(variance)) << count;
    EXPECT_NEAR(squares / 1e6, variance, 0.01 * variance) << count;
  }
}

TEST(CellKey, TheSameCellHasTheSameValueInAThousandAsks) {
  FrequencyTable table;
  table.keys = Sums(50, 3);
  table.keys[7] = 0;
  for (int64_t count = 0; count < 50; ++count) table.counts.push_back(count);
  const std::string secret = CellKeySecret("agent", "events");
  const auto first = PerturbCounts(table, Policy(), secret);
  ASSERT_THAT(first, IsOk());
  EXPECT_NE(*first, table.counts);
  for (int ask = 0; ask < 1000; ++ask) {
    EXPECT_EQ(*PerturbCounts(table, Policy(), secret), *first);
  }
  // In another table, at another place, beside other cells.
  const auto alone =
      PerturbFigures({table.counts[20]}, {table.keys[20]}, Policy(), secret);
  EXPECT_EQ((*alone)[0], (*first)[20]);
}

TEST(CellKey, ZeroStaysZeroAndNothingIsBelow) {
  for (const Numbers& numbers : kNumbers) {
    DisclosurePolicy policy;
    policy.cell_key = CellKeyNoise{numbers.variance, numbers.max_noise,
                                   numbers.smallest_shown, "", nullptr};
    for (int64_t count = 0; count <= 60; ++count) {
      for (const int64_t noise :
           NoiseOver(count, Sums(200, 4), policy, "secret")) {
        EXPECT_GE(count + noise, 0);
        EXPECT_LE(std::abs(noise), numbers.max_noise);
        EXPECT_TRUE(count > 0 || noise == 0);
        if (count + noise > 0) {
          EXPECT_GE(count + noise, numbers.smallest_shown);
        }
      }
    }
  }
}

// Pearson's statistic of independence over the pairs.
double ChiSquare(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::map<int64_t, double> in_a, in_b;
  std::map<std::pair<int64_t, int64_t>, double> both;
  for (size_t i = 0; i < a.size(); ++i) {
    ++in_a[a[i]];
    ++in_b[b[i]];
    ++both[{a[i], b[i]}];
  }
  double statistic = 0;
  for (const auto& [x, times_x] : in_a) {
    for (const auto& [y, times_y] : in_b) {
      const double expected = times_x * times_y / static_cast<double>(a.size());
      const double off = both[{x, y}] - expected;
      statistic += off * off / expected;
    }
  }
  return statistic;
}

// The 99.9 % point for the 5 x 5, 25 x 5 tables below (16 and 96 degrees of
// freedom).
constexpr double kPairs = 39.3;
constexpr double kTriples = 144.6;

TEST(CellKey, NoisesOfNestedCellsKnowNothingOfEachOther) {
  constexpr size_t kCells = 200000;
  const std::vector<uint64_t> left = Sums(kCells, 5), right = Sums(kCells, 6);
  std::vector<uint64_t> whole(kCells);
  for (size_t i = 0; i < kCells; ++i) whole[i] = left[i] + right[i];
  const auto noise = [](const std::vector<uint64_t>& sums) {
    return NoiseOver(30, sums, Policy(), "secret");
  };
  const auto pair_up = [](const std::vector<int64_t>& a,
                          const std::vector<int64_t>& b) {
    std::vector<int64_t> pairs(a.size());
    for (size_t i = 0; i < a.size(); ++i) pairs[i] = 100 * a[i] + b[i];
    return pairs;
  };
  const std::vector<int64_t> l = noise(left), r = noise(right),
                             w = noise(whole);
  EXPECT_LT(ChiSquare(w, l), kPairs);
  EXPECT_LT(ChiSquare(pair_up(l, r), w), kTriples);

  // Looked up by the sums themselves, the parts would tell of the whole.
  const PerturbationTable table = Table({1, 2, 1});
  const auto bare = [&table](const std::vector<uint64_t>& sums) {
    std::vector<int64_t> noises(sums.size());
    for (size_t i = 0; i < sums.size(); ++i) {
      noises[i] = table.NoiseOf(30, sums[i]);
    }
    return noises;
  };
  EXPECT_GT(ChiSquare(pair_up(bare(left), bare(right)), bare(whole)),
            100 * kTriples);
}

TEST(CellKey, OneRecordMoreIsAnotherNoise) {
  const std::vector<uint64_t> sums = Sums(200000, 7);
  std::vector<uint64_t> more = sums;
  const uint64_t newcomer = Sums(1, 8)[0];  // the same known person each time
  for (uint64_t& sum : more) sum += newcomer;
  EXPECT_LT(ChiSquare(NoiseOver(30, sums, Policy(), "secret"),
                      NoiseOver(31, more, Policy(), "secret")),
            kPairs);
}

TEST(CellKey, AnotherSecretOrDataSetIsAnotherNoise) {
  const std::vector<uint64_t> sums = Sums(200000, 9);
  const std::string one = CellKeySecret("agent", "events");
  const std::string two = CellKeySecret("agent", "referrals");
  EXPECT_EQ(one.size(), 32u);
  EXPECT_LT(ChiSquare(NoiseOver(30, sums, Policy(), one),
                      NoiseOver(30, sums, Policy(), two)),
            kPairs);
  EXPECT_NE(one, RecordKeySecret("agent", "events"));
  EXPECT_NE(one, CellKeySecret("other", "events"));
  EXPECT_NE(RecordKeyCheck("agent", "events"),
            RecordKeyCheck("other", "events"));
  EXPECT_EQ(RecordKeyCheck("agent", "events").size(), 16u);
}

TEST(CellKey, WithoutKeysOrATableNothingIsGiven) {
  FrequencyTable table;
  table.counts = {3, 4};
  EXPECT_THAT(PerturbCounts(table, Policy(), "secret"),
              StatusIs(kInvalid, HasSubstr("no keys")));
  table.keys = {1, 2};
  EXPECT_THAT(PerturbCounts(table, DisclosurePolicy(), "secret"),
              StatusIs(kInvalid, HasSubstr("no noise")));
  DisclosurePolicy elsewhere = Policy();
  elsewhere.cell_key->table_digest = "ab";
  EXPECT_THAT(PerturbCounts(table, elsewhere, "secret"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(CellKey, ALoadedTableIsTheOneUsed) {
  auto loaded = PerturbationTable::Create({{{0, 1}}, {{0, 1}}});
  ASSERT_THAT(loaded, IsOk());
  DisclosurePolicy policy = Policy();
  policy.cell_key->table_digest = "ab";
  policy.cell_key->loaded =
      std::make_shared<const PerturbationTable>(*std::move(loaded));
  for (const int64_t noise : NoiseOver(30, Sums(1000, 10), policy, "secret")) {
    EXPECT_EQ(noise, 0);
  }
}

}  // namespace
}  // namespace cairn
