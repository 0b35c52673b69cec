// The readers of bytes from outside, one a program (CAIRN_FUZZ_READER says
// which), under libFuzzer: no crash, no sanitizer report, and whatever is read
// is written back byte for byte, because nothing signed has two spellings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"
#include "core/ledger/note.h"
#include "core/ledger/tiles.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {
namespace {

void Same(absl::string_view written, absl::string_view read) {
  if (written != read) std::abort();
}

[[maybe_unused]] void FuzzEntry(absl::string_view bytes) {
  const auto entry = ParseEntry(bytes);
  if (entry.ok()) {
    Same(EntryLine(entry->entry, entry->index, entry->time_ms), bytes);
  }
}

[[maybe_unused]] void FuzzCheckpoint(absl::string_view bytes) {
  const auto text = ParseCheckpointText(bytes);
  if (text.ok()) Same(text->Text(), bytes);
  const auto note = ParseNote(bytes);
  if (note.ok()) {
    Same(note->Text(), bytes);
    (void)ParseCheckpointText(note->text);
  }
  const auto key = VerifierKey::Parse(bytes);
  if (key.ok()) Same(key->Text(), bytes);
}

[[maybe_unused]] void FuzzProof(absl::string_view bytes) {
  const auto proof = ParseTlogProof(bytes);
  if (!proof.ok()) return;
  Same(proof->Text(), bytes);
  static const VerifierKey& log = *new VerifierKey(
      *VerifierKey::Create("log", KeyRole::kLog, std::string(32, 'k')));
  (void)VerifyTlogProof("entry", *proof, log);
}

// The first byte is how many entries there should be.
[[maybe_unused]] void FuzzBundle(absl::string_view bytes) {
  if (bytes.empty()) return;
  const uint64_t width = static_cast<uint8_t>(bytes[0]) + 1u;
  bytes.remove_prefix(1);
  const auto entries = ReadBundle(bytes, 0, width);
  if (!entries.ok()) return;
  std::string bundle;
  for (const absl::string_view entry : *entries) {
    if (!AppendToBundle(entry, &bundle).ok()) std::abort();
  }
  Same(bundle, bytes);
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cairn::CAIRN_FUZZ_READER(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
