#ifndef CAIRN_CORE_DISCLOSURE_CERTIFICATE_PROGRAM_H_
#define CAIRN_CORE_DISCLOSURE_CERTIFICATE_PROGRAM_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/linear_program.h"

namespace cairn {

// Finds certificates (see TableWalk) by linear programs: slower, but it finds
// what there is, and one table for many cells at once. Its solutions may be
// fractional.
class CertificateProgram {
 public:
  // `figures` keep every relation of `system`, which must outlive the program.
  CertificateProgram(const CellSystem& system,
                     absl::Span<const int64_t> figures);

  // As TableWalk::SetBounds: a cost of 0 means that the cell may not leave.
  void SetBounds(int cell, const Range& now, const Range& if_hidden,
                 double cost);

  struct Goal {
    int cell;
    int64_t value;  // not the truth
  };
  struct Found {
    bool solved = false;
    bool whole = false;     // a table of whole numbers, and so a certificate
    std::vector<int> left;  // cells that left their bounds
    // The cells that differ from the truth, and by how much.
    std::vector<std::pair<int, double>> moved;
    // If whole: the same as their figures there.
    std::vector<std::pair<int, int64_t>> table;
  };
  // A table that comes as near to all goals as it can, for the least cost of
  // cells leaving their bounds. Each cell in one goal at most.
  // Stops, unsolved, after max_iterations.
  Found Reach(absl::Span<const Goal> goals, int max_iterations);
  int iterations() const { return program_.iterations(); }  // of the last

 private:
  struct Columns {
    int change;  // from the truth, within bounds
    int up;      // beyond them; -1: none
    int down;
  };

  void Build();
  void Bound(int cell);
  Range ChangeOf(int cell, const Range& range) const;

  const CellSystem& system_;
  const std::vector<int64_t> figures_;
  std::vector<Range> now_;
  std::vector<Range> if_hidden_;
  std::vector<double> cost_;
  LinearProgram program_;
  std::vector<Columns> columns_;
  double most_ = 1;  // the greatest cost
  bool built_ = false;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CERTIFICATE_PROGRAM_H_
