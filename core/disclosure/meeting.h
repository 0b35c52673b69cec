#ifndef CAIRN_CORE_DISCLOSURE_MEETING_H_
#define CAIRN_CORE_DISCLOSURE_MEETING_H_

#include <string>
#include <vector>

#include "core/query/catalogue.h"
#include "core/query/table.h"

namespace cairn {

// Where tables meet that are cut at levels of one dimension of which neither
// nests in the other: two places that differ by one area, wards and middle
// areas, calendar and financial years. What lies in the one and not in the
// other is a cell of no table, and yet their difference is its count:
//
//   place P  = areas 1 2 3      place Q = areas 1 2
//   P 40, Q 36 shown     ->     4 in area 3
//
// So such tables are held together in a third that nobody is told of: cut at
// the *atoms* of all the levels concerned (in P and in Q, in P only, ..), and
// by whatever else both tables are cut by. So are tables that have the
// variables of a structural zero only together, in a crossing of these: what
// cannot be there limits what else can.

// The axes of the tables to be held beside the given ones (new and pinned), in
// the data set's order of dimensions; each with its variables, more than one
// for atoms. None where all levels nest and no structural zero ties tables.
// Variables the data set does not have do not matter.
//
// `told`: of dimensions of structural zeros of which an agency holds no U, a
// table of its codes. Each record has one of them, and that is known: so a zero
// of one code there and a zero of all others say something together.
using MeetingAxes = std::vector<std::vector<std::string>>;
std::vector<MeetingAxes> FindMeetings(
    const DataSet& data_set, const std::vector<const TableShape*>& tables,
    const std::vector<TableShape>& told = {});

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_MEETING_H_
