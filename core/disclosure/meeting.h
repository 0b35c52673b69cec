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
// by whatever else both tables are cut by.

// Several levels of one dimension as one axis: their variables joined by
// kAtomJoin, and so are the codes of an atom.
inline constexpr char kAtomJoin = '+';
inline constexpr char kAtomCodeJoin = '\x1f';

// The axes of the tables to be held beside the given ones (new and pinned), in
// the data set's order of dimensions; each with its variables, more than one
// for atoms. None where all levels nest. Variables the data set does not have
// do not matter.
using MeetingAxes = std::vector<std::vector<std::string>>;
std::vector<MeetingAxes> FindMeetings(
    const DataSet& data_set, const std::vector<const TableShape*>& tables);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_MEETING_H_
