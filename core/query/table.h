#ifndef CAIRN_CORE_QUERY_TABLE_H_
#define CAIRN_CORE_QUERY_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/query/query.h"

namespace cairn {

// Several levels of one dimension as one axis: their variables joined by
// kAtomJoin, and so are the codes of an atom (core/disclosure/meeting.h).
inline constexpr char kAtomJoin = '+';
inline constexpr char kAtomCodeJoin = '\x1f';

// One variable of a table: the codes an agency holds, in the catalogue's order.
struct TableAxis {
  std::string variable;
  std::vector<std::string> codes;
  // True where the agency's records cover only a part of the code (one month of
  // a quarter): a figure there is a lower bound.
  std::vector<bool> part;
  // Coarser levels of the same dimension: for each code, the code it lies in.
  struct RollUp {
    std::string variable;
    std::vector<std::string> codes;
    friend bool operator==(const RollUp&, const RollUp&) = default;
  };
  std::vector<RollUp> roll_ups;
  // Records may lie in several codes, so the margin is not the sum of the
  // codes.
  bool multi_valued = false;

  size_t size() const { return codes.size() + 1; }  // with the margin
  size_t margin() const { return codes.size(); }
  friend bool operator==(const TableAxis&, const TableAxis&) = default;
};

// The shape of a crossing with all its margins: row-major, the margin last on
// each axis. With no axis: one cell, the total.
struct TableShape {
  std::vector<TableAxis> axes;

  size_t cells() const {
    size_t n = 1;
    for (const TableAxis& axis : axes) n *= axis.size();
    return n;
  }
  // Distance in cells between neighbours on axis a.
  size_t stride(size_t a) const {
    size_t n = 1;
    for (size_t i = a + 1; i < axes.size(); ++i) n *= axes[i].size();
    return n;
  }
  // Position of a cell on axis a.
  size_t at(size_t cell, size_t a) const {
    return (cell / stride(a)) % axes[a].size();
  }
  friend bool operator==(const TableShape&, const TableShape&) = default;
};

// A table as the records give it: true figures, every margin counted for
// itself. It has no wire form and no text form; it lives between Tabulate and
// Protect.
struct FrequencyTable {
  std::string data_set;
  std::string epoch;
  TableShape shape;
  std::vector<int64_t> counts;
  // Distinct persons behind each cell; empty where the data set has no person
  // key. Records without a key count as one person together: they may be.
  std::vector<int64_t> persons;
  // Distinct persons with a key: what distinct_persons measures.
  std::vector<int64_t> keyed_persons;
  // Sums of clipped contributions, with the largest and second largest share of
  // one contributor (a person where there is a key, else a record).
  struct Sum {
    std::string quantity;
    int decimals = 0;
    int64_t clip_low = 0;
    int64_t clip_high = 0;
    std::vector<int64_t> total;
    std::vector<int64_t> largest;
    std::vector<int64_t> second;
  };
  std::vector<Sum> sums;
  // Sum of the 64-bit keys of each cell's records, modulo 2^64 (0: no record);
  // empty unless they were asked for. See core/disclosure/cell_key.h.
  std::vector<uint64_t> keys;
};

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_TABLE_H_
