// Attacks on what Protect released before and after a load: an outsider who
// tries every population of whole numbers that agrees with all of it.

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/disclosure/protect.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/era_world.h"
#include "tests/core/disclosure/integer_attacker.h"

namespace cairn {
namespace {

constexpr Cut kNone = Cut::kNone, kFine = Cut::kFine;

struct Rule {
  int64_t base;
  bool zeros_shown;
};

// An agent over some loads, and what an outsider learns of it. The eras are
// all known only at the end, so he is asked then.
class Agent {
 public:
  Agent(EraWorld* world, const Rule& rule) : world_(*world) {
    policy_.rounding_base = rule.base;
    policy_.zeros_shown = rule.zeros_shown;
  }

  void Release(const std::vector<Cut>& cuts, bool by_month) {
    const EraSet span = world_.Span(world_.epoch());
    const TableShape shape = world_.Shape(cuts, by_month, span);
    const FrequencyTable table = world_.Table(shape, span);
    ProtectRequest request;
    request.tables = {&table};
    request.policy = policy_;
    request.timeline.eras = world_.AllEras();
    request.timeline.spans = {span};
    for (const Released& released : released_) {
      request.pinned.push_back(&released.protection.table);
      request.timeline.spans.push_back(world_.Span(released.epoch));
    }
    request.tabulate_span = [this](const TableShape& of, const EraSet& in) {
      return std::make_shared<const FrequencyTable>(world_.Table(of, in));
    };
    auto protections = Protect(request);
    ASSERT_TRUE(protections.ok()) << protections.status();
    released_.push_back({world_.epoch(), std::move(protections->front())});
  }

  const Protection& last() const { return released_.back().protection; }
  size_t shown(size_t table) const {
    size_t shown = 0;
    for (const Cell& cell : released_[table].protection.table.cells()) {
      shown += cell.status == CellStatus::kPublished;
    }
    return shown;
  }

  // No hidden small cell of any epoch is narrowed, nor a small number of
  // records that came, went or stayed between two epochs.
  void ExpectNothingNarrowed(int* undecided, int* changes) const {
    const std::vector<int64_t> truth = world_.Truth();
    IntegerAttacker attacker(truth);
    std::set<std::vector<int>> hidden;
    std::string log;
    for (const Released& released : released_) {
      const ProtectedTable& table = released.protection.table;
      const EraSet span = world_.Span(released.epoch);
      const auto members = world_.Members(table.shape(), span);
      log += "\nepoch " + std::to_string(released.epoch) + ":";
      for (size_t i = 0; i < members.size(); ++i) {
        const Cell& cell = table.cells()[i];
        const int64_t count = Sum(truth, members[i]);
        log += " " + std::to_string(count) + " in " + std::to_string(cell.low) +
               ".." + (cell.high == kNoLimit ? "" : std::to_string(cell.high));
        EXPECT_GE(count, cell.low) << log;
        EXPECT_LE(count, cell.high) << log;
        attacker.Learn(members[i], cell.low, cell.high);
        if (cell.status == CellStatus::kSuppressed &&
            cell.low == (policy_.zeros_shown ? 1 : 0) &&
            cell.high == policy_.largest_hidden_count) {
          hidden.insert(members[i]);
        }
      }
    }
    const std::set<std::vector<int>> changed = Changed(truth);
    *changes += static_cast<int>(2 * changed.size());  // two questions each
    hidden.insert(changed.begin(), changed.end());
    for (const std::vector<int>& cell : hidden) {
      for (const int64_t value :
           {Least(truth, cell), policy_.largest_hidden_count}) {
        const std::optional<bool> possible = attacker.CanBe(cell, value, 5000);
        if (!possible.has_value()) ++*undecided;
        EXPECT_TRUE(possible.value_or(true))
            << (changed.count(cell) > 0 ? "a change" : "a hidden cell")
            << " of " << Sum(truth, cell) << " cannot be " << value << log
            << "\nfigures:" << Words(truth) << "\nit is the sum of those at"
            << Words({cell.begin(), cell.end()});
        if (!possible.value_or(true)) return;
      }
    }
  }

 private:
  struct Released {
    int epoch;
    Protection protection;
  };

  static int64_t Sum(const std::vector<int64_t>& truth,
                     const std::vector<int>& members) {
    int64_t sum = 0;
    for (const int member : members) sum += truth[member];
    return sum;
  }

  static std::string Words(const std::vector<int64_t>& numbers) {
    std::string words;
    for (const int64_t n : numbers) words += " " + std::to_string(n);
    return words;
  }

  // The records that only one of two cells of the same words has.
  std::set<std::vector<int>> Changed(const std::vector<int64_t>& truth) const {
    std::set<std::vector<int>> changed;
    for (const Released& a : released_) {
      for (const Released& b : released_) {
        if (a.epoch == b.epoch) continue;
        AddChanged(truth, a, b, &changed);
      }
    }
    return changed;
  }
  void AddChanged(const std::vector<int64_t>& truth, const Released& a,
                  const Released& b,
                  std::set<std::vector<int>>* changed) const {
    const auto of = [this](const Released& released) {
      return world_.Members(released.protection.table.shape(),
                            world_.Span(released.epoch));
    };
    const auto names = [](const Released& released) {
      std::vector<std::set<std::string>> all;
      const TableShape& shape = released.protection.table.shape();
      for (size_t cell = 0; cell < shape.cells(); ++cell) {
        all.emplace_back();
        for (size_t x = 0; x < shape.axes.size(); ++x) {
          const size_t at = shape.at(cell, x);
          if (at == shape.axes[x].margin()) continue;
          all.back().insert(shape.axes[x].codes[at]);
        }
      }
      return all;
    };
    const auto in_a = of(a), in_b = of(b);
    const auto names_a = names(a), names_b = names(b);
    for (size_t i = 0; i < in_a.size(); ++i) {
      for (size_t j = 0; j < in_b.size(); ++j) {
        if (names_a[i] != names_b[j]) continue;
        // Figures of different populations are not held against each other.
        std::vector<int> only, both;
        std::set_difference(in_a[i].begin(), in_a[i].end(), in_b[j].begin(),
                            in_b[j].end(), std::back_inserter(only));
        std::set_intersection(in_a[i].begin(), in_a[i].end(), in_b[j].begin(),
                              in_b[j].end(), std::back_inserter(both));
        const int64_t count = Sum(truth, only);
        if (both.empty() || count < 1 || count > policy_.largest_hidden_count) {
          continue;
        }
        changed->insert(only);
      }
    }
  }

  // Where zeros are shown, what is not empty is known to be at least 1.
  int64_t Least(const std::vector<int64_t>& truth,
                const std::vector<int>& cell) const {
    if (!policy_.zeros_shown) return 0;
    int64_t least = 0;
    for (const int member : cell) least += truth[member] > 0;
    return least;
  }

  const EraWorld& world_;
  DisclosurePolicy policy_;
  std::vector<Released> released_;
};

std::vector<int64_t> Some(size_t atoms, unsigned most, std::mt19937* random) {
  std::vector<int64_t> counts(atoms);
  for (int64_t& count : counts) {
    count = (*random)() % 3 == 0 ? 0 : (*random)() % (most + 1);
  }
  return counts;
}

class Epochs : public ::testing::TestWithParam<Rule> {};

TEST_P(Epochs, WhatCameAndWentBetweenThemStaysHidden) {
  std::mt19937 random(3);
  int undecided = 0, changes = 0;
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    std::vector<AtomDimension> dimensions = {{"a", {0, 0, 1}}};
    if (random() % 2 == 0) dimensions.push_back({"b", {0, 1}});
    EraWorld world((AtomWorld(dimensions)));
    const size_t atoms = world.atoms().counts.size();
    Agent agent(&world, GetParam());
    const int loads = 2 + static_cast<int>(random() % 2);
    int months = 0;
    for (int load = 0; load < loads; ++load) {
      world.NextLoad();
      const int old = months;
      if (load == 0 || random() % 2 == 0) {
        months += 1 + static_cast<int>(random() % 2);
      }
      for (int m = old; m < months; ++m) {
        world.AddMonth(m, Some(atoms, load == 0 ? 25 : 12, &random));
      }
      if (load > 0 && (old == months || random() % 2 == 0)) {
        const bool both = random() % 2 == 0;
        world.Revise(static_cast<int>(random() % static_cast<unsigned>(old)),
                     Some(atoms, both ? 3 : 0, &random),
                     Some(atoms, 4, &random));
      }
      const size_t tables = 1 + random() % 2;
      std::set<std::pair<std::vector<Cut>, bool>> asked;
      while (asked.size() < tables) {
        std::vector<Cut> cuts;
        for (size_t d = 0; d < dimensions.size(); ++d) {
          cuts.push_back(static_cast<Cut>(random() % 3));
        }
        const bool by_month = random() % 3 == 0;
        if (asked.insert({cuts, by_month}).second) {
          agent.Release(cuts, by_month);
        }
      }
    }
    agent.ExpectNothingNarrowed(&undecided, &changes);
  }
  EXPECT_GT(changes, 300);  // or nothing was attacked
  EXPECT_LT(undecided, changes / 4);
}

INSTANTIATE_TEST_SUITE_P(Rules, Epochs,
                         ::testing::Values(Rule{1, false}, Rule{5, false},
                                           Rule{1, true}, Rule{5, true}),
                         [](const ::testing::TestParamInfo<Rule>& rule) {
                           return "Base" + std::to_string(rule.param.base) +
                                  (rule.param.zeros_shown ? "ZerosShown"
                                                          : "ZerosHidden");
                         });

// Two people come in a new month: the total would say so.
TEST(EpochsByHand, ANewMonthOfFewDoesNotShowInTheTotal) {
  EraWorld world(AtomWorld({{"a", {0, 0}}}));
  Agent agent(&world, {1, false});
  world.NextLoad();
  world.AddMonth(0, {40, 60});
  agent.Release({kFine}, false);
  EXPECT_EQ(agent.shown(0), 3u);
  world.NextLoad();
  world.AddMonth(1, {2, 30});
  agent.Release({kFine}, false);
  EXPECT_EQ(agent.last().why[0], HiddenWhy::kFewChanged);
  int undecided = 0, changes = 0;
  agent.ExpectNothingNarrowed(&undecided, &changes);
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(undecided, 0);
}

TEST(EpochsByHand, AMonthThatDidNotChangeIsTheSameCells) {
  EraWorld world(AtomWorld({{"a", {0, 0}}}));
  Agent agent(&world, {5, false});
  world.NextLoad();
  world.AddMonth(0, {40, 61});
  world.AddMonth(1, {5, 33});
  agent.Release({kFine}, true);
  const std::vector<Cell> before = agent.last().table.cells();
  world.NextLoad();
  world.AddMonth(2, {50, 70});
  agent.Release({kFine}, true);
  const std::vector<Cell>& now = agent.last().table.cells();
  for (const size_t a : {0, 1, 2}) {
    for (const size_t month : {0, 1}) {
      EXPECT_EQ(now[a * 4 + month], before[a * 3 + month]);
    }
  }
  // New figures of the new month and of the totals, where enough came.
  EXPECT_EQ(now[1 * 4 + 2], PublishedCell(70, 68, 72));
  EXPECT_EQ(now[1 * 4 + 3], PublishedCell(165, 163, 167));
}

TEST(EpochsByHand, ARevisionShowsOnlyWhereTenRecordsChanged) {
  EraWorld world(AtomWorld({{"a", {0, 0, 0}}}));
  Agent agent(&world, {5, false});
  world.NextLoad();
  world.AddMonth(0, {40, 60, 80});
  agent.Release({kFine}, true);
  world.NextLoad();
  // 9, 10 and 0 records come; one goes from the last.
  world.Revise(0, {0, 0, 1}, {9, 10, 0});
  agent.Release({kFine}, true);
  EXPECT_EQ(agent.last().why[0], HiddenWhy::kFewChanged);
  EXPECT_EQ(agent.last().table.cells()[2], PublishedCell(70, 68, 72));
  EXPECT_EQ(agent.last().why[4], HiddenWhy::kFewChanged);
}

// What was the same in both may not be counted twice to be recovered.
TEST(EpochsByHand, RecordsThatComeBackAreTheSamePeople) {
  EraWorld world(AtomWorld({{"a", {0, 0}}}));
  Agent agent(&world, {1, false});
  world.NextLoad();
  world.AddMonth(0, {3, 40});
  agent.Release({kNone}, false);
  world.NextLoad();
  agent.Release({kFine}, false);  // the same records under another rule
  EXPECT_EQ(agent.shown(1), 1u);  // the total; 3 is hidden and 40 beside it
  int undecided = 0, changes = 0;
  agent.ExpectNothingNarrowed(&undecided, &changes);
}

}  // namespace
}  // namespace cairn
