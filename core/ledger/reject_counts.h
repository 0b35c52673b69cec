#ifndef CAIRN_CORE_LEDGER_REJECT_COUNTS_H_
#define CAIRN_CORE_LEDGER_REJECT_COUNTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/entry.h"

namespace cairn {

// Why something was turned away before the ledger had an entry of it
// (docs/ledger-format.md has them under these names).
enum class Reject {
  kCertificate,  // certificate: the caller's gives it no such call
  kAgency,       // agency: an agent that the configuration does not name
  kStreams,      // streams: more of them than one agency may have
  kHello,        // hello: another protocol or catalogue, or none said in time
  kTooLarge,     // too_large: more bytes than are read
  kInvalid,      // invalid: cannot be read, or asks for what there is not
  kOverloaded,   // overloaded: too much is waiting
  kLate,         // late: nobody waits for the answer any more
};
absl::string_view NameOf(Reject why);

// Counts them by the minute, so that whoever knocks fills no ledger: one entry
// reject.summary a minute at most, and none of a minute without any. Safe from
// any thread; never waits for the disk.
class RejectCounts {
 public:
  // The clock must outlive the counts.
  explicit RejectCounts(const Clock* clock) : clock_(clock) {}

  void Add(Reject why);
  // An entry for each minute that has ended, oldest first; each is handed out
  // once. `all`: the minute that runs too.
  std::vector<Entry> Take(bool all = false);

 private:
  const Clock* const clock_;
  Mutex mutex_;
  // By the minute's number since 1970.
  std::map<int64_t, std::map<Reject, int64_t>> minutes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_REJECT_COUNTS_H_
