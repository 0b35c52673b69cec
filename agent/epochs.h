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

// What was released of a measure in this epoch and in those before that share
// records with it, directly or through others, and what proved it.
struct Earlier {
  std::vector<ReleaseStore::TablePtr> tables;
  std::vector<EraSet> spans;  // of each
  CertificateStore::ProofPtr certificates;
};
// DATA_LOSS if a released table cannot be read back.
absl::StatusOr<Earlier> FindEarlier(ReleaseStore* releases,
                                    const DataSource& source,
                                    const Measure& measure);

// Fills what new tables of `request->measure` are to be held against: what was
// released before, with the figures of all of it. The request's own tables are
// there already, cut from the records in force, and its data set. With the
// tables in which all these meet, and the records for the certificates. `also`:
// tables of this epoch that are on their way out and not in the store yet. All
// must outlive the request. Errors as DataSource::Tabulate.
absl::Status HoldAgainst(const Earlier& earlier, const DataSource& source,
                         FigureCache* figures,
                         const std::vector<const ProtectedTable*>& also,
                         ProtectRequest* request);

}  // namespace cairn

#endif  // CAIRN_AGENT_EPOCHS_H_
