#include "core/disclosure/table_walk.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace cairn {
namespace {

// A search that has not closed after so many changes is given up.
constexpr int kMaxChanges = 80;
// One that did close looks so much further for a cheaper table.
constexpr int kMoreChanges = 40;
// Of a long sum so many finest cells are looked at, from a random one on.
constexpr int kMaxLooked = 96;
// What the dearest cell that may leave its bounds counts, where a goal missed
// counts 1. Dear cells are to be mended rather than left.
constexpr double kCostWeight = 4;
constexpr double kLeaving = 0.1;  // any cell that leaves, as a part of that

}  // namespace

TableWalk::TableWalk(const CellSystem& system,
                     absl::Span<const int64_t> figures)
    : system_(system), leaf_of_(system.cells(), -1) {
  Expand();
  Transpose();
  truth_.assign(figures.begin(), figures.end());
  for (size_t c = truth_.size(); c < checks_.size(); ++c) truth_.push_back(0);
  // Differences: from the figures of the finest cells.
  std::vector<int64_t> leaf_figure(way_.size(), 0);
  for (int cell = 0; cell < system.cells(); ++cell) {
    if (leaf_of_[cell] >= 0) leaf_figure[leaf_of_[cell]] = figures[cell];
  }
  for (size_t c = system.cells(); c < checks_.size(); ++c) {
    for (const Term& term : leaves_of_.Of(static_cast<int>(c))) {
      truth_[c] += term.factor * leaf_figure[term.id];
    }
  }
  for (size_t c = 0; c < checks_.size(); ++c) checks_[c].value = truth_[c];
}

void TableWalk::AddCheck(const std::vector<Term>& terms, Range bounds) {
  leaves_of_.terms.insert(leaves_of_.terms.end(), terms.begin(), terms.end());
  leaves_of_.begin.push_back(leaves_of_.terms.size());
  Check check;
  check.low = bounds.low;
  check.high = bounds.high;
  checks_.push_back(check);
  leave_.emplace_back();
  free_.push_back(0);
}

// Writes every cell as a sum of finest cells (those that no sum explains), and
// every further sum as a difference that must be 0.
void TableWalk::Expand() {
  const int cells = system_.cells();
  std::vector<int> defined_by(cells, -1);
  for (int r = 0; r < system_.relations(); ++r) {
    const CellSystem::Relation relation = system_.relation(r);
    if (relation.tie != CellSystem::Tie::kSum) continue;
    if (defined_by[relation.parent] < 0) defined_by[relation.parent] = r;
  }
  int leaves = 0;
  for (int cell = 0; cell < cells; ++cell) {
    if (defined_by[cell] >= 0) continue;
    leaf_of_[cell] = leaves++;
    cell_of_.push_back(cell);
  }
  way_.assign(leaves, 0);
  // Depth first over the defining sums; `terms` keeps what is done.
  std::vector<std::vector<Term>> terms(cells);
  std::vector<int8_t> state(cells, 0);  // 1: begun, 2: done
  std::vector<int> factor(leaves, 0);
  std::vector<int> used;
  const auto add = [&](int cell, int sign) {
    for (const Term& term : terms[cell]) {
      if (factor[term.id] == 0) used.push_back(term.id);
      factor[term.id] += sign * term.factor;
      if (factor[term.id] == 0) factor[term.id] = 0;
    }
  };
  const auto collect = [&]() {
    std::vector<Term> sum;
    std::sort(used.begin(), used.end());
    for (const int leaf : used) {
      if (factor[leaf] == 0) continue;  // cancelled, or seen twice
      sum.push_back({leaf, factor[leaf]});
      factor[leaf] = 0;
    }
    used.clear();
    return sum;
  };
  std::vector<int> stack;
  for (int root = 0; root < cells; ++root) {
    stack.push_back(root);
    while (!stack.empty()) {
      const int cell = stack.back();
      if (state[cell] == 2) {
        stack.pop_back();
        continue;
      }
      if (leaf_of_[cell] >= 0) {
        terms[cell] = {{leaf_of_[cell], 1}};
        state[cell] = 2;
        continue;
      }
      const CellSystem::Relation relation = system_.relation(defined_by[cell]);
      if (state[cell] == 0) {
        state[cell] = 1;
        for (const int child : relation.children) {
          if (state[child] == 0) stack.push_back(child);
        }
        continue;
      }
      for (const int child : relation.children) add(child, 1);
      terms[cell] = collect();
      state[cell] = 2;
    }
  }
  for (int cell = 0; cell < cells; ++cell) AddCheck(terms[cell], Range());
  for (int r = 0; r < system_.relations(); ++r) {
    const CellSystem::Relation relation = system_.relation(r);
    if (defined_by[relation.parent] == r) continue;
    for (const int child : relation.children) add(child, 1);
    add(relation.parent, -1);
    const std::vector<Term> difference = collect();
    if (relation.tie == CellSystem::Tie::kSum) {
      if (!difference.empty()) AddCheck(difference, {0, 0});
      continue;
    }
    AddCheck(difference, Range());
    if (relation.tie == CellSystem::Tie::kCover) continue;
    for (const int child : relation.children) {
      add(relation.parent, 1);
      add(child, -1);
      AddCheck(collect(), Range());
    }
  }
}

void TableWalk::Transpose() {
  const size_t leaves = way_.size();
  checks_of_.begin.assign(leaves + 1, 0);
  for (const Term& term : leaves_of_.terms) ++checks_of_.begin[term.id + 1];
  for (size_t i = 1; i <= leaves; ++i) {
    checks_of_.begin[i] += checks_of_.begin[i - 1];
  }
  checks_of_.terms.resize(leaves_of_.terms.size());
  std::vector<size_t> next(checks_of_.begin.begin(),
                           checks_of_.begin.end() - 1);
  for (size_t c = 0; c < checks_.size(); ++c) {
    for (const Term& term : leaves_of_.Of(static_cast<int>(c))) {
      checks_of_.terms[next[term.id]++] = {static_cast<int>(c), term.factor};
    }
  }
  is_touched_.assign(checks_.size(), false);
  is_broken_.assign(checks_.size(), false);
}

void TableWalk::SetBounds(int cell, const Range& now, const Range& if_hidden,
                          double cost) {
  Check& check = checks_[cell];
  check.low = now.low;
  check.high = now.high;
  leave_[cell] = {if_hidden, cost};
  free_[cell] = now.low <= 0 && now.high == kNoLimit && leaf_of_[cell] < 0;
}

double TableWalk::Noise() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<double>(random_ >> 11) * 0x1p-53;
}

double TableWalk::Penalty(int check, int64_t at) const {
  const int64_t out = checks_[check].Out(at);
  if (out == 0) return 0;
  if (MayBe(check, at)) {
    return kCostWeight * kLeaving + cost_scale_ * leave_[check].cost;
  }
  return scale_ * static_cast<double>(out);
}

void TableWalk::Move(int leaf, int64_t change) {
  if (way_[leaf] == 0) moved_.push_back(leaf);
  way_[leaf] = change > 0 ? 1 : -1;
  for (const Term& term : checks_of_.Of(leaf)) {
    Check& check = checks_[term.id];
    check.value += term.factor * change;
    if (!is_touched_[term.id]) {
      is_touched_[term.id] = true;
      touched_.push_back(term.id);
    }
    if (check.Out(check.value) > 0 && !is_broken_[term.id]) {
      is_broken_[term.id] = true;
      broken_.push_back(term.id);
    }
  }
}

void TableWalk::Undo() {
  for (const int check : touched_) {
    checks_[check].value = truth_[check];
    is_touched_[check] = false;
  }
  for (const int leaf : moved_) way_[leaf] = 0;
  for (const int check : broken_) is_broken_[check] = false;
  touched_.clear();
  moved_.clear();
  broken_.clear();
}

// Is this finest cell the best so far to take `want` off a sum?
void TableWalk::Consider(const Term& term, int64_t want, Choice* best) {
  const int leaf = term.id;
  const bool up = (want > 0) == (term.factor > 0);
  if (way_[leaf] != 0 && (way_[leaf] > 0) != up) return;
  // No further than it can go itself.
  const int cell = cell_of_[leaf];
  const Check& own = checks_[cell];
  const Range within =
      MayLeave(cell) ? leave_[cell].to : Range{own.low, own.high};
  const int64_t edge = up ? within.high : within.low;
  const int64_t room = up ? edge - own.value : own.value - edge;
  const int64_t amount = std::min(std::abs(want), room);
  if (amount <= 0) return;
  const int64_t change = up ? amount : -amount;
  double gain = 0;
  budget_ -= static_cast<int64_t>(checks_of_.Of(leaf).size());
  for (const Term& link : checks_of_.Of(leaf)) {
    if (free_[link.id]) continue;
    const int64_t value = checks_[link.id].value;
    gain += Penalty(link.id, value) -
            Penalty(link.id, value + link.factor * change);
  }
  gain += temperature_ * Noise();
  if (best->leaf < 0 || gain > best->score) *best = {leaf, change, gain};
}

bool TableWalk::Mend(int id) {
  const Check& check = checks_[id];
  const int64_t want = check.value < check.low ? check.low - check.value
                                               : check.high - check.value;
  const absl::Span<const Term> terms = leaves_of_.Of(id);
  const int size = static_cast<int>(terms.size());
  const int looked = std::min(size, kMaxLooked);
  int at = size > looked ? static_cast<int>(Noise() * size) : 0;
  Choice best;
  for (int i = 0; i < looked; ++i) {
    Consider(terms[at], want, &best);
    if (++at == size) at = 0;
  }
  if (best.leaf < 0) return false;
  Move(best.leaf, best.change);
  return true;
}

int TableWalk::NextBroken() {
  int next = -1;
  size_t fewest = 0;
  for (size_t i = 0; i < broken_.size();) {
    const int id = broken_[i];
    const Check& check = checks_[id];
    if (check.Out(check.value) == 0) {
      is_broken_[id] = false;
      broken_[i] = broken_.back();
      broken_.pop_back();
      continue;
    }
    ++i;
    if (MayBe(id, check.value)) continue;
    const size_t size = leaves_of_.begin[id + 1] - leaves_of_.begin[id];
    if (next < 0 || size < fewest) {
      next = id;
      fewest = size;
    }
  }
  return next;
}

// Keeps the table that the walk is at.
void TableWalk::Record(double cost, Found* found) const {
  *found = {true, cost, broken_, {}, {}};
  for (const int id : touched_) {
    if (id >= system_.cells() || checks_[id].value == truth_[id]) continue;
    found->moved.emplace_back(id, checks_[id].value);
  }
}

// From a table that holds on: the dearest cells that left their bounds must go
// back, and so on. That is how margins are left for small cells.
void TableWalk::Search(double max_cost, Found* found) {
  int last = kMaxChanges;
  for (int changes = 0; changes < last;) {
    const int next = NextBroken();
    if (next >= 0) {
      if (!Mend(next)) return;
      ++changes;
      continue;
    }
    double cost = 0, most = 0;
    for (const int id : broken_) {
      cost += leave_[id].cost;
      most = std::max(most, leave_[id].cost);
    }
    if (cost < max_cost || broken_.empty()) {
      Record(cost, found);
      max_cost = cost;
      last = changes + kMoreChanges;
    }
    if (broken_.empty()) return;
    dearest_ = std::nextafter(most, 0);
  }
}

TableWalk::Found TableWalk::Reach(int cell, int64_t value, double dearest,
                                  double max_cost, uint64_t seed) {
  Found found;
  if (value == truth_[cell]) {
    found.ok = true;
    return found;
  }
  if (budget_ <= 0) return found;
  random_ = (seed + 1) * 0x9E3779B97F4A7C15u;
  random_ ^= static_cast<uint64_t>(cell + 1) * 0xD1B54A32D192ED03u;
  if (random_ == 0) random_ = 1;
  dearest_ = dearest;
  cost_scale_ = dearest > 0 ? kCostWeight / dearest : 0;
  temperature_ = 0.2 * static_cast<double>(seed % 6);
  scale_ = 1.0 / static_cast<double>(std::abs(value - truth_[cell]));
  Check& target = checks_[cell];
  const Check before = target;
  const double cost = std::exchange(leave_[cell].cost, 0);
  const uint8_t free = std::exchange(free_[cell], 0);
  (value > target.value ? target.low : target.high) = value;
  is_broken_[cell] = true;
  broken_.push_back(cell);
  Search(max_cost, &found);
  target.low = before.low;
  target.high = before.high;
  leave_[cell].cost = cost;
  free_[cell] = free;
  Undo();
  return found;
}

TableWalk::Found TableWalk::Resume(const Found&, Figures ends, double dearest,
                                   double max_cost, uint64_t seed) {
  if (ends.size() != 1) return Found();
  return Reach(ends[0].first, ends[0].second, dearest, max_cost, seed);
}

}  // namespace cairn
