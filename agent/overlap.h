#ifndef CAIRN_AGENT_OVERLAP_H_
#define CAIRN_AGENT_OVERLAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/query/table.h"

namespace cairn {

// By how much the records of a cell are more than its persons.
//
// Most persons have one record, and where every person has one, persons are
// counted and rolled up into margins as records are. What has to be put right
// is only that of a person's records the second and all later ones count
// nowhere where an earlier one has counted: in the cells in which the codes of
// the two agree or stand at the margin. These are all the margins of one cell
// (the codes that agree, and the margin on the other axes), so noting that cell
// and rolling up with the rest is enough. A record that agrees with several
// earlier ones in different codes notes each cell by itself.
class Overlap {
 public:
  explicit Overlap(const TableShape& shape);

  // The finest cells of the records of one person, two or more.
  void Add(absl::Span<const uint32_t> cells);
  void AddPair(uint32_t earlier, uint32_t cell) {
    const uint32_t* const from = to_margin_.data() + earlier * axes_;
    const uint32_t* const to = to_margin_.data() + cell * axes_;
    uint32_t place = cell;
    for (size_t i = 0; i < axes_; ++i) place += from[i] == to[i] ? 0 : to[i];
    ++rolled_[place];
  }

  void Merge(const Overlap& other);

  // For each cell and margin: its records, less its persons. To be called once.
  std::vector<int64_t> Finish(const TableShape& shape);

  // All the cells and margins that a record in a finest cell counts in; for
  // every cell in the same order, by the axes on which they are margins.
  void PlacesOf(uint32_t cell, std::vector<uint32_t>* places) const;

 private:
  // Which axes two cells agree on, a bit each.
  uint32_t Agreed(uint32_t a, uint32_t b) const;
  // The margins of `cell` on all axes but the agreed ones.
  uint32_t Shared(uint32_t cell, uint32_t agreed) const;
  void AddLater(absl::Span<const uint32_t> earlier, uint32_t cell);
  void AddMany(absl::Span<const uint32_t> cells);

  const size_t axes_;
  const uint32_t all_;
  // By cell and axis: from the cell to its margin on the axis.
  std::vector<uint32_t> to_margin_;
  std::vector<int64_t> rolled_;  // still to be rolled up
  std::vector<int64_t> direct_;  // not to be
  // Scratch of AddMany: the last person that was seen in a cell.
  std::vector<uint32_t> seen_;
  uint32_t person_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_OVERLAP_H_
