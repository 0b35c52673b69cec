#ifndef CAIRN_AGENT_SHARES_H_
#define CAIRN_AGENT_SHARES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/cell_finder.h"
#include "agent/snapshot.h"
#include "agent/tabulator.h"
#include "core/query/table.h"

namespace cairn {

template <typename T>
void WidenFrom(const T* from, int64_t base, size_t rows, int64_t* to) {
  for (size_t i = 0; i < rows; ++i) {
    to[i] = static_cast<int64_t>(static_cast<uint64_t>(base) + from[i]);
  }
}

// The values of some rows of a column.
inline void Widen(const Snapshot::Column& column, uint64_t first_row,
                  size_t rows, int64_t* to) {
  const char* const from = column.data + first_row * column.width;
  switch (column.width) {
    case 1:
      return WidenFrom(reinterpret_cast<const uint8_t*>(from), column.base,
                       rows, to);
    case 2:
      return WidenFrom(reinterpret_cast<const uint16_t*>(from), column.base,
                       rows, to);
    case 4:
      return WidenFrom(reinterpret_cast<const uint32_t*>(from), column.base,
                       rows, to);
    default:
      return WidenFrom(reinterpret_cast<const uint64_t*>(from), column.base,
                       rows, to);
  }
}

// The largest share of one contributor of a cell, and the second largest.
struct Top {
  int64_t largest = 0;
  int64_t second = 0;

  void Add(int64_t share) {
    if (share > largest) {
      second = largest;
      largest = share;
    } else if (share > second) {
      second = share;
    }
  }
  void Merge(const Top& other) {
    Add(other.largest);
    Add(other.second);
  }
};

// Sums of one quantity, and who contributes most to each cell.
class Shares {
 public:
  Shares(Snapshot::Column column, size_t cells, bool persons)
      : column_(column), total_(cells + 1), single_(cells + 1) {
    if (!persons) return;
    several_.resize(cells);
    share_.resize(cells);
  }

  void Read(uint64_t from, size_t rows) {
    values_.resize(CellFinder::kBlockRows);
    Widen(column_, from, rows, values_.data());
  }
  int64_t value(size_t row) const { return values_[row]; }
  // Rows of the block that was read.
  void AddTotals(const uint32_t* cells, size_t rows) {
    for (size_t i = 0; i < rows; ++i) total_[cells[i]] += values_[i];
  }
  void AddSingle(uint32_t cell, int64_t value) { single_[cell].Add(value); }

  // Two records of a person in different cells; by the cells they count in.
  void AddTwo(const std::vector<uint32_t>& a, int64_t a_value,
              const std::vector<uint32_t>& b, int64_t b_value) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) {
        several_[a[i]].Add(a_value + b_value);
      } else {
        several_[a[i]].Add(a_value);
        several_[b[i]].Add(b_value);
      }
    }
  }
  // A record of a person with more, by the cells it counts in; then the
  // person's end.
  void AddShare(const std::vector<uint32_t>& places, int64_t value) {
    for (const uint32_t place : places) share_[place] += value;
  }
  void ClosePlace(uint32_t place) {
    several_[place].Add(std::exchange(share_[place], 0));
  }

  void Merge(const Shares& other) {
    for (size_t c = 0; c < total_.size(); ++c) total_[c] += other.total_[c];
    for (size_t c = 0; c < single_.size(); ++c) {
      single_[c].Merge(other.single_[c]);
    }
    for (size_t c = 0; c < several_.size(); ++c) {
      several_[c].Merge(other.several_[c]);
    }
  }

  void Finish(const TableShape& shape, FrequencyTable::Sum* to) {
    total_.resize(shape.cells());
    single_.resize(shape.cells());
    RollUpMargins(shape, &total_);
    // Nobody with one record is in two cells.
    RollUpMargins(shape, &single_,
                  [](Top& margin, const Top& cell) { margin.Merge(cell); });
    for (size_t c = 0; c < several_.size(); ++c) single_[c].Merge(several_[c]);
    to->total = std::move(total_);
    for (const Top& top : single_) {
      to->largest.push_back(top.largest);
      to->second.push_back(top.second);
    }
  }

 private:
  Snapshot::Column column_;
  std::vector<int64_t> values_;  // of a block
  std::vector<int64_t> total_;   // of finest cells
  std::vector<Top> single_;      // of finest cells: who has one record
  std::vector<Top> several_;     // of every cell: the others
  std::vector<int64_t> share_;   // of the person at hand; else 0
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SHARES_H_
