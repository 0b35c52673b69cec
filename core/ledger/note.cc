#include "core/ledger/note.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

constexpr absl::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr size_t kKeyIdBytes = 4;

absl::Status BadNote(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("this is not a signed note: ", why));
}

absl::Status CheckCharacters(absl::string_view bytes) {
  if (FirstInvalidUtf8(bytes) != absl::string_view::npos) {
    return BadNote("it is not valid UTF-8");
  }
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n') {
      return BadNote("it has a control character in it");
    }
  }
  return absl::OkStatus();
}

// `line` without its newline.
absl::StatusOr<NoteSignature> ReadSignature(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, kDash)) {
    return BadNote("a line after the text does not begin with a dash (U+2014)");
  }
  const size_t space = line.find(' ');
  if (space == absl::string_view::npos) {
    return BadNote("a signature line has no space after the key's name");
  }
  NoteSignature signature;
  signature.key_name = std::string(line.substr(0, space));
  CAIRN_RETURN_IF_ERROR(CheckName(signature.key_name));
  const std::optional<std::string> bytes = ReadBase64(line.substr(space + 1));
  if (!bytes.has_value() || bytes->size() <= kKeyIdBytes) {
    return BadNote(absl::StrCat("the signature of '", signature.key_name,
                                "' is not base64 of a key id and a signature"));
  }
  for (size_t i = 0; i < kKeyIdBytes; ++i) {
    signature.key_id =
        signature.key_id << 8 | static_cast<uint8_t>((*bytes)[i]);
  }
  signature.bytes = bytes->substr(kKeyIdBytes);
  return signature;
}

}  // namespace

std::string NoteSignature::Line() const {
  std::string raw;
  for (int shift = 24; shift >= 0; shift -= 8) {
    raw.push_back(static_cast<char>(key_id >> shift));
  }
  return absl::StrCat(kDash, key_name, " ", absl::Base64Escape(raw + bytes),
                      "\n");
}

std::string Note::Text() const {
  std::string out = absl::StrCat(text, "\n");
  for (const NoteSignature& signature : signatures) out += signature.Line();
  return out;
}

const NoteSignature* Note::Find(const VerifierKey& key) const {
  for (const NoteSignature& signature : signatures) {
    if (signature.ClaimsToBeOf(key)) return &signature;
  }
  return nullptr;
}

void Note::Put(NoteSignature signature) {
  for (NoteSignature& old : signatures) {
    if (old.key_name == signature.key_name && old.key_id == signature.key_id) {
      old = std::move(signature);
      return;
    }
  }
  signatures.push_back(std::move(signature));
}

absl::StatusOr<Note> ParseNote(absl::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) return BadNote("it is larger than 64 KiB");
  CAIRN_RETURN_IF_ERROR(CheckCharacters(bytes));
  const size_t split = bytes.rfind("\n\n");
  if (split == absl::string_view::npos) {
    return BadNote("there is no empty line between a text and signatures");
  }
  Note note;
  note.text = std::string(bytes.substr(0, split + 1));
  absl::string_view lines = bytes.substr(split + 2);
  if (lines.empty()) return BadNote("nobody has signed it");
  std::set<std::pair<std::string, uint32_t>> seen;
  while (!lines.empty()) {
    const std::optional<absl::string_view> line = TakeLine(&lines);
    if (!line.has_value()) {
      return BadNote("its last line does not end in a newline");
    }
    CAIRN_ASSIGN_OR_RETURN(NoteSignature signature, ReadSignature(*line));
    if (!seen.emplace(signature.key_name, signature.key_id).second) {
      return BadNote(absl::StrCat("the key of '", signature.key_name,
                                  "' has signed it twice"));
    }
    if (seen.size() > kMaxNoteSignatures) {
      return BadNote(
          absl::StrCat("it has more than ", kMaxNoteSignatures, " signatures"));
    }
    note.signatures.push_back(std::move(signature));
  }
  return note;
}

absl::StatusOr<NoteSignature> ParseSignatureLine(absl::string_view line) {
  if (line.size() > kMaxNoteBytes || !absl::ConsumeSuffix(&line, "\n")) {
    return BadNote("a signature line ends in a newline");
  }
  CAIRN_RETURN_IF_ERROR(CheckCharacters(line));
  return ReadSignature(line);
}

}  // namespace cairn
