#include "coordinator/ledger_hub.h"

#include "absl/strings/str_cat.h"
#include "coordinator/agent_session.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/keeping/recovery.h"
#include "core/link/ledger_wire.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<LedgerHub>> LedgerHub::Create(
    const CoordinatorSettings& settings, SigningKey witness, LedgerKeys keys,
    LogSigner* signer, Ledger* ledger, Database* database,
    AgentRegistry* registry, const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(
      auto memory, WitnessMemory::Open(settings.config.state_dir(), database));
  CAIRN_ASSIGN_OR_RETURN(
      auto peers,
      LedgerPeers::Create("", std::move(witness), std::move(keys),
                          settings.config.quorum(), signer, memory->stores(),
                          clock, SealedFolder(settings.config.state_dir())));
  return std::unique_ptr<LedgerHub>(
      new LedgerHub(settings.config.state_dir(), std::move(memory),
                    std::move(peers), ledger, registry));
}

bool LedgerHub::Send(const std::string& agency,
                     const v1::CoordinatorMessage& message) const {
  const auto session = registry_->SessionOf(agency);
  return session != nullptr && session->Send(message);
}

bool LedgerHub::SendRequest(const std::string& agency,
                            const WitnessRequest& request) const {
  v1::CoordinatorMessage message;
  *message.mutable_witness_request() = ToProto(request, "", agency);
  return Send(agency, message);
}

void LedgerHub::Met(const std::string& agency, const std::string& remembered,
                    absl::FunctionRef<bool()> attach) {
  const absl::Status met = peers_->Met(agency, remembered, attach);
  if (met.ok()) return;
  if (absl::IsDataLoss(met)) {
    Quarantine(absl::DataLossError(absl::StrCat("agency ", agency,
                                                " remembers: ", met.message())),
               remembered);
  } else {
    LogLine("ledger.unknown",
            {{"agency", agency}, {"reason", std::string(met.message())}});
  }
  attach();
}

void LedgerHub::Round() {
  if (!CheckSound().ok()) return;
  std::vector<std::string> attached;
  for (const std::string& agency : peers_->witnesses()) {
    if (registry_->SessionOf(agency) != nullptr) attached.push_back(agency);
  }
  if (attached.empty()) return;
  const absl::Status sent = peers_->log()->Round(
      attached,
      [this](const std::string& agency, const WitnessRequest& request) {
        return SendRequest(agency, request);
      });
  if (!sent.ok()) {
    LogLine("ledger.round_failed", {{"reason", std::string(sent.message())}});
  }
}

void LedgerHub::OnRequest(const std::string& agency,
                          const v1::WitnessRequest& request) {
  if (request.from() != agency) {
    LogLine("witness.refused",
            {{"agency", agency}, {"reason", "it asked in another's name"}});
    return;
  }
  if (request.to().empty()) return Cosign(agency, request);
  v1::CoordinatorMessage message;
  *message.mutable_witness_request() = request;
  // A witness that is not there does not answer; the agency asks again.
  Send(request.to(), message);
}

void LedgerHub::Cosign(const std::string& agency,
                       const v1::WitnessRequest& request) {
  if (!CheckSound().ok()) return;
  const auto answer = peers_->Add(agency, FromProto(request));
  const absl::Status kept = answer.ok() ? Keep() : answer.status();
  if (!kept.ok()) {
    LogLine("witness.failed",
            {{"agency", agency}, {"reason", std::string(kept.message())}});
    return;
  }
  if (answer->outcome == WitnessAnswer::Outcome::kSplitView ||
      answer->outcome == WitnessAnswer::Outcome::kBadProof) {
    LogLine("peer.conflict", {{"agency", agency}, {"reason", answer->reason}});
  }
  v1::CoordinatorMessage message;
  *message.mutable_witness_reply() = ToProto(*answer, "", agency);
  Send(agency, message);
}

absl::Status LedgerHub::Keep() {
  if (peers_->desk()->HasConflict()) {
    CAIRN_RETURN_IF_ERROR(
        ledger_->Append(TakeEntries(), [this] { return KeepInCommit(); })
            .status());
  }
  MutexLock lock(&keep_mutex_);
  return memory_->Keep(peers_->desk()->seen(), ledger_);
}

void LedgerHub::OnReply(const std::string& agency,
                        const v1::WitnessReply& reply) {
  if (reply.from() != agency) {
    LogLine("witness.refused",
            {{"agency", agency}, {"reason", "it answered in another's name"}});
    return;
  }
  if (!reply.to().empty()) {
    v1::CoordinatorMessage message;
    *message.mutable_witness_reply() = reply;
    Send(reply.to(), message);
    return;
  }
  const auto taken = peers_->log()->Take(agency, FromProto(reply));
  if (absl::IsDataLoss(taken.status())) {
    Quarantine(
        absl::DataLossError(absl::StrCat(
            "agency ", agency, " remembers: ", taken.status().message())),
        reply.kept_checkpoint());
    return;
  }
  if (!taken.ok()) return;
  if (taken->again) {
    peers_->log()
        ->Again(
            agency,
            [this](const std::string& witness, const WitnessRequest& request) {
              return SendRequest(witness, request);
            })
        .IgnoreError();
  } else if (!taken->cosigned) {
    LogLine("ledger.not_cosigned",
            {{"witness", agency}, {"reason", taken->reason}});
  } else if (peers_->log()->HasQuorum()) {
    Release();
  }
}

absl::Status LedgerHub::CheckSound() {
  MutexLock lock(&mutex_);
  if (quarantined_.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "the coordinator cannot vouch for its own ledger and asks nothing until "
      "somebody has looked at it: ",
      quarantined_));
}

void LedgerHub::Quarantine(const absl::Status& why, const std::string& seen) {
  MutexLock lock(&mutex_);
  if (!quarantined_.empty()) return;
  KeepSeen(state_dir_, seen).IgnoreError();
  quarantined_ = std::string(why.message());
  LogLine("coordinator.quarantined", {{"reason", quarantined_}});
}

bool LedgerHub::WhenWitnessed(std::function<void()> ready) {
  if (peers_->log()->HasQuorum()) {
    ready();
    return true;
  }
  {
    MutexLock lock(&mutex_);
    waiting_.push_back(std::move(ready));
  }
  // Between the two it may have come.
  if (peers_->log()->HasQuorum()) Release();
  return false;
}

void LedgerHub::Release() {
  std::vector<std::function<void()>> ready;
  {
    MutexLock lock(&mutex_);
    ready.swap(waiting_);
  }
  for (const auto& call : ready) call();
}

}  // namespace cairn
