// RecordWalk::Counts.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/disclosure/record_walk.h"

namespace cairn {

// Records are counted for the finest crossings only, where each is in one cell;
// the others are their margins.
std::vector<int64_t> RecordWalk::Counts() const {
  std::vector<size_t> order(patterns_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    return patterns_[a].variables.size() > patterns_[b].variables.size();
  });
  std::vector<std::vector<int64_t>> counted(patterns_.size());
  for (size_t n = 0; n < order.size(); ++n) {
    const Pattern& pattern = patterns_[order[n]];
    std::vector<int64_t>& counts = counted[order[n]];
    const auto fine = std::find_if(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n),
        [&](size_t p) { return AddsUpTo(patterns_[p], pattern); });
    if (fine != order.begin() + static_cast<std::ptrdiff_t>(n)) {
      counts = AddUp(patterns_[*fine], counted[*fine], pattern);
      continue;
    }
    counts.assign(pattern.cells.size(), 0);
    for (size_t r = 0; r < data_.records(); ++r) {
      ForCells(pattern, data_.record(r).data(),
               [&counts](size_t at) { ++counts[at]; });
    }
  }
  std::vector<int64_t> by_cell(place_.size(), 0);
  for (size_t p = 0; p < patterns_.size(); ++p) {
    for (size_t at = 0; at < patterns_[p].cells.size(); ++at) {
      const int cell = patterns_[p].cells[at];
      if (cell != kNowhere) by_cell[cell] = counted[p][at];
    }
  }
  return by_cell;
}

// Each record that one counts the other counts too.
bool RecordWalk::AddsUpTo(const Pattern& fine, const Pattern& coarse) const {
  if (!fine.one_code || !coarse.one_code || fine.eras != coarse.eras) {
    return false;
  }
  for (const size_t v : coarse.variables) {
    if (std::count(fine.variables.begin(), fine.variables.end(), v) == 0) {
      return false;
    }
  }
  return std::all_of(
      fine.variables.begin(), fine.variables.end(), [&](size_t v) {
        const auto& codes = data_.variables[v].codes;
        return std::count(coarse.variables.begin(), coarse.variables.end(), v) >
                   0 ||
               std::none_of(codes.begin(), codes.end(),
                            [](const auto& some) { return some.empty(); });
      });
}

std::vector<int64_t> RecordWalk::AddUp(const Pattern& fine,
                                       const std::vector<int64_t>& counts,
                                       const Pattern& coarse) const {
  std::vector<size_t> stride(fine.variables.size(), 0);
  for (size_t a = 0; a < stride.size(); ++a) {
    const auto found = std::find(coarse.variables.begin(),
                                 coarse.variables.end(), fine.variables[a]);
    if (found == coarse.variables.end()) continue;
    stride[a] = coarse.strides[found - coarse.variables.begin()];
  }
  std::vector<int64_t> sums(coarse.cells.size(), 0);
  for (size_t at = 0; at < counts.size(); ++at) {
    size_t to = 0;
    for (size_t a = 0; a < stride.size(); ++a) {
      const size_t size = data_.variables[fine.variables[a]].names.size();
      to += at / fine.strides[a] % size * stride[a];
    }
    sums[to] += counts[at];
  }
  return sums;
}

}  // namespace cairn
