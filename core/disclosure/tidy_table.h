#ifndef CAIRN_CORE_DISCLOSURE_TIDY_TABLE_H_
#define CAIRN_CORE_DISCLOSURE_TIDY_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"

namespace cairn {

// Text of a file as a message shows it: safe for a terminal, and not long.
std::string ShortText(const std::string& text);

// A tidy table as read: one row per cell, its code in every dimension.
struct TidyRows {
  std::string source;              // the file, as messages name it
  std::vector<std::string> dims;   // the names of the dimensions
  std::vector<std::string> codes;  // row after row, dims.size() each
  std::vector<uint64_t> lines;     // of the file, one a row
};

// Which codes add up to which: cell(parent, rest) = the sum of
// cell(child, rest) over the children a parent has in one tree.
struct TidyHierarchy {
  struct Triple {
    std::string dim, tree, parent, child;
    uint64_t line = 0;
  };
  std::string source;
  std::vector<Triple> triples;
};

// The cells of a tidy table: every combination of the codes that its rows and
// the hierarchy name, listed or not, and the sums that tie them. The code of a
// margin is Total (kTotal). A dimension without a tree has one: Total over its
// other codes. A code may stand in
// several trees, and a tree need not reach Total (named groups of places).
//
// Every failure is INVALID_ARGUMENT and one sentence, with the file and the
// line where there is one.
class TidyTable {
 public:
  static constexpr size_t kMaxDims = 4;
  // No figure above it, so that no sum of cells overflows.
  static constexpr int64_t kMaxFigure = 1'000'000'000'000;

  // Refuses: no dimension or more than 4, no rows, an empty code, Total in
  // another case, Total as a child or alone, a code in no tree of a dimension
  // that has trees, a child with two parents in one tree, a cycle, a triple of
  // an unknown dimension or listed twice, a cell listed twice, more than
  // `max_cells` combinations.
  static absl::StatusOr<TidyTable> Create(TidyRows rows,
                                          const TidyHierarchy& hierarchy,
                                          int64_t max_cells);

  const CellSystem& system() const { return system_; }
  const std::vector<std::string>& dims() const { return rows_.dims; }
  int rows() const { return static_cast<int>(rows_.lines.size()); }
  uint64_t line(int row) const { return rows_.lines[row]; }
  int cell_of(int row) const { return cell_of_row_[row]; }
  // -1: the table does not list the cell.
  int row_of(int cell) const { return row_of_cell_[cell]; }
  const std::string& code(int cell, size_t dim) const;
  // No other cell is a part of it in any dimension.
  bool is_leaf(int cell) const { return height_[cell] == 0; }
  // "area=A, sex=Total"
  std::string NameOf(int cell) const;
  // "table.csv:7: what"
  absl::Status Fail(uint64_t line, const std::string& what) const;

  // The figure of every cell from those of the rows: a leaf that is not listed
  // is 0, a margin that is not listed is added up. INVALID_ARGUMENT with the
  // lines and both figures if a listed margin is not the sum of its children
  // (the lowest such margin), or two trees disagree.
  absl::StatusOr<std::vector<int64_t>> Complete(
      absl::Span<const int64_t> of_rows) const;
  // The same for figures that do not add up, such as distinct persons: what is
  // not listed is at least the largest of its children, and counts as that.
  std::vector<int64_t> CompleteFromBelow(
      absl::Span<const int64_t> of_rows) const;

 private:
  // One relation among the codes of a dimension.
  struct Sum {
    std::string tree;
    int parent = 0;
    std::vector<int> children;
    uint64_t line = 0;
  };
  struct Dim {
    std::vector<std::string> codes;
    std::vector<Sum> sums;    // children before parents
    std::vector<int> height;  // by code: 0 for one that is never a parent
    int stride = 1;           // between the cells of neighbouring codes
  };
  class Maker;

  TidyTable() = default;
  template <typename Visit>
  void ForEachRelation(size_t dim, const Sum& sum, Visit visit) const;
  std::vector<int64_t> AddUp(absl::Span<const int64_t> of_rows) const;
  absl::Status Disagreement(int cell, int64_t listed, int64_t added) const;
  absl::Status CheckSums(const std::vector<int64_t>& figures) const;
  std::string ChildrenInWords(size_t dim, const Sum& sum, int cell) const;

  TidyRows rows_;
  std::vector<Dim> dims_;
  CellSystem system_;
  std::vector<int> cell_of_row_;
  std::vector<int> row_of_cell_;
  std::vector<int> height_;  // by cell: the sum of its codes' heights
};

// Visits the parent of every relation that a sum of codes makes, and the cell
// from which its children are counted: base + child x stride.
template <typename Visit>
void TidyTable::ForEachRelation(size_t d, const Sum& sum, Visit visit) const {
  const Dim& dim = dims_[d];
  const int block = dim.stride * static_cast<int>(dim.codes.size());
  for (int outer = 0; outer < system_.cells(); outer += block) {
    for (int base = outer; base < outer + dim.stride; ++base) {
      visit(base + sum.parent * dim.stride, base);
    }
  }
}

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_TIDY_TABLE_H_
