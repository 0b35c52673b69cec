#include "core/ledger/witnessed_log.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/note.h"

namespace cairn {

using Outcome = WitnessAnswer::Outcome;

absl::StatusOr<std::unique_ptr<WitnessedLog>> WitnessedLog::Create(
    LogSigner* signer, std::map<std::string, VerifierKey> witnesses,
    QuorumRule rule, const Clock* clock) {
  for (const VerifierKey& key : rule.witnesses()) {
    bool found = false;
    for (const auto& [id, witness] : witnesses) {
      found = found || witness.Text() == key.Text();
    }
    if (!found) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the quorum counts '", key.name(), "', who is never asked"));
    }
  }
  std::unique_ptr<WitnessedLog> log(
      new WitnessedLog(signer, std::move(witnesses), std::move(rule), clock));
  MutexLock lock(&log->mutex_);
  CAIRN_ASSIGN_OR_RETURN(log->cosigned_, signer->LastCosigned());
  if (log->cosigned_.has_value()) {
    const auto until = log->rule_.Until(*log->cosigned_, clock->Now());
    if (until.ok()) log->cosigned_until_ = *until;
  }
  return log;
}

absl::Status WitnessedLog::Met(const std::string& witness,
                               const std::string& remembered,
                               absl::FunctionRef<bool()> attach) {
  uint64_t size = 0;
  if (!remembered.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint kept,
                           signer_->CheckKept(remembered));
    size = kept.size;
  }
  MutexLock lock(&mutex_);
  if (attach()) shown_[witness] = size;
  return absl::OkStatus();
}

void WitnessedLog::GoesOn(absl::FunctionRef<bool()> attach) {
  MutexLock lock(&mutex_);
  attach();
}

absl::StatusOr<std::vector<std::string>> WitnessedLog::Prove(
    uint64_t from, uint64_t to) const {
  return signer_->ledger().ProveConsistency(from, to);
}

absl::Status WitnessedLog::Round(const std::vector<std::string>& witnesses,
                                 SendRequest send) {
  MutexLock lock(&mutex_);
  CAIRN_ASSIGN_OR_RETURN(SignedCheckpoint head, signer_->Sign());
  // Of the same tree the old round goes on: its cosignatures are renewed.
  if (!round_.has_value() || round_->note().text != head.note().text) {
    round_ = std::move(head);
  }
  for (const std::string& witness : witnesses) {
    if (witnesses_.count(witness) == 0) continue;
    asked_again_.erase(witness);
    CAIRN_RETURN_IF_ERROR(Request(witness, send));
  }
  return absl::OkStatus();
}

absl::Status WitnessedLog::Again(const std::string& witness, SendRequest send) {
  MutexLock lock(&mutex_);
  // Where he was shown a later entry meanwhile, a new round begins with him.
  if (!round_.has_value() || round_->checkpoint().size < shown_[witness]) {
    CAIRN_ASSIGN_OR_RETURN(round_, signer_->Sign());
  }
  return Request(witness, send);
}

absl::Status WitnessedLog::Request(const std::string& witness,
                                   SendRequest send) {
  uint64_t& shown = shown_[witness];
  const uint64_t size = round_->checkpoint().size;
  WitnessRequest request;
  request.old_size = shown;
  CAIRN_ASSIGN_OR_RETURN(request.proof, Prove(shown, size));
  // Without the others' signatures: each judges for himself.
  Note note{round_->note().text, {}};
  if (const NoteSignature* own = round_->note().Find(signer_->key())) {
    note.signatures.push_back(*own);
  }
  request.checkpoint = note.Text();
  if (send(witness, request)) shown = size;
  return absl::OkStatus();
}

absl::Status WitnessedLog::TakeCosignature(const std::string& witness,
                                           const std::string& line) {
  CAIRN_ASSIGN_OR_RETURN(NoteSignature cosignature, ParseSignatureLine(line));
  if (!round_.has_value()) {
    return absl::FailedPreconditionError("no checkpoint is to be cosigned");
  }
  CAIRN_RETURN_IF_ERROR(VerifyCosignature(round_->note().text, cosignature,
                                          witnesses_.at(witness))
                            .status());
  round_->Put(std::move(cosignature));
  const absl::Time now = clock_->Now();
  const auto until = rule_.Until(*round_, now);
  if (!until.ok()) return absl::OkStatus();  // more are needed
  cosigned_ = round_;
  cosigned_until_ = *until;
  return signer_->KeepCosigned(
      *round_, absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone()));
}

absl::StatusOr<WitnessedLog::Taken> WitnessedLog::Take(
    const std::string& witness, const WitnessAnswer& answer) {
  if (witnesses_.count(witness) == 0) {
    return absl::NotFoundError(
        absl::StrCat("'", witness, "' is not a witness of this log"));
  }
  Taken taken;
  taken.reason = answer.reason;
  if (answer.outcome == Outcome::kCosigned) {
    MutexLock lock(&mutex_);
    const absl::Status counted =
        TakeCosignature(witness, answer.signature_line);
    taken.cosigned = counted.ok();
    taken.reason = std::string(counted.message());
    return taken;
  }
  if (answer.kept_checkpoint.empty() &&
      (answer.outcome != Outcome::kWrongSize || answer.size != 0)) {
    return taken;
  }
  // Only this log's own signature can speak against it.
  const absl::Status same =
      Met(witness, answer.kept_checkpoint, [] { return true; });
  if (absl::IsDataLoss(same)) return same;
  if (!same.ok()) {
    taken.reason = absl::StrCat(
        "what it remembers was not signed by this log: ", same.message());
    return taken;
  }
  if (answer.outcome != Outcome::kWrongSize) return taken;
  MutexLock lock(&mutex_);
  taken.again = asked_again_.insert(witness).second;
  return taken;
}

bool WitnessedLog::HasQuorum() {
  MutexLock lock(&mutex_);
  return clock_->Now() <= cosigned_until_;
}

absl::Status WitnessedLog::Show(uint64_t index,
                                const std::vector<std::string>& witnesses,
                                SendEntry send) {
  MutexLock lock(&mutex_);
  const Ledger& ledger = signer_->ledger();
  CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint head, signer_->Sign());
  const uint64_t size = head.checkpoint().size;
  ShownEntry shown;
  CAIRN_ASSIGN_OR_RETURN(shown.line, ledger.Line(index));
  CAIRN_ASSIGN_OR_RETURN(const TlogProof proof, ledger.ProveEntry(index, head));
  shown.proof = proof.Text();
  if (cosigned_.has_value()) {
    shown.cosigned = cosigned_->Text();
    CAIRN_ASSIGN_OR_RETURN(shown.since_cosigned,
                           Prove(cosigned_->checkpoint().size, size));
  }
  std::map<uint64_t, std::vector<std::string>> since;
  for (const std::string& witness : witnesses) {
    uint64_t& last = shown_[witness];
    shown.old_size = last;
    if (since.count(last) == 0) {
      CAIRN_ASSIGN_OR_RETURN(since[last], Prove(last, size));
    }
    shown.since_old = since[last];
    if (send(witness, shown)) last = size;
  }
  return absl::OkStatus();
}

}  // namespace cairn
