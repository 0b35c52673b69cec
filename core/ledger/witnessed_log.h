#ifndef CAIRN_CORE_LEDGER_WITNESSED_LOG_H_
#define CAIRN_CORE_LEDGER_WITNESSED_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/key.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/witness.h"

namespace cairn {

// What a log shows of an entry to somebody who follows it.
struct ShownEntry {
  std::string line;
  std::string proof;  // tlog-proof, in the newest checkpoint
  // That this checkpoint follows from the last one shown to him.
  uint64_t old_size = 0;
  std::vector<std::string> since_old;
  // The newest checkpoint that had a quorum, with its cosignatures ("": none
  // had), and that the one in `proof` follows from it.
  std::string cosigned;
  std::vector<std::string> since_cosigned;
};

// A log and its witnesses, as seen by the log. Rounds go on as long as it runs:
//
//   Round    signs the head and shows it to every witness, each from the last
//            that he was shown
//   Take     his answer: a cosignature counts towards the quorum
//   Again    shows the round's checkpoint to one who remembers another size
//
// Entries are shown in between. Each witness sees one line of checkpoints that
// never goes back, in the order in which they were sent: so what is handed to a
// `send` must leave in that order, and if it returns false, did not leave.
//
// Safe from any thread. `send` runs under the lock: it must not wait, nor call
// back.
class WitnessedLog {
 public:
  // `witnesses` by the id of their node. INVALID_ARGUMENT if the rule names a
  // witness that is not among them. Signer and clock must outlive the log.
  static absl::StatusOr<std::unique_ptr<WitnessedLog>> Create(
      LogSigner* signer, std::map<std::string, VerifierKey> witnesses,
      QuorumRule rule, const Clock* clock);

  // A session with a witness began: he says which checkpoint he remembers (""
  // for none). `attach` runs under the lock, if all is well: what is shown to
  // him from then on goes to this session; if it says no, the session is over
  // and what it said is forgotten. INVALID_ARGUMENT, NOT_FOUND or
  // PERMISSION_DENIED if it is not this log's. DATA_LOSS if it is, and the
  // ledger does not go on from it: the log went back or has two histories, and
  // is to sign nothing more.
  absl::Status Met(const std::string& witness, const std::string& remembered,
                   absl::FunctionRef<bool()> attach);
  // The witness's session is followed by another, which he reads when he has
  // read all of the first: what he was shown there counts.
  void GoesOn(absl::FunctionRef<bool()> attach);

  // Ids that are not a witness's are passed over.
  using SendRequest = absl::FunctionRef<bool(const std::string& witness,
                                             const WitnessRequest&)>;
  absl::Status Round(const std::vector<std::string>& witnesses,
                     SendRequest send);
  absl::Status Again(const std::string& witness, SendRequest send);

  struct Taken {
    // He remembers another size: to be asked Again, once in a round.
    bool again = false;
    bool cosigned = false;
    std::string reason;  // why not, in one sentence
  };
  // DATA_LOSS as Met.
  absl::StatusOr<Taken> Take(const std::string& witness,
                             const WitnessAnswer& answer);

  // Whether some checkpoint has a quorum now.
  bool HasQuorum();

  // Shows an entry to several, each from the last that he was shown.
  using SendEntry =
      absl::FunctionRef<bool(const std::string& witness, const ShownEntry&)>;
  absl::Status Show(uint64_t index, const std::vector<std::string>& witnesses,
                    SendEntry send);

 private:
  WitnessedLog(LogSigner* signer, std::map<std::string, VerifierKey> witnesses,
               QuorumRule rule, const Clock* clock)
      : signer_(signer),
        witnesses_(std::move(witnesses)),
        rule_(std::move(rule)),
        clock_(clock) {}

  absl::StatusOr<std::vector<std::string>> Prove(uint64_t from,
                                                 uint64_t to) const;
  absl::Status Request(const std::string& witness, SendRequest send)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TakeCosignature(const std::string& witness,
                               const std::string& line)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LogSigner* const signer_;
  const std::map<std::string, VerifierKey> witnesses_;
  const QuorumRule rule_;
  const Clock* const clock_;

  Mutex mutex_;
  std::map<std::string, uint64_t> shown_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> asked_again_ ABSL_GUARDED_BY(mutex_);
  std::optional<SignedCheckpoint> round_ ABSL_GUARDED_BY(mutex_);
  // The newest that had a quorum, and until when it has.
  std::optional<SignedCheckpoint> cosigned_ ABSL_GUARDED_BY(mutex_);
  absl::Time cosigned_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_WITNESSED_LOG_H_
