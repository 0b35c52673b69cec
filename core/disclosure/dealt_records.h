#ifndef CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_
#define CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_

#include <cstdint>
#include <vector>

#include "core/disclosure/microdata.h"
#include "core/disclosure/stand_in.h"

namespace cairn {

// Records of nobody that look nearly as told. What does not fit yet is a
// rounding error of each cell, and what only several tables say together;
// RecordWalk::Settle mends that. From records that say anything at all, it has
// to change most of them, one by one.
//
// Without a start they are as many as the largest total says, and the codes of
// each told table are dealt out to them in the shares that its inner cells look
// to have, the finest table first. A start agrees with all tables but those
// that are asked for now; of these, what they newly say is dealt, and nothing
// that was told before changes, but for what the new one says too:
//
// - A dimension that no table had, or that the new one cuts finer, is dealt
//   among records that look alike so far.
// - Where it crosses dimensions that no table crossed, records that are alike
//   in all that one of them was crossed with trade their codes of it.
//
// Follows from how cells look and from nothing else, in at most
// `request.deal_steps` steps; what is left over then stays as it was.
std::vector<Microdata::Leaf> DealRecords(const StandInRequest& request);

// How many records a stand-in for tables that look so has, before it is
// settled.
int64_t RecordsToDeal(const StandInRequest& request);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_DEALT_RECORDS_H_
