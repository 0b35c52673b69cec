#ifndef CAIRN_CORE_LEDGER_CHECKPOINT_H_
#define CAIRN_CORE_LEDGER_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/key.h"
#include "core/ledger/note.h"

namespace cairn {

// A checkpoint (C2SP tlog-checkpoint v1.0.0): what a log says of itself at one
// size. Three lines, and none besides: Cairn's logs have no extension lines,
// because no auditor could check them.
//
//   cairn.example.org/vru/agent/police/2026     origin = name of the log's key
//   1043                                        entries
//   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root, base64

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  std::string root;  // 32 bytes

  std::string Text() const;
};

// INVALID_ARGUMENT if it is not three such lines, the size is above 2^63 - 1,
// or an empty log has another root than the one of nothing.
absl::StatusOr<Checkpoint> ParseCheckpointText(absl::string_view text);

// A checkpoint whose log has signed it, and all signatures that came with it.
// Only OpenCheckpoint and SignCheckpoint make one.
class SignedCheckpoint {
 public:
  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Note& note() const { return note_; }
  // Adds or renews a cosignature; it is not checked here. In a note that has
  // as many signatures as one may have (kMaxNoteSignatures) it takes the place
  // of the oldest: what is signed by all of a great partnership must still be
  // a note that everybody can read.
  void Put(NoteSignature cosignature);
  std::string Text() const { return note_.Text(); }

 private:
  friend absl::StatusOr<SignedCheckpoint> OpenCheckpoint(absl::string_view,
                                                         const VerifierKey&);
  friend absl::StatusOr<SignedCheckpoint> SignCheckpoint(Checkpoint,
                                                         const SigningKey&);
  SignedCheckpoint(Checkpoint checkpoint, Note note)
      : checkpoint_(std::move(checkpoint)), note_(std::move(note)) {}

  Checkpoint checkpoint_;
  Note note_;
};

// What a signed checkpoint says, believed by nobody: to find the key by.
// INVALID_ARGUMENT if the bytes are not one.
absl::StatusOr<Checkpoint> PeekCheckpoint(absl::string_view bytes);

// INVALID_ARGUMENT if the bytes are not a checkpoint or the key is not a log's;
// NOT_FOUND if it is another log's checkpoint; PERMISSION_DENIED if this key
// has not signed it, or the signature is not true. Signatures of other keys are
// kept and not looked at.
absl::StatusOr<SignedCheckpoint> OpenCheckpoint(absl::string_view bytes,
                                                const VerifierKey& log);

// INVALID_ARGUMENT if the key is not a log's, or its name is not the origin.
// Whether the log may sign this (it must follow from all it signed before) is
// for the caller to know.
absl::StatusOr<SignedCheckpoint> SignCheckpoint(Checkpoint checkpoint,
                                                const SigningKey& log);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_CHECKPOINT_H_
