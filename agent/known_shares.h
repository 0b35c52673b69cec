#ifndef CAIRN_AGENT_KNOWN_SHARES_H_
#define CAIRN_AGENT_KNOWN_SHARES_H_

#include <map>
#include <string>

#include "agent/release_store.h"
#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// Fills what a holding says of the records themselves: how many there are
// about, and of each variable the share that is not known and that is mapped.
//
// The proof of a release (core/disclosure/proof.h) knows only what was
// released. A share taken from the records would be one more figure, outside of
// it: of 400 records, "0 % not known" says that a hidden cell of 0 to 7 is at
// most 2. So all of it is arithmetic on released counts, as anyone can do it,
// and what was not released is not told:
//   not known    the count of U in any released table, within its interval,
//                against the total of all records
//   mapped       all, where another text stops the load; else all but the cell
//                that takes such texts, whose others it cannot tell apart
//   rows         the released total to two significant figures; not before
//                there is one, as it may come to be hidden, and not of one that
//                is: the proof must be all that is known of it
// Records without a person key are in no table: their share is told to 5 %, of
// 1,000 records or more, so that a step is 50 records at least.
//
// `released`: the tables of counts of this epoch, by key.
void AddReleased(const v1::ExtractMeta& meta, const DataSet& data_set,
                 const std::map<std::string, ReleaseStore::TablePtr>& released,
                 v1::Holding* holding);

}  // namespace cairn

#endif  // CAIRN_AGENT_KNOWN_SHARES_H_
