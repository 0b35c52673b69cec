#ifndef CAIRN_CORE_DISCLOSURE_SEARCH_EFFORT_H_
#define CAIRN_CORE_DISCLOSURE_SEARCH_EFFORT_H_

#include <cstdint>

#include "core/disclosure/suppress.h"

namespace cairn {

// How long Suppress() looks for certificates: in tries and in steps, some
// nanoseconds each, never in time. It follows from the size of the system
// alone, so that it says nothing of the figures.
struct SearchEffort {
  // How often the search for a table is tried: within what is public, and with
  // cells that would have to be hidden for it.
  int free_tries = 0, paid_tries = 0;
  // And once more of each, for what that left; 0: not.
  int last_tries = 0;
  // Of all searches together; of those among the records, where both ways are
  // taken (SuppressionOptions::thorough).
  int64_t steps = 0, record_steps = 0;
  // More, for what only hiding proves.
  int64_t hiding_steps = 0;
  // Pruning takes at most one step for so many that were needed before; 0: no
  // pruning.
  int64_t prune_part = 1;
  // And goes on from the certificates there are, where the truth leads nowhere.
  bool resumes = false;
  // So often is all searched for again, for what costs less.
  int rounds = 0;
  // Ahead of time: and once more, among the records.
  bool prunes_by_records = false;
};
SearchEffort EffortFor(int cells, const SuppressionOptions& options);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_SEARCH_EFFORT_H_
