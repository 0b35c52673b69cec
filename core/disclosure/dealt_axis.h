#ifndef CAIRN_CORE_DISCLOSURE_DEALT_AXIS_H_
#define CAIRN_CORE_DISCLOSURE_DEALT_AXIS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "core/disclosure/microdata.h"
#include "core/query/table.h"

namespace cairn {

// By part and leaf: the class of leaves that no told table tells apart.
using LeafClasses = std::vector<std::vector<int>>;

// An axis of a table in terms of the records. Its key is what of its codes
// records are known by so far: their class, where each code lies in one class;
// else the code itself.
struct DealtAxis {
  static constexpr int kNone = -1;

  size_t part = 0;
  bool within = false;  // each code lies in one class
  bool is_new = false;  // it says more than the key
  std::vector<std::vector<Microdata::Leaf>> leaves;  // by code
  std::vector<int> code;                             // by leaf; kNone: none
  std::vector<int> key;     // by leaf; kNone: that of no code
  std::vector<int> key_of;  // by code; kNone: it has no leaf
  int keys = 0;
};

// Nothing: the axis's codes are not each a leaf's of one part.
std::optional<DealtAxis> DealtAxisOf(const Microdata& schema,
                                     const LeafClasses& classes,
                                     const TableAxis& given);

// Null: the records have no such variable.
const Microdata::Variable* VariableOf(const Microdata& schema,
                                      const TableAxis& axis);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_DEALT_AXIS_H_
