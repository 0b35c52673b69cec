#ifndef CAIRN_AGENT_EPOCHS_H_
#define CAIRN_AGENT_EPOCHS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/data_source.h"
#include "agent/figure_cache.h"
#include "agent/release_store.h"
#include "core/disclosure/protect.h"

namespace cairn {

// Fills what new tables of `request->measure` are to be held against: what was
// released of the measure in this epoch and in those before that share records
// with it, directly or through others, with the figures of all of them. The
// request's own tables are there already, cut from the records in force, and
// its data set. With the tables in which all these meet, and the records for
// the certificates. `also`: tables of this epoch that are on their way out and
// not in the store yet. All must outlive the request.
// DATA_LOSS if a released table cannot be read back.
absl::Status HoldAgainstReleased(ReleaseStore* releases,
                                 const DataSource& source, FigureCache* figures,
                                 const std::vector<const ProtectedTable*>& also,
                                 ProtectRequest* request);

}  // namespace cairn

#endif  // CAIRN_AGENT_EPOCHS_H_
