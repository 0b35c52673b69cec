#include "core/ledger/checkpoint.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/merkle.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

absl::Status BadCheckpoint(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("this is not a checkpoint: ", why));
}

absl::Status CheckLogKey(const VerifierKey& key) {
  if (key.role() == KeyRole::kLog) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the key of '", key.name(),
                   "' is a witness's; checkpoints are signed by a log's key"));
}

}  // namespace

void SignedCheckpoint::Put(NoteSignature cosignature) {
  const auto same = [&](const NoteSignature& old) {
    return old.key_name == cosignature.key_name &&
           old.key_id == cosignature.key_id;
  };
  std::vector<NoteSignature>& all = note_.signatures;
  if (all.size() >= kMaxNoteSignatures &&
      std::none_of(all.begin(), all.end(), same)) {
    // A cosignature begins with its time, most significant byte first; the
    // log's own name is the origin.
    const auto older = [this](const NoteSignature& a, const NoteSignature& b) {
      const bool own = a.key_name == checkpoint_.origin;
      if (own || b.key_name == checkpoint_.origin) return !own;
      return a.bytes.compare(0, kCosignatureTimeBytes, b.bytes, 0,
                             kCosignatureTimeBytes) < 0;
    };
    all.erase(std::min_element(all.begin(), all.end(), older));
  }
  note_.Put(std::move(cosignature));
}

std::string Checkpoint::Text() const {
  return absl::StrCat(origin, "\n", size, "\n", absl::Base64Escape(root), "\n");
}

absl::StatusOr<Checkpoint> ParseCheckpointText(absl::string_view text) {
  const std::optional<absl::string_view> origin = TakeLine(&text);
  const std::optional<absl::string_view> size = TakeLine(&text);
  const std::optional<absl::string_view> root = TakeLine(&text);
  if (!root.has_value() || !text.empty()) {
    return BadCheckpoint(
        "its text is not the three lines origin, size and root");
  }
  CAIRN_RETURN_IF_ERROR(CheckName(*origin));
  const std::optional<uint64_t> entries = ReadDecimal(*size);
  if (!entries.has_value()) {
    return BadCheckpoint("its size is not a number from 0 to 2^63 - 1");
  }
  const std::optional<std::string> hash = ReadBase64(*root);
  if (!hash.has_value() || hash->size() != kHashBytes) {
    return BadCheckpoint("its root is not base64 of 32 bytes");
  }
  if (*entries == 0 && *hash != EmptyRoot()) {
    return BadCheckpoint("it has a root but no entries");
  }
  return Checkpoint{std::string(*origin), *entries, *hash};
}

absl::StatusOr<Checkpoint> PeekCheckpoint(absl::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(const Note note, ParseNote(bytes));
  return ParseCheckpointText(note.text);
}

absl::StatusOr<SignedCheckpoint> OpenCheckpoint(absl::string_view bytes,
                                                const VerifierKey& log) {
  CAIRN_RETURN_IF_ERROR(CheckLogKey(log));
  CAIRN_ASSIGN_OR_RETURN(Note note, ParseNote(bytes));
  CAIRN_ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpointText(note.text));
  if (checkpoint.origin != log.name()) {
    return absl::NotFoundError(absl::StrCat("this is a checkpoint of the log '",
                                            checkpoint.origin, "', not of '",
                                            log.name(), "'"));
  }
  const NoteSignature* signature = note.Find(log);
  if (signature == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the checkpoint is not signed by the key of '", log.name(), "'"));
  }
  if (!Ed25519Verify(log.public_key(), note.text, signature->bytes)) {
    return absl::PermissionDeniedError(
        absl::StrCat("the signature of '", log.name(),
                     "' is not a signature of this checkpoint"));
  }
  return SignedCheckpoint(std::move(checkpoint), std::move(note));
}

absl::StatusOr<SignedCheckpoint> SignCheckpoint(Checkpoint checkpoint,
                                                const SigningKey& log) {
  const VerifierKey& key = log.verifier();
  CAIRN_RETURN_IF_ERROR(CheckLogKey(key));
  if (checkpoint.origin != key.name()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key of '", key.name(), "' cannot sign for the log '",
                     checkpoint.origin, "'"));
  }
  Note note{checkpoint.Text(), {}};
  CAIRN_RETURN_IF_ERROR(ParseCheckpointText(note.text).status());
  note.Put({key.name(), key.id(), log.Sign(note.text)});
  return SignedCheckpoint(std::move(checkpoint), std::move(note));
}

}  // namespace cairn
