#include "core/disclosure/narrow_before.h"

#include <algorithm>
#include <cstdint>

#include "core/disclosure/attack.h"
#include "core/disclosure/propagation.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// What is public of it stays so, whatever new cells show.
bool IsKnown(const SuppressionCell& cell) {
  return cell.kind == Kind::kFixed || cell.kind == Kind::kStructural;
}

// What a cell was to keep, as far as `ranges` still leave it open.
Range Left(const Range& range, const Range& keep) {
  return {std::max(range.low, keep.low), std::min(range.high, keep.high)};
}

bool Covers(const Range& outer, const Range& inner) {
  return inner.low > inner.high ||
         (outer.low <= inner.low && inner.high <= outer.high);
}

// Both ends of each target; none where that is not found out.
std::optional<std::vector<Range>> EndsOf(
    const CellSystem& system, const std::vector<Range>& public_of,
    const std::vector<AttackTarget>& targets, int64_t budget) {
  AttackOptions options;
  options.budget = options.tighten_budget = budget;
  const AttackResult result = Attack(system, public_of, targets, options);
  // The truth keeps them all: the solver errs.
  if (result.contradictory) return std::nullopt;
  std::vector<Range> ends;
  for (const Inference& inference : result.inferences) {
    if (!inference.tight) return std::nullopt;
    ends.push_back(inference.possible);
  }
  return ends;
}

// The targets that are not found as wide as asked; none where that is not found
// out.
std::optional<std::vector<AttackTarget>> Narrow(
    const CellSystem& system, const std::vector<Range>& public_of,
    const std::vector<AttackTarget>& targets, int64_t budget) {
  AttackOptions options;
  options.budget = budget;
  options.tighten_budget = 0;
  const AttackResult result = Attack(system, public_of, targets, options);
  if (result.contradictory) return std::nullopt;
  std::vector<AttackTarget> narrow;
  for (size_t i = 0; i < targets.size(); ++i) {
    const AttackVerdict verdict = result.inferences[i].verdict;
    if (verdict == AttackVerdict::kUnresolved) return std::nullopt;
    if (verdict != AttackVerdict::kOk) narrow.push_back(targets[i]);
  }
  return narrow;
}

// Of cells that a pencil narrows no further: those that a linear program does.
// `targets`: each with what a pencil left of it.
std::optional<std::vector<int>> NarrowedByPrograms(
    const NarrowBefore& before, const CellSystem& system,
    const std::vector<Range>& public_now,
    const std::vector<AttackTarget>& targets, int64_t budget) {
  const auto narrow = Narrow(system, public_now, targets, budget);
  if (!narrow.has_value()) return std::nullopt;
  std::vector<int> narrowed;
  if (narrow->empty()) return narrowed;
  const auto now = EndsOf(system, public_now, *narrow, budget);
  const auto then = EndsOf(system, before.public_of, *narrow, budget);
  if (!now.has_value() || !then.has_value()) return std::nullopt;
  for (size_t i = 0; i < narrow->size(); ++i) {
    const AttackTarget& target = (*narrow)[i];
    if (!Covers((*now)[i], Left((*then)[i], target.keep))) {
      narrowed.push_back(target.cell);
    }
  }
  return narrowed;
}

}  // namespace

void HideEverything(std::vector<SuppressionCell>* cells) {
  for (SuppressionCell& cell : *cells) {
    if (IsKnown(cell) || cell.kind == Kind::kUnseen) continue;
    cell.kind = Kind::kHidden;
    cell.hidden = Range();
  }
}

NarrowBefore FindNarrowBefore(const CellSystem& system,
                              const std::vector<SuppressionCell>& cells,
                              const Suppression& suppression) {
  NarrowBefore before;
  if (suppression.unproved.empty()) return before;
  before.cells = suppression.unproved;
  for (const int cell : before.cells) before.keep.push_back(cells[cell].keep);
  std::vector<SuppressionCell> hidden = cells;
  HideEverything(&hidden);
  for (const SuppressionCell& cell : hidden) {
    before.public_of.push_back(IsKnown(cell) ? cell.shown : cell.hidden);
  }
  before.ranges = before.public_of;
  Propagate(system, &before.ranges);
  return before;
}

std::optional<std::vector<int>> NarrowedSince(
    const NarrowBefore& before, const CellSystem& system,
    const std::vector<Range>& public_now, int64_t budget) {
  std::vector<int> narrowed;
  if (before.cells.empty()) return narrowed;
  std::vector<Range> ranges = public_now;
  Propagate(system, &ranges);
  std::vector<AttackTarget> targets;
  for (size_t i = 0; i < before.cells.size(); ++i) {
    const int cell = before.cells[i];
    const Range left = Left(before.ranges[cell], before.keep[i]);
    if (!Covers(ranges[cell], left)) {
      narrowed.push_back(cell);
    } else if (left.low < left.high) {
      targets.push_back({cell, left, 0});
    }
  }
  const auto many = static_cast<int64_t>(targets.size());
  if (many == 0 || system.cells() > kMostCells ||
      many * system.cells() > kMostByPrograms) {
    return narrowed;
  }
  const auto further =
      NarrowedByPrograms(before, system, public_now, targets, budget);
  if (!further.has_value()) return std::nullopt;
  narrowed.insert(narrowed.end(), further->begin(), further->end());
  std::sort(narrowed.begin(), narrowed.end());
  return narrowed;
}

}  // namespace cairn
