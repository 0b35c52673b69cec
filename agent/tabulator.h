#ifndef CAIRN_AGENT_TABULATOR_H_
#define CAIRN_AGENT_TABULATOR_H_

#include <cstdint>
#include <vector>

#include "core/query/table.h"

namespace cairn {

// Adds the cells of each single-valued axis up into its margin, on top of what
// stands there. `add(margin, cell)` adds one figure to another.
template <typename Figure, typename Add>
void RollUpMargins(const TableShape& shape, std::vector<Figure>* figures,
                   const Add& add) {
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const TableAxis& axis = shape.axes[a];
    if (axis.multi_valued) continue;
    const size_t stride = shape.stride(a);
    const size_t block = stride * axis.size();
    for (size_t start = 0; start < figures->size(); start += block) {
      Figure* margin = figures->data() + start + axis.margin() * stride;
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        const Figure* row = figures->data() + start + code * stride;
        for (size_t i = 0; i < stride; ++i) add(margin[i], row[i]);
      }
    }
  }
}

// Unsigned figures are summed modulo 2^64.
template <typename Figure>
void RollUpMargins(const TableShape& shape, std::vector<Figure>* figures) {
  RollUpMargins(shape, figures,
                [](Figure& margin, const Figure& cell) { margin += cell; });
}

// Adds records into a FrequencyTable, one at a time. Margins of single-valued
// axes are rolled up at the end where that is exact (counts, sums), and counted
// for themselves where it is not (distinct persons, largest contributors).
//
// Records must come in the order of their persons (records without one first):
// then an exact distinct count is one comparison a cell, with no set to keep.
class Tabulator {
 public:
  struct Options {
    bool persons = false;                   // the data set has a person key
    bool keys = false;                      // sum the records' keys too
    std::vector<FrequencyTable::Sum> sums;  // names, decimals and clips
  };

  Tabulator(TableShape shape, Options options);

  // `codes[a]`: the code's position on axis a; for a multi-valued axis a bit
  // mask over its positions. `person` < 0: no key. `values`: one per sum.
  // `key`: the record's own (agent/record_key.h).
  void Add(const std::vector<int64_t>& codes, int64_t person,
           const std::vector<int64_t>& values, uint64_t key = 0);

  // Ends the pass. The tabulator may not be used again.
  FrequencyTable Finish();

 private:
  // Contributions of the person at hand, per cell, and the two largest so far.
  struct Shares {
    std::vector<int64_t> current, largest, second;
    void Close(size_t cell);
  };

  void FindPlaces(const std::vector<int64_t>& codes, bool with_margins,
                  std::vector<size_t>* places) const;
  void AddPersons(const std::vector<int64_t>& codes, int64_t person,
                  const std::vector<int64_t>& values);
  FrequencyTable table_;
  const bool persons_;
  const bool keys_;
  const bool per_cell_;  // persons or sums: every margin is visited
  std::vector<size_t> strides_;
  bool any_multi_ = false;
  std::vector<int64_t> last_person_;  // by cell; -1: none yet
  std::vector<bool> keyless_;  // by cell: a record without a key was seen
  std::vector<Shares> shares_;
  std::vector<size_t> places_;  // scratch
};

}  // namespace cairn

#endif  // CAIRN_AGENT_TABULATOR_H_
