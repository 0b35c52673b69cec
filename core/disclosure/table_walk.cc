#include "core/disclosure/table_walk.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace cairn {
namespace {

// A search that has not closed after so many changes is given up.
constexpr int kMaxChanges = 100;
// Nor does one close any more that has so many sums out of bounds at once.
constexpr int kMostBroken = 30;
// A finest cell that was changed rests for so many changes, where others can
// be changed instead. Longer, and tables are missed in which one has to go back
// a little; shorter, and the search goes round in circles.
constexpr int kRest = 5;
// One that did close looks so much further for a cheaper table.
constexpr int kMoreChanges = 40;
// Of a long sum so many finest cells are looked at, from a random one on.
constexpr int kMaxLooked = 96;
// What the dearest cell that may leave its bounds counts, where a goal missed
// counts 1. Dear cells are to be mended rather than left.
constexpr double kCostWeight = 4;
constexpr double kLeaving = 0.1;  // any cell that leaves, as a part of that
// What a sum out of bounds counts beside each unit that it is out, in units.
// One sum that is far out is easier to mend than several.
constexpr int64_t kOutAtAll = 2;
// Further than any sum goes, so that differences to it do not overflow.
constexpr int64_t kFar = kNoLimit / 4;

// Without a branch.
int64_t OrZero(int64_t number) { return number & ~(number >> 63); }

}  // namespace

TableWalk::TableWalk(const CellSystem& system,
                     absl::Span<const int64_t> figures)
    : system_(system), changed_at_(system.cells(), 0) {
  Expand();
  Transpose();
  truth_.assign(figures.begin(), figures.end());
  for (size_t c = truth_.size(); c < checks_.size(); ++c) truth_.push_back(0);
  // Differences: from the figures of the finest cells.
  for (size_t c = system.cells(); c < checks_.size(); ++c) {
    for (const Term& term : leaves_of_.Of(static_cast<int>(c))) {
      truth_[c] += term.factor * figures[term.id];
    }
  }
  for (size_t c = 0; c < checks_.size(); ++c) checks_[c].value = truth_[c];
}

void TableWalk::AddCheck(const std::vector<Term>& terms, Range bounds) {
  leaves_of_.terms.insert(leaves_of_.terms.end(), terms.begin(), terms.end());
  leaves_of_.begin.push_back(leaves_of_.terms.size());
  Check check;
  check.low = bounds.low;
  check.high = std::min(bounds.high, kFar);
  checks_.push_back(check);
  leave_.emplace_back();
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
  // Depth first over the defining sums; `terms` keeps what is done.
  std::vector<std::vector<Term>> terms(cells);
  std::vector<int8_t> state(cells, 0);  // 1: begun, 2: done
  std::vector<int> factor(cells, 0);
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
      if (defined_by[cell] < 0) {
        terms[cell] = {{cell, 1}};
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
  const size_t cells = changed_at_.size();
  checks_of_.begin.assign(cells + 1, 0);
  for (const Term& term : leaves_of_.terms) ++checks_of_.begin[term.id + 1];
  for (size_t i = 1; i <= cells; ++i) {
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
  check.high = std::min(now.high, kFar);
  leave_[cell] = {if_hidden, cost};
}

double TableWalk::Noise() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<double>(random_ >> 11) * 0x1p-53;
}

double TableWalk::Penalty(const Check& check, int id, int64_t at) const {
  const int64_t out = check.Out(at);
  if (out == 0) return 0;
  if (MayBe(id, at)) {
    return kCostWeight * kLeaving + cost_scale_ * leave_[id].cost;
  }
  return scale_ * static_cast<double>(out + kOutAtAll);
}

void TableWalk::Weigh(int id) {
  Check& check = checks_[id];
  check.penalty = Penalty(check, id, check.value);
}

void TableWalk::Move(int leaf, int64_t change) {
  changed_at_[leaf] = ++now_;
  for (const Term& term : checks_of_.Of(leaf)) {
    Check& check = checks_[term.id];
    check.value += term.factor * change;
    Weigh(term.id);
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
    checks_[check].penalty = 0;
    is_touched_[check] = false;
  }
  for (const int check : broken_) is_broken_[check] = false;
  touched_.clear();
  broken_.clear();
}

// What a change takes off the penalties where no cell may leave its bounds:
// without a branch, as here the walk spends its time.
double TableWalk::GainWithin(absl::Span<const Term> links,
                             int64_t change) const {
  double gain = 0;
  for (const Term& link : links) {
    const Check& check = checks_[link.id];
    const int64_t at = check.value + link.factor * change;
    const int64_t out = OrZero(check.low - at) + OrZero(at - check.high);
    const int64_t at_all = (-out >> 63) & kOutAtAll;
    gain += check.penalty - scale_ * static_cast<double>(out + at_all);
  }
  return gain;
}

// The same where cells may.
double TableWalk::GainAtCost(absl::Span<const Term> links,
                             int64_t change) const {
  double gain = 0;
  for (const Term& link : links) {
    const Check& check = checks_[link.id];
    gain += check.penalty -
            Penalty(check, link.id, check.value + link.factor * change);
  }
  return gain;
}

// Is this finest cell the best so far to take `want` off a sum?
template <bool kAtCost>
inline void TableWalk::Consider(const Term& term, int64_t want, Choice* best) {
  const int leaf = term.id;
  // No further than it can go itself.
  const Check& own = checks_[leaf];
  const bool up = (want > 0) == (term.factor > 0);
  const bool leaves = kAtCost && MayLeave(leaf);
  const int64_t low = leaves ? leave_[leaf].to.low : own.low;
  const int64_t high = leaves ? leave_[leaf].to.high : own.high;
  const int64_t room = up ? high - own.value : own.value - low;
  if (room <= 0 || changed_at_[leaf] > rested_) return;
  const int64_t amount = std::min(std::abs(want), room);
  const int64_t change = up ? amount : -amount;
  const absl::Span<const Term> links = checks_of_.Of(leaf);
  budget_ -= static_cast<int64_t>(links.size());
  const double gain =
      (kAtCost ? GainAtCost(links, change) : GainWithin(links, change)) +
      temperature_ * Noise();
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
  for (const int rest : {kRest, 0}) {
    rested_ = now_ - rest;
    for (int i = 0; i < looked; ++i) {
      if (dearest_ > 0) {
        Consider<true>(terms[at], want, &best);
      } else {
        Consider<false>(terms[at], want, &best);
      }
      if (++at == size) at = 0;
    }
    if (best.leaf >= 0) break;
  }
  if (best.leaf < 0) return false;
  Move(best.leaf, best.change);
  return true;
}

int TableWalk::NextBroken() {
  int next = -1;
  must_mend_ = 0;
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
    ++must_mend_;
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
      if (must_mend_ > kMostBroken || !Mend(next)) return;
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
    for (const int id : broken_) Weigh(id);
  }
}

TableWalk::Found TableWalk::Reach(int cell, int64_t value, double dearest,
                                  double max_cost, uint64_t seed) {
  const std::pair<int, int64_t> end = {cell, value};
  return Resume(Found(), absl::MakeConstSpan(&end, 1), dearest, max_cost, seed);
}

TableWalk::Found TableWalk::Resume(const Found& start, Figures ends,
                                   double dearest, double max_cost,
                                   uint64_t seed) {
  Found found;
  int64_t furthest = 0;
  random_ = (seed + 1) * 0x9E3779B97F4A7C15u;
  for (const auto& [cell, value] : ends) {
    furthest = std::max(furthest, std::abs(value - truth_[cell]));
    random_ ^= static_cast<uint64_t>(cell + 1) * 0xD1B54A32D192ED03u;
  }
  if (random_ == 0) random_ = 1;
  found.ok = furthest == 0;  // by the truth
  if (found.ok || budget_ <= 0) return found;
  dearest_ = dearest;
  cost_scale_ = dearest > 0 ? kCostWeight / dearest : 0;
  temperature_ = 0.2 * static_cast<double>(seed % 6);
  scale_ = 1.0 / static_cast<double>(furthest);
  const std::vector<Ask> asked = AskFor(ends);
  for (const auto& [cell, figure] : start.moved) {
    if (!IsFinest(cell)) continue;
    budget_ -= static_cast<int64_t>(checks_of_.Of(cell).size());
    Move(cell, figure - truth_[cell]);
  }
  now_ += kRest;
  Search(max_cost, &found);
  for (const Ask& ask : asked) {
    Check& check = checks_[ask.cell];
    check.low = ask.low;
    check.high = ask.high;
    check.penalty = 0;
    leave_[ask.cell].cost = ask.cost;
  }
  Undo();
  return found;
}

// Bounds the cells so that only a table with these ends will do. No cell twice.
std::vector<TableWalk::Ask> TableWalk::AskFor(Figures ends) {
  std::vector<Ask> asked;
  for (const auto& [cell, value] : ends) {
    Check& check = checks_[cell];
    const double cost = std::exchange(leave_[cell].cost, 0);
    asked.push_back({cell, check.low, check.high, cost});
    (value > truth_[cell] ? check.low : check.high) = value;
    Weigh(cell);
    is_broken_[cell] = true;
    broken_.push_back(cell);
  }
  return asked;
}

// No sum of others.
bool TableWalk::IsFinest(int cell) const {
  const absl::Span<const Term> terms = leaves_of_.Of(cell);
  return terms.size() == 1 && terms[0].id == cell;
}

}  // namespace cairn
