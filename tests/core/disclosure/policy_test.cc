#include "core/disclosure/policy.h"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// The nearest multiple, found by looking at all of them; half goes up.
int64_t NearestMultiple(int64_t number, int64_t base) {
  int64_t best = 0;
  for (int64_t multiple = 0; multiple <= number + base; multiple += base) {
    if (std::llabs(number - multiple) <= std::llabs(number - best)) {
      best = multiple;
    }
  }
  return best;
}

TEST(RoundToBin, IsTheNearestMultipleAndItsBinIsAllThatRoundsToIt) {
  for (int64_t base = 1; base <= 12; ++base) {
    for (int64_t number = 0; number <= 100; ++number) {
      const Bin bin = RoundToBin(number, base);
      EXPECT_EQ(bin.value, NearestMultiple(number, base))
          << number << " to base " << base;
      for (int64_t other = 0; other <= 120; ++other) {
        EXPECT_EQ(NearestMultiple(other, base) == bin.value,
                  bin.low <= other && other <= bin.high)
            << other << " in the bin of " << number << ", base " << base;
      }
    }
  }
}

DisclosurePolicy Policy(int64_t threshold, int64_t base) {
  DisclosurePolicy policy;
  policy.largest_hidden_count = threshold;
  policy.rounding_base = base;
  return policy;
}

TEST(CheckPolicy,
     AThresholdFitsExactlyWhereTheNextCountIsShownAsAnotherNumber) {
  for (int64_t base = 1; base <= 12; ++base) {
    for (int64_t threshold = 1; threshold <= 40; ++threshold) {
      const bool fits = NearestMultiple(threshold, base) !=
                        NearestMultiple(threshold + 1, base);
      EXPECT_EQ(CheckPolicy(Policy(threshold, base)).ok(), fits)
          << threshold << " base " << base;
    }
  }
}

TEST(CheckPolicy, MisfitPolicyIsRefusedAndNamesTheNearest) {
  EXPECT_THAT(CheckPolicy(Policy(5, 5)),
              StatusIs(kInvalid, AllOf(HasSubstr("largest_hidden_count 5"),
                                       HasSubstr("use 2 or 7"))));
  EXPECT_THAT(CheckPolicy(Policy(10, 5)),
              StatusIs(kInvalid, HasSubstr("use 7 or 12")));
  // Below the first bin's end there is nothing to offer.
  EXPECT_THAT(
      CheckPolicy(Policy(1, 5)),
      StatusIs(kInvalid, AllOf(HasSubstr("use 2"), Not(HasSubstr(" or ")))));
}

TEST(CheckPolicy, NamesTheFieldThatIsOutOfRange) {
  EXPECT_THAT(CheckPolicy(Policy(0, 1)),
              StatusIs(kInvalid, HasSubstr("largest_hidden_count is 0")));
  EXPECT_THAT(CheckPolicy(Policy(1001, 1)),
              StatusIs(kInvalid, HasSubstr("largest_hidden_count is 1001")));
  EXPECT_THAT(CheckPolicy(Policy(7, 0)),
              StatusIs(kInvalid, HasSubstr("rounding_base is 0")));
  EXPECT_THAT(CheckPolicy(Policy(7, 1001)),
              StatusIs(kInvalid, HasSubstr("rounding_base is 1001")));
  DisclosurePolicy persons;
  persons.minimum_persons = 0;
  EXPECT_THAT(CheckPolicy(persons),
              StatusIs(kInvalid, HasSubstr("minimum_persons is 0")));
}

TEST(CheckPolicy, RefusesSharesThatAreNoShares) {
  for (const double share :
       {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN(),
        std::numeric_limits<double>::infinity()}) {
    DisclosurePolicy dominance;
    dominance.dominance_k = share;
    EXPECT_THAT(CheckPolicy(dominance), StatusIs(kInvalid)) << share;
    DisclosurePolicy percent;
    percent.p_percent = share;
    EXPECT_THAT(CheckPolicy(percent), StatusIs(kInvalid)) << share;
  }
}

TEST(NoisyBin, HasEveryTrueCountThatCanBeShownSoAndNoOther) {
  for (const bool zeros_shown : {false, true}) {
    for (const int64_t base : {1, 5, 10}) {
      for (const int64_t noise : {0, 1, 2, 7}) {
        DisclosurePolicy policy = Policy(base == 5 ? 7 : 9, base);
        policy.zeros_shown = zeros_shown;
        if (noise > 0) policy.cell_key = CellKeyNoise{1, noise, 1, "", nullptr};
        // A shown 0 is a noisy count of 0; any other figure is a whole bin.
        for (int64_t value = zeros_shown ? 0 : base; value < 60;
             value += base) {
          const Bin bin = NoisyBin(value, policy);
          EXPECT_EQ(bin.value, value);
          for (int64_t count = 0; count < 90; ++count) {
            bool can = false;
            for (int64_t by = -noise; by <= noise; ++by) {
              const int64_t noisy = count + (count == 0 ? 0 : by);
              can = can ||
                    (value == 0
                         ? noisy == 0
                         : noisy > 0 && NearestMultiple(noisy, base) == value);
            }
            EXPECT_EQ(can, bin.low <= count && count <= bin.high)
                << count << " as " << value << ", noise " << noise;
          }
        }
      }
    }
  }
}

TEST(CheckPolicy, NoiseMustHaveRoom) {
  const auto why = [](double variance, int64_t most, int64_t smallest) {
    DisclosurePolicy policy;
    policy.cell_key = CellKeyNoise{variance, most, smallest, "", nullptr};
    return CheckPolicy(policy);
  };
  EXPECT_THAT(why(1, 2, 1), IsOk());
  EXPECT_THAT(why(2, 2, 3), IsOk());
  EXPECT_THAT(why(2.01, 2, 1),
              StatusIs(kInvalid, HasSubstr("cell_key.variance is 2.01; with "
                                           "max_noise 2 it must be between")));
  EXPECT_THAT(why(std::nan(""), 2, 1), StatusIs(kInvalid));
  EXPECT_THAT(why(0, 2, 1), StatusIs(kInvalid));
  EXPECT_THAT(why(1, 0, 1), StatusIs(kInvalid, HasSubstr("max_noise is 0")));
  EXPECT_THAT(why(1, 51, 1), StatusIs(kInvalid));
  EXPECT_THAT(why(1, 2, 4), StatusIs(kInvalid, HasSubstr("smallest_shown")));
}

// Each field by itself, up and down: a floor stands exactly where the field
// would tell more.
struct Step {
  const char* field;
  std::function<void(DisclosurePolicy*)> looser;
  std::function<void(DisclosurePolicy*)> stricter;
};

std::vector<Step> StepsOfEveryField() {
  using P = DisclosurePolicy*;
  return {
      {"largest_hidden_count", [](P p) { p->largest_hidden_count = 2; },
       [](P p) { p->largest_hidden_count = 12; }},
      {"rounding_base", [](P p) { p->rounding_base = 1; },
       [](P p) { p->rounding_base = 15; }},
      {"minimum_persons", [](P p) { p->minimum_persons = 4; },
       [](P p) { p->minimum_persons = 6; }},
      {"zeros", [](P p) { p->zeros_shown = true; }, [](P) {}},
      {"dominance.k", [](P p) { p->dominance_k = 0.91; },
       [](P p) { p->dominance_k = 0.5; }},
      {"dominance.k", [](P p) { p->dominance_k = 0; }, [](P) {}},
      {"p_percent", [](P p) { p->p_percent = 0.09; },
       [](P p) { p->p_percent = 0.2; }},
      {"p_percent", [](P p) { p->p_percent = 0; }, [](P) {}},
      {"method", [](P p) { p->cell_key.reset(); }, [](P) {}},
      {"cell_key.variance", [](P p) { p->cell_key->variance = 0.9; },
       [](P p) { p->cell_key->variance = 2; }},
      {"cell_key.max_noise", [](P p) { p->cell_key->max_noise = 2; },
       [](P p) { p->cell_key->max_noise = 4; }},
      {"cell_key.smallest_shown", [](P p) { p->cell_key->smallest_shown = 1; },
       [](P p) { p->cell_key->smallest_shown = 3; }},
  };
}

TEST(CheckAtLeast, HoldsEveryFieldAgainstTheFloorAndNamesTheOneThatIsLooser) {
  DisclosurePolicy floor;
  floor.cell_key = CellKeyNoise{1, 3, 2, "", nullptr};
  EXPECT_THAT(CheckAtLeast(floor, floor), IsOk());
  for (const Step& step : StepsOfEveryField()) {
    DisclosurePolicy looser = floor, stricter = floor;
    step.looser(&looser);
    step.stricter(&stricter);
    EXPECT_THAT(CheckAtLeast(stricter, floor), IsOk()) << step.field;
    EXPECT_THAT(
        CheckAtLeast(looser, floor),
        StatusIs(kInvalid, AllOf(::testing::StartsWith(step.field),
                                 HasSubstr("the partnership's floor is"))))
        << step.field;
    // The other way round the looser one is the floor, and all is well; where
    // it has no noise, noise is one layer more.
    EXPECT_THAT(CheckAtLeast(floor, looser), IsOk()) << step.field;
  }
}

TEST(CheckAtLeast, AFloorWithATableOfItsOwnMeansThatTable) {
  DisclosurePolicy floor, other;
  floor.cell_key = CellKeyNoise{1, 3, 2, "ab", nullptr};
  other.cell_key = CellKeyNoise{4, 6, 3, "cd", nullptr};
  EXPECT_THAT(CheckAtLeast(floor, floor), IsOk());
  EXPECT_THAT(CheckAtLeast(other, floor),
              StatusIs(kInvalid, HasSubstr("cell_key.table")));
}

TEST(CheckAtLeast, ASeveralFoldLooserPolicyIsNeverTaken) {
  // All ways to be looser somewhere and stricter elsewhere.
  DisclosurePolicy floor;
  floor.cell_key = CellKeyNoise{1, 3, 2, "", nullptr};
  for (const Step& bad : StepsOfEveryField()) {
    for (const Step& good : StepsOfEveryField()) {
      DisclosurePolicy policy = floor;
      good.stricter(&policy);
      bad.looser(&policy);
      EXPECT_THAT(CheckAtLeast(policy, floor), StatusIs(kInvalid))
          << bad.field << " looser, " << good.field << " stricter";
    }
  }
}

TEST(DisclosurePolicy, SaysItsNoiseFirst) {
  DisclosurePolicy policy;
  policy.cell_key = CellKeyNoise{1, 2, 1, "", nullptr};
  EXPECT_THAT(policy.ToWords(),
              HasSubstr("noise of up to 2, variance 1, then counts of 0 to 7 "
                        "hidden, the rest to the nearest 5"));
  policy.cell_key->smallest_shown = 3;
  EXPECT_THAT(policy.ToWords(), HasSubstr("no figure of 1 to 2"));
  policy.cell_key->table_digest = "ab";
  EXPECT_THAT(policy.ToWords(), HasSubstr("(own table)"));
  EXPECT_NE(policy, DisclosurePolicy());
}

TEST(DisclosurePolicy, ReadsAsASentence) {
  EXPECT_THAT(DisclosurePolicy().ToWords(),
              HasSubstr("counts of 0 to 7 hidden, the rest to the nearest 5"));
  DisclosurePolicy exact = Policy(9, 1);
  exact.zeros_shown = true;
  EXPECT_THAT(exact.ToWords(),
              HasSubstr("counts of 1 to 9 hidden, the rest exact"));
}

}  // namespace
}  // namespace cairn
