#ifndef CAIRN_CORE_QUERY_STRUCTURAL_ZEROS_H_
#define CAIRN_CORE_QUERY_STRUCTURAL_ZEROS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "core/query/catalogue.h"
#include "core/query/table.h"

namespace cairn {

// So many of one data set at most: a bit each.
inline constexpr size_t kMaxStructuralZeros = 64;

// Which cells of a table no record can be in (Handbook on SDC, 2nd ed., section
// 4.2: structural zeros). It follows from the catalogue and the cell's own
// codes, from nothing that an agency holds: so the same cell is one in every
// table, and agent and coordinator find the same ones.
//
//   no record: age_band 0-4, 5-9 with drink-driving
//   age_band 0-4 x drink-driving    one
//   age_core 0-9 x drink-driving    one: all that is in it is one
//   age_u25 under_25 x drink-driving, age_band 0-4 in total    none
//
// Several structural zeros may make up a cell together. A margin takes in U,
// not known, which is never a part of one, so it restricts nothing.
class StructuralZeros {
 public:
  static constexpr int kNone = -1;

  StructuralZeros() = default;
  // Of cells with these axes, each of another dimension.
  StructuralZeros(const DataSet& data_set, absl::Span<const TableAxis> axes);

  // No cell is one: some variable of each is not among the axes.
  bool empty() const { return all_ == 0; }
  // `at`: by axis, a position of its codes or, at their end, its margin. The
  // number of a structural zero that the cell is, or begins with, in
  // DataSet::structural_zeros; or kNone.
  int Find(absl::Span<const size_t> at) const;

 private:
  // For what some finest codes of an axis have in common: which structural
  // zeros they do not rule out, a bit each.
  using Masks = std::vector<uint64_t>;
  struct Axis {
    size_t position;             // among all axes
    std::vector<Masks> by_code;  // each mask of its finest codes once
    Masks margin;
  };

  static Axis AxisOf(const DataSet& data_set, const TableAxis& axis,
                     size_t position, int dimension);
  bool Covers(size_t a, uint64_t mask, absl::Span<const size_t> at) const;
  const Masks& MasksAt(const Axis& axis, absl::Span<const size_t> at) const;

  std::vector<Axis> axes_;  // those that any is about
  uint64_t all_ = 0;        // those of whose variables none is missing
};

// By cell of the shape; empty: none is one.
std::vector<bool> StructuralZeroCells(const DataSet& data_set,
                                      const TableShape& shape);

// "structural_zero 2 of events (age_band, offence_class): why". The variables
// are the finest of its dimensions; no code of a record is told.
std::string StructuralZeroInWords(const DataSet& data_set, int number);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_STRUCTURAL_ZEROS_H_
