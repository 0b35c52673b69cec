#ifndef CAIRN_CORE_LEDGER_NOTE_H_
#define CAIRN_CORE_LEDGER_NOTE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/key.h"

namespace cairn {

// A signed note (C2SP signed-note v1.0.0): a text, an empty line, and a line
// for each signature.
//
//   the text, one line or more\n
//   \n
//   <em dash> NAME base64(4 bytes key id, signature)\n
//
// Read strictly: UTF-8, no control character but the newline, base64 in its one
// spelling, and no key that signs twice.

struct NoteSignature {
  std::string key_name;
  uint32_t key_id = 0;
  std::string bytes;  // what follows the key id

  // By its name and id; says nothing about whether it is true.
  bool ClaimsToBeOf(const VerifierKey& key) const {
    return key_name == key.name() && key_id == key.id();
  }
  std::string Line() const;  // with its newline
};

struct Note {
  std::string text;  // with its last newline
  std::vector<NoteSignature> signatures;

  std::string Text() const;
  // The signature that claims to be of this key, or null.
  const NoteSignature* Find(const VerifierKey& key) const;
  // Puts a signature in the place of that key's old one, or at the end.
  void Put(NoteSignature signature);
};

inline constexpr size_t kMaxNoteBytes = 64 * 1024;
// As Go's sumdb/note, so that its tools read what ours write.
inline constexpr size_t kMaxNoteSignatures = 100;
inline constexpr size_t kMaxCosignatures = 99;  // beside the log's own
static_assert(kMaxCosignatures + 1 == kMaxNoteSignatures);
// A cosignature begins with its time (tlog-cosignature, cosignature/v1).
inline constexpr size_t kCosignatureTimeBytes = 8;

// INVALID_ARGUMENT says what is wrong, and in which line.
absl::StatusOr<Note> ParseNote(absl::string_view bytes);
// One signature line, with its newline, as a witness hands it back.
absl::StatusOr<NoteSignature> ParseSignatureLine(absl::string_view line);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_NOTE_H_
