#include "core/ledger/witness.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/merkle.h"
#include "core/ledger/proof.h"

namespace cairn {
namespace {

using Outcome = WitnessAnswer::Outcome;

constexpr size_t kMaxProofHashes = 63;

WitnessAnswer Refuse(Outcome outcome, absl::string_view reason) {
  WitnessAnswer answer;
  answer.outcome = outcome;
  answer.reason = std::string(reason);
  return answer;
}

WitnessAnswer WrongSize(uint64_t asked,
                        const std::optional<WitnessedState>& last) {
  const uint64_t kept = last.has_value() ? last->size : 0;
  WitnessAnswer answer =
      Refuse(Outcome::kWrongSize,
             absl::StrCat("the proof starts at size ", asked,
                          ", but the checkpoint cosigned last has size ", kept,
                          "; send the proof from there"));
  answer.size = kept;
  if (last.has_value()) answer.kept_checkpoint = last->checkpoint;
  return answer;
}

WitnessAnswer Conflict(Outcome outcome, absl::string_view reason,
                       const std::optional<WitnessedState>& last) {
  WitnessAnswer answer = Refuse(outcome, reason);
  if (last.has_value()) answer.kept_checkpoint = last->checkpoint;
  return answer;
}

// A refusal, if `next` does not follow from `last` by the request's proof. The
// old size is that of `last`.
std::optional<WitnessAnswer> Judge(const WitnessRequest& request,
                                   const Checkpoint& next,
                                   const std::optional<WitnessedState>& last) {
  if (request.old_size == 0) {
    // Everything follows from nothing, but only by the empty proof, and the
    // empty tree only from itself.
    if (request.proof.empty()) return std::nullopt;
    return Conflict(Outcome::kBadProof, "a proof from size 0 must be empty",
                    last);
  }
  if (next.size == last->size && next.root != last->root) {
    return Conflict(Outcome::kSplitView,
                    absl::StrCat("the log '", next.origin,
                                 "' has signed two histories: the checkpoint "
                                 "cosigned last has the same size, ",
                                 next.size, ", and another root"),
                    last);
  }
  const absl::Status proven = VerifyConsistency(
      last->size, last->root, next.size, next.root, request.proof);
  if (proven.ok()) return std::nullopt;
  return Conflict(
      Outcome::kBadProof,
      absl::StrCat("it is not shown that the checkpoint of size ", next.size,
                   " follows from the one cosigned last, of size ", last->size,
                   ": ", proven.message()),
      last);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Witness>> Witness::Create(
    SigningKey key, std::vector<VerifierKey> logs, WitnessStore* store,
    const Clock* clock) {
  if (key.verifier().role() != KeyRole::kWitness) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key of '", key.verifier().name(), "' is not a witness's"));
  }
  std::vector<VerifierKey> all = {key.verifier()};
  for (const VerifierKey& log : logs) {
    if (log.role() != KeyRole::kLog) {
      return absl::InvalidArgumentError(
          absl::StrCat("the key of '", log.name(), "' is not a log's"));
    }
    for (const VerifierKey& other : all) {
      if (other.role() == KeyRole::kLog && other.name() == log.name()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the log '", log.name(), "' was given two keys"));
      }
    }
    all.push_back(log);
  }
  CAIRN_RETURN_IF_ERROR(CheckAllDifferent(all));
  return std::unique_ptr<Witness>(
      new Witness(std::move(key), std::move(logs), store, clock));
}

const VerifierKey* Witness::FindLog(const std::string& origin) const {
  for (const VerifierKey& log : logs_) {
    if (log.name() == origin) return &log;
  }
  return nullptr;
}

absl::StatusOr<WitnessAnswer> Witness::Follow(
    const WitnessRequest& request) const {
  const absl::StatusOr<Note> note = ParseNote(request.checkpoint);
  if (!note.ok()) return Refuse(Outcome::kMalformed, note.status().message());
  const absl::StatusOr<Checkpoint> claimed = ParseCheckpointText(note->text);
  if (!claimed.ok()) {
    return Refuse(Outcome::kMalformed, claimed.status().message());
  }
  const VerifierKey* log = FindLog(claimed->origin);
  if (log == nullptr) {
    return Refuse(Outcome::kUnknownLog,
                  absl::StrCat("'", claimed->origin,
                               "' is not a log that this witness knows"));
  }
  const absl::StatusOr<SignedCheckpoint> opened =
      OpenCheckpoint(request.checkpoint, *log);
  if (!opened.ok()) {
    return Refuse(Outcome::kNotSigned, opened.status().message());
  }
  const Checkpoint& next = opened->checkpoint();
  if (request.old_size > next.size || request.proof.size() > kMaxProofHashes) {
    return Refuse(Outcome::kMalformed,
                  "the old size is above the checkpoint's size, or the proof "
                  "has more than 63 hashes");
  }
  CAIRN_ASSIGN_OR_RETURN(const std::optional<WitnessedState> last,
                         store_->Load(next.origin));
  const uint64_t last_size = last.has_value() ? last->size : 0;
  if (request.old_size != last_size) {
    return WrongSize(request.old_size, last);
  }
  if (std::optional<WitnessAnswer> refused = Judge(request, next, last)) {
    return *std::move(refused);
  }
  const WitnessedState state{next.size, next.root, request.checkpoint};
  // Also where the tree is the same: it must still be the largest one seen.
  CAIRN_ASSIGN_OR_RETURN(const bool kept,
                         store_->CompareAndSwap(next.origin, last, state));
  if (!kept) {
    CAIRN_ASSIGN_OR_RETURN(const std::optional<WitnessedState> now,
                           store_->Load(next.origin));
    return WrongSize(request.old_size, now);
  }
  WitnessAnswer answer;
  answer.outcome = Outcome::kCosigned;
  return answer;
}

absl::StatusOr<WitnessAnswer> Witness::Add(
    const WitnessRequest& request) const {
  CAIRN_ASSIGN_OR_RETURN(WitnessAnswer answer, Follow(request));
  if (answer.outcome != Outcome::kCosigned) return answer;
  CAIRN_ASSIGN_OR_RETURN(const Note note, ParseNote(request.checkpoint));
  return CosignNow(note.text);
}

absl::StatusOr<WitnessAnswer> Witness::CosignNow(
    absl::string_view checkpoint_text) const {
  CAIRN_ASSIGN_OR_RETURN(const NoteSignature cosignature,
                         Cosign(checkpoint_text, key_, clock_->Now()));
  WitnessAnswer answer;
  answer.outcome = Outcome::kCosigned;
  answer.signature_line = cosignature.Line();
  return answer;
}

}  // namespace cairn
