#ifndef CAIRN_AGENT_QUESTION_ENTRIES_H_
#define CAIRN_AGENT_QUESTION_ENTRIES_H_

#include "cairn/v1/agent_link.pb.h"
#include "core/ledger/commitment.h"
#include "core/ledger/entry.h"
#include "core/query/catalogue.h"
#include "core/query/query.h"

namespace cairn {

// query.received: the asker's id, the purpose and the data set, each empty
// where something came that is no id or no code of the catalogue. Nobody can
// erase from a log, so no text that somebody made up goes into it; the question
// as it came is opened by its commitment.
Entry ReceivedEntry(const v1::Ask& ask, const Query& query,
                    const Catalogue& catalogue, const Commitment& question);

}  // namespace cairn

#endif  // CAIRN_AGENT_QUESTION_ENTRIES_H_
