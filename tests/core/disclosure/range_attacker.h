#ifndef CAIRN_TESTS_CORE_DISCLOSURE_RANGE_ATTACKER_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_RANGE_ATTACKER_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/linear_program.h"

namespace cairn {

// Narrows ranges to what the relations allow, by bounds alone, over and over.
// False: no table has them.
inline bool NarrowRanges(const CellSystem& system, std::vector<Range>* ranges) {
  std::vector<Range>& now = *ranges;
  for (bool changed = true; changed;) {
    changed = false;
    const auto narrow = [&](int cell, int64_t low, int64_t high) {
      if (low > now[cell].low) now[cell].low = low, changed = true;
      if (high < now[cell].high) now[cell].high = high, changed = true;
      return now[cell].low <= now[cell].high;
    };
    for (int r = 0; r < system.relations(); ++r) {
      const CellSystem::Relation relation = system.relation(r);
      const bool sum = relation.tie == CellSystem::Tie::kSum;
      int64_t lows = 0, highs = 0, largest_low = 0;
      for (const int child : relation.children) {
        lows += now[child].low;
        highs += now[child].high;
        largest_low = std::max(largest_low, now[child].low);
      }
      if (!narrow(relation.parent, sum ? lows : largest_low, highs)) {
        return false;
      }
      const Range parent = now[relation.parent];
      for (const int child : relation.children) {
        const Range old = now[child];
        const int64_t most = sum ? parent.high - (lows - old.low) : parent.high;
        if (!narrow(child, parent.low - (highs - old.high), most)) {
          return false;
        }
        lows += now[child].low - old.low;
        highs += now[child].high - old.high;
      }
    }
  }
  return true;
}

// Tries every table of whole numbers within what is public. Every one that is
// found counts for all cells.
class WholeNumberAttacker {
 public:
  // `truth`: whose neighbourhood is tried first.
  WholeNumberAttacker(const CellSystem& system, std::vector<Range> known,
                      const std::vector<int64_t>& truth)
      : system_(system), known_(std::move(known)), truth_(truth) {
    int64_t far = 100;  // a figure that no test comes near
    for (const int64_t figure : truth) far = std::max(far, 4 * figure);
    for (Range& range : known_) range.high = std::min(range.high, far);
    NarrowRanges(system_, &known_);
    possible_.resize(truth.size());
    Note(truth);
  }

  // None: it takes more than `budget` guesses to find out.
  std::optional<bool> CanBe(int cell, int64_t value, int budget = 3000) {
    if (possible_[cell].count(value) > 0) return true;
    if (!known_[cell].Holds(value)) return false;
    std::vector<Range> ranges = known_;
    ranges[cell] = {value, value};
    return Search(std::move(ranges), &budget);
  }

 private:
  void Note(const std::vector<int64_t>& table) {
    for (size_t c = 0; c < table.size(); ++c) possible_[c].insert(table[c]);
  }

  std::optional<bool> Search(std::vector<Range> ranges, int* budget) {
    if (--*budget < 0) return std::nullopt;
    if (!NarrowRanges(system_, &ranges)) return false;
    int next = -1;
    int64_t width = 0;
    for (size_t c = 0; c < ranges.size(); ++c) {
      const int64_t mine = ranges[c].high - ranges[c].low;
      if (mine > 0 && (next < 0 || mine < width)) {
        next = static_cast<int>(c);
        width = mine;
      }
    }
    if (next < 0) {
      std::vector<int64_t> table;
      for (const Range& range : ranges) table.push_back(range.low);
      if (!IsFeasible(system_, known_, table)) return false;
      Note(table);
      return true;
    }
    // In halves, the truth's first.
    const int64_t middle = ranges[next].low + width / 2;
    std::vector<Range> other = ranges;
    ranges[next].high = middle;
    other[next].low = middle + 1;
    if (truth_[next] > middle) std::swap(ranges, other);
    const std::optional<bool> found = Search(std::move(ranges), budget);
    if (!found.has_value() || *found) return found;
    return Search(std::move(other), budget);
  }

  const CellSystem& system_;
  std::vector<Range> known_;
  const std::vector<int64_t> truth_;
  std::vector<std::set<int64_t>> possible_;  // by cell
};

// Finds the least and the greatest that a cell can be in a table of fractions:
// no narrower than whole numbers allow, and for tables of any size.
class FractionAttacker {
 public:
  FractionAttacker(const CellSystem& system, std::vector<Range> known) {
    constexpr int64_t kFar = 1'000'000;
    for (Range& range : known) range.high = std::min(range.high, kFar);
    NarrowRanges(system, &known);
    for (const Range& range : known) {
      program_.AddColumn(static_cast<double>(range.low),
                         static_cast<double>(range.high), 0);
    }
    for (int r = 0; r < system.relations(); ++r) {
      AddRelation(system.relation(r));
    }
  }

  // Rounded inwards; none if the solver gave up.
  std::optional<Range> Of(int cell) {
    double ends[2];
    for (const int sign : {1, -1}) {
      program_.SetCost(cell, sign);
      const auto outcome =
          program_.Solve(LinearProgram::Method::kPrimal, 100000);
      ends[sign < 0] = program_.value(cell);
      program_.SetCost(cell, 0);
      if (outcome != LinearProgram::Outcome::kOptimal) return std::nullopt;
    }
    return Range{static_cast<int64_t>(std::ceil(ends[0] - 1e-6)),
                 static_cast<int64_t>(std::floor(ends[1] + 1e-6))};
  }

 private:
  void AddRelation(const CellSystem::Relation& relation) {
    const bool sum = relation.tie == CellSystem::Tie::kSum;
    std::vector<LinearProgram::Term> terms = {{relation.parent, -1}};
    for (const int child : relation.children) {
      terms.push_back({child, 1});
      if (sum) continue;
      program_.AddRow(0, LinearProgram::kInfinity,
                      {{relation.parent, 1}, {child, -1}});
    }
    program_.AddRow(0, sum ? 0 : LinearProgram::kInfinity, terms);
  }

  LinearProgram program_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_RANGE_ATTACKER_H_
