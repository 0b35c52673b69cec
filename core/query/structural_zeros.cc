#include "core/query/structural_zeros.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace cairn {
namespace {

const StructuralZero::Part* PartOf(const StructuralZero& zero, int dimension) {
  for (const StructuralZero::Part& part : zero.parts) {
    if (part.dimension == dimension) return &part;
  }
  return nullptr;
}

// The dimension of an axis, or -1: one that no structural zero is about.
int DimensionOf(const DataSet& data_set, const TableAxis& axis) {
  const auto variable = data_set.FindVariable(
      axis.variable.substr(0, axis.variable.find(kAtomJoin)));
  if (!variable.ok()) return -1;
  const bool any = std::any_of(
      data_set.structural_zeros.begin(), data_set.structural_zeros.end(),
      [&variable](const StructuralZero& zero) {
        return PartOf(zero, variable->dimension) != nullptr;
      });
  return any ? variable->dimension : -1;
}

// The finest codes in a code of a level, or of several levels at once.
std::vector<bool> LeavesOf(const Dimension& dimension,
                           const std::string& variable,
                           const std::string& code) {
  const std::vector<std::string> levels = absl::StrSplit(variable, kAtomJoin);
  const std::vector<std::string> codes = absl::StrSplit(code, kAtomCodeJoin);
  std::vector<bool> leaves(dimension.levels[0].codes.size(), true);
  for (size_t i = 0; i < levels.size(); ++i) {
    const int level = dimension.FindLevel(levels[i]);
    for (size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      leaves[leaf] =
          leaves[leaf] && level >= 0 && codes.size() == levels.size() &&
          dimension.levels[static_cast<size_t>(level)]
                  .codes[static_cast<size_t>(
                      dimension.up[static_cast<size_t>(level)][leaf])]
                  .id == codes[i];
    }
  }
  return leaves;
}

}  // namespace

StructuralZeros::StructuralZeros(const DataSet& data_set,
                                 absl::Span<const TableAxis> axes) {
  if (data_set.structural_zeros.empty()) return;
  std::vector<int> dimensions;
  for (size_t a = 0; a < axes.size(); ++a) {
    dimensions.push_back(DimensionOf(data_set, axes[a]));
    if (dimensions[a] < 0) continue;
    axes_.push_back(AxisOf(data_set, axes[a], a, dimensions[a]));
  }
  for (size_t z = 0; z < data_set.structural_zeros.size(); ++z) {
    const auto& parts = data_set.structural_zeros[z].parts;
    const bool has_all =
        std::all_of(parts.begin(), parts.end(), [&dimensions](const auto& p) {
          return std::count(dimensions.begin(), dimensions.end(), p.dimension) >
                 0;
        });
    if (has_all) all_ |= uint64_t{1} << z;
  }
}

StructuralZeros::Axis StructuralZeros::AxisOf(const DataSet& data_set,
                                              const TableAxis& axis,
                                              size_t position, int dimension) {
  const Dimension& own = data_set.dimensions[static_cast<size_t>(dimension)];
  std::vector<uint64_t> by_leaf(own.levels[0].codes.size(), 0);
  uint64_t others = 0;  // those that say nothing of it
  for (size_t z = 0; z < data_set.structural_zeros.size(); ++z) {
    const uint64_t bit = uint64_t{1} << z;
    const auto* part = PartOf(data_set.structural_zeros[z], dimension);
    if (part == nullptr) others |= bit;
    for (size_t leaf = 0; leaf < by_leaf.size(); ++leaf) {
      if (part == nullptr || part->leaves[leaf]) by_leaf[leaf] |= bit;
    }
  }
  Axis made{position, {}, {others}};
  for (const std::string& code : axis.codes) {
    const std::vector<bool> leaves = LeavesOf(own, axis.variable, code);
    Masks masks;
    for (size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      if (leaves[leaf]) masks.push_back(by_leaf[leaf]);
    }
    std::sort(masks.begin(), masks.end());
    masks.erase(std::unique(masks.begin(), masks.end()), masks.end());
    // Of a code that the catalogue does not know, nothing is known.
    if (masks.empty()) masks.push_back(0);
    made.by_code.push_back(std::move(masks));
  }
  return made;
}

const StructuralZeros::Masks& StructuralZeros::MasksAt(
    const Axis& axis, absl::Span<const size_t> at) const {
  const size_t code = at[axis.position];
  return code < axis.by_code.size() ? axis.by_code[code] : axis.margin;
}

// Every combination of finest codes, from axis a on.
bool StructuralZeros::Covers(size_t a, uint64_t mask,
                             absl::Span<const size_t> at) const {
  if (mask == 0) return false;
  if (a == axes_.size()) return true;
  const Masks& masks = MasksAt(axes_[a], at);
  return std::all_of(masks.begin(), masks.end(), [&](uint64_t own) {
    return Covers(a + 1, mask & own, at);
  });
}

int StructuralZeros::Find(absl::Span<const size_t> at) const {
  if (!Covers(0, all_, at)) return kNone;
  uint64_t first = all_;
  for (const Axis& axis : axes_) first &= MasksAt(axis, at).front();
  int number = 0;
  while ((first >> number & 1) == 0) ++number;
  return number;
}

std::vector<bool> StructuralZeroCells(const DataSet& data_set,
                                      const TableShape& shape) {
  const StructuralZeros zeros(data_set, shape.axes);
  if (zeros.empty()) return {};
  std::vector<bool> cells(shape.cells());
  std::vector<size_t> at(shape.axes.size());
  bool any = false;
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    for (size_t a = 0; a < at.size(); ++a) at[a] = shape.at(cell, a);
    cells[cell] = zeros.Find(at) != StructuralZeros::kNone;
    any = any || cells[cell];
  }
  return any ? cells : std::vector<bool>();
}

std::string StructuralZeroInWords(const DataSet& data_set, int number) {
  const StructuralZero& zero =
      data_set.structural_zeros[static_cast<size_t>(number)];
  std::vector<std::string> variables;
  for (const StructuralZero::Part& part : zero.parts) {
    const auto& own = data_set.dimensions[static_cast<size_t>(part.dimension)];
    variables.push_back(own.levels[0].variable);
  }
  return absl::StrCat("structural_zero ", number + 1, " of ", data_set.id, " (",
                      absl::StrJoin(variables, ", "), ")",
                      zero.reason.empty() ? "" : ": ", zero.reason);
}

}  // namespace cairn
