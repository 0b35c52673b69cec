#ifndef CAIRN_COORDINATOR_ENROLMENT_DESK_H_
#define CAIRN_COORDINATOR_ENROLMENT_DESK_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/enrolment.pb.h"
#include "coordinator/config.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/identity/invitation.h"
#include "core/ledger/ledger.h"
#include "core/link/credentials.h"
#include "core/link/x509.h"
#include "core/store/sqlite.h"

namespace cairn {

// Which key is an agency's, from invitation to renewal, in the coordinator's
// database:
//   invitation   one a agency, the last: the hash of its code, and its end
//   enrolment    one a code that was used: by which key, and its six words
//   agent_key    the keys that came of an enrolment, by renewal
// `cairn-coordinator invite` writes invitations, and the mark that the words
// were compared; all else is written in commits of the ledger. From the first
// enrolment that was confirmed, an agency attaches only with a key that came of
// the last one: whoever stole an older key, or a certificate made by hand, is
// out. An agency that was never enrolled is not looked at.

// The rows that the command writes, and may read.
class InvitationBook {
 public:
  // Makes the tables. The database must outlive the book.
  static absl::StatusOr<InvitationBook> Open(Database* database);

  // In the place of the agency's last one.
  absl::Status Put(const Invitation& invitation);
  // The two people read the same words. NOT_FOUND: no key waits for that;
  // PERMISSION_DENIED: another key does.
  absl::Status Confirm(const std::string& agency, const std::string& words);

 private:
  friend class EnrolmentDesk;
  explicit InvitationBook(Database* database) : database_(database) {}
  Database* database_;
};

// Safe from any thread. Its calls wait for the disk.
class EnrolmentDesk {
 public:
  // All must outlive the desk; `database` is the ledger's. INVALID_ARGUMENT:
  // an issuing authority that cannot issue.
  static absl::StatusOr<std::unique_ptr<EnrolmentDesk>> Create(
      const CoordinatorSettings& settings, Ledger* ledger, Database* database,
      const Clock* clock);

  // Redeems a code: the certificate. PERMISSION_DENIED with the reason for
  // whoever may not have one; INVALID_ARGUMENT for a request that is none.
  absl::StatusOr<std::string> Enrol(const v1::EnrolRequest& request);
  // For the agency that is attached as `peer`. FAILED_PRECONDITION: too soon,
  // or with an old key.
  absl::StatusOr<std::string> Renew(const Peer& peer,
                                    const std::string& request);
  // PERMISSION_DENIED unless the peer's key is its agency's, as above.
  absl::Status CheckConfirmed(const Peer& peer);

 private:
  struct Key {
    std::string enrolment;  // the hash of the code
    bool confirmed = false;
  };

  EnrolmentDesk(const CoordinatorSettings& settings, Issuer issuer,
                std::string own_pin, std::unique_ptr<Database> reader,
                Ledger* ledger, Database* database, const Clock* clock);

  absl::Status ReadKeys();
  absl::StatusOr<Invitation> FindInvitation(const v1::EnrolRequest& request,
                                            std::string* certificate)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::string> Issue(const std::string& agency,
                                    const std::string& request,
                                    absl::Time until) const;
  // To be called inside a commit.
  absl::Status WriteKey(const std::string& key, const std::string& agency,
                        const std::string& enrolment, absl::Time until);
  absl::Status TakeConfirmation(const Peer& peer, Key* key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string partnership_;
  const std::string own_pin_;  // of the coordinator's certificate
  const Issuer issuer_;
  const absl::Duration life_;
  Ledger* const ledger_;
  Database* const database_;
  const Clock* const clock_;
  Mutex mutex_;
  // The same file once more: sees what is committed.
  const std::unique_ptr<Database> reader_ ABSL_PT_GUARDED_BY(mutex_);
  std::map<std::string, Key> keys_ ABSL_GUARDED_BY(mutex_);  // by key
  // Agency -> the enrolment in force.
  std::map<std::string, std::string> current_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Time> renewed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ENROLMENT_DESK_H_
