#include "coordinator/answer_receipt.h"

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/commitment.h"
#include "core/ledger/entry.h"
#include "core/ledger/merkle.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {
namespace {

absl::Status CheckAbout(const ParsedEntry& parsed, const v1::Answer& answer) {
  const Entry& entry = parsed.entry;
  const auto other = [](absl::string_view what) {
    return absl::PermissionDeniedError(
        absl::StrCat("the receipt's entry is ", what));
  };
  if (parsed.index != answer.receipt().index()) {
    return other("of another place in the log");
  }
  if (entry.query_id != answer.query_id()) return other("of another query");
  if (!answer.has_tables()) {
    return entry.type == "query.refused" || entry.type == "query.failed"
               ? absl::OkStatus()
               : other("not a refusal");
  }
  if (entry.type != "answer.released") return other("not of an answer");
  const auto found = entry.fields.find("answer_commit");
  const std::string* commit = found == entry.fields.end()
                                  ? nullptr
                                  : std::get_if<std::string>(&found->second);
  if (commit == nullptr ||
      !OpensCommitment(*commit, answer.receipt().salt(),
                       answer.tables().SerializeAsString())) {
    return other("about other tables than these");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAnswerReceipt(const v1::Answer& answer,
                                const NodeKeys& keys) {
  const v1::Receipt& receipt = answer.receipt();
  if (receipt.entry().empty() || receipt.proof().empty()) {
    return absl::InvalidArgumentError("there is none");
  }
  if (receipt.entry_hash() != LeafHash(receipt.entry())) {
    return absl::InvalidArgumentError("its hash is not that of its entry");
  }
  CAIRN_ASSIGN_OR_RETURN(const ParsedEntry parsed, ParseEntry(receipt.entry()));
  CAIRN_ASSIGN_OR_RETURN(const TlogProof proof,
                         ParseTlogProof(receipt.proof()));
  if (proof.index != receipt.index()) {
    return absl::InvalidArgumentError("its proof is of another entry");
  }
  CAIRN_RETURN_IF_ERROR(CheckAbout(parsed, answer));
  CAIRN_ASSIGN_OR_RETURN(const Checkpoint claimed,
                         PeekCheckpoint(proof.checkpoint));
  const VerifierKey* log = keys.Log(claimed.origin);
  if (log == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "its proof is of the log '", claimed.origin,
        "', which is not the agency's in the file of ledger keys"));
  }
  return VerifyTlogProof(receipt.entry(), proof, *log).status();
}

}  // namespace cairn
