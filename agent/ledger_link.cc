#include "agent/ledger_link.h"

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/tlog_proof.h"
#include "core/link/ledger_wire.h"

namespace cairn {
namespace {

AskFindings Refused(v1::RefusalReason reason, absl::string_view start,
                    const absl::Status& why) {
  AskFindings findings;
  findings.refusal = Refusal{reason, absl::StrCat(start, why.message())};
  return findings;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LedgerLink>> LedgerLink::Create(
    const AgentSettings& settings, SigningKey witness, LedgerKeys keys,
    LogSigner* signer, Database* database, const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(
      auto memory, WitnessMemory::Open(settings.config.state_dir(), database));
  CAIRN_ASSIGN_OR_RETURN(QuorumRule rule,
                         CoordinatorQuorum(keys, settings.config.quorum()));
  std::map<std::string, QuorumCheck> quorum;
  for (const VerifierKey& log : keys.coordinator.logs) {
    quorum.emplace(log.name(), QuorumCheck(log, rule));
  }
  CAIRN_ASSIGN_OR_RETURN(
      auto peers,
      LedgerPeers::Create(settings.config.agency(), std::move(witness),
                          std::move(keys), settings.config.quorum(), signer,
                          memory->stores(), clock,
                          SealedFolder(settings.config.state_dir())));
  return std::unique_ptr<LedgerLink>(
      new LedgerLink(settings.config.agency(), std::move(memory),
                     std::move(peers), std::move(quorum), clock));
}

absl::Status LedgerLink::Follow(const ShownEntry& shown,
                                const SignedCheckpoint& newest) {
  CAIRN_ASSIGN_OR_RETURN(
      const WitnessAnswer answer,
      peers_->desk()->Follow({shown.old_size, shown.since_old, newest.Text()}));
  if (answer.outcome == WitnessAnswer::Outcome::kCosigned) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(answer.reason);
}

// The log of the coordinator that a proof is of, by the file of ledger keys.
absl::StatusOr<VerifierKey> LedgerLink::LogOfProof(
    const std::string& text) const {
  if (text.empty()) return peers_->keys().coordinator.logs.back();
  CAIRN_ASSIGN_OR_RETURN(const TlogProof proof, ParseTlogProof(text));
  CAIRN_ASSIGN_OR_RETURN(const Checkpoint claimed,
                         PeekCheckpoint(proof.checkpoint));
  return peers_->LogOf("", claimed.origin);
}

AskFindings LedgerLink::Look(const v1::Ask& ask) {
  constexpr char kNotLogged[] =
      "was not shown that the question stands in the coordinator's ledger: ";
  const ShownEntry shown = FromProto(ask.logged());
  const auto log = LogOfProof(shown.proof);
  if (!log.ok()) return Refused(v1::NOT_LOGGED, kNotLogged, log.status());
  const auto proven = CheckLogged(
      shown, {ask.query_id(), ask.asker(), ask.query(), ask.logged().salt()},
      *log);
  if (!proven.ok()) return Refused(v1::NOT_LOGGED, kNotLogged, proven.status());
  const absl::Status follows = Follow(shown, proven->checkpoint);
  if (!follows.ok()) return Refused(v1::NOT_LOGGED, kNotLogged, follows);
  const absl::Status vouched =
      quorum_.at(log->name())
          .Check(shown, proven->checkpoint.checkpoint(), clock_->Now());
  if (!vouched.ok()) {
    return Refused(
        v1::NOT_WITNESSED,
        "too few agencies vouch for the coordinator's ledger: ", vouched);
  }
  AskFindings findings;
  findings.index = proven->index;
  findings.leaf_hash = proven->leaf_hash;
  return findings;
}

v1::WitnessReply LedgerLink::Cosign(const v1::WitnessRequest& request) {
  auto answer = peers_->Add(request.from(), FromProto(request));
  if (!answer.ok()) {
    answer = WitnessAnswer();
    answer->reason = "the witness could not look";
  }
  return ToProto(*answer, agency_, request.from());
}

absl::Status LedgerLink::Met(const std::string& remembered) {
  return peers_->Met("", remembered, [] { return true; });
}

absl::Status LedgerLink::HoldAgainst(const std::string& last_receipt) {
  return peers_->Met("", last_receipt, [] { return false; });
}

absl::StatusOr<std::vector<v1::WitnessRequest>> LedgerLink::Round() {
  std::vector<v1::WitnessRequest> requests;
  CAIRN_RETURN_IF_ERROR(peers_->log()->Round(
      peers_->witnesses(),
      [&](const std::string& witness, const WitnessRequest& request) {
        requests.push_back(ToProto(request, agency_, witness));
        return true;
      }));
  return requests;
}

absl::StatusOr<std::vector<v1::WitnessRequest>> LedgerLink::Take(
    const v1::WitnessReply& reply) {
  CAIRN_ASSIGN_OR_RETURN(const WitnessedLog::Taken taken,
                         peers_->log()->Take(reply.from(), FromProto(reply)));
  std::vector<v1::WitnessRequest> requests;
  if (taken.again) {
    CAIRN_RETURN_IF_ERROR(peers_->log()->Again(
        reply.from(),
        [&](const std::string& witness, const WitnessRequest& request) {
          requests.push_back(ToProto(request, agency_, witness));
          return true;
        }));
  } else if (!taken.cosigned) {
    LogLine("ledger.not_cosigned",
            {{"witness", reply.from().empty() ? "coordinator" : reply.from()},
             {"reason", taken.reason}});
  }
  return requests;
}

absl::Status LedgerLink::Keep(Ledger* ledger) {
  if (peers_->desk()->HasConflict()) {
    CAIRN_RETURN_IF_ERROR(
        ledger->Append(TakeEntries(), [this] { return KeepInCommit(); })
            .status());
  }
  return memory_->Keep(peers_->desk()->seen(), ledger);
}

}  // namespace cairn
