// The attacks that Protect has to withstand, made by hand: an outsider who
// tries every table of whole numbers that agrees with all that was published.

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/disclosure/protect.h"
#include "core/disclosure/table_maker.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/atom_world.h"
#include "tests/core/disclosure/integer_attacker.h"
#include "tests/core/disclosure/never.h"

namespace cairn {
namespace {

DisclosurePolicy Policy(int64_t base, bool zeros_shown) {
  DisclosurePolicy policy;
  policy.rounding_base = base;
  policy.zeros_shown = zeros_shown;
  return policy;
}

// Releases tables of a world one after another, as an agent does, and keeps
// what an outsider knows.
class Releases {
 public:
  Releases(AtomWorld world, const DisclosurePolicy& policy,
           const DataSet* data_set = nullptr)
      : world_(std::move(world)),
        policy_(policy),
        data_set_(data_set),
        attacker_(world_.counts),
        by_zeros_(world_.counts) {}

  void Release(const std::vector<Cut>& cuts) {
    std::vector<const ProtectedTable*> pinned;
    for (const ProtectedTable& table : tables_) pinned.push_back(&table);
    const FrequencyTable table = world_.Table(cuts);
    ProtectRequest request;
    request.tables = {&table};
    request.policy = policy_;
    request.pinned = pinned;
    request.data_set = data_set_;
    request.tabulate = [this](const TableShape& shape) {
      return std::make_shared<const FrequencyTable>(world_.TableOf(shape));
    };
    auto protections = Protect(request);
    ASSERT_TRUE(protections.ok()) << protections.status();
    ProtectedTable& made = protections->front().table;
    const std::vector<Cell>& cells = made.cells();
    const std::vector<std::vector<int>> members = world_.Members(cuts);
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool hidden = cells[i].status == CellStatus::kSuppressed;
      if (hidden && (SaysSmall(cells[i]) || IsOpen(members[i]))) {
        small_.insert(members[i]);
      }
    }
    log_ += "\ntable:";
    for (size_t i = 0; i < cells.size(); ++i) {
      const int64_t count = table.counts[i];
      log_ += " " + std::to_string(count) + " in " +
              std::to_string(cells[i].low) + ".." +
              (cells[i].high == kNoLimit ? "" : std::to_string(cells[i].high));
      EXPECT_GE(count, cells[i].low) << log_;
      EXPECT_LE(count, cells[i].high) << log_;
      attacker_.Learn(members[i], cells[i].low, cells[i].high);
      if (cells[i].high == 0) by_zeros_.Learn(members[i], 0, 0);
      if (cells[i].low > 0) by_zeros_.Learn(members[i], 1, kNoLimit);
    }
    tables_.push_back(std::move(made));
  }

  // A table of which nothing is told, as where nothing else is safe.
  void ReleaseBlank(const std::vector<Cut>& cuts) {
    const FrequencyTable table = world_.Table(cuts);
    ProtectedTableMaker::Parts parts;
    parts.data_set = table.data_set;
    parts.epoch = table.epoch;
    parts.policy = policy_;
    parts.shape = table.shape;
    parts.base = policy_.rounding_base;
    parts.cells.assign(table.counts.size(), SuppressedCell(0, kNoLimit));
    for (const std::vector<int>& cell : world_.Members(cuts)) {
      if (IsOpen(cell)) small_.insert(cell);
    }
    tables_.push_back(ProtectedTableMaker::Make(std::move(parts)));
    log_ += "\ntable: blank";
  }

  // Every small cell can still be each number of the hidden range, but for what
  // follows from which cells were said to be 0, and which were said not to be:
  // no rule can take that back.
  void ExpectNothingNarrowed(int* undecided) const {
    for (const std::vector<int>& cell : small_) {
      for (int64_t value = least(); value <= policy_.largest_hidden_count;
           ++value) {
        if (policy_.zeros_shown &&
            !by_zeros_.CanBe(cell, value, 10000).value_or(false)) {
          continue;
        }
        const std::optional<bool> possible =
            attacker_.CanBe(cell, value, 10000);
        if (!possible.has_value()) ++*undecided;
        EXPECT_TRUE(possible.value_or(true))
            << "a hidden cell of " << cell.size() << " atoms from "
            << cell.front() << " cannot be " << value << log_;
      }
    }
  }

  size_t small() const { return small_.size(); }
  const std::vector<ProtectedTable>& tables() const { return tables_; }
  bool CanBe(const std::vector<int>& atoms, int64_t value) const {
    return attacker_.CanBe(atoms, value, 100000).value_or(false);
  }

 private:
  int64_t least() const { return policy_.zeros_shown ? 1 : 0; }

  bool SaysSmall(const Cell& cell) const {
    return cell.low == least() && cell.high == policy_.largest_hidden_count;
  }
  // A small cell that was not narrow before anyone asked for it.
  bool IsOpen(const std::vector<int>& cell) const {
    int64_t count = 0;
    for (const int atom : cell) {
      count += world_.counts[static_cast<size_t>(atom)];
    }
    if (count < least() || count > policy_.largest_hidden_count) return false;
    for (int64_t value = least(); value <= policy_.largest_hidden_count;
         ++value) {
      if (!attacker_.CanBe(cell, value, 10000).value_or(false)) return false;
    }
    return true;
  }

  const AtomWorld world_;
  const DisclosurePolicy policy_;
  const DataSet* const data_set_;  // may be null
  IntegerAttacker attacker_;
  IntegerAttacker by_zeros_;  // one who looks at nothing but zeros
  std::vector<ProtectedTable> tables_;
  std::set<std::vector<int>> small_;
  std::string log_;
};

AtomWorld RandomWorld(size_t dimensions, std::mt19937* random) {
  static constexpr const char* kNames[] = {"a", "b", "c"};
  std::vector<AtomDimension> all;
  for (size_t d = 0; d < dimensions; ++d) {
    AtomDimension dimension{kNames[d], {0}};
    const size_t codes = 1 + (*random)() % (dimensions == 3 ? 3 : 4);
    while (dimension.up.size() < codes) {
      dimension.up.push_back(dimension.up.back() +
                             static_cast<int>((*random)() % 2));
    }
    all.push_back(std::move(dimension));
  }
  AtomWorld world(std::move(all));
  const unsigned style = (*random)() % 3;  // even, mixed, sparse
  for (int64_t& count : world.counts) {
    const bool low = (*random)() % 2 == 0;
    count = static_cast<int64_t>((*random)() % (style == 1 && low ? 4 : 16));
    if (style == 2 && low) count = 0;
  }
  return world;
}

struct Rule {
  int64_t base;
  bool zeros_shown;
};

class Attack : public ::testing::TestWithParam<Rule> {
 protected:
  DisclosurePolicy policy() const {
    return Policy(GetParam().base, GetParam().zeros_shown);
  }
};

TEST_P(Attack, OneTableAloneNarrowsNoHiddenCell) {
  std::mt19937 random(1);
  int undecided = 0;
  size_t small = 0;
  for (int i = 0; i < 150 && !HasFailure(); ++i) {
    const size_t dimensions = 1 + random() % 3;
    Releases releases(RandomWorld(dimensions, &random), policy());
    releases.Release(std::vector<Cut>(dimensions, Cut::kFine));
    releases.ExpectNothingNarrowed(&undecided);
    small += releases.small();
  }
  EXPECT_GT(small, 200u);  // or nothing was attacked
  EXPECT_LT(undecided, 50);
}

TEST_P(Attack, OverlappingTablesOneAfterAnotherNarrowNoHiddenCell) {
  std::mt19937 random(2);
  int undecided = 0;
  size_t small = 0;
  for (int i = 0; i < 150 && !HasFailure(); ++i) {
    const size_t dimensions = 1 + random() % 3;
    Releases releases(RandomWorld(dimensions, &random), policy());
    std::set<std::vector<Cut>> asked;
    const size_t tables = 2 + random() % (dimensions == 1 ? 2 : 3);
    while (asked.size() < tables) {
      std::vector<Cut> cuts;
      for (size_t d = 0; d < dimensions; ++d) {
        cuts.push_back(static_cast<Cut>(random() % 3));
      }
      if (asked.insert(cuts).second) releases.Release(cuts);
    }
    releases.ExpectNothingNarrowed(&undecided);
    small += releases.small();
  }
  EXPECT_GT(small, 200u);  // or nothing was attacked
  EXPECT_LT(undecided, 100);
}

// What a table that told nothing hides, its zeros too, is not known to anyone
// who asks for others.
TEST_P(Attack, TablesAfterABlankOneNarrowNoHiddenCell) {
  std::mt19937 random(3);
  int undecided = 0;
  size_t small = 0;
  for (int i = 0; i < 150 && !HasFailure(); ++i) {
    const size_t dimensions = 2 + random() % 2;
    Releases releases(RandomWorld(dimensions, &random), policy());
    std::vector<Cut> cuts(dimensions, Cut::kFine);
    cuts.back() = static_cast<Cut>(random() % 2);  // kNone, kFine
    releases.ReleaseBlank(cuts);
    std::set<std::vector<Cut>> asked = {cuts};
    for (int tries = 0; tries < 6; ++tries) {
      for (Cut& cut : cuts) cut = static_cast<Cut>(random() % 3);
      if (asked.insert(cuts).second) releases.Release(cuts);
    }
    releases.ExpectNothingNarrowed(&undecided);
    small += releases.small();
  }
  EXPECT_GT(small, 200u);  // or nothing was attacked
  EXPECT_LT(undecided, 200);
}

INSTANTIATE_TEST_SUITE_P(Rules, Attack,
                         ::testing::Values(Rule{1, false}, Rule{5, false},
                                           Rule{1, true}, Rule{5, true}),
                         [](const ::testing::TestParamInfo<Rule>& rule) {
                           return "Base" + std::to_string(rule.param.base) +
                                  (rule.param.zeros_shown ? "ZerosShown"
                                                          : "ZerosHidden");
                         });

void ExpectSafe(AtomWorld world, std::vector<int64_t> counts,
                const DisclosurePolicy& policy,
                const std::vector<std::vector<Cut>>& tables) {
  world.counts = std::move(counts);
  Releases releases(std::move(world), policy);
  for (const std::vector<Cut>& cuts : tables) releases.Release(cuts);
  int undecided = 0;
  releases.ExpectNothingNarrowed(&undecided);
  EXPECT_EQ(undecided, 0);
  EXPECT_GT(releases.small(), 0u);
}

constexpr Cut kNone = Cut::kNone, kFine = Cut::kFine, kCoarse = Cut::kCoarse;

// 1 + 1 + 1 + 1 + 1 + 1 + 1 = 7: a margin that said "1 to 7" would give all
// away.
TEST(AttackByHand, SevenOnesUnderASmallTotalStayHidden) {
  ExpectSafe(AtomWorld({{"a", {0, 0, 0, 0, 0, 0, 0}}}), {1, 1, 1, 1, 1, 1, 1},
             Policy(5, true), {{kFine}});
}

// a x b and A x B meet only in cells that neither shows alone.
TEST(AttackByHand, TablesThatMeetOnlyInUnseenCellsAreTied) {
  // A0 x B0 is a0 x b0, a0 x b1, a1 x b0, a1 x b1: 11 + 0 + 12 + 14.
  const AtomWorld world({{"a", {0, 0, 1}}, {"b", {0, 0, 1}}});
  const std::vector<int64_t> counts = {11, 0, 13, 12, 14, 15, 20, 20, 20};
  ExpectSafe(world, counts, Policy(1, false),
             {{kFine, kFine}, {kCoarse, kCoarse}});
  ExpectSafe(world, counts, Policy(1, false),
             {{kCoarse, kCoarse}, {kFine, kFine}});
}

// (A0 x b0, hidden) + 9 = (a0 x B0, hidden) + (a1 x B0, hidden).
TEST(AttackByHand, CoarseByFineAndFineByCoarseAreTied) {
  ExpectSafe(AtomWorld({{"a", {0, 0, 1}}, {"b", {0, 0, 1}}}),
             {0, 2, 20, 0, 7, 20, 20, 20, 20}, Policy(1, false),
             {{kCoarse, kFine}, {kFine, kCoarse}, {kFine, kFine}});
}

TEST(AttackByHand, ALaterTableDoesNotGiveAwayAnEarlierMark) {
  // b0 is hidden in {b}; {a, b} with b0 split would give it back.
  ExpectSafe(AtomWorld({{"a", {0, 0}}, {"b", {0, 0}}}), {3, 40, 3, 50},
             Policy(1, false),
             {{kNone, kFine}, {kFine, kNone}, {kFine, kFine}, {kNone, kNone}});
}

TEST(AttackByHand, ATotalReleasedFirstDoesNotGiveAwayACell) {
  ExpectSafe(AtomWorld({{"a", {0, 0}}}), {3, 40}, Policy(1, false),
             {{kNone}, {kFine}});
  ExpectSafe(AtomWorld({{"a", {0, 0}}}), {3, 40}, Policy(5, false),
             {{kNone}, {kFine}});
}

// All 17 of a4 are in b0, which is sensitive: it must stay possible that 7 are
// not, whatever is told after the table that hides it.
TEST(AttackByHand, WhereAllAreAlikeNoLaterTableSaysSo) {
  AtomWorld world({{"a", {0, 0, 0, 1, 1, 1}}, {"b", {0, 1}}});
  world.counts = {88, 49, 90, 50, 93, 48, 110, 46, 17, 0, 96, 46};
  DataSet data_set = DataSetOf(world);
  data_set.dimensions[1].sensitive = true;
  const std::vector<Cut> first = {kFine, kFine};
  for (const std::vector<std::vector<Cut>>& later :
       std::vector<std::vector<std::vector<Cut>>>{
           {{kNone, kFine}, {kFine, kNone}, {kCoarse, kFine}},
           {{kCoarse, kFine}, {kFine, kNone}, {kNone, kFine}},
           {{kFine, kNone}, {kCoarse, kNone}, {kCoarse, kFine}}}) {
    Releases releases(world, Policy(5, true), &data_set);
    releases.Release(first);
    const std::vector<Cell>& cells = releases.tables()[0].cells();
    EXPECT_GT(std::count_if(cells.begin(), cells.end(),
                            [](const Cell& cell) {
                              return cell.status == CellStatus::kPublished;
                            }),
              8);  // or there is nothing to tell it by
    for (const std::vector<Cut>& cuts : later) releases.Release(cuts);
    for (const int64_t value : {0, 1, 7}) {
      EXPECT_TRUE(releases.CanBe({9}, value)) << value;
    }
  }
}

TEST(AttackByHand, ACoarserLevelReleasedFirstDoesNotGiveAwayACell) {
  ExpectSafe(AtomWorld({{"a", {0, 0, 1, 1}}}), {3, 40, 20, 30},
             Policy(1, false), {{kCoarse}, {kFine}});
}

}  // namespace
}  // namespace cairn
