#ifndef CAIRN_COORDINATOR_LEDGER_HUB_H_
#define CAIRN_COORDINATOR_LEDGER_HUB_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/agent_link.pb.h"
#include "coordinator/agent_registry.h"
#include "coordinator/config.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/ledger.h"
#include "core/link/ledger_peers.h"
#include "core/store/sqlite.h"
#include "core/store/witness_memory.h"

namespace cairn {

// The coordinator among the ledgers of its partnership: it has its own cosigned
// by the agencies, cosigns theirs, and hands on what agencies ask of each
// other's witnesses. Its calls may wait for the disk: they are for the work
// queue. Safe from any thread.
class LedgerHub {
 public:
  // Errors of WitnessMemory::Open and LedgerPeers::Create. `database` is the
  // ledger's. Everything must outlive the hub.
  static absl::StatusOr<std::unique_ptr<LedgerHub>> Create(
      const CoordinatorSettings& settings, SigningKey witness, LedgerKeys keys,
      LogSigner* signer, Ledger* ledger, Database* database,
      AgentRegistry* registry, const Clock* clock);

  // A session begins: what the agency remembers of the coordinator's log is
  // held against it; `attach` puts the session into the registry, if it is
  // still there.
  void Met(const std::string& agency, const std::string& remembered,
           absl::FunctionRef<bool()> attach);
  // The session is followed by another, in which `attach` puts it.
  void GoesOn(absl::FunctionRef<bool()> attach) {
    peers_->log()->GoesOn(attach);
  }
  // The checkpoint of an agency's log that is remembered.
  std::string Remembered(const std::string& agency) const {
    return peers_->Remembered(agency);
  }

  // Asks every agency that is attached to cosign what the log is now.
  void Round();
  void OnRequest(const std::string& agency, const v1::WitnessRequest& request);
  void OnReply(const std::string& agency, const v1::WitnessReply& reply);

  // UNAVAILABLE if an agency has seen more of the coordinator's log than
  // there is, or another history: nothing is asked any more.
  absl::Status CheckSound();
  // Calls `ready` when a checkpoint has a quorum: true if that was at once.
  // Whoever waits too long is let go by Release.
  bool WhenWitnessed(std::function<void()> ready);
  void Release();
  // Shows a question's entry to each agency, by `send`, which must not wait.
  absl::Status Show(uint64_t index, const std::vector<std::string>& agencies,
                    WitnessedLog::SendEntry send) {
    return peers_->log()->Show(index, agencies, send);
  }
  // What the ledger is to say of witnesses with its next question.
  std::vector<Entry> TakeEntries() { return peers_->desk()->TakeEntries(); }
  // To be called in the commit of these entries.
  absl::Status KeepInCommit() {
    return memory_->KeepInCommit(peers_->desk()->seen());
  }
  // Null if the partnership's file does not name it.
  const NodeKeys* KeysOf(const std::string& agency) const {
    return agency.empty() ? nullptr : peers_->keys().Find(agency);
  }

 private:
  LedgerHub(std::string state_dir, std::unique_ptr<WitnessMemory> memory,
            std::unique_ptr<LedgerPeers> peers, Ledger* ledger,
            AgentRegistry* registry)
      : state_dir_(std::move(state_dir)),
        memory_(std::move(memory)),
        peers_(std::move(peers)),
        ledger_(ledger),
        registry_(registry) {}

  bool Send(const std::string& agency,
            const v1::CoordinatorMessage& message) const;
  bool SendRequest(const std::string& agency,
                   const WitnessRequest& request) const;
  void Cosign(const std::string& agency, const v1::WitnessRequest& request);
  absl::Status Keep();
  void Quarantine(const absl::Status& why, const std::string& seen);

  const std::string state_dir_;
  Mutex keep_mutex_;
  const std::unique_ptr<WitnessMemory> memory_;
  const std::unique_ptr<LedgerPeers> peers_;
  Ledger* const ledger_;
  AgentRegistry* const registry_;
  Mutex mutex_;
  std::string quarantined_ ABSL_GUARDED_BY(mutex_);  // why; "": it is not
  std::vector<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_LEDGER_HUB_H_
