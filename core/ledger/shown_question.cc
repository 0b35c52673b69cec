#include "core/ledger/shown_question.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/commitment.h"
#include "core/ledger/entry.h"
#include "core/ledger/merkle.h"
#include "core/ledger/proof.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {
namespace {

std::string TextOf(const Entry& entry, const std::string& field) {
  const auto found = entry.fields.find(field);
  if (found == entry.fields.end()) return "";
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

absl::Status CheckAbout(const ParsedEntry& parsed, uint64_t index,
                        const AskedQuestion& asked) {
  const Entry& entry = parsed.entry;
  const auto other = [](absl::string_view what) {
    return absl::PermissionDeniedError(
        absl::StrCat("the entry shown is about another ", what));
  };
  if (parsed.index != index) return other("place in the log");
  if (entry.type != "query.received") return other("act than a question");
  if (entry.query_id != asked.query_id) return other("query id");
  if (TextOf(entry, "actor") != asked.asker) return other("asker");
  if (!OpensCommitment(TextOf(entry, "question_commit"), asked.salt,
                       asked.bytes)) {
    return other("question than the one that came with it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProvenQuestion> CheckLogged(const ShownEntry& shown,
                                           const AskedQuestion& asked,
                                           const VerifierKey& log) {
  if (shown.line.empty() || shown.proof.empty()) {
    return absl::InvalidArgumentError("no entry and no proof came with it");
  }
  if (shown.line.size() > kMaxEntryBytes) {
    return absl::InvalidArgumentError("the entry shown is above 16 KiB");
  }
  CAIRN_ASSIGN_OR_RETURN(const TlogProof proof, ParseTlogProof(shown.proof));
  CAIRN_ASSIGN_OR_RETURN(const ParsedEntry parsed, ParseEntry(shown.line));
  CAIRN_RETURN_IF_ERROR(CheckAbout(parsed, proof.index, asked));
  CAIRN_ASSIGN_OR_RETURN(SignedCheckpoint checkpoint,
                         VerifyTlogProof(shown.line, proof, log));
  return ProvenQuestion{std::move(checkpoint), proof.index,
                        LeafHash(shown.line)};
}

absl::Status QuorumCheck::Check(const ShownEntry& shown,
                                const Checkpoint& newest, absl::Time now) {
  if (shown.cosigned.empty()) {
    return absl::FailedPreconditionError(
        "no checkpoint with cosignatures came with it");
  }
  if (shown.cosigned != held_ || now > until_) {
    CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint cosigned,
                           OpenCheckpoint(shown.cosigned, log_));
    CAIRN_ASSIGN_OR_RETURN(until_, rule_.Until(cosigned, now));
    held_ = shown.cosigned;
    checkpoint_ = cosigned.checkpoint();
  }
  if (checkpoint_->size == 0) {
    return absl::FailedPreconditionError(
        "the checkpoint with cosignatures is of an empty log");
  }
  return VerifyConsistency(checkpoint_->size, checkpoint_->root, newest.size,
                           newest.root, shown.since_cosigned);
}

}  // namespace cairn
