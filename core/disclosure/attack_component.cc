#include "core/disclosure/attack_component.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

using Outcome = LinearProgram::Outcome;
using Method = LinearProgram::Method;

// How far a value may be from a whole number, a bound or a row's sum, and still
// count as on it.
constexpr double kNear = 1e-6;
// How far the solver's optimum may be from the true one.
constexpr double kTrusted = 1e-4;
constexpr int kPushes = 40;
// With so many columns the first solution is sought anew; with so many and few
// targets every one, as each then goes on from a place far away.
constexpr int kStartAnewFrom = 2'000;
constexpr int kAllAnewFrom = 5'000;
constexpr size_t kFewTargets = 20;
// What a program that is solved anew takes beside its iterations, in these.
constexpr int64_t kIterationsAnew = 400;

double Upper(int64_t high) {
  return high == kNoLimit ? LinearProgram::kInfinity
                          : static_cast<double>(high);
}

double Slack(double value) { return kNear * (1 + std::abs(value)); }

bool Meets(const AttackTarget& asked, const Range& range) {
  if (range.low > range.high) return false;
  const bool wide =
      range.high == kNoLimit || range.high - range.low >= asked.width;
  const bool holds =
      asked.keep.low > asked.keep.high ||
      (range.low <= asked.keep.low && asked.keep.high <= range.high);
  return wide && holds;
}

// The finaliser of splitmix64: the same "random" directions everywhere.
uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

AttackComponent::AttackComponent(const CellSystem& system,
                                 const std::vector<Range>& ranges,
                                 const std::vector<AttackTarget>& targets,
                                 Part part) {
  absl::flat_hash_map<int, int> local;
  const auto local_of = [&](int cell) {
    const auto [entry, is_new] = local.try_emplace(cell, system_.cells());
    if (is_new) {
      system_.AddCell();
      bounds_.push_back(ranges[cell]);
      program_.AddColumn(static_cast<double>(ranges[cell].low),
                         Upper(ranges[cell].high), 0);
    }
    return entry->second;
  };
  for (const int number : part.targets) {
    Target target{targets[number], number};
    target.asked.cell = local_of(target.asked.cell);
    targets_.push_back(target);
  }
  std::vector<int> children;
  for (const int r : part.relations) {
    const CellSystem::Relation relation = system.relation(r);
    children.clear();
    const int parent = local_of(relation.parent);
    for (const int child : relation.children) {
      children.push_back(local_of(child));
    }
    system_.AddRelation(parent, relation.tie, children);
  }
  for (int r = 0; r < system_.relations(); ++r) {
    AddRelation(system_.relation(r));
  }
  found_.resize(system_.cells());
}

void AttackComponent::AddRelation(const CellSystem::Relation& relation) {
  std::vector<LinearProgram::Term> terms = {{relation.parent, -1}};
  for (const int child : relation.children) terms.push_back({child, 1});
  const bool sum = relation.tie == CellSystem::Tie::kSum;
  AddRow(0, sum ? 0 : LinearProgram::kInfinity, std::move(terms));
  if (relation.tie != CellSystem::Tie::kUnion) return;
  for (const int child : relation.children) {
    AddRow(0, LinearProgram::kInfinity, {{relation.parent, 1}, {child, -1}});
  }
}

void AttackComponent::AddRow(double low, double high,
                             std::vector<LinearProgram::Term> terms) {
  program_.AddRow(low, high, terms);
  rows_.push_back({low, high, std::move(terms)});
}

// The solver is not taken at its word.
bool AttackComponent::Fits(const std::vector<double>& values) const {
  for (size_t cell = 0; cell < values.size(); ++cell) {
    const double slack = Slack(values[cell]);
    if (values[cell] < static_cast<double>(bounds_[cell].low) - slack ||
        values[cell] > Upper(bounds_[cell].high) + slack) {
      return false;
    }
  }
  for (const Row& row : rows_) {
    double sum = 0, size = 0;
    for (const LinearProgram::Term& term : row.terms) {
      sum += term.factor * values[term.column];
      size = std::max(size, std::abs(values[term.column]));
    }
    if (sum < row.low - Slack(size) || sum > row.high + Slack(size)) {
      return false;
    }
  }
  return true;
}

// One solution says of every cell that it can be what it is there.
void AttackComponent::KeepSolution() {
  const auto cells = static_cast<size_t>(system_.cells());
  std::vector<double> values(cells);
  std::vector<int64_t> figures(cells);
  bool whole = true;
  for (size_t cell = 0; cell < cells; ++cell) {
    values[cell] = program_.value(static_cast<int>(cell));
    figures[cell] = std::llround(values[cell]);
    const double part = values[cell] - static_cast<double>(figures[cell]);
    whole = whole && std::abs(part) <= Slack(values[cell]);
  }
  if (!Fits(values)) return;
  whole = whole && IsFeasible(system_, bounds_, figures);
  for (size_t cell = 0; cell < cells; ++cell) {
    Found& found = found_[cell];
    found.least = std::min(found.least, values[cell]);
    found.greatest = std::max(found.greatest, values[cell]);
    if (!whole) continue;
    const bool first = found.seen.low > found.seen.high;
    const int64_t figure = figures[cell];
    found.seen.low = first ? figure : std::min(found.seen.low, figure);
    found.seen.high = first ? figure : std::max(found.seen.high, figure);
  }
}

// The whole numbers between the values that solutions had.
Range AttackComponent::Reached(int cell) const {
  const Found& found = found_[cell];
  if (found.least > found.greatest) return {1, 0};
  return {
      static_cast<int64_t>(std::ceil(found.least - Slack(found.least))),
      static_cast<int64_t>(std::floor(found.greatest + Slack(found.greatest)))};
}

bool AttackComponent::Settled(const Target& target) const {
  const int cell = target.asked.cell;
  return !Meets(target.asked, bounds_[cell]) ||
         Meets(target.asked, found_[cell].seen) ||
         Meets(target.asked, Reached(cell));
}

Outcome AttackComponent::Solve(Method method, int64_t* budget) {
  const int64_t columns = std::max(system_.cells(), 1);
  const int64_t most = std::min<int64_t>(*budget / columns, 1'000'000'000);
  if (most <= 0) return Outcome::kStopped;
  if (columns >= kAllAnewFrom && targets_.size() <= kFewTargets) {
    method = Method::kAnew;
  }
  const Outcome outcome = program_.Solve(method, static_cast<int>(most));
  const int64_t beside = method == Method::kAnew ? kIterationsAnew : 1;
  *budget -= (program_.iterations() + beside) * columns;
  if (outcome == Outcome::kOptimal) KeepSolution();
  return outcome;
}

// Any solution, to start from. False: there is none.
bool AttackComponent::Start(int64_t* budget) {
  if (started_) return true;
  started_ = true;
  const bool anew = system_.cells() >= kStartAnewFrom;
  const Method first = anew ? Method::kAnew : Method::kDual;
  if (Solve(first, budget) != Outcome::kInfeasible) return true;
  return Solve(Method::kPrimal, budget) != Outcome::kInfeasible;
}

// Where a target is to be pushed: up, down or not at all.
int AttackComponent::Direction(const Target& target, uint64_t seed) const {
  if (Settled(target)) return 0;
  const Range reached = Reached(target.asked.cell);
  const Range& keep = target.asked.keep;
  const bool asked = keep.low <= keep.high && reached.low <= reached.high;
  const bool no_limit = bounds_[target.asked.cell].high == kNoLimit;
  if (no_limit || (asked && keep.high <= reached.high)) return -1;
  if (asked && reached.low <= keep.low) return 1;
  return Mix(seed + static_cast<uint64_t>(target.number)) % 2 == 0 ? 1 : -1;
}

// Pushes all targets that are not settled at once, each its own way, as long as
// a solution settles a good part of them.
void AttackComponent::PushAll(int64_t* budget) {
  const auto unsettled = [this] {
    return std::count_if(targets_.begin(), targets_.end(),
                         [this](const Target& t) { return !Settled(t); });
  };
  auto left = unsettled();
  int idle = 0;
  for (int push = 0; push < kPushes && left > 1 && idle < 4; ++push) {
    for (const Target& target : targets_) {
      const uint64_t seed = static_cast<uint64_t>(push) << 32;
      program_.SetCost(target.asked.cell, -Direction(target, seed));
    }
    if (Solve(Method::kPrimal, budget) == Outcome::kStopped) break;
    const auto now = unsettled();
    idle = left - now > left / 50 ? 0 : idle + 1;
    left = now;
  }
  for (const Target& target : targets_) {
    program_.SetCost(target.asked.cell, 0);
  }
}

// Tells the program the bounds of a cell, which may be sharper than its own: it
// knows nothing of whole numbers. False: they cross, no whole table is left.
bool AttackComponent::Restrict(int cell) {
  const Range& bound = bounds_[cell];
  if (bound.low > bound.high) return false;
  program_.SetBounds(cell, static_cast<double>(bound.low), Upper(bound.high));
  return true;
}

bool AttackComponent::FindLow(Target* target, int64_t* budget) {
  const int cell = target->asked.cell;
  Range& bound = bounds_[cell];
  const Range& seen = found_[cell].seen;
  if (seen.low <= seen.high && seen.low == bound.low) target->low_done = true;
  if (target->low_done) return true;
  program_.SetCost(cell, 1);
  if (Solve(Method::kPrimal, budget) == Outcome::kOptimal) {
    const double least = program_.value(cell);
    const double tolerance = kTrusted + kNear * std::abs(least);
    bound.low =
        std::max(bound.low, static_cast<int64_t>(std::ceil(least - tolerance)));
    target->low_done = true;
  }
  program_.SetCost(cell, 0);
  return Restrict(cell);
}

// A cell without an upper bound is pushed only as far as was asked, unless `to
// the end`.
bool AttackComponent::FindHigh(Target* target, bool to_the_end,
                               int64_t* budget) {
  const int cell = target->asked.cell;
  Range& bound = bounds_[cell];
  const Range& seen = found_[cell].seen;
  if (seen.low <= seen.high && seen.high == bound.high) {
    target->high_done = true;
  }
  if (target->high_done) return true;
  double cap = LinearProgram::kInfinity;
  if (bound.high == kNoLimit && !to_the_end) {
    const Range& keep = target->asked.keep;
    const int64_t wide = bound.low + target->asked.width;
    cap = std::max(
        Upper(keep.low <= keep.high ? std::max(wide, keep.high) : wide),
        std::ceil(found_[cell].greatest));
    program_.SetBounds(cell, static_cast<double>(bound.low), cap);
  }
  program_.SetCost(cell, -1);
  const Outcome outcome = Solve(Method::kPrimal, budget);
  if (outcome == Outcome::kOptimal) {
    const double greatest = program_.value(cell);
    const double tolerance = kTrusted + kNear * std::abs(greatest);
    if (greatest < cap - tolerance) {
      bound.high = std::min(
          bound.high, static_cast<int64_t>(std::floor(greatest + tolerance)));
      target->high_done = true;
    }
  } else if (outcome == Outcome::kUnbounded) {
    target->high_done = true;
  }
  program_.SetCost(cell, 0);
  return Restrict(cell);
}

bool AttackComponent::Work(bool tighten, int64_t* budget) {
  if (!Start(budget)) return false;
  if (!tighten) PushAll(budget);
  for (Target& target : targets_) {
    if (*budget <= 0) return true;
    if (!tighten && Settled(target)) continue;
    if (!FindLow(&target, budget)) return false;
    if (!tighten && Settled(target)) continue;
    if (!FindHigh(&target, tighten, budget)) return false;
  }
  return true;
}

void AttackComponent::Report(std::vector<Inference>* inferences) const {
  for (const Target& target : targets_) {
    const int cell = target.asked.cell;
    const Range& bound = bounds_[cell];
    Inference& inference = (*inferences)[target.number];
    inference.possible = bound;
    inference.seen = found_[cell].seen;
    inference.proved = Meets(target.asked, inference.seen);
    inference.tight = target.low_done && target.high_done;
    inference.verdict = bound.low == bound.high       ? AttackVerdict::kExact
                        : !Meets(target.asked, bound) ? AttackVerdict::kNarrow
                        : Settled(target)             ? AttackVerdict::kOk
                                          : AttackVerdict::kUnresolved;
  }
}

}  // namespace cairn
