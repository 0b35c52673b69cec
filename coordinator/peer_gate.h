#ifndef CAIRN_COORDINATOR_PEER_GATE_H_
#define CAIRN_COORDINATOR_PEER_GATE_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/config.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/identity/deny_list.h"
#include "core/identity/person.h"
#include "core/ledger/ledger.h"
#include "core/link/credentials.h"
#include "core/store/sqlite.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// Who gets in, and who has to go. Three looks at whoever connects:
//
//   AdmitConnection   at the handshake: the partnership's root vouches for the
//                     certificate. Else there is no connection, and the log
//                     says why
//   Admit             at each call: that once more (but for the first call,
//   just
//                     after the handshake, and within a minute of such a
//                     look), the name, the role, the certificate's end, the
//                     deny-list. Else the caller is told why, and the log too
//   Look              every few seconds, at calls that stay open: the deny-list
//                     as it is by now, and the certificate's end
//
// The deny-list is a file that the operator edits. Each line that is new stands
// in the ledger as peer.revoked before it counts, each that is gone as
// operator.action. A list that cannot be read denies everybody until it can.
// Safe from any thread.
class PeerGate {
 public:
  // INVALID_ARGUMENT: a list that cannot be read, as at any other start. All
  // must outlive the gate; `database` is the ledger's.
  static absl::StatusOr<std::unique_ptr<PeerGate>> Create(
      const CoordinatorSettings& settings, Ledger* ledger, Database* database,
      const Clock* clock);

  absl::Status AdmitConnection(const std::string& chain);
  // UNAUTHENTICATED or PERMISSION_DENIED, as VerifyPeer; PERMISSION_DENIED also
  // for a role that the call is not for, and for whoever is denied; UNAVAILABLE
  // while nobody can be told apart from those who are.
  // Several calls: one of them will do.
  absl::StatusOr<Peer> Admit(const grpc::AuthContext& context,
                             const std::vector<Call>& calls);
  absl::StatusOr<Peer> AdmitAgent(const grpc::AuthContext& context);
  // Whoever signed a question (core/identity/person.h), by their certificate.
  absl::Status CheckSigner(const std::string& certificate);

  // As long as the slot lives, `cut` may be called, once, with the reason. It
  // must not wait.
  using Cut = std::function<void(const absl::Status& why)>;
  using Slot = std::shared_ptr<void>;
  Slot Watch(const Peer& peer, Cut cut);
  Slot WatchSigner(const std::string& certificate, Cut cut);

  // Errors are the ledger's. Waits for the disk.
  absl::Status Look();

 private:
  // Whom a line of the list may name.
  struct Known {
    std::string uri, key, person;
    absl::Time until = absl::InfiniteFuture();
  };
  struct Watched {
    Known who;
    Cut cut;
  };

  PeerGate(const CoordinatorSettings& settings, std::string authority,
           Ledger* ledger, Database* database, const Clock* clock)
      : partnership_(settings.catalogue->partnership),
        list_path_(settings.config.deny_list()),
        authority_(std::move(authority)),
        ledger_(ledger),
        database_(database),
        clock_(clock) {}

  absl::StatusOr<Peer> Identify(const grpc::AuthContext& context);
  // As VerifyPeer, once a minute for each chain.
  absl::StatusOr<Peer> Verify(const std::string& chain);
  // Whether the handshake has just said that the root vouches for the chain;
  // once for each handshake.
  bool TakeVouched(const std::string& chain);
  absl::Status CheckDenied(const Known& who)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Slot WatchKnown(Known who, Cut cut);
  static Known KnownOf(const Peer& peer);
  static Known SignerOf(const std::string& certificate);
  absl::StatusOr<DenyList> ReadList() const;
  absl::Status LogChanges(const DenyList& list);
  absl::Status ReadLogged();

  const std::string partnership_;
  const std::string list_path_;  // "": nobody is denied
  const std::string authority_;  // PEM
  Ledger* const ledger_;
  Database* const database_;
  const Clock* const clock_;
  Mutex look_mutex_;  // one look at a time; taken before mutex_
  std::set<std::string> logged_ ABSL_GUARDED_BY(look_mutex_);
  Mutex mutex_;
  DenyList denied_ ABSL_GUARDED_BY(mutex_);
  std::string unreadable_ ABSL_GUARDED_BY(mutex_);  // why; "": it is not
  // By the SHA-256 of a chain: until when its handshake counts.
  std::map<std::string, absl::Time> vouched_ ABSL_GUARDED_BY(mutex_);
  // By the SHA-256 of a chain: whose it is, and when that was found.
  struct Checked {
    Peer peer;
    absl::Time at;
  };
  std::map<std::string, Checked> checked_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Watched> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_PEER_GATE_H_
