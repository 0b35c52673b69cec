#ifndef CAIRN_TESTS_CORE_DISCLOSURE_ATOM_WORLD_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_ATOM_WORLD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/query/table.h"

namespace cairn {

// A little population laid out in atoms, from which any table can be counted by
// hand. Dimension d has codes d0, d1, ..; and a coarser level in capitals.
struct AtomDimension {
  std::string name;     // "a"; the coarser level is "A"
  std::vector<int> up;  // for each fine code, its coarse code
};

enum class Cut { kNone, kFine, kCoarse };

class AtomWorld {
 public:
  explicit AtomWorld(std::vector<AtomDimension> dimensions)
      : dimensions_(std::move(dimensions)) {
    size_t n = 1;
    for (const AtomDimension& d : dimensions_) n *= d.up.size();
    counts.assign(n, 0);
  }

  const std::vector<AtomDimension>& dimensions() const { return dimensions_; }

  size_t CodeOf(size_t atom, size_t d) const {
    for (size_t i = dimensions_.size(); i-- > d + 1;) {
      atom /= dimensions_[i].up.size();
    }
    return atom % dimensions_[d].up.size();
  }

  TableShape Shape(const std::vector<Cut>& cuts) const {
    TableShape shape;
    for (size_t d = 0; d < cuts.size(); ++d) {
      if (cuts[d] == Cut::kNone) continue;
      const AtomDimension& dimension = dimensions_[d];
      TableAxis axis;
      const std::string upper(1,
                              static_cast<char>(dimension.name[0] - 'a' + 'A'));
      if (cuts[d] == Cut::kFine) {
        axis.variable = dimension.name;
        TableAxis::RollUp up{upper, {}};
        for (size_t i = 0; i < dimension.up.size(); ++i) {
          axis.codes.push_back(dimension.name + std::to_string(i));
          up.codes.push_back(upper + std::to_string(dimension.up[i]));
        }
        axis.roll_ups = {up};
      } else {
        axis.variable = upper;
        for (int i = 0; i <= dimension.up.back(); ++i) {
          axis.codes.push_back(upper + std::to_string(i));
        }
      }
      axis.part.assign(axis.codes.size(), false);
      shape.axes.push_back(std::move(axis));
    }
    return shape;
  }

  // The atoms in each cell of a table, margins included.
  std::vector<std::vector<int>> Members(const std::vector<Cut>& cuts) const {
    const TableShape shape = Shape(cuts);
    std::vector<std::vector<int>> members(shape.cells());
    for (size_t cell = 0; cell < members.size(); ++cell) {
      for (size_t atom = 0; atom < counts.size(); ++atom) {
        if (In(atom, cell, cuts, shape)) {
          members[cell].push_back(static_cast<int>(atom));
        }
      }
    }
    return members;
  }

  FrequencyTable Table(const std::vector<Cut>& cuts) const {
    FrequencyTable table;
    table.data_set = "world";
    table.epoch = "e1";
    table.shape = Shape(cuts);
    for (const std::vector<int>& cell : Members(cuts)) {
      int64_t count = 0;
      for (const int atom : cell) count += counts[static_cast<size_t>(atom)];
      table.counts.push_back(count);
    }
    return table;
  }

  // The table of a shape that Shape() made, or of a coarser form of it.
  FrequencyTable TableOf(const TableShape& shape) const {
    return Table(CutsOf(shape));
  }

  std::vector<Cut> CutsOf(const TableShape& shape) const {
    std::vector<Cut> cuts;
    size_t a = 0;
    for (const AtomDimension& d : dimensions_) {
      const std::string* variable =
          a < shape.axes.size() ? &shape.axes[a].variable : nullptr;
      if (variable != nullptr && *variable == d.name) {
        cuts.push_back(Cut::kFine);
      } else if (variable != nullptr &&
                 (*variable)[0] == d.name[0] - 'a' + 'A') {
        cuts.push_back(Cut::kCoarse);
      } else {
        cuts.push_back(Cut::kNone);
        continue;
      }
      ++a;
    }
    return cuts;
  }

  std::vector<int64_t> counts;  // one per atom, row-major over the dimensions

 private:
  bool In(size_t atom, size_t cell, const std::vector<Cut>& cuts,
          const TableShape& shape) const {
    size_t a = 0;
    for (size_t d = 0; d < cuts.size(); ++d) {
      if (cuts[d] == Cut::kNone) continue;
      const size_t at = shape.at(cell, a);
      const size_t fine = CodeOf(atom, d);
      const size_t own = cuts[d] == Cut::kFine
                             ? fine
                             : static_cast<size_t>(dimensions_[d].up[fine]);
      if (at != shape.axes[a].margin() && at != own) return false;
      ++a;
    }
    return true;
  }

  std::vector<AtomDimension> dimensions_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_ATOM_WORLD_H_
