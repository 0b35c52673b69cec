#include "core/disclosure/attack.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "core/disclosure/attack_component.h"
#include "core/disclosure/propagation.h"

namespace cairn {
namespace {

// Cells that some relation ties, through cells that are not known exactly.
class Islands {
 public:
  Islands(const CellSystem& system, const std::vector<Range>& ranges)
      : up_(ranges.size()) {
    std::iota(up_.begin(), up_.end(), 0);
    for (int r = 0; r < system.relations(); ++r) {
      const CellSystem::Relation relation = system.relation(r);
      int first = -1;
      const auto tie = [&](int cell) {
        if (ranges[cell].low == ranges[cell].high) return;
        if (first < 0) first = Find(cell);
        up_[Find(cell)] = first;
      };
      tie(relation.parent);
      for (const int child : relation.children) tie(child);
    }
  }
  int Find(int cell) {
    while (up_[cell] != cell) cell = up_[cell] = up_[up_[cell]];
    return cell;
  }

 private:
  std::vector<int> up_;
};

// The targets of each island that has any, and its relations.
std::vector<AttackComponent::Part> PartsOf(
    const CellSystem& system, const std::vector<Range>& ranges,
    const std::vector<AttackTarget>& targets) {
  Islands islands(system, ranges);
  std::vector<AttackComponent::Part> parts;
  std::vector<int> part_of(ranges.size(), -1);  // by an island's first cell
  for (size_t i = 0; i < targets.size(); ++i) {
    const Range& range = ranges[targets[i].cell];
    if (range.low == range.high) continue;
    int& part = part_of[islands.Find(targets[i].cell)];
    if (part < 0) {
      part = static_cast<int>(parts.size());
      parts.emplace_back();
    }
    parts[part].targets.push_back(static_cast<int>(i));
  }
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    const auto unknown = [&](int cell) {
      return ranges[cell].low != ranges[cell].high;
    };
    int cell = relation.parent;
    if (!unknown(cell)) {
      const auto child = std::find_if(relation.children.begin(),
                                      relation.children.end(), unknown);
      if (child == relation.children.end()) continue;
      cell = *child;
    }
    const int part = part_of[islands.Find(cell)];
    if (part >= 0) parts[part].relations.push_back(r);
  }
  return parts;
}

}  // namespace

AttackResult Attack(const CellSystem& system, const std::vector<Range>& known,
                    const std::vector<AttackTarget>& targets,
                    const AttackOptions& options) {
  AttackResult result;
  std::vector<Range> ranges = known;
  BoundPropagation propagation(system);
  if (!propagation.Run(&ranges)) {
    result.contradictory = true;
    result.contradiction = propagation.contradiction();
    return result;
  }
  result.inferences.resize(targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    Inference& inference = result.inferences[i];
    inference.possible = ranges[targets[i].cell];
    if (inference.possible.low != inference.possible.high) continue;
    inference.verdict = AttackVerdict::kExact;
    inference.tight = true;
  }
  std::vector<std::unique_ptr<AttackComponent>> components;
  for (AttackComponent::Part& part : PartsOf(system, ranges, targets)) {
    components.push_back(std::make_unique<AttackComponent>(
        system, ranges, targets, std::move(part)));
  }
  // The verdicts of all first.
  for (const bool tighten : {false, true}) {
    int64_t budget = tighten ? options.tighten_budget : options.budget;
    for (auto& component : components) {
      if (component->Work(tighten, &budget)) continue;
      result.contradictory = true;
      return result;
    }
  }
  for (auto& component : components) component->Report(&result.inferences);
  return result;
}

}  // namespace cairn
