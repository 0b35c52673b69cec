// Structural zeros of the catalogue: shown as 0 under every policy, and of no
// help to one who knows them and tries every table of whole numbers.

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/disclosure/meeting.h"
#include "core/disclosure/protect.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/integer_attacker.h"
#include "tests/core/disclosure/never.h"

namespace cairn {
namespace {

// Looked up atom by atom, with nothing of StructuralZeros.
bool IsNever(const AtomWorld& world, size_t atom,
             const std::vector<std::vector<Never>>& zeros) {
  return std::any_of(zeros.begin(), zeros.end(), [&](const auto& parts) {
    return std::all_of(parts.begin(), parts.end(), [&](const Never& part) {
      return std::count(part.codes.begin(), part.codes.end(),
                        world.CodeOf(atom, part.dimension)) > 0;
    });
  });
}

struct Setting {
  AtomWorld world;
  std::vector<std::vector<Never>> zeros;
  DisclosurePolicy policy;
  bool told = true;   // Protect knows of the structural zeros
  bool meets = true;  // and of where they tie tables
};

// Releases tables one after another, as an agent does, and keeps what an
// outsider knows who has the catalogue.
class Releases {
 public:
  explicit Releases(Setting setting)
      : world_(std::move(setting.world)),
        policy_(std::move(setting.policy)),
        meets_(setting.meets),
        data_(DataSetOf(world_)),
        never_(world_.counts.size()),
        attacker_(world_.counts) {
    for (size_t atom = 0; atom < never_.size(); ++atom) {
      never_[atom] = IsNever(world_, atom, setting.zeros);
      if (!never_[atom]) continue;
      EXPECT_EQ(world_.counts[atom], 0);
      attacker_.Learn({static_cast<int>(atom)}, 0, 0);
    }
    for (const auto& zero : setting.zeros) {
      if (setting.told) AddZero(zero, &data_);
      log_ += "\nnever:";
      for (const Never& part : zero) {
        for (const size_t code : part.codes) {
          log_ += " " + world_.dimensions()[part.dimension].name +
                  std::to_string(code);
        }
      }
    }
  }

  void Release(const std::vector<Cut>& cuts) {
    const FrequencyTable table = world_.Table(cuts);
    ProtectRequest request;
    request.tables = {&table};
    request.policy = policy_;
    request.data_set = &data_;
    std::vector<const TableShape*> shapes = {&table.shape};
    for (const ProtectedTable& pinned : tables_) {
      request.pinned.push_back(&pinned);
      shapes.push_back(&pinned.shape());
    }
    request.tabulate = [this](const TableShape& shape) {
      return std::make_shared<const FrequencyTable>(world_.TableOf(shape));
    };
    // All of whose codes an agency tells: it has none without.
    std::vector<TableShape> told;
    for (size_t d = 0; d < cuts.size(); ++d) {
      std::vector<Cut> own(cuts.size(), Cut::kNone);
      own[d] = Cut::kFine;
      told.push_back(world_.Shape(own));
    }
    for (const MeetingAxes& axes : FindMeetings(data_, shapes, told)) {
      if (!meets_) break;
      request.meetings.push_back(
          std::make_shared<const FrequencyTable>(world_.Table(CutsOf(axes))));
    }
    meetings_ += request.meetings.size();
    auto protections = Protect(request);
    ASSERT_TRUE(protections.ok()) << protections.status();
    ProtectedTable& made = protections->front().table;
    const std::vector<std::vector<int>> members = world_.Members(cuts);
    const std::vector<Cell>& cells = made.cells();
    log_ += "\ntable:";
    for (size_t i = 0; i < cells.size(); ++i) {
      log_ += " " + std::to_string(table.counts[i]) + " in " +
              std::to_string(cells[i].low) + ".." +
              (cells[i].high == kNoLimit ? "" : std::to_string(cells[i].high));
      EXPECT_GE(table.counts[i], cells[i].low) << log_;
      EXPECT_LE(table.counts[i], cells[i].high) << log_;
      attacker_.Learn(members[i], cells[i].low, cells[i].high);
      const bool zero =
          !made.structural_zeros().empty() && made.structural_zeros()[i];
      if (zero) {
        EXPECT_EQ(cells[i], PublishedCell(0, 0, 0)) << log_;
        EXPECT_TRUE(Empty(members[i])) << log_;
        ++zeros_;
      } else if (cells[i].status == CellStatus::kSuppressed &&
                 cells[i].low == (policy_.zeros_shown ? 1 : 0) &&
                 cells[i].high == policy_.largest_hidden_count &&
                 !Empty(members[i])) {
        marked_.insert(members[i]);
      }
    }
    tables_.push_back(std::move(made));
  }

  // How many of the cells marked with the hidden range cannot be each number
  // of it.
  int Narrowed(int* undecided) const {
    int narrowed = 0;
    for (const std::vector<int>& cell : marked_) {
      for (int64_t value = Least(cell); value <= policy_.largest_hidden_count;
           ++value) {
        const std::optional<bool> possible =
            attacker_.CanBe(cell, value, 10000);
        if (!possible.has_value()) ++*undecided;
        if (possible.value_or(true)) continue;
        ++narrowed;
        break;
      }
    }
    return narrowed;
  }

  const std::string& log() const { return log_; }
  size_t marked() const { return marked_.size(); }
  size_t zeros() const { return zeros_; }
  size_t meetings() const { return meetings_; }
  const ProtectedTable& table(size_t t) const { return tables_[t]; }

 private:
  // All of it is ruled out.
  bool Empty(const std::vector<int>& cell) const {
    return std::all_of(cell.begin(), cell.end(), [this](int atom) {
      return never_[static_cast<size_t>(atom)];
    });
  }
  // Where zeros are shown, what is not empty is known to be at least 1.
  int64_t Least(const std::vector<int>& cell) const {
    if (!policy_.zeros_shown) return 0;
    int64_t least = 0;
    for (const int atom : cell) {
      least += world_.counts[static_cast<size_t>(atom)] > 0;
    }
    return least;
  }
  std::vector<Cut> CutsOf(const MeetingAxes& axes) const {
    std::vector<Cut> cuts;
    for (const AtomDimension& own : world_.dimensions()) {
      Cut cut = Cut::kNone;
      for (const std::vector<std::string>& variables : axes) {
        if (variables[0][0] == own.name[0]) cut = Cut::kFine;
        if (variables[0][0] == own.name[0] - 'a' + 'A') cut = Cut::kCoarse;
      }
      cuts.push_back(cut);
    }
    return cuts;
  }

  const AtomWorld world_;
  const DisclosurePolicy policy_;
  const bool meets_;
  DataSet data_;
  std::vector<bool> never_;  // by atom
  IntegerAttacker attacker_;
  std::vector<ProtectedTable> tables_;
  std::set<std::vector<int>> marked_;
  size_t zeros_ = 0, meetings_ = 0;
  std::string log_;
};

DisclosurePolicy Policy(int64_t base, bool zeros_shown) {
  DisclosurePolicy policy;
  policy.rounding_base = base;
  policy.zeros_shown = zeros_shown;
  return policy;
}

Setting RandomSetting(size_t dimensions, const DisclosurePolicy& policy,
                      std::mt19937* random) {
  static constexpr const char* kNames[] = {"a", "b", "c"};
  std::vector<AtomDimension> all;
  for (size_t d = 0; d < dimensions; ++d) {
    AtomDimension dimension{kNames[d], {0}};
    const size_t codes = 2 + (*random)() % (dimensions == 3 ? 2 : 3);
    while (dimension.up.size() < codes) {
      dimension.up.push_back(dimension.up.back() +
                             static_cast<int>((*random)() % 2));
    }
    all.push_back(std::move(dimension));
  }
  Setting setting{AtomWorld(all), {}, policy};
  const size_t zeros = 1 + (*random)() % 2;
  for (size_t z = 0; z < zeros; ++z) {
    std::vector<Never> parts;
    const size_t left_out = dimensions == 3 ? (*random)() % 4 : 3;
    for (size_t d = 0; d < dimensions; ++d) {
      if (d == left_out) continue;
      Never part{d, {}};
      for (size_t code = 0; code < all[d].up.size(); ++code) {
        if ((*random)() % 2 == 0) part.codes.push_back(code);
      }
      if (part.codes.empty()) part.codes.push_back(0);
      parts.push_back(std::move(part));
    }
    setting.zeros.push_back(std::move(parts));
  }
  const unsigned style = (*random)() % 3;  // even, mixed, sparse
  for (size_t atom = 0; atom < setting.world.counts.size(); ++atom) {
    const bool low = (*random)() % 2 == 0;
    int64_t& count = setting.world.counts[atom];
    count = static_cast<int64_t>((*random)() % (style == 1 && low ? 4 : 16));
    if (style == 2 && low) count = 0;
    if (IsNever(setting.world, atom, setting.zeros)) count = 0;
  }
  return setting;
}

struct Rule {
  int64_t base;
  bool zeros_shown;
};

class StructuralZeroAttack : public ::testing::TestWithParam<Rule> {
 protected:
  struct Tally {
    size_t marked = 0, zeros = 0, meetings = 0;
    int narrowed = 0, undecided = 0;
  };

  static constexpr int kWorlds = 150;

  // `tables`: 0 for one of all dimensions.
  Tally Attack(uint32_t seed, bool told, bool meets = true) {
    Tally tally;
    std::mt19937 random(seed);
    for (int i = 0; i < kWorlds && !HasFailure(); ++i) {
      const size_t dimensions = 2 + random() % 2;
      Setting setting = RandomSetting(
          dimensions, Policy(GetParam().base, GetParam().zeros_shown), &random);
      setting.told = told;
      setting.meets = meets;
      Releases releases(std::move(setting));
      std::set<std::vector<Cut>> asked;
      const size_t tables = 1 + random() % 3;
      while (asked.size() < tables) {
        std::vector<Cut> cuts;
        for (size_t d = 0; d < dimensions; ++d) {
          cuts.push_back(tables == 1 ? Cut::kFine
                                     : static_cast<Cut>(random() % 3));
        }
        if (asked.insert(cuts).second) releases.Release(cuts);
      }
      const int narrowed = releases.Narrowed(&tally.undecided);
      if (told && meets) {
        EXPECT_EQ(narrowed, 0) << "world " << i << releases.log();
      }
      tally.narrowed += narrowed;
      tally.marked += releases.marked();
      tally.zeros += releases.zeros();
      tally.meetings += releases.meetings();
    }
    return tally;
  }
};

TEST_P(StructuralZeroAttack, OneWhoKnowsThemNarrowsNoHiddenCell) {
  // In the second of these two structural zeros make a third one.
  for (const uint32_t seed : {7u, 12u}) {
    const Tally tally = Attack(seed, /*told=*/true);
    EXPECT_GT(tally.marked, 200u);  // or nothing was attacked
    EXPECT_GT(tally.zeros, 150u);
    EXPECT_GT(tally.meetings, 50u);
    EXPECT_LT(tally.undecided, 100);
  }
}

// The same worlds where Protect is not told, or not where they tie tables: the
// attack is a real one. Where zeros are shown, these are too.
TEST_P(StructuralZeroAttack, WouldNarrowCellsOfAProtectorThatKnowsThemNot) {
  if (GetParam().zeros_shown) return;
  const Tally tally = Attack(7, /*told=*/false);
  EXPECT_EQ(tally.zeros, 0u);
  EXPECT_GT(tally.narrowed, 10);
  const Tally apart = Attack(7, /*told=*/true, /*meets=*/false);
  EXPECT_GT(apart.zeros, 100u);
  EXPECT_GT(apart.narrowed, 0);
}

INSTANTIATE_TEST_SUITE_P(Rules, StructuralZeroAttack,
                         ::testing::Values(Rule{1, false}, Rule{5, false},
                                           Rule{1, true}, Rule{5, true}),
                         [](const ::testing::TestParamInfo<Rule>& rule) {
                           return "Base" + std::to_string(rule.param.base) +
                                  (rule.param.zeros_shown ? "ZerosShown"
                                                          : "ZerosHidden");
                         });

// --- By hand -----------------------------------------------------------------

// a0: 0 (never), 3, 20, in all 23: b0 + b1 is 1 to 9 by what rounding tells of
// the others, so b1 could not be 0, as its mark says it may.
TEST(StructuralZerosByHand, WhatCannotBeIsNoCoverForASmallCellBesideIt) {
  for (const bool told : {false, true}) {
    Setting setting{AtomWorld({{"a", {0, 0}}, {"b", {0, 0, 0}}}),
                    {{{0, {0}}, {1, {0}}}},
                    Policy(5, false),
                    told};
    setting.world.counts = {0, 3, 20, 40, 50, 60};
    Releases releases(std::move(setting));
    releases.Release({Cut::kFine, Cut::kFine});
    int undecided = 0;
    EXPECT_EQ(releases.Narrowed(&undecided), told ? 0 : 1) << releases.log();
    EXPECT_EQ(undecided, 0);
    EXPECT_EQ(releases.table(0).cells()[0],
              told ? PublishedCell(0, 0, 0) : SuppressedCell(0, 7));
  }
}

// a x c and b x c have together what neither has: no a0 is b0, so that in c0 as
// many are a1 at least as are b0.
TEST(StructuralZerosByHand, TiesTablesThatHaveItsVariablesOnlyTogether) {
  for (const bool told : {false, true}) {
    Setting setting{AtomWorld({{"a", {0, 0}}, {"b", {0, 0}}, {"c", {0, 0}}}),
                    {{{0, {0}}, {1, {0}}}},
                    Policy(1, false),
                    told};
    //                     c0  c1
    setting.world.counts = {0,  0,    // a0 b0
                            40, 40,   // a0 b1
                            3,  30,   // a1 b0
                            12, 30};  // a1 b1
    Releases releases(std::move(setting));
    releases.Release({Cut::kFine, Cut::kNone, Cut::kFine});
    releases.Release({Cut::kNone, Cut::kFine, Cut::kFine});
    int undecided = 0;
    EXPECT_EQ(releases.meetings() > 0, told);
    EXPECT_EQ(releases.Narrowed(&undecided), 0) << releases.log();
  }
}

// A total whose parts are all ruled out, of an agency that has no U: everybody
// knows it, so nothing is hidden for its sake. It says no more than any mark.
TEST(StructuralZerosByHand, AMarginThatFollowsFromThemNeedsNoCover) {
  Setting setting{AtomWorld({{"a", {0, 0, 0}}, {"b", {0, 0}}}),
                  {{{0, {0}}, {1, {0, 1}}}},
                  Policy(5, false)};
  setting.world.counts = {0, 0, 40, 50, 60, 70};
  Releases releases(std::move(setting));
  releases.Release({Cut::kFine, Cut::kFine});
  const std::vector<Cell>& cells = releases.table(0).cells();
  EXPECT_EQ(cells[0], PublishedCell(0, 0, 0));
  EXPECT_EQ(cells[1], PublishedCell(0, 0, 0));
  EXPECT_EQ(cells[2].status, CellStatus::kSuppressed);
  EXPECT_EQ(cells[2].high, 7);
  for (size_t cell = 3; cell < cells.size(); ++cell) {
    EXPECT_EQ(cells[cell].status, CellStatus::kPublished) << cell;
  }
}

}  // namespace
}  // namespace cairn
