#ifndef CAIRN_TESTS_CORE_DISCLOSURE_RANDOM_PROBLEM_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_RANDOM_PROBLEM_H_

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// One variable: its codes, and for every code all the ways to divide it. Code 0
// is the whole.
struct CrossingVariable {
  std::vector<std::vector<std::vector<int>>> groups;
  bool is_union = false;  // a person may have several of its codes

  static CrossingVariable Flat(int leaves) {
    CrossingVariable variable;
    variable.groups.resize(leaves + 1);
    std::vector<int> all(leaves);
    std::iota(all.begin(), all.end(), 1);
    variable.groups[0].push_back(all);
    return variable;
  }
  // Further codes over runs of `size` of the `leaves`: one more way to divide
  // the whole.
  void AddTree(int leaves, int size) {
    std::vector<int> tops;
    for (int first = 1; first <= leaves; first += size) {
      std::vector<int> run;
      for (int i = first; i < first + size && i <= leaves; ++i) {
        run.push_back(i);
      }
      tops.push_back(static_cast<int>(groups.size()));
      groups.push_back({run});
    }
    groups[0].push_back(tops);
  }
  int codes() const { return static_cast<int>(groups.size()); }
};

// A crossing with all its margins; the first variable runs fastest.
inline CellSystem CrossingOf(const std::vector<CrossingVariable>& variables) {
  int cells = 1;
  for (const CrossingVariable& v : variables) cells *= v.codes();
  CellSystem system(cells);
  int stride = 1;
  for (const CrossingVariable& v : variables) {
    const auto tie =
        v.is_union ? CellSystem::Tie::kUnion : CellSystem::Tie::kSum;
    for (int cell = 0; cell < cells; ++cell) {
      const int code = cell / stride % v.codes();
      for (const std::vector<int>& group : v.groups[code]) {
        std::vector<int> children;
        for (const int c : group) {
          children.push_back(cell + (c - code) * stride);
        }
        system.AddRelation(cell, tie, children);
      }
    }
    stride *= v.codes();
  }
  return system;
}

// Figures from the finest cells up; union cells at a share (0..1) of the way
// from the largest child to the sum.
class FiguresFrom {
 public:
  explicit FiguresFrom(const CellSystem& system)
      : system_(system), relation_(system.cells(), -1) {
    for (int r = 0; r < system.relations(); ++r) {
      const CellSystem::Relation relation = system.relation(r);
      int& mine = relation_[relation.parent];
      if (mine < 0 || relation.tie == CellSystem::Tie::kSum) mine = r;
    }
    std::vector<bool> done(system.cells(), false);
    for (int cell = 0; cell < system.cells(); ++cell) Place(cell, &done);
  }
  bool finest(int cell) const { return relation_[cell] < 0; }

  // Fills in all that are not finest.
  void Fill(double share, std::vector<int64_t>* figures) const {
    for (const int cell : order_) {
      const CellSystem::Relation relation = system_.relation(relation_[cell]);
      int64_t sum = 0, largest = 0;
      for (const int child : relation.children) {
        sum += (*figures)[child];
        largest = std::max(largest, (*figures)[child]);
      }
      (*figures)[cell] =
          relation.tie == CellSystem::Tie::kSum
              ? sum
              : largest + static_cast<int64_t>(share * (sum - largest));
    }
  }

 private:
  void Place(int cell, std::vector<bool>* done) {
    if ((*done)[cell] || finest(cell)) return;
    (*done)[cell] = true;
    for (const int child : system_.relation(relation_[cell]).children) {
      Place(child, done);
    }
    order_.push_back(cell);
  }

  const CellSystem& system_;
  std::vector<int> relation_;  // that defines the cell
  std::vector<int> order_;
};

// What the policy says, and the engine is told.
struct ProblemRules {
  int64_t largest_hidden = 7;
  int64_t base = 5;
  bool zeros_shown = false;
  // Whether the mark of a margin tells that it is small. Where zeros are shown
  // it then also tells that none of its parts is much.
  bool margins_tell = true;

  Range Bin(int64_t figure) const {
    const int64_t middle = (figure + base / 2) / base * base;
    return {middle - base / 2, middle + base / 2};
  }
  bool Small(int64_t figure) const {
    return figure <= largest_hidden && (figure > 0 || !zeros_shown);
  }
  int64_t least() const { return zeros_shown ? 1 : 0; }
  std::string ToString() const {
    return "t " + std::to_string(largest_hidden) + ", base " +
           std::to_string(base) + (zeros_shown ? ", zeros shown" : "") +
           (margins_tell ? "" : ", margins do not tell");
  }
};

struct RandomProblem {
  CellSystem system;
  std::vector<SuppressionCell> cells;
  ProblemRules rules;
};

// What each small cell can be at all once every cell that is not zero is
// hidden. Where zeros are shown the reader knows which of the finest are not
// empty: a cell has at least one person in each, and one finest cell cannot
// rise further than the small cells above it allow.
class WhatCanBeKept {
 public:
  WhatCanBeKept(const CellSystem& system, const std::vector<int64_t>& truth,
                const ProblemRules& rules)
      : figures_(system), truth_(truth), rules_(rules) {
    if (!rules.zeros_shown) return;
    least_.assign(truth.size(), 0);
    for (size_t c = 0; c < truth.size(); ++c) least_[c] = truth[c] > 0;
    figures_.Fill(0, &least_);
    high_ = least_;
    for (size_t c = 0; c < truth.size(); ++c) {
      if (finest(c) && rules.Small(truth[c])) Raise(c);
    }
  }

  bool finest(size_t cell) const {
    return figures_.finest(static_cast<int>(cell));
  }
  // Whether its mark is one that only small cells have.
  bool Tells(size_t cell) const { return finest(cell) || rules_.margins_tell; }
  Range Of(size_t cell) const {
    if (!rules_.zeros_shown) return {0, rules_.largest_hidden};
    return {
        std::min(least_[cell], truth_[cell]),
        std::max(std::min(high_[cell], rules_.largest_hidden), truth_[cell])};
  }

 private:
  void Raise(size_t leaf) {
    std::vector<int64_t> table;
    for (int64_t high = rules_.largest_hidden; high > 1; --high) {
      table = least_;
      table[leaf] = high;
      figures_.Fill(0, &table);
      bool possible = true;
      for (size_t c = 0; c < table.size() && possible; ++c) {
        possible = !rules_.Small(truth_[c]) || !Tells(c) ||
                   table[c] <= rules_.largest_hidden;
      }
      if (!possible) continue;
      for (size_t c = 0; c < table.size(); ++c) {
        if (rules_.Small(truth_[c])) high_[c] = std::max(high_[c], table[c]);
      }
      return;
    }
  }

  const FiguresFrom figures_;
  const std::vector<int64_t>& truth_;
  const ProblemRules rules_;
  std::vector<int64_t> least_, high_;
};

// The way an agent puts a table to the engine.
inline RandomProblem ProblemOf(const CellSystem& system,
                               const std::vector<int64_t>& truth,
                               const ProblemRules& rules) {
  RandomProblem problem = {system, {}, rules};
  const WhatCanBeKept keep(system, truth, rules);
  for (size_t c = 0; c < truth.size(); ++c) {
    SuppressionCell& cell = problem.cells.emplace_back();
    cell.figure = truth[c];
    cell.hidden = {rules.least(), kNoLimit};
    if (keep.Tells(c) && !rules.Small(cell.figure) && cell.figure > 0) {
      cell.insight = Range{rules.largest_hidden + 1, kNoLimit};
    }
    cell.cost = 1 + static_cast<double>(c % 5);
    if (rules.Small(cell.figure)) {
      cell.kind = SuppressionCell::Kind::kHidden;
      if (keep.Tells(c)) cell.hidden.high = rules.largest_hidden;
      cell.shown = cell.hidden;
      cell.keep = keep.Of(c);
    } else if (cell.figure == 0) {
      cell.kind = SuppressionCell::Kind::kFixed;
      cell.shown = cell.hidden = {0, 0};
    } else {
      cell.shown = rules.Bin(cell.figure);
    }
  }
  return problem;
}

// The cells of `wanted` alone, with the relations wholly among them.
inline RandomProblem Restricted(const RandomProblem& problem,
                                const std::vector<bool>& wanted) {
  RandomProblem part;
  part.rules = problem.rules;
  std::vector<int> number(wanted.size(), -1);
  for (size_t c = 0; c < wanted.size(); ++c) {
    if (!wanted[c]) continue;
    number[c] = part.system.AddCell();
    part.cells.push_back(problem.cells[c]);
  }
  for (int r = 0; r < problem.system.relations(); ++r) {
    const CellSystem::Relation relation = problem.system.relation(r);
    bool whole = wanted[relation.parent];
    std::vector<int> children;
    for (const int child : relation.children) {
      whole = whole && wanted[child];
      children.push_back(number[child]);
    }
    if (whole) {
      part.system.AddRelation(number[relation.parent], relation.tie, children);
    }
  }
  return part;
}

// A seeded maker of tables of all sorts.
class RandomTables {
 public:
  explicit RandomTables(uint32_t seed) : random_(seed) {}

  int Between(int low, int high) {
    return low + static_cast<int>(random_() % (high - low + 1));
  }
  bool OneIn(int n) { return random_() % n == 0; }

  ProblemRules Rules() {
    ProblemRules rules;
    rules.base = OneIn(2) ? 5 : 1;
    constexpr int kRounded[] = {2, 7, 12};
    constexpr int kExact[] = {3, 4, 9};
    const int any = Between(0, 2);
    rules.largest_hidden = rules.base == 5 ? kRounded[any] : kExact[any];
    rules.zeros_shown = OneIn(2);
    rules.margins_tell = !rules.zeros_shown || OneIn(2);
    return rules;
  }

  // 1 to 4 variables without hierarchies.
  std::vector<CrossingVariable> FlatVariables() {
    constexpr int kMost[] = {9, 5, 3, 2};
    const int dimensions = Between(1, 4);
    std::vector<CrossingVariable> variables;
    for (int d = 0; d < dimensions; ++d) {
      const int least = dimensions == 4 ? 1 : 2;
      variables.push_back(
          CrossingVariable::Flat(Between(least, kMost[dimensions - 1])));
    }
    return variables;
  }

  // One variable with `trees` ways to divide it, and perhaps others.
  std::vector<CrossingVariable> TreeVariables(int trees) {
    const int leaves = Between(4, 6);
    CrossingVariable place = CrossingVariable::Flat(leaves);
    place.AddTree(leaves, 2);
    if (trees > 1) place.AddTree(leaves, 3);
    std::vector<CrossingVariable> variables = {place};
    if (OneIn(2)) variables.push_back(CrossingVariable::Flat(Between(2, 3)));
    return variables;
  }

  // Figures of one of the sorts that make trouble.
  std::vector<int64_t> Figures(const CellSystem& system) {
    const FiguresFrom from(system);
    std::vector<int64_t> figures(system.cells(), 0);
    const int sort = Between(0, 6);
    const int empty_run = Between(2, 5);
    for (int cell = 0; cell < system.cells(); ++cell) {
      if (!from.finest(cell)) continue;
      figures[cell] = Figure(sort);
      if (sort == 4 && cell / empty_run % 2 == 0) figures[cell] = 0;
    }
    if (sort == 3) figures[LastFinest(from, system.cells())] = 300;
    from.Fill(Between(0, 4) / 4.0, &figures);
    return figures;
  }

  RandomProblem Problem(const std::vector<CrossingVariable>& variables) {
    const CellSystem system = CrossingOf(variables);
    return ProblemOf(system, Figures(system), Rules());
  }

 private:
  int64_t Figure(int sort) {
    switch (sort) {
      case 0:  // sparse
        return OneIn(4) ? Between(1, 15) : 0;
      case 1:  // all small
        return Between(0, 3);
      case 2:  // ones
        return OneIn(3) ? 1 : 0;
      case 3:  // one is big
        return Between(0, 4);
      case 4:  // whole rows are empty
        return Between(0, 20);
      case 5:  // a few are small
        return OneIn(5) ? Between(0, 6) : Between(10, 80);
      default:
        return Between(0, 25);
    }
  }
  int LastFinest(const FiguresFrom& from, int cells) {
    int cell = Between(0, cells - 1);
    while (!from.finest(cell)) cell = (cell + 1) % cells;
    return cell;
  }

  std::mt19937 random_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_RANDOM_PROBLEM_H_
