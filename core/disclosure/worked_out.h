#ifndef CAIRN_CORE_DISCLOSURE_WORKED_OUT_H_
#define CAIRN_CORE_DISCLOSURE_WORKED_OUT_H_

#include <optional>
#include <vector>

#include "core/disclosure/protected_table.h"
#include "core/query/catalogue.h"

namespace cairn {

// A table of this shape by arithmetic on released tables of the same records
// and measure, and on nothing else (WorkOutCells): it tells whoever has those
// tables nothing new. None if they do not make it up. The same tables in the
// same order give the same cells. `data_set`: that of the tables; what it says
// is a structural zero stands there as one.
std::optional<ProtectedTable> WorkOut(
    const DataSet& data_set, const TableShape& wanted,
    const std::vector<const ProtectedTable*>& released);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_WORKED_OUT_H_
