#include "core/disclosure/marks.h"

#include <algorithm>

#include "core/disclosure/propagation.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// By cell: it is made of others.
std::vector<bool> Margins(const CellSystem& system) {
  std::vector<bool> margins(static_cast<size_t>(system.cells()), false);
  for (int r = 0; r < system.relations(); ++r) {
    margins[system.relation(r).parent] = true;
  }
  return margins;
}

// What a finest cell costs, against a margin of the same count.
constexpr double kFinestWeight = 1.5;

// A stretch of `width` around a count, from `least` at the lowest.
Range Around(int64_t count, int64_t width, int64_t least) {
  const int64_t low = std::max(least, count - width / 2);
  return {low, std::max(low + width, count)};
}

}  // namespace

double CostByCount(int, int64_t count) {
  return 1 + static_cast<double>(count);
}

std::vector<int64_t> LeastByZeros(const CellSystem& system,
                                  absl::Span<const Range> known) {
  std::vector<Range> ranges;
  for (const Range& range : known) {
    if (range.high == 0) {
      ranges.push_back({0, 0});
    } else {
      ranges.push_back({range.low > 0 ? 1 : 0, kNoLimit});
    }
  }
  Propagate(system, &ranges);
  std::vector<int64_t> least;
  for (const Range& range : ranges) least.push_back(range.low);
  return least;
}

std::vector<SuppressionCell> CellsOfCounts(const CellSystem& system,
                                           absl::Span<const int64_t> counts,
                                           absl::Span<const int64_t> persons,
                                           const DisclosurePolicy& policy,
                                           const CellCost& cost) {
  const int64_t z = policy.zeros_shown ? 1 : 0;
  const int64_t t = policy.largest_hidden_count;
  const std::vector<bool> margins = Margins(system);
  std::vector<bool> silent(counts.size(), false);
  if (policy.zeros_shown) silent = margins;
  std::vector<SuppressionCell> cells(counts.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    SuppressionCell& cell = cells[i];
    cell.figure = counts[i];
    // By what is shown of it, so that nothing else speaks in the pattern.
    const Bin bin = RoundToBin(counts[i], policy.rounding_base);
    cell.cost =
        cost(static_cast<int>(i), bin.value) * (margins[i] ? 1 : kFinestWeight);
    cell.shown = {bin.low, bin.high};
    cell.hidden = {z, kNoLimit};
    if (!silent[i] && counts[i] > t) cell.insight = Range{t + 1, kNoLimit};
    if (policy.zeros_shown && counts[i] == 0) {
      cell.kind = Kind::kZero;
      cell.shown = cell.hidden = {0, 0};
    } else if (counts[i] <= t) {
      cell.kind = Kind::kHidden;
      cell.keep = {z, t};
      if (!silent[i]) cell.hidden.high = t;
    } else if (!persons.empty() && persons[i] < policy.minimum_persons) {
      cell.kind = Kind::kHidden;
      // It might be any other near it that is not small.
      cell.keep = {std::max(t + 1, bin.low - 2 * t),
                   std::max(bin.high + t / 2, 2 * t + 1)};
    }
  }
  return cells;
}

void KeepWhatZerosLeave(const CellSystem& system,
                        std::vector<SuppressionCell>* cells) {
  std::vector<Range> known;
  known.reserve(cells->size());
  for (const SuppressionCell& cell : *cells) {
    switch (cell.kind) {
      case Kind::kOpen:  // whether it is shown or hidden
        known.push_back({std::min(cell.shown.low, cell.hidden.low),
                         std::max(cell.shown.high, cell.hidden.high)});
        break;
      case Kind::kHidden:
      case Kind::kUnseen:
        known.push_back(cell.hidden);
        break;
      case Kind::kFixed:
      case Kind::kZero:
      case Kind::kStructural:
        known.push_back(cell.shown);
        break;
    }
  }
  const std::vector<int64_t> least = LeastByZeros(system, known);
  for (size_t i = 0; i < cells->size(); ++i) {
    SuppressionCell& cell = (*cells)[i];
    if (cell.sensitive()) cell.keep.low = std::max(cell.keep.low, least[i]);
  }
}

bool KeepComplementsOpen(const CellSystem& system,
                         const Suppression& suppression,
                         const DisclosurePolicy& policy,
                         const SuppressionOptions& options,
                         std::vector<SuppressionCell>* cells) {
  const int64_t z = policy.zeros_shown ? 1 : 0;
  const int64_t width = policy.largest_hidden_count - z;
  const int64_t wanted = options.exact_only ? 1 : width;
  std::vector<Range> ranges = suppression.known;
  Propagate(system, &ranges);
  bool any = false;
  for (size_t i = 0; i < cells->size(); ++i) {
    SuppressionCell& cell = (*cells)[i];
    if (cell.kind != Kind::kOpen || !suppression.hidden[i] ||
        ranges[i].high == kNoLimit ||
        ranges[i].high - ranges[i].low >= wanted) {
      continue;
    }
    cell.keep =
        Around(cell.figure, width, cell.insight.value_or(cell.hidden).low);
    any = true;
  }
  for (size_t i = 0; any && i < cells->size(); ++i) {
    SuppressionCell& cell = (*cells)[i];
    if (cell.kind == Kind::kOpen && suppression.hidden[i]) {
      cell.kind = Kind::kHidden;
    }
  }
  return any;
}

}  // namespace cairn
