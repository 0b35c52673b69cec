#include "core/ledger/tlog_proof.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/ledger/proof.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

constexpr absl::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr size_t kMaxHashes = 63;

absl::Status BadProof(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("this is not a proof: ", why));
}

}  // namespace

std::string TlogProof::Text() const {
  std::string out = absl::StrCat(kFirstLine, "\nindex ", index, "\n");
  for (const std::string& hash : inclusion) {
    absl::StrAppend(&out, absl::Base64Escape(hash), "\n");
  }
  return absl::StrCat(out, "\n", checkpoint);
}

absl::StatusOr<TlogProof> ParseTlogProof(absl::string_view text) {
  std::optional<absl::string_view> line = TakeLine(&text);
  if (line != kFirstLine) {
    return BadProof(absl::StrCat("its first line is not ", kFirstLine));
  }
  line = TakeLine(&text);
  if (!line.has_value() || !absl::ConsumePrefix(&*line, "index ")) {
    return BadProof("its second line is not 'index' and a number");
  }
  const std::optional<uint64_t> index = ReadDecimal(*line);
  if (!index.has_value()) {
    return BadProof("its index is not a number from 0 to 2^63 - 1");
  }
  TlogProof proof;
  proof.index = *index;
  while (true) {
    line = TakeLine(&text);
    if (!line.has_value()) return BadProof("it has no checkpoint");
    if (line->empty()) break;
    std::optional<std::string> hash = ReadBase64(*line);
    if (!hash.has_value() || hash->size() != kHashBytes) {
      return BadProof("one of its hashes is not base64 of 32 bytes");
    }
    if (proof.inclusion.size() == kMaxHashes) {
      return BadProof("it has more than 63 hashes");
    }
    proof.inclusion.push_back(*std::move(hash));
  }
  proof.checkpoint = std::string(text);
  return proof;
}

absl::StatusOr<SignedCheckpoint> VerifyTlogProof(absl::string_view entry,
                                                 const TlogProof& proof,
                                                 const VerifierKey& log) {
  CAIRN_ASSIGN_OR_RETURN(SignedCheckpoint signed_checkpoint,
                         OpenCheckpoint(proof.checkpoint, log));
  const Checkpoint& checkpoint = signed_checkpoint.checkpoint();
  CAIRN_RETURN_IF_ERROR(VerifyInclusion(LeafHash(entry), proof.index,
                                        checkpoint.size, proof.inclusion,
                                        checkpoint.root));
  return signed_checkpoint;
}

}  // namespace cairn
