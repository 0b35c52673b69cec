#include "core/ledger/cosignature.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/ledger/ed25519.h"

namespace cairn {
namespace {

std::string SignedMessage(absl::string_view checkpoint_text, uint64_t seconds) {
  return absl::StrCat("cosignature/v1\ntime ", seconds, "\n", checkpoint_text);
}

absl::Status CheckWitnessKey(const VerifierKey& key) {
  if (key.role() == KeyRole::kWitness) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the key of '", key.name(),
                   "' is a log's; cosignatures are made with a witness's key"));
}

}  // namespace

absl::StatusOr<NoteSignature> Cosign(absl::string_view checkpoint_text,
                                     const SigningKey& witness,
                                     absl::Time time) {
  CAIRN_RETURN_IF_ERROR(CheckWitnessKey(witness.verifier()));
  CAIRN_RETURN_IF_ERROR(ParseCheckpointText(checkpoint_text).status());
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < 0) {
    return absl::InvalidArgumentError(
        "the clock stands before 1970; nothing is cosigned");
  }
  NoteSignature signature{witness.verifier().name(), witness.verifier().id(),
                          ""};
  for (int shift = 56; shift >= 0; shift -= 8) {
    signature.bytes.push_back(static_cast<char>(seconds >> shift));
  }
  signature.bytes += witness.Sign(
      SignedMessage(checkpoint_text, static_cast<uint64_t>(seconds)));
  return signature;
}

absl::StatusOr<absl::Time> VerifyCosignature(absl::string_view checkpoint_text,
                                             const NoteSignature& cosignature,
                                             const VerifierKey& witness) {
  CAIRN_RETURN_IF_ERROR(CheckWitnessKey(witness));
  const absl::Status untrue = absl::PermissionDeniedError(
      absl::StrCat("the cosignature in the name of '", witness.name(),
                   "' is not a cosignature of this checkpoint"));
  if (!cosignature.ClaimsToBeOf(witness) ||
      cosignature.bytes.size() != kCosignatureTimeBytes + kEd25519SignatureBytes) {
    return untrue;
  }
  uint64_t seconds = 0;
  for (size_t i = 0; i < kCosignatureTimeBytes; ++i) {
    seconds = seconds << 8 | static_cast<uint8_t>(cosignature.bytes[i]);
  }
  if (seconds >> 63 != 0 ||
      !Ed25519Verify(witness.public_key(),
                     SignedMessage(checkpoint_text, seconds),
                     absl::string_view(cosignature.bytes).substr(kCosignatureTimeBytes))) {
    return untrue;
  }
  return absl::FromUnixSeconds(static_cast<int64_t>(seconds));
}

absl::StatusOr<QuorumRule> QuorumRule::Create(
    std::vector<VerifierKey> witnesses, Options options) {
  if (witnesses.empty()) {
    return absl::InvalidArgumentError(
        "there is no witness, so no checkpoint can have a quorum");
  }
  for (const VerifierKey& key : witnesses) {
    CAIRN_RETURN_IF_ERROR(CheckWitnessKey(key));
  }
  CAIRN_RETURN_IF_ERROR(CheckAllDifferent(witnesses));
  if (options.needed == 0) options.needed = witnesses.size() / 2 + 1;
  if (options.needed > witnesses.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a quorum of ", options.needed, " was asked for, but only ",
        witnesses.size(), " witnesses are known"));
  }
  if (options.needed > kMaxCosignatures) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a quorum of ", options.needed, " of ", witnesses.size(),
        " witnesses does not fit a note, which has at most ", kMaxCosignatures,
        " cosignatures; set `quorum { needed: ", kMaxCosignatures,
        " }` or less for all members (docs/witnesses.md)"));
  }
  if (options.max_age <= absl::ZeroDuration() ||
      options.max_skew < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        "the greatest age of a cosignature must be above zero");
  }
  return QuorumRule(std::move(witnesses), options);
}

absl::Status QuorumRule::Check(const SignedCheckpoint& checkpoint,
                               absl::Time now) const {
  return Until(checkpoint, now).status();
}

absl::StatusOr<absl::Time> QuorumRule::Until(const SignedCheckpoint& checkpoint,
                                             absl::Time now) const {
  std::vector<absl::Time> fresh;
  std::vector<std::string> wanting;
  for (const VerifierKey& witness : witnesses_) {
    const NoteSignature* cosignature = checkpoint.note().Find(witness);
    if (cosignature == nullptr) {
      wanting.push_back(absl::StrCat(witness.name(), " (none)"));
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(
        const absl::Time time,
        VerifyCosignature(checkpoint.note().text, *cosignature, witness));
    if (now - time > options_.max_age) {
      wanting.push_back(absl::StrCat(witness.name(), " (too old)"));
    } else if (time - now > options_.max_skew) {
      wanting.push_back(absl::StrCat(witness.name(), " (in the future)"));
    } else {
      fresh.push_back(time);
    }
  }
  if (fresh.size() >= options_.needed) {
    // Until the last of the newest that are needed is too old.
    std::sort(fresh.rbegin(), fresh.rend());
    return fresh[options_.needed - 1] + options_.max_age;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      fresh.size(), " of ", witnesses_.size(),
      " witnesses have cosigned this checkpoint in the last ",
      absl::FormatDuration(options_.max_age), "; ", options_.needed,
      " are needed. Without one: ", absl::StrJoin(wanting, ", ")));
}

}  // namespace cairn
