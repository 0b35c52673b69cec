#include "core/ledger/log_signer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/proof.h"

namespace cairn {
namespace {

// Whether the ledger goes on from a checkpoint that was signed for it.
absl::Status CheckGoesOn(const Ledger& ledger, const Checkpoint& last) {
  const TreeHead now = ledger.Head();
  if (now.size < last.size) {
    return absl::DataLossError(absl::StrCat(
        "the ledger has ", now.size, " entries, but a checkpoint of ",
        last.size,
        " was signed for it: its end was cut off, or an older copy "
        "was restored; nothing is signed"));
  }
  if (last.size == 0) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> proof,
                         ledger.ProveConsistency(last.size, now.size));
  if (VerifyConsistency(last.size, last.root, now.size, now.root, proof).ok()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the first ", last.size, " of the ledger's ", now.size,
      " entries are not those that a checkpoint was signed for; nothing is "
      "signed"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogSigner>> LogSigner::Create(
    SigningKey key, Ledger* ledger, CheckpointStore* store) {
  if (key.verifier().role() != KeyRole::kLog) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key of '", key.verifier().name(), "' is not a log's"));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                         store->Last(key.verifier().name()));
  std::optional<SignedCheckpoint> last;
  if (note.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(last, OpenCheckpoint(*note, key.verifier()));
    CAIRN_RETURN_IF_ERROR(CheckGoesOn(*ledger, last->checkpoint()));
  }
  return std::unique_ptr<LogSigner>(
      new LogSigner(std::move(key), ledger, store, std::move(last)));
}

absl::StatusOr<SignedCheckpoint> LogSigner::Sign() {
  MutexLock lock(&mutex_);
  return SignLocked();
}

absl::StatusOr<SignedCheckpoint> LogSigner::SignLocked() {
  if (last_.has_value() && last_->checkpoint().size == ledger_->size()) {
    return *last_;
  }
  CAIRN_ASSIGN_OR_RETURN(SignedCheckpoint next, ledger_->Sign(key_));
  std::optional<std::string> expected;
  if (last_.has_value()) expected = last_->Text();
  const absl::StatusOr<bool> kept =
      store_->CompareAndSwap(key_.verifier().name(), expected, next.Text());
  if (!kept.ok()) return ledger_->Break("a checkpoint", kept.status());
  if (!*kept) {
    return ledger_->Break(
        "a checkpoint",
        absl::DataLossError("another program has signed for this log"));
  }
  last_ = std::move(next);
  return *last_;
}

absl::StatusOr<Checkpoint> LogSigner::CheckKept(const std::string& note) const {
  CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint kept,
                         OpenCheckpoint(note, key_.verifier()));
  CAIRN_RETURN_IF_ERROR(CheckGoesOn(*ledger_, kept.checkpoint()));
  return kept.checkpoint();
}

absl::Status LogSigner::KeepCosigned(const SignedCheckpoint& checkpoint,
                                     const std::string& day) {
  MutexLock lock(&mutex_);
  const absl::Status kept =
      store_->KeepCosigned(key_.verifier().name(), day, checkpoint.Text());
  return kept.ok() ? kept : ledger_->Break("a cosigned checkpoint", kept);
}

absl::StatusOr<std::optional<SignedCheckpoint>> LogSigner::LastCosigned() {
  MutexLock lock(&mutex_);
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> notes,
                         store_->Cosigned(key_.verifier().name()));
  std::optional<SignedCheckpoint> last;
  if (notes.empty()) return last;
  CAIRN_ASSIGN_OR_RETURN(last, OpenCheckpoint(notes.back(), key_.verifier()));
  return last;
}

absl::StatusOr<TlogProof> LogSigner::Receipt(uint64_t index) {
  MutexLock lock(&mutex_);
  if (!last_.has_value() || last_->checkpoint().size <= index) {
    CAIRN_RETURN_IF_ERROR(SignLocked().status());
  }
  return ledger_->ProveEntry(index, *last_);
}

}  // namespace cairn
