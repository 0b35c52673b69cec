#include "core/disclosure/eras.h"

#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

TEST(Eras, TwoTotalsThatShareMonthsArePartedIntoWhatCameAndWentAndStayed) {
  EXPECT_EQ(PartsOf({{0, 1, 2}, {0, 1, 3, 4}}),
            (std::vector<EraSet>{{0, 1}, {2}, {3, 4}}));
  EXPECT_EQ(PartsOf({{0}, {1}, {0, 1}}), (std::vector<EraSet>{{0}, {1}}));
  EXPECT_TRUE(PartsOf({}).empty());
}

// Each set is a union of parts, no part is larger than need be, none overlap.
TEST(Eras, PartsAreTheCoarsestThatMakeUpEachSet) {
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<EraSet> sets(1 + random() % 4);
    std::set<int> all;
    for (EraSet& set : sets) {
      for (int era = 0; era < 6; ++era) {
        if (random() % 2 == 0) continue;
        set.push_back(era);
        all.insert(era);
      }
    }
    std::set<int> seen;
    std::set<std::vector<bool>> kinds;
    for (const EraSet& part : PartsOf(sets)) {
      std::vector<bool> in;
      for (const EraSet& set : sets) {
        const size_t both = InBoth(part, set).size();
        EXPECT_TRUE(both == 0 || both == part.size());
        in.push_back(both > 0);
      }
      EXPECT_TRUE(kinds.insert(in).second);  // two alike would be one
      for (const int era : part) EXPECT_TRUE(seen.insert(era).second);
    }
    EXPECT_EQ(seen, all);
  }
}

TEST(Eras, ACodeOfTimeIsTheErasOfItsMonthsInForce) {
  const Eras eras = {{{{"month", "2024-01"}, {"quarter", "2024-Q1"}}},
                     {{{"month", "2024-02"}, {"quarter", "2024-Q1"}}},
                     {{{"month", "2024-02"}, {"quarter", "2024-Q1"}}},
                     {{{"month", "2024-04"}, {"quarter", "2024-Q2"}}}};
  EXPECT_EQ(InCode(eras, {0, 1, 3}, "quarter", "2024-Q1"), (EraSet{0, 1}));
  EXPECT_EQ(InCode(eras, {0, 2, 3}, "quarter", "2024-Q1"), (EraSet{0, 2}));
  EXPECT_TRUE(InCode(eras, {0, 1}, "quarter", "2024-Q2").empty());
  EXPECT_TRUE(IsTime(eras, "month"));
  EXPECT_FALSE(IsTime(eras, "ward"));
  EXPECT_FALSE(IsTime({}, "month"));
}

TEST(Eras, TablesHangTogetherThroughOthers) {
  EXPECT_EQ(Connected({5}, {{0, 1}, {1, 2, 5}, {3}}),
            (std::vector<bool>{true, true, false}));
  EXPECT_EQ(Connected({}, {{0}}), std::vector<bool>{false});
}

}  // namespace
}  // namespace cairn
