#ifndef CAIRN_CORE_LEDGER_COSIGNATURE_H_
#define CAIRN_CORE_LEDGER_COSIGNATURE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/key.h"
#include "core/ledger/note.h"

namespace cairn {

// A cosignature (C2SP tlog-cosignature, Ed25519, type 4): a witness says that
// at this time the checkpoint was the largest it had seen of this log, and that
// it followed from all before. It signs
//
//   cosignature/v1\n
//   time 1679315147\n
//   the checkpoint's text
//
// and its bytes in the note are 8 bytes of time (big-endian seconds) and 64 of
// signature.

// INVALID_ARGUMENT if the key is not a witness's, the time is before 1970, or
// the text is not a checkpoint's. Whether the witness may sign is decided by
// Witness; nothing else should call this.
absl::StatusOr<NoteSignature> Cosign(absl::string_view checkpoint_text,
                                     const SigningKey& witness,
                                     absl::Time time);

// The time it was signed at. PERMISSION_DENIED if this is not a true signature
// of this key over this text; INVALID_ARGUMENT if the key is not a witness's.
absl::StatusOr<absl::Time> VerifyCosignature(absl::string_view checkpoint_text,
                                             const NoteSignature& cosignature,
                                             const VerifierKey& witness);

// How many of a log's witnesses must have seen a checkpoint, and how lately.
// Two forks of one log can both find a quorum of q among n witnesses only if
// 2q - n of these are dishonest: at least one, where q is more than half.
class QuorumRule {
 public:
  struct Options {
    size_t needed = 0;  // witnesses; 0: more than half of them
    absl::Duration max_age = absl::Minutes(15);
    absl::Duration max_skew = absl::Minutes(2);  // signed in the future
  };
  // INVALID_ARGUMENT if there is no witness, one is not a witness's key, two
  // are the same, or more are needed than there are or than fit a note
  // (kMaxCosignatures).
  static absl::StatusOr<QuorumRule> Create(std::vector<VerifierKey> witnesses,
                                           Options options);
  static absl::StatusOr<QuorumRule> Create(std::vector<VerifierKey> witnesses) {
    return Create(std::move(witnesses), Options());
  }

  // FAILED_PRECONDITION says how many have cosigned in time, how many are
  // needed, and who is missing or too old. PERMISSION_DENIED if a signature in
  // the name of one of the witnesses is not true: such a note is refused whole.
  absl::Status Check(const SignedCheckpoint& checkpoint, absl::Time now) const;

  // The same, and until when it holds of this checkpoint: what a caller may
  // keep instead of checking the same signatures again.
  absl::StatusOr<absl::Time> Until(const SignedCheckpoint& checkpoint,
                                   absl::Time now) const;

  const std::vector<VerifierKey>& witnesses() const { return witnesses_; }
  size_t needed() const { return options_.needed; }
  absl::Duration max_age() const { return options_.max_age; }

 private:
  QuorumRule(std::vector<VerifierKey> witnesses, Options options)
      : witnesses_(std::move(witnesses)), options_(options) {}

  std::vector<VerifierKey> witnesses_;
  Options options_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_COSIGNATURE_H_
