#ifndef CAIRN_TESTS_CORE_DISCLOSURE_SUPPRESS_PROMISES_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_SUPPRESS_PROMISES_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/elimination.h"
#include "core/disclosure/suppress.h"
#include "tests/core/disclosure/random_problem.h"
#include "tests/core/disclosure/range_attacker.h"

namespace cairn {

// What suppress.h promises of one problem, put to the test by attackers that
// share nothing with the engine but CellSystem and the solver's door.

inline constexpr int kMostToBruteForce = 80;  // cells

struct Tally {
  int tables = 0, cells = 0, sensitive = 0, complements = 0, unproved = 0;
  int brute_forced = 0, given_up = 0, by_fractions = 0;

  ~Tally() {
    std::cout << tables << " tables, " << cells << " cells, " << sensitive
              << " sensitive, " << complements << " complements, " << unproved
              << " unproved; every whole number tried in " << brute_forced
              << " tables, given up in " << given_up << ", fractions in "
              << by_fractions << "\n";
  }
};

inline int Complements(const RandomProblem& problem,
                       const Suppression& result) {
  int complements = 0;
  for (size_t c = 0; c < problem.cells.size(); ++c) {
    complements += result.hidden[c] &&
                   problem.cells[c].kind == SuppressionCell::Kind::kOpen;
  }
  return complements;
}

inline std::vector<int64_t> TruthOf(const RandomProblem& problem) {
  std::vector<int64_t> truth;
  for (const SuppressionCell& cell : problem.cells) {
    truth.push_back(cell.figure);
  }
  return truth;
}

// What is public of a cell is what was agreed for its kind, and true.
inline void ExpectWhatIsPublicIsRight(const RandomProblem& problem,
                                      const Suppression& result,
                                      const std::string& where) {
  ASSERT_EQ(result.hidden.size(), problem.cells.size()) << where;
  ASSERT_EQ(result.known.size(), problem.cells.size()) << where;
  for (size_t c = 0; c < problem.cells.size(); ++c) {
    const SuppressionCell& cell = problem.cells[c];
    const Range& known = result.known[c];
    const std::string at = where + ", cell " + std::to_string(c);
    EXPECT_TRUE(known.Holds(cell.figure)) << at;
    // Where nothing else helps, a mark says nothing.
    const bool silent =
        result.hidden[c] && known == Range({cell.hidden.low, kNoLimit});
    switch (cell.kind) {
      case SuppressionCell::Kind::kOpen:
        EXPECT_TRUE(silent ||
                    known == (result.hidden[c] ? cell.hidden : cell.shown))
            << at;
        break;
      case SuppressionCell::Kind::kHidden:
        EXPECT_TRUE(result.hidden[c]) << at;
        EXPECT_TRUE(silent || known == cell.hidden) << at;
        break;
      case SuppressionCell::Kind::kFixed:
      case SuppressionCell::Kind::kZero:
        EXPECT_FALSE(result.hidden[c]) << at;
        EXPECT_EQ(known, cell.shown) << at;
        break;
      case SuppressionCell::Kind::kUnseen:
        EXPECT_FALSE(result.hidden[c]) << at;
        EXPECT_EQ(known, cell.hidden) << at;
        break;
    }
  }
}

inline std::vector<bool> InDoubt(const RandomProblem& problem,
                                 const Suppression& result) {
  std::vector<bool> in_doubt;
  for (const SuppressionCell& cell : problem.cells) {
    in_doubt.push_back(cell.sensitive());
  }
  for (const int cell : result.unproved) {
    EXPECT_TRUE(in_doubt[cell]) << "unproved, but not sensitive: " << cell;
    in_doubt[cell] = false;
  }
  return in_doubt;
}

// Every end that is said to be proved has a table that keeps all that is
// public, and is there.
inline void ExpectCertificatesHold(const RandomProblem& problem,
                                   const Suppression& result, bool exact_only,
                                   const std::string& where) {
  const std::vector<bool> in_doubt = InDoubt(problem, result);
  const std::vector<int64_t> truth = TruthOf(problem);
  std::vector<std::vector<int64_t>> tables(result.certificates.size(), truth);
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const auto& [cell, figure] : result.certificates[i]) {
      tables[i][cell] = figure;
    }
  }
  ASSERT_EQ(result.proof.size(), truth.size()) << where;
  std::vector<bool> used(tables.size(), false);
  for (size_t c = 0; c < truth.size(); ++c) {
    if (!in_doubt[c]) continue;
    const Range& keep = problem.cells[c].keep;
    for (int side = 0; side < 2; ++side) {
      const std::string at = where + ", cell " + std::to_string(c);
      const int proof = result.proof[c][side];
      ASSERT_NE(proof, Suppression::kNone) << at;
      ASSERT_LT(proof, static_cast<int>(tables.size())) << at;
      if (proof == Suppression::kFraction) {
        // The attack by linear programs below is the test of these.
        EXPECT_GE(problem.system.cells(), 500) << at;
        continue;
      }
      if (proof >= 0) used[proof] = true;
      const int64_t there = proof < 0 ? truth[c] : tables[proof][c];
      if (exact_only) {
        EXPECT_NE(there, truth[c]) << at;
      } else if (side == 0) {
        EXPECT_LE(there, keep.low) << at;
      } else {
        EXPECT_GE(there, keep.high) << at;
      }
    }
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    EXPECT_TRUE(!used[i] || IsFeasible(problem.system, result.known, tables[i]))
        << where << ", certificate " << i;
  }
}

// Every whole number of `keep` is possible.
inline void AttackByWholeNumbers(const RandomProblem& problem,
                                 const Suppression& result, bool exact_only,
                                 const std::string& where, Tally* tally) {
  WholeNumberAttacker attacker(problem.system, result.known, TruthOf(problem));
  const std::vector<bool> in_doubt = InDoubt(problem, result);
  bool all = true;
  for (size_t c = 0; c < problem.cells.size(); ++c) {
    if (!in_doubt[c]) continue;
    const SuppressionCell& cell = problem.cells[c];
    const Range wanted =
        exact_only ? Range{cell.figure - 9, cell.figure + 9} : cell.keep;
    int others = 0;
    for (int64_t value = wanted.low; value <= wanted.high; ++value) {
      const auto possible = attacker.CanBe(static_cast<int>(c), value);
      all = all && possible.has_value();
      others += possible.value_or(true) && value != cell.figure;
      if (exact_only) continue;
      EXPECT_TRUE(possible.value_or(true))
          << where << ", cell " << c << " cannot be " << value;
    }
    if (exact_only) {
      EXPECT_GT(others, 0) << where << ", cell " << c;
    }
  }
  ++(all ? tally->brute_forced : tally->given_up);
}

// Both ends of `keep` are possible, as far as fractions show; of a sample.
inline void AttackByFractions(const RandomProblem& problem,
                              const Suppression& result, bool exact_only,
                              const std::string& where, Tally* tally) {
  constexpr int kMost = 40;  // cells of one table
  FractionAttacker attacker(problem.system, result.known);
  const std::vector<bool> in_doubt = InDoubt(problem, result);
  const auto all = std::count(in_doubt.begin(), in_doubt.end(), true);
  int seen = 0;
  for (size_t c = 0; c < in_doubt.size(); ++c) {
    if (!in_doubt[c] || ++seen % (1 + all / kMost) != 0) continue;
    const std::string at = where + ", cell " + std::to_string(c);
    const std::optional<Range> range = attacker.Of(static_cast<int>(c));
    ASSERT_TRUE(range.has_value()) << at << ": the solver gave up";
    if (exact_only) {
      EXPECT_LT(range->low, range->high) << at;
      continue;
    }
    EXPECT_LE(range->low, problem.cells[c].keep.low) << at;
    EXPECT_GE(range->high, problem.cells[c].keep.high) << at;
  }
  ++tally->by_fractions;
}

// No cell that is to be one of several numbers follows by algebra.
inline void AttackByAlgebra(const RandomProblem& problem,
                            const Suppression& result,
                            const std::string& where) {
  std::vector<bool> known;
  for (const Range& range : result.known) {
    known.push_back(range.low == range.high);
  }
  const Determined found = FindDetermined(problem.system, known);
  const std::vector<bool> in_doubt = InDoubt(problem, result);
  ASSERT_TRUE(found.complete) << where;
  for (size_t c = 0; c < known.size(); ++c) {
    const Range& keep = problem.cells[c].keep;
    if (!in_doubt[c] || keep.low == keep.high) continue;
    EXPECT_FALSE(found.exact[c]) << where << ", cell " << c;
  }
}

inline void ExpectTheSameAgain(const RandomProblem& problem,
                               const SuppressionOptions& options,
                               const Suppression& once,
                               const std::string& where) {
  const Suppression again = Suppress(problem.system, problem.cells, options);
  EXPECT_EQ(once.hidden, again.hidden) << where;
  EXPECT_EQ(once.known, again.known) << where;
  EXPECT_EQ(once.unproved, again.unproved) << where;
}

inline Suppression ExpectPromises(const RandomProblem& problem,
                                  const SuppressionOptions& options,
                                  const std::string& name, Tally* tally) {
  const std::string where = name + " (" + problem.rules.ToString() + ")";
  const Suppression result = Suppress(problem.system, problem.cells, options);
  ExpectWhatIsPublicIsRight(problem, result, where);
  ExpectCertificatesHold(problem, result, options.exact_only, where);
  AttackByAlgebra(problem, result, where);
  if (problem.system.cells() <= kMostToBruteForce) {
    AttackByWholeNumbers(problem, result, options.exact_only, where, tally);
  } else {
    AttackByFractions(problem, result, options.exact_only, where, tally);
  }
  if (tally->tables % 10 == 0) {
    ExpectTheSameAgain(problem, options, result, where);
  }
  ++tally->tables;
  tally->cells += problem.system.cells();
  for (const SuppressionCell& cell : problem.cells) {
    tally->sensitive += cell.sensitive();
  }
  tally->complements += Complements(problem, result);
  tally->unproved += static_cast<int>(result.unproved.size());
  return result;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_SUPPRESS_PROMISES_H_
