#ifndef CAIRN_CORE_QUERY_ROLL_UP_H_
#define CAIRN_CORE_QUERY_ROLL_UP_H_

#include <optional>
#include <vector>

#include "core/query/cell.h"
#include "core/query/table.h"

namespace cairn {

// A table whose cells are known.
struct KnownTable {
  const TableShape* shape = nullptr;
  const std::vector<Cell>* cells = nullptr;
};

// The cells of a table worked out from others of the same records, by addition
// alone. A cell that stands in one of them is given as it stands there; else it
// is the sum of the fewest cells that make it up: of the table that is cut the
// most coarsely, the first of those given if several are. Axes that `wanted`
// does not have are taken at their margin.
//
//   wanted: lad x quarter         known: ward x month x sex, lad x month
//   (E07, Total)    as it stands in lad x month
//   (Total, Q1)     the sum of three cells of lad x month
//   (E07, Q1)       the sum of three cells of lad x month, not of 3 x wards
//
// `additive`: cells of different codes have no member in common. Otherwise
// nothing is added, and a cell must stand in one of the tables.
// None if there is a cell that none of the tables makes up.
std::optional<std::vector<Cell>> WorkOutCells(
    const TableShape& wanted, const std::vector<KnownTable>& known,
    bool additive);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_ROLL_UP_H_
