// A search that runs out of steps costs more cells than one that does not, but
// no secret, and not every cell.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/disclosure/proof.h"
#include "core/disclosure/suppress.h"
#include "tests/core/disclosure/random_problem.h"
#include "tests/core/disclosure/suppress_promises.h"

namespace cairn {
namespace {

// A crossing with all its margins, of which a third of the inner cells is
// small.
RandomProblem ManySmall(RandomTables* random) {
  const std::vector<CrossingVariable> variables = {CrossingVariable::Flat(9),
                                                   CrossingVariable::Flat(6),
                                                   CrossingVariable::Flat(3)};
  const CellSystem system = CrossingOf(variables);
  std::vector<int64_t> figures(system.cells(), 0);
  const FiguresFrom from(system);
  for (int cell = 0; cell < system.cells(); ++cell) {
    if (!from.finest(cell)) continue;
    figures[cell] =
        random->OneIn(3) ? random->Between(0, 9) : random->Between(10, 90);
  }
  from.Fill(0, &figures);
  ProblemRules rules;
  return ProblemOf(system, figures, rules);
}

int Shown(const Suppression& result, const RandomProblem& problem) {
  int shown = 0;
  for (size_t c = 0; c < problem.cells.size(); ++c) {
    shown += problem.cells[c].kind == SuppressionCell::Kind::kOpen &&
             !result.hidden[c];
  }
  return shown;
}

TEST(FewSteps, HideBesideWhatTheyDoNotProveAndNotAll) {
  Tally tally;
  int ran_out = 0, showed = 0;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    for (const int64_t part : {30'000, 60'000, 100'000}) {
      RandomTables random(seed);
      RandomProblem problem = ManySmall(&random);
      SuppressionOptions few;
      few.thorough = true;
      few.part = part;
      if (Suppress(problem.system, problem.cells, few).unproved.empty()) {
        continue;
      }
      ++ran_out;
      const Suppression result =
          SuppressAndProve(problem.system, &problem.cells, few);
      const std::string where =
          "seed " + std::to_string(seed) + ", part " + std::to_string(part);
      showed += Shown(result, problem) > 0 ? 1 : 0;
      EXPECT_TRUE(result.unproved.empty()) << where;
      ExpectWhatIsPublicIsRight(problem, result, where);
      ExpectCertificatesHold(problem, result, /*exact_only=*/false, where);
      AttackByAlgebra(problem, result, where);
      AttackByFractions(problem, result, /*exact_only=*/false, where, &tally);
      ++tally.tables;
    }
  }
  EXPECT_GE(ran_out, 15);
  EXPECT_GE(showed * 2, ran_out) << showed << " of " << ran_out;
}

}  // namespace
}  // namespace cairn
