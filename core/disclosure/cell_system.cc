#include "core/disclosure/cell_system.h"

#include <algorithm>

namespace cairn {

void CellSystem::AddRelation(int parent, Tie tie,
                             absl::Span<const int> children) {
  const size_t begin = children_.size();
  children_.insert(children_.end(), children.begin(), children.end());
  heads_.push_back({parent, tie, begin, children_.size()});
}

CellSystem::Index::Index(const CellSystem& system)
    : begin_(system.cells() + 1, 0) {
  const auto each = [&system](int r, auto&& visit) {
    const Relation relation = system.relation(r);
    visit(relation.parent);
    for (const int child : relation.children) visit(child);
  };
  for (int r = 0; r < system.relations(); ++r) {
    each(r, [this](int cell) { ++begin_[cell + 1]; });
  }
  for (size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
  relations_.resize(begin_.back());
  std::vector<size_t> next(begin_.begin(), begin_.end() - 1);
  for (int r = 0; r < system.relations(); ++r) {
    each(r, [&](int cell) { relations_[next[cell]++] = r; });
  }
}

bool Holds(CellSystem::Tie tie, int64_t parent, int64_t sum, int64_t largest) {
  switch (tie) {
    case CellSystem::Tie::kSum:
      return parent == sum;
    case CellSystem::Tie::kUnion:
      return largest <= parent && parent <= sum;
    case CellSystem::Tie::kCover:
      return parent <= sum;
  }
  return false;
}

bool IsFeasible(const CellSystem& system, absl::Span<const Range> bounds,
                absl::Span<const int64_t> figures) {
  for (int cell = 0; cell < system.cells(); ++cell) {
    if (!bounds[cell].Holds(figures[cell])) return false;
  }
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    int64_t sum = 0, largest = 0;
    for (const int child : relation.children) {
      sum += figures[child];
      largest = std::max(largest, figures[child]);
    }
    if (!Holds(relation.tie, figures[relation.parent], sum, largest)) {
      return false;
    }
  }
  return true;
}

}  // namespace cairn
