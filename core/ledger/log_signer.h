#ifndef CAIRN_CORE_LEDGER_LOG_SIGNER_H_
#define CAIRN_CORE_LEDGER_LOG_SIGNER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/key.h"
#include "core/ledger/ledger.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {

// What a log has said of itself: the last checkpoint it signed, and those that
// witnesses have cosigned.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // The signed note; nothing if this log never signed one.
  virtual absl::StatusOr<std::optional<std::string>> Last(
      const std::string& origin) = 0;
  // In one step: if the last note is still `expected`, it becomes `next` and
  // true is returned; else false, and nothing changes. So two programs that run
  // on one log cannot both go on signing.
  virtual absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<std::string>& expected,
      const std::string& next) = 0;
  // Keeps a note with its cosignatures: one for each `day` (2026-11-22), the
  // last of that day.
  virtual absl::Status KeepCosigned(const std::string& origin,
                                    const std::string& day,
                                    const std::string& note) = 0;
  // In the order of their days.
  virtual absl::StatusOr<std::vector<std::string>> Cosigned(
      const std::string& origin) = 0;
};

// The one who signs for a log: no checkpoint leaves that the store does not
// know, and none that does not follow from the last. Safe from any thread.
//
// The store need not be durable to the last write: what was signed covers only
// entries that are, so one that was lost in a power cut is signed again.
class LogSigner {
 public:
  // INVALID_ARGUMENT if the key is not a log's. DATA_LOSS if the ledger does
  // not go on from the last checkpoint that is kept: it says which sizes
  // disagree. Ledger and store must outlive the signer.
  static absl::StatusOr<std::unique_ptr<LogSigner>> Create(
      SigningKey key, Ledger* ledger, CheckpointStore* store);

  const VerifierKey& key() const { return key_.verifier(); }
  // Of everything that is in the ledger now. Errors of Ledger::Sign. Where the
  // checkpoint cannot be kept, or another program has signed for this log
  // meanwhile, the ledger is broken from then on.
  absl::StatusOr<SignedCheckpoint> Sign();
  // The receipt of an entry: its place in the last checkpoint that was signed,
  // or in a new one where that does not cover it.
  absl::StatusOr<TlogProof> Receipt(uint64_t index);
  const Ledger& ledger() const { return *ledger_; }

  // Whether a checkpoint that somebody has kept is of this log's history.
  // INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED if it is none that this
  // log has signed: that says nothing. DATA_LOSS if it is, and the ledger does
  // not go on from it: it says which sizes disagree.
  absl::StatusOr<Checkpoint> CheckKept(const std::string& note) const;
  // For the auditor: the last note of each day that witnesses have cosigned.
  // Breaks the ledger where it cannot be kept.
  absl::Status KeepCosigned(const SignedCheckpoint& checkpoint,
                            const std::string& day);
  // The last that was kept; nothing if there is none.
  absl::StatusOr<std::optional<SignedCheckpoint>> LastCosigned();

 private:
  LogSigner(SigningKey key, Ledger* ledger, CheckpointStore* store,
            std::optional<SignedCheckpoint> last)
      : key_(std::move(key)),
        ledger_(ledger),
        store_(store),
        last_(std::move(last)) {}

  absl::StatusOr<SignedCheckpoint> SignLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SigningKey key_;
  Ledger* const ledger_;
  CheckpointStore* const store_;
  Mutex mutex_;
  std::optional<SignedCheckpoint> last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_LOG_SIGNER_H_
