#include "core/query/roll_up.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

// An axis of a known table that makes up one of the wanted.
struct Source {
  size_t axis = 0;
  size_t stride = 1;
  // For each wanted code, the codes it is made of.
  std::vector<std::vector<size_t>> parts;
};

std::optional<Source> SourceOf(const TableAxis& wanted, const TableShape& known,
                               bool additive) {
  for (size_t a = 0; a < known.axes.size(); ++a) {
    const TableAxis& axis = known.axes[a];
    const std::vector<std::string>* codes =
        axis.variable == wanted.variable ? &axis.codes : nullptr;
    for (const TableAxis::RollUp& up : axis.roll_ups) {
      const bool adds = additive && !axis.multi_valued;
      if (up.variable == wanted.variable && adds) codes = &up.codes;
    }
    if (codes == nullptr) continue;
    Source source{a, known.stride(a), {}};
    absl::flat_hash_map<std::string, size_t> index;
    for (size_t i = 0; i < wanted.codes.size(); ++i) index[wanted.codes[i]] = i;
    source.parts.resize(wanted.codes.size());
    for (size_t i = 0; i < codes->size(); ++i) {
      const auto found = index.find((*codes)[i]);
      if (found != index.end()) source.parts[found->second].push_back(i);
    }
    // A code that nothing makes up is not the same as nothing in it.
    for (const std::vector<size_t>& parts : source.parts) {
      if (parts.empty()) return std::nullopt;
    }
    return source;
  }
  return std::nullopt;
}

// One known table, as far as it serves the wanted one.
struct Candidate {
  const KnownTable* table = nullptr;
  std::vector<std::optional<Source>> by_axis;  // of the wanted table
  size_t margin = 0;  // the cell at the margin of every axis
};

class RollUp {
 public:
  RollUp(const TableShape& wanted, const std::vector<KnownTable>& known,
         bool additive)
      : wanted_(wanted) {
    for (const KnownTable& table : known) {
      Candidate candidate{&table, {}, 0};
      for (const TableAxis& axis : wanted.axes) {
        candidate.by_axis.push_back(SourceOf(axis, *table.shape, additive));
      }
      for (size_t a = 0; a < table.shape->axes.size(); ++a) {
        candidate.margin +=
            table.shape->axes[a].margin() * table.shape->stride(a);
      }
      candidates_.push_back(std::move(candidate));
    }
  }

  std::optional<std::vector<Cell>> Cells() {
    // Cells by which of their axes are not at the margin, as bits.
    std::vector<const Candidate*> best(size_t{1} << wanted_.axes.size());
    for (size_t inner = 0; inner < best.size(); ++inner) {
      best[inner] = BestFor(inner);
      if (best[inner] == nullptr) return std::nullopt;
    }
    std::vector<Cell> cells(wanted_.cells());
    std::vector<size_t> at(wanted_.axes.size());
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      size_t inner = 0;
      for (size_t a = 0; a < at.size(); ++a) {
        at[a] = wanted_.at(cell, a);
        if (at[a] != wanted_.axes[a].margin()) inner |= size_t{1} << a;
      }
      const Candidate& from = *best[inner];
      Sum(from, inner, at, 0, from.margin, &cells[cell]);
    }
    return cells;
  }

 private:
  // The candidate with the fewest cells behind these axes.
  const Candidate* BestFor(size_t inner) const {
    const Candidate* best = nullptr;
    double least = 0;
    for (const Candidate& candidate : candidates_) {
      double cells = 1;
      bool serves = true;
      for (size_t a = 0; a < wanted_.axes.size() && serves; ++a) {
        if ((inner >> a & 1) == 0) continue;
        const auto& source = candidate.by_axis[a];
        serves = source.has_value();
        if (!serves) break;
        const auto& axes = candidate.table->shape->axes;
        cells *= static_cast<double>(axes[source->axis].codes.size());
      }
      if (!serves || (best != nullptr && cells >= least)) continue;
      best = &candidate;
      least = cells;
    }
    return best;
  }

  // Adds the cells that make up the one at `at`, from axis a on.
  void Sum(const Candidate& from, size_t inner, const std::vector<size_t>& at,
           size_t a, size_t base, Cell* sum) const {
    if (a == at.size()) {
      *sum = Add(*sum, (*from.table->cells)[base]);
      return;
    }
    if ((inner >> a & 1) == 0) {
      Sum(from, inner, at, a + 1, base, sum);
      return;
    }
    const Source& source = *from.by_axis[a];
    const size_t margin = from.table->shape->axes[source.axis].margin();
    for (const size_t part : source.parts[at[a]]) {
      Sum(from, inner, at, a + 1, base - (margin - part) * source.stride, sum);
    }
  }

  const TableShape& wanted_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::optional<std::vector<Cell>> WorkOutCells(
    const TableShape& wanted, const std::vector<KnownTable>& known,
    bool additive) {
  return RollUp(wanted, known, additive).Cells();
}

}  // namespace cairn
