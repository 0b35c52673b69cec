#ifndef CAIRN_AGENT_RENEWAL_H_
#define CAIRN_AGENT_RENEWAL_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/identity_folder.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/base/mutex.h"
#include "core/ledger/entry.h"

namespace cairn {

// The agent's own entry about a certificate of its own: which key, and until
// when. `how`: "invitation" or "renewal".
absl::StatusOr<Entry> EnrolledEntry(const std::string& agency,
                                    const std::string& certificate,
                                    const char* how);

// Gets an enrolled agent its next certificate over the stream it has:
//
//   Due        two thirds of the certificate's life are over   -> a Renewal
//   Take       the coordinator's Renewed                       -> put in force
//
// after which the agent dials again with it, and the old stream ends when the
// new one has begun. Tried again until it works; from the last sixth on the log
// says so each time. Safe from any thread.
class Renewal {
 public:
  // `enrolled` false: certificates come by hand, and nothing is ever due.
  Renewal(const std::string& state_dir, bool enrolled, PeerIdentity own);

  // True if a request is to be sent now; it is then not due for a while.
  bool Due(absl::Time now, v1::Renewal* request);
  // OK: the new identity is in force, and `entry` is a peer.enrolled for the
  // ledger. Else why it was not taken, and the old one stays;
  // FAILED_PRECONDITION: nobody asked.
  absl::Status Take(const v1::Renewed& renewed, Entry* entry);

 private:
  absl::Status ReadTimes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const IdentityFolder folder_;
  const bool enrolled_;
  const PeerIdentity own_;
  Mutex mutex_;
  absl::Time due_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Time late_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Duration pause_ ABSL_GUARDED_BY(mutex_);
  std::string key_ ABSL_GUARDED_BY(mutex_);  // of the request under way
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RENEWAL_H_
