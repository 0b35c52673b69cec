// What suppress.h promises, on thousands of random tables.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/elimination.h"
#include "core/disclosure/suppress.h"
#include "tests/core/disclosure/random_problem.h"
#include "tests/core/disclosure/range_attacker.h"
#include "tests/core/disclosure/suppress_promises.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// `tables` tables; with nothing released before, all must be proved.
void ExpectPromisesOf(int tables, uint32_t first_seed,
                      const std::function<RandomProblem(RandomTables*)>& make,
                      const SuppressionOptions& options = {}) {
  Tally tally;
  for (int i = 0; i < tables; ++i) {
    const uint32_t seed = first_seed + static_cast<uint32_t>(i);
    RandomTables random(seed);
    const std::string name = "seed " + std::to_string(seed);
    const RandomProblem problem = make(&random);
    const Suppression result = ExpectPromises(problem, options, name, &tally);
    EXPECT_TRUE(result.unproved.empty())
        << name << " (" << problem.rules.ToString()
        << "): " << result.unproved.size() << " unproved, first cell "
        << result.unproved[0];
  }
}

// Three variables, seen in two tables that share the margins of the first.
std::vector<bool> InTwoTables(const std::vector<CrossingVariable>& variables) {
  std::vector<bool> seen;
  for (int c = 0; c < variables[2].codes(); ++c) {
    for (int b = 0; b < variables[1].codes(); ++b) {
      for (int a = 0; a < variables[0].codes(); ++a) {
        seen.push_back(b == 0 || c == 0);
      }
    }
  }
  return seen;
}

RandomProblem TwoLinkedTables(RandomTables* random, bool unseen) {
  std::vector<CrossingVariable> variables;
  for (int d = 0; d < 3; ++d) {
    variables.push_back(CrossingVariable::Flat(random->Between(2, 3)));
  }
  const CellSystem system = CrossingOf(variables);
  ProblemRules rules = random->Rules();
  rules.zeros_shown = false;
  rules.margins_tell = true;
  RandomProblem problem = ProblemOf(system, random->Figures(system), rules);
  const std::vector<bool> seen = InTwoTables(variables);
  if (!unseen) return Restricted(problem, seen);
  for (size_t c = 0; c < seen.size(); ++c) {
    if (seen[c]) continue;
    SuppressionCell& cell = problem.cells[c];
    cell.kind = Kind::kUnseen;
    cell.shown = cell.hidden = {0, kNoLimit};
    cell.keep = {1, 0};
  }
  return problem;
}

// --- Small tables ------------------------------------------------------------

TEST(SuppressProperty, NoCrossingGivesASmallCellAway) {
  ExpectPromisesOf(3500, 100'000, [](RandomTables* random) {
    return random->Problem(random->FlatVariables());
  });
}

// What is made ahead of time is searched for longer, and pruned.
TEST(SuppressProperty, NoThoroughSearchGivesASmallCellAway) {
  SuppressionOptions options;
  options.thorough = true;
  ExpectPromisesOf(
      700, 150'000,
      [](RandomTables* random) {
        return random->Problem(random->FlatVariables());
      },
      options);
  ExpectPromisesOf(
      300, 160'000,
      [](RandomTables* random) { return TwoLinkedTables(random, true); },
      options);
}

TEST(SuppressProperty, NoHierarchyGivesASmallCellAway) {
  ExpectPromisesOf(1500, 200'000, [](RandomTables* random) {
    return random->Problem(random->TreeVariables(1));
  });
}

TEST(SuppressProperty, NoPairOfTreesGivesASmallCellAway) {
  ExpectPromisesOf(1000, 300'000, [](RandomTables* random) {
    return random->Problem(random->TreeVariables(2));
  });
}

TEST(SuppressProperty, NoLinkedTablesGiveASmallCellAway) {
  ExpectPromisesOf(1000, 400'000, [](RandomTables* random) {
    return TwoLinkedTables(random, false);
  });
}

TEST(SuppressProperty, NoSmallCellIsGivenAwayThroughCellsThatNoOneIsTold) {
  ExpectPromisesOf(500, 500'000, [](RandomTables* random) {
    return TwoLinkedTables(random, true);
  });
}

TEST(SuppressProperty, NoCountOfPersonsWithSeveralCodesGivesASmallCellAway) {
  ExpectPromisesOf(1000, 600'000, [](RandomTables* random) {
    std::vector<CrossingVariable> variables = random->FlatVariables();
    variables[random->Between(0, static_cast<int>(variables.size()) - 1)]
        .is_union = true;
    return random->Problem(variables);
  });
}

TEST(SuppressProperty, NoSmallCellIsExactWhereThatIsAllThatIsAsked) {
  SuppressionOptions options;
  options.exact_only = true;
  ExpectPromisesOf(
      500, 700'000,
      [](RandomTables* random) {
        const CellSystem system = CrossingOf(random->FlatVariables());
        ProblemRules rules = random->Rules();
        rules.zeros_shown = false;
        rules.margins_tell = true;
        return ProblemOf(system, random->Figures(system), rules);
      },
      options);
}

TEST(SuppressProperty, NoSmallCellIsGivenAwayByShowingComplementsAgain) {
  SuppressionOptions options;
  for (const auto pruning : {SuppressionOptions::Pruning::kNone,
                             SuppressionOptions::Pruning::kInRounds}) {
    options.pruning = pruning;
    ExpectPromisesOf(
        500, 800'000,
        [](RandomTables* random) {
          return random->Problem(random->TreeVariables(random->Between(1, 2)));
        },
        options);
  }
}

// A table, and later a finer one over the same records: the margins of the
// second are what the first made of them.
TEST(SuppressProperty, AFinerTableKeepsWhatAnEarlierOneReleased) {
  Tally first_tally, second_tally;
  for (uint32_t seed = 900'000; seed < 901'000; ++seed) {
    RandomTables random(seed);
    std::vector<CrossingVariable> variables = random.TreeVariables(1);
    variables.resize(1);
    variables.push_back(CrossingVariable::Flat(random.Between(2, 3)));
    RandomProblem problem = random.Problem(variables);
    std::vector<bool> earlier(problem.cells.size());
    const int codes = variables[0].codes();
    for (size_t c = 0; c < earlier.size(); ++c) {
      earlier[c] = static_cast<int>(c) < codes;
    }
    const std::string name = "seed " + std::to_string(seed);
    const Suppression first = ExpectPromises(Restricted(problem, earlier), {},
                                             name + " first", &first_tally);
    EXPECT_TRUE(first.unproved.empty()) << name;
    for (int c = 0; c < codes; ++c) {  // the same numbers in both
      SuppressionCell& cell = problem.cells[c];
      cell.kind = Kind::kFixed;
      cell.shown = cell.hidden = first.known[c];
    }
    ExpectPromises(problem, {}, name + " second", &second_tally);
  }
}

// --- Larger ones -------------------------------------------------------------

TEST(SuppressProperty, NoMiddlingTableGivesASmallCellAway) {
  ExpectPromisesOf(100, 1'000'000, [](RandomTables* random) {
    std::vector<CrossingVariable> variables = random->TreeVariables(2);
    variables.resize(1);
    variables.push_back(CrossingVariable::Flat(random->Between(2, 4)));
    variables.push_back(CrossingVariable::Flat(random->Between(2, 4)));
    return random->Problem(variables);
  });
}

TEST(SuppressProperty, NoLargeTableGivesASmallCellAway) {
  ExpectPromisesOf(20, 1'010'000, [](RandomTables* random) {
    CrossingVariable place = CrossingVariable::Flat(24);
    place.AddTree(24, 4);
    if (random->OneIn(2)) place.AddTree(24, 6);
    return random->Problem({place, CrossingVariable::Flat(4),
                            CrossingVariable::Flat(random->Between(2, 9))});
  });
}

// --- The attackers -----------------------------------------------------------

// What can be found where small cells alone are hidden and all else is shown.
TEST(SuppressProperty, TheAttackersFindWhatPrimaryHidingGivesAway) {
  int sensitive = 0, by_whole_numbers = 0, by_fractions = 0, by_algebra = 0;
  for (uint32_t seed = 1'300'000; seed < 1'300'200; ++seed) {
    RandomTables random(seed);
    const CellSystem system = CrossingOf(random.FlatVariables());
    const RandomProblem problem =
        ProblemOf(system, random.Figures(system), {9, 1, false, true});
    if (system.cells() > kMostToBruteForce) continue;
    std::vector<Range> known;
    std::vector<bool> shown;
    for (const SuppressionCell& cell : problem.cells) {
      shown.push_back(cell.kind == Kind::kOpen);
      known.push_back(shown.back() ? cell.shown : cell.hidden);
    }
    const Determined algebra = FindDetermined(system, shown);
    FractionAttacker fractions(system, known);
    WholeNumberAttacker whole(system, known, TruthOf(problem));
    for (int c = 0; c < system.cells(); ++c) {
      if (shown[c]) continue;
      const std::optional<Range> range = fractions.Of(c);
      ASSERT_TRUE(range.has_value()) << "seed " << seed;
      const bool exact = range->low == range->high;
      int possible = 0;
      for (int64_t value = 0; value <= 9; ++value) {
        possible += whole.CanBe(c, value, 100'000).value_or(true);
      }
      // What algebra finds bounds find as well, and whole numbers all of it.
      EXPECT_LE(algebra.exact[c], exact) << "seed " << seed << ", cell " << c;
      EXPECT_LE(exact, possible == 1) << "seed " << seed << ", cell " << c;
      ++sensitive;
      by_whole_numbers += possible == 1;
      by_fractions += exact;
      by_algebra += algebra.exact[c];
    }
  }
  std::cout << sensitive << " small cells; exact by whole numbers "
            << by_whole_numbers << ", fractions " << by_fractions
            << ", algebra " << by_algebra << "\n";
  EXPECT_GT(by_algebra, sensitive / 50);
  EXPECT_GT(by_fractions, by_algebra);
  EXPECT_GE(by_whole_numbers, by_fractions);
}

// --- What it costs -----------------------------------------------------------

int ComplementsOf(const CellSystem& system, const std::vector<int64_t>& truth,
                  ProblemRules rules, const SuppressionOptions& options) {
  const RandomProblem problem = ProblemOf(system, truth, rules);
  return Complements(problem, Suppress(problem.system, problem.cells, options));
}

TEST(SuppressProperty, RoundingHidesNoMoreOnTheWhole) {
  int rounded = 0, exact = 0;
  for (uint32_t seed = 1'100'000; seed < 1'100'500; ++seed) {
    RandomTables random(seed);
    const CellSystem system = CrossingOf(random.FlatVariables());
    const std::vector<int64_t> truth = random.Figures(system);
    ProblemRules rules;
    rules.zeros_shown = random.OneIn(2);
    rounded += ComplementsOf(system, truth, rules, {});
    rules.base = 1;
    exact += ComplementsOf(system, truth, rules, {});
  }
  std::cout << rounded << " complements with rounding, " << exact
            << " without\n";
  EXPECT_LE(rounded, exact);
}

// What the complements of a problem cost.
double LossOf(const RandomProblem& problem, const SuppressionOptions& options) {
  const Suppression made = Suppress(problem.system, problem.cells, options);
  double loss = 0;
  for (size_t i = 0; i < problem.cells.size(); ++i) {
    const SuppressionCell& cell = problem.cells[i];
    if (made.hidden[i] && cell.kind != SuppressionCell::Kind::kHidden) {
      loss += cell.cost;
    }
  }
  return loss;
}

TEST(SuppressProperty, SearchingAgainLosesNoMoreAndOnTheWholeLess) {
  SuppressionOptions none, once, rounds;
  none.pruning = SuppressionOptions::Pruning::kNone;
  once.pruning = SuppressionOptions::Pruning::kOnce;
  rounds.pruning = SuppressionOptions::Pruning::kInRounds;
  double with_none = 0, with_once = 0, with_rounds = 0;
  for (uint32_t seed = 1'200'000; seed < 1'200'200; ++seed) {
    RandomTables random(seed);
    const CellSystem system = CrossingOf(random.TreeVariables(1));
    const std::vector<int64_t> truth = random.Figures(system);
    const RandomProblem problem = ProblemOf(system, truth, random.Rules());
    const double first = LossOf(problem, none);
    const double second = LossOf(problem, once);
    const double third = LossOf(problem, rounds);
    EXPECT_LE(second, first) << "seed " << seed;
    EXPECT_LE(third, first) << "seed " << seed;
    with_none += first;
    with_once += second;
    with_rounds += third;
  }
  EXPECT_LT(with_once, with_none);
  EXPECT_LT(with_rounds, with_once);
}

}  // namespace
}  // namespace cairn
