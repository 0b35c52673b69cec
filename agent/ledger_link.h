#ifndef CAIRN_AGENT_LEDGER_LINK_H_
#define CAIRN_AGENT_LEDGER_LINK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/config.h"
#include "agent/sqlite_source.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/base/clock.h"
#include "core/ledger/entry.h"
#include "core/ledger/ledger.h"
#include "core/ledger/shown_question.h"
#include "core/link/ledger_peers.h"
#include "core/store/sqlite.h"
#include "core/store/witness_memory.h"

namespace cairn {

// What was found of a question before anything else was done with it.
struct AskFindings {
  // If the coordinator did not show what it must.
  std::optional<Refusal> refusal;
  // Where it stands in the coordinator's log, and that entry's hash; of a
  // question that is refused, empty.
  std::optional<uint64_t> index;
  std::string leaf_hash;
};

// An agency among the ledgers of its partnership: what it demands of the
// coordinator's, whose it cosigns, and who cosigns its own.
//
//   reading thread   Look, Cosign     in the order of the line: each checkpoint
//                                     must follow from the one before it
//   working thread   the others       the disk
//
// What Look and Cosign have found is in memory until Keep or KeepInCommit;
// nothing that follows from it may leave before.
class LedgerLink {
 public:
  // Errors of WitnessMemory::Open and LedgerPeers::Create. `database` is the
  // ledger's. Everything must outlive the link.
  static absl::StatusOr<std::unique_ptr<LedgerLink>> Create(
      const AgentSettings& settings, SigningKey witness, LedgerKeys keys,
      LogSigner* signer, Database* database, const Clock* clock);

  // That the question stands in the coordinator's log, that this log is the one
  // it was before, and that enough agencies vouch for it.
  AskFindings Look(const v1::Ask& ask);
  v1::WitnessReply Cosign(const v1::WitnessRequest& request);
  // The checkpoint of the coordinator's log to say at the start of a session.
  std::string Remembered() const { return peers_->Remembered(""); }

  // What the coordinator remembers of this agency's log. DATA_LOSS if that is
  // more than there is, or another history: nothing is to be signed any more.
  absl::Status Met(const std::string& remembered);
  // The same of the checkpoint that came with its last answer; this says
  // nothing of what the coordinator has seen as a witness.
  absl::Status HoldAgainst(const std::string& last_receipt);
  // What to ask of every witness now.
  absl::StatusOr<std::vector<v1::WitnessRequest>> Round();
  // What is to be asked again. DATA_LOSS as Met.
  absl::StatusOr<std::vector<v1::WitnessRequest>> Take(
      const v1::WitnessReply& reply);

  // Writes what was found, and conflicts into the ledger. Durable when it
  // returns, in the witness's own file: a cosignature may leave.
  absl::Status Keep(Ledger* ledger);
  // Within a commit of the ledger, with the entries that are to be among its
  // own: what was found is beside the ledger, and a question may run.
  std::vector<Entry> TakeEntries() { return peers_->desk()->TakeEntries(); }
  absl::Status KeepInCommit() {
    return memory_->KeepInCommit(peers_->desk()->seen());
  }

 private:
  LedgerLink(std::string agency, std::unique_ptr<WitnessMemory> memory,
             std::unique_ptr<LedgerPeers> peers,
             std::map<std::string, QuorumCheck> quorum, const Clock* clock)
      : agency_(std::move(agency)),
        memory_(std::move(memory)),
        peers_(std::move(peers)),
        quorum_(std::move(quorum)),
        clock_(clock) {}

  absl::StatusOr<VerifierKey> LogOfProof(const std::string& text) const;
  absl::Status Follow(const ShownEntry& shown, const SignedCheckpoint& newest);

  const std::string agency_;
  const std::unique_ptr<WitnessMemory> memory_;
  const std::unique_ptr<LedgerPeers> peers_;
  std::map<std::string, QuorumCheck> quorum_;  // by log of the coordinator
  const Clock* const clock_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_LEDGER_LINK_H_
