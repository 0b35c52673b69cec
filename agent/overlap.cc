#include "agent/overlap.h"

#include <algorithm>
#include <utility>

#include "agent/tabulator.h"

namespace cairn {
namespace {

// A person with more records than this is counted cell by cell: comparing all
// of them with one another would take too long.
constexpr size_t kManyRecords = 64;

}  // namespace

Overlap::Overlap(const TableShape& shape)
    : axes_(shape.axes.size()),
      all_((uint32_t{1} << axes_) - 1),
      rolled_(shape.cells(), 0),
      direct_(shape.cells(), 0) {
  std::vector<uint32_t> far(axes_), stride(axes_);  // of the cell at hand
  for (size_t a = 0; a < axes_; ++a) {
    stride[a] = static_cast<uint32_t>(shape.stride(a));
    far[a] = static_cast<uint32_t>(shape.axes[a].margin()) * stride[a];
  }
  const std::vector<uint32_t> first = far;
  to_margin_.reserve(shape.cells() * axes_);
  for (size_t cell = 0; cell < shape.cells(); ++cell) {
    to_margin_.insert(to_margin_.end(), far.begin(), far.end());
    for (size_t a = axes_; a-- > 0;) {
      if (far[a] != 0) {
        far[a] -= stride[a];
        break;
      }
      far[a] = first[a];
    }
  }
}

uint32_t Overlap::Agreed(uint32_t a, uint32_t b) const {
  uint32_t agreed = 0;
  for (size_t i = 0; i < axes_; ++i) {
    const bool same = to_margin_[a * axes_ + i] == to_margin_[b * axes_ + i];
    agreed |= (same ? 1U : 0U) << i;
  }
  return agreed;
}

uint32_t Overlap::Shared(uint32_t cell, uint32_t agreed) const {
  uint32_t place = cell;
  for (size_t i = 0; i < axes_; ++i) {
    place += (agreed >> i & 1) != 0 ? 0 : to_margin_[cell * axes_ + i];
  }
  return place;
}

void Overlap::PlacesOf(uint32_t cell, std::vector<uint32_t>* places) const {
  places->resize(size_t{1} << axes_);
  uint32_t* const all = places->data();
  all[0] = cell;
  for (size_t i = 0; i < axes_; ++i) {
    const size_t found = size_t{1} << i;
    const uint32_t further = to_margin_[cell * axes_ + i];
    for (size_t p = 0; p < found; ++p) all[found + p] = all[p] + further;
  }
}

void Overlap::Add(absl::Span<const uint32_t> cells) {
  if (cells.size() > kManyRecords) return AddMany(cells);
  for (size_t i = 1; i < cells.size(); ++i) {
    AddLater(cells.subspan(0, i), cells[i]);
  }
}

void Overlap::AddLater(absl::Span<const uint32_t> earlier, uint32_t cell) {
  uint32_t most = Agreed(earlier[0], cell);
  bool nested = true;
  uint32_t agreements[kManyRecords];
  agreements[0] = most;
  size_t found = 1;
  for (size_t i = 1; i < earlier.size() && most != all_; ++i) {
    const uint32_t agreed = Agreed(earlier[i], cell);
    if ((agreed & most) == agreed) continue;
    nested = nested && (agreed & most) == most;
    if ((agreed & most) == most) most = agreed;
    agreements[found++] = agreed;
  }
  if (nested || most == all_) {
    ++rolled_[Shared(cell, most)];
    return;
  }
  for (uint32_t axes = 0; axes <= all_; ++axes) {
    const bool within = std::any_of(
        agreements, agreements + found,
        [axes](uint32_t agreed) { return (axes & agreed) == axes; });
    if (within) ++direct_[Shared(cell, axes)];
  }
}

void Overlap::AddMany(absl::Span<const uint32_t> cells) {
  seen_.resize(rolled_.size(), 0);
  ++person_;
  std::vector<uint32_t> places;
  for (const uint32_t cell : cells) {
    PlacesOf(cell, &places);
    for (const uint32_t place : places) {
      if (seen_[place] == person_) ++direct_[place];
      seen_[place] = person_;
    }
  }
}

void Overlap::Merge(const Overlap& other) {
  for (size_t i = 0; i < rolled_.size(); ++i) {
    rolled_[i] += other.rolled_[i];
    direct_[i] += other.direct_[i];
  }
}

std::vector<int64_t> Overlap::Finish(const TableShape& shape) {
  RollUpMargins(shape, &rolled_);
  for (size_t i = 0; i < rolled_.size(); ++i) rolled_[i] += direct_[i];
  return std::move(rolled_);
}

}  // namespace cairn
