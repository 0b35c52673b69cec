#include "core/disclosure/certificate_program.h"

#include <algorithm>
#include <cmath>

namespace cairn {
namespace {

// What a unit of goal missed counts, where a unit of the dearest cell leaving
// its bounds counts 1.
constexpr double kGoal = 30;
constexpr double kTiny = 1e-6;

double Bounded(int64_t limit) {
  return limit == kNoLimit ? LinearProgram::kInfinity
                           : static_cast<double>(limit);
}

}  // namespace

CertificateProgram::CertificateProgram(const CellSystem& system,
                                       absl::Span<const int64_t> figures)
    : system_(system),
      figures_(figures.begin(), figures.end()),
      now_(figures.size()),
      if_hidden_(figures.size()),
      cost_(figures.size(), 0) {}

void CertificateProgram::SetBounds(int cell, const Range& now,
                                   const Range& if_hidden, double cost) {
  now_[cell] = now;
  if_hidden_[cell] = if_hidden;
  cost_[cell] = cost;
  if (built_) Bound(cell);
}

// How far a figure may change within a range.
Range CertificateProgram::ChangeOf(int cell, const Range& range) const {
  return {range.low - figures_[cell],
          range.high == kNoLimit ? kNoLimit : range.high - figures_[cell]};
}

void CertificateProgram::Bound(int cell) {
  const Range change = ChangeOf(cell, now_[cell]);
  const Columns& columns = columns_[cell];
  program_.SetBounds(columns.change, static_cast<double>(change.low),
                     Bounded(change.high));
  if (columns.up < 0) return;
  const bool may = cost_[cell] > 0;
  const Range beyond = ChangeOf(cell, if_hidden_[cell]);
  const double up = !may ? 0
                    : beyond.high == kNoLimit
                        ? LinearProgram::kInfinity
                        : Bounded(beyond.high) - Bounded(change.high);
  const double down = may ? static_cast<double>(change.low - beyond.low) : 0;
  program_.SetBounds(columns.up, 0, std::max(0.0, up));
  program_.SetBounds(columns.down, 0, std::max(0.0, down));
}

void CertificateProgram::Build() {
  built_ = true;
  for (const double cost : cost_) most_ = std::max(most_, cost);
  for (int cell = 0; cell < system_.cells(); ++cell) {
    Columns columns = {program_.AddColumn(0, 0, 0), -1, -1};
    if (cost_[cell] > 0) {
      const double cost = 0.01 + 0.99 * cost_[cell] / most_;
      columns.up = program_.AddColumn(0, 0, cost);
      columns.down = program_.AddColumn(0, 0, cost);
    }
    columns_.push_back(columns);
    Bound(cell);
  }
  const auto add = [this](int cell, double factor,
                          std::vector<LinearProgram::Term>* terms) {
    terms->push_back({columns_[cell].change, factor});
    if (columns_[cell].up < 0) return;
    terms->push_back({columns_[cell].up, factor});
    terms->push_back({columns_[cell].down, -factor});
  };
  std::vector<LinearProgram::Term> terms;
  for (int r = 0; r < system_.relations(); ++r) {
    const CellSystem::Relation relation = system_.relation(r);
    terms.clear();
    int64_t sum = -figures_[relation.parent];
    add(relation.parent, -1, &terms);
    for (const int child : relation.children) {
      add(child, 1, &terms);
      sum += figures_[child];
    }
    if (relation.tie == CellSystem::Tie::kSum) {
      program_.AddRow(0, 0, terms);
      continue;
    }
    program_.AddRow(static_cast<double>(-sum), LinearProgram::kInfinity, terms);
    if (relation.tie == CellSystem::Tie::kCover) continue;
    for (const int child : relation.children) {
      terms.clear();
      add(relation.parent, 1, &terms);
      add(child, -1, &terms);
      program_.AddRow(
          static_cast<double>(figures_[child] - figures_[relation.parent]),
          LinearProgram::kInfinity, terms);
    }
  }
}

CertificateProgram::Found CertificateProgram::Reach(
    absl::Span<const Goal> goals, int max_iterations) {
  if (!built_) Build();
  for (const Goal& goal : goals) {
    const Range now = ChangeOf(goal.cell, now_[goal.cell]);
    const int64_t change = goal.value - figures_[goal.cell];
    const int column = columns_[goal.cell].change;
    program_.SetCost(column, change > 0 ? -kGoal : kGoal);
    if (change > 0) {
      program_.SetBounds(column, static_cast<double>(now.low),
                         static_cast<double>(change));
    } else {
      program_.SetBounds(column, static_cast<double>(change),
                         Bounded(now.high));
    }
  }
  const auto outcome =
      program_.Solve(LinearProgram::Method::kPrimal, max_iterations);
  Found found;
  if (outcome == LinearProgram::Outcome::kOptimal) {
    found.solved = found.whole = true;
    for (int cell = 0; cell < system_.cells(); ++cell) {
      const Columns& columns = columns_[cell];
      double change = program_.value(columns.change);
      if (columns.up >= 0) {
        change += program_.value(columns.up) - program_.value(columns.down);
      }
      if (std::abs(change - std::round(change)) > kTiny) found.whole = false;
      if (std::abs(change) > kTiny) found.moved.emplace_back(cell, change);
      const Range now = ChangeOf(cell, now_[cell]);
      const bool out = change < static_cast<double>(now.low) - kTiny ||
                       (now.high != kNoLimit &&
                        change > static_cast<double>(now.high) + kTiny);
      if (out) found.left.push_back(cell);
    }
  }
  for (const auto& [cell, change] : found.moved) {
    if (found.whole) {
      found.table.emplace_back(cell, figures_[cell] + std::llround(change));
    }
  }
  for (const Goal& goal : goals) {
    program_.SetCost(columns_[goal.cell].change, 0);
    Bound(goal.cell);
  }
  return found;
}

}  // namespace cairn
