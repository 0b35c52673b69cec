#ifndef CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_
#define CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/microdata.h"
#include "core/disclosure/suppress.h"
#include "core/query/table.h"

namespace cairn {

// Records of nobody that look nearly as told: as many as the largest total
// says, the codes of each told table dealt out to them in the shares that its
// inner cells look to have, the finest table first and a part of the records
// once. What does not fit yet is a rounding error of each cell, and what only
// several tables say together; RecordWalk::Settle mends that. From records that
// say anything at all, it has to change most of them, one by one.
//
// Follows from how cells look and from nothing else. `schema`: its records are
// not looked at; every part has a leaf. `looks`: by cell of `linked`.
std::vector<Microdata::Leaf> DealRecords(
    const Microdata& schema, const LinkedTables& linked,
    const std::vector<const TableShape*>& shapes, size_t told,
    absl::Span<const Range> looks);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_
