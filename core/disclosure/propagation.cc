#include "core/disclosure/propagation.h"

#include <algorithm>

namespace cairn {
namespace {

// A low that passes this is on its way to infinity: no table has it.
constexpr int64_t kFarAway = int64_t{1} << 61;

// The sum of upper bounds, some of which may be none.
struct Highs {
  int64_t sum = 0;  // of those that are
  int open = 0;     // how many are none

  void Add(int64_t high) {
    if (high == kNoLimit) {
      ++open;
    } else {
      sum += high;
    }
  }
  bool limited() const { return open == 0; }
  // Of all but one that has the bound `high`; kNoLimit if there is none.
  int64_t Without(int64_t high) const {
    if (high == kNoLimit) return open == 1 ? sum : kNoLimit;
    return open == 0 ? sum - high : kNoLimit;
  }
};

}  // namespace

BoundPropagation::BoundPropagation(const CellSystem& system)
    : system_(system),
      index_(system),
      queue_(static_cast<size_t>(system.relations())),
      queued_(static_cast<size_t>(system.relations()), false) {}

void BoundPropagation::Push(int r) {
  if (queued_[r]) return;
  queued_[r] = true;
  size_t place = head_ + waiting_;
  if (place >= queue_.size()) place -= queue_.size();
  queue_[place] = r;
  ++waiting_;
}

void BoundPropagation::Wake(int cell, int but) {
  for (const int r : index_.Of(cell)) {
    if (r != but) Push(r);
  }
}

bool BoundPropagation::Raise(int cell, int64_t low, int r, Range* ranges) {
  Range& range = ranges[cell];
  if (low <= range.low) return true;
  range.low = low;
  if (low > range.high || low > kFarAway) {
    contradiction_ = cell;
    return false;
  }
  Wake(cell, r);
  return true;
}

bool BoundPropagation::Lower(int cell, int64_t high, int r, Range* ranges) {
  Range& range = ranges[cell];
  if (high >= range.high) return true;
  range.high = high;
  if (high < range.low) {
    contradiction_ = cell;
    return false;
  }
  Wake(cell, r);
  return true;
}

// Up, then down: with the parent narrowed first, one pass leaves nothing more
// for the same relation to say, so it need not wake itself.
bool BoundPropagation::VisitSum(int r, Range* ranges) {
  const CellSystem::Relation relation = system_.relation(r);
  int64_t lows = 0;
  Highs highs;
  for (const int child : relation.children) {
    lows += ranges[child].low;
    highs.Add(ranges[child].high);
  }
  const int p = relation.parent;
  if (!Raise(p, lows, r, ranges)) return false;
  if (highs.limited() && !Lower(p, highs.sum, r, ranges)) return false;
  const Range parent = ranges[p];
  if (parent.high == kNoLimit && highs.open > 1) return true;
  const bool down = parent.high != kNoLimit;
  for (const int child : relation.children) {
    const Range was = ranges[child];
    if (down && !Lower(child, parent.high - (lows - was.low), r, ranges)) {
      return false;
    }
    const int64_t others = highs.Without(was.high);
    if (others != kNoLimit && !Raise(child, parent.low - others, r, ranges)) {
      return false;
    }
  }
  return true;
}

bool BoundPropagation::VisitUnion(int r, Range* ranges) {
  const CellSystem::Relation relation = system_.relation(r);
  const int p = relation.parent;
  int64_t largest = 0;
  for (const int child : relation.children) {
    largest = std::max(largest, ranges[child].low);
  }
  if (!Raise(p, largest, r, ranges)) return false;
  if (!VisitCover(r, ranges)) return false;
  for (const int child : relation.children) {
    if (!Lower(child, ranges[p].high, r, ranges)) return false;
  }
  return VisitCover(r, ranges);
}

bool BoundPropagation::VisitCover(int r, Range* ranges) {
  const CellSystem::Relation relation = system_.relation(r);
  const int p = relation.parent;
  Highs highs;
  for (const int child : relation.children) highs.Add(ranges[child].high);
  if (highs.limited() && !Lower(p, highs.sum, r, ranges)) return false;
  const Range parent = ranges[p];
  for (const int child : relation.children) {
    const int64_t others = highs.Without(ranges[child].high);
    if (others != kNoLimit && !Raise(child, parent.low - others, r, ranges)) {
      return false;
    }
  }
  return true;
}

bool BoundPropagation::Visit(int r, Range* ranges) {
  switch (system_.relation(r).tie) {
    case CellSystem::Tie::kSum:
      return VisitSum(r, ranges);
    case CellSystem::Tie::kUnion:
      return VisitUnion(r, ranges);
    case CellSystem::Tie::kCover:
      return VisitCover(r, ranges);
  }
  return false;
}

bool BoundPropagation::Work(std::vector<Range>* ranges) {
  int64_t budget = kVisits * std::max<int64_t>(system_.relations(), 100);
  bool agreed = true;
  while (waiting_ > 0) {
    const int r = queue_[head_];
    if (++head_ == queue_.size()) head_ = 0;
    --waiting_;
    queued_[r] = false;
    if (!agreed || budget-- <= 0) continue;  // only empties the queue
    agreed = Visit(r, ranges->data());
  }
  return agreed;
}

bool BoundPropagation::Possible(int cell, const std::vector<Range>& ranges) {
  contradiction_ = ranges[cell].low > ranges[cell].high ? cell : -1;
  return contradiction_ < 0;
}

bool BoundPropagation::Run(std::vector<Range>* ranges) {
  for (int cell = 0; cell < system_.cells(); ++cell) {
    if (!Possible(cell, *ranges)) return false;
  }
  for (int r = 0; r < system_.relations(); ++r) Push(r);
  return Work(ranges);
}

bool BoundPropagation::RunFrom(absl::Span<const int> changed,
                               std::vector<Range>* ranges) {
  for (const int cell : changed) {
    if (!Possible(cell, *ranges)) return false;
  }
  for (const int cell : changed) Wake(cell, -1);
  return Work(ranges);
}

bool Propagate(const CellSystem& system, std::vector<Range>* ranges) {
  return BoundPropagation(system).Run(ranges);
}

}  // namespace cairn
