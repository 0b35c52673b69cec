#ifndef CAIRN_CORE_LINK_LEDGER_PEERS_H_
#define CAIRN_CORE_LINK_LEDGER_PEERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "core/base/clock.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/turn.h"
#include "core/ledger/witness_desk.h"
#include "core/ledger/witnessed_log.h"
#include "core/link/ledger_keys.h"

namespace cairn {

// Who witnesses whom (docs/witnesses.md). A node is named by its agency's id,
// the coordinator by "".
//
//   log of             its witnesses                  what is demanded
//   the coordinator    every agency                   a quorum, with each
//   question an agency          the coordinator, the others    nothing: they
//   remember it

// More than half of the agencies; of one or two, one: a quorum of both would
// let either stop the other, and beyond what an agency checks itself it proves
// nothing unless some other agency is in it. INVALID_ARGUMENT if more are asked
// for than there are.
absl::StatusOr<QuorumRule> CoordinatorQuorum(const LedgerKeys& keys,
                                             const v1::Quorum& config);

// What node.started says of it: how many witnesses, how many are a quorum, and
// for how long. Without keys, that there is none.
std::map<std::string, std::variant<std::string, int64_t>> QuorumFields(
    const std::optional<LedgerKeys>& keys, const v1::Quorum& config);

// A node's own part in it: as a log, and as the witness of the others.
class LedgerPeers {
 public:
  // The stores are only read here. Signer and clock must outlive the peers.
  // `sealed`: the folder of this node's earlier logs.
  static absl::StatusOr<std::unique_ptr<LedgerPeers>> Create(
      const std::string& own, SigningKey witness, LedgerKeys keys,
      const v1::Quorum& quorum, LogSigner* signer,
      const std::vector<WitnessStore*>& stores, const Clock* clock,
      const std::string& sealed);

  const LedgerKeys& keys() const { return keys_; }
  WitnessDesk* desk() const { return desk_.get(); }
  WitnessedLog* log() const { return log_.get(); }
  // The others, whose witnesses this node's log asks.
  const std::vector<std::string>& witnesses() const { return witnesses_; }
  // As the desk's. Answers kUnknownLog where LogOf knows no such log.
  absl::StatusOr<WitnessAnswer> Add(const std::string& from,
                                    const WitnessRequest& request) const;
  // The key of a node's log of this name. NOT_FOUND if it is not one of that
  // node's in the file of ledger keys; FAILED_PRECONDITION if a later one of
  // its logs was seen: nobody goes back to a log that has ended.
  absl::StatusOr<VerifierKey> LogOf(const std::string& node,
                                    const std::string& origin) const;
  // The checkpoint of a node's newest log that this one remembers; "" if none.
  std::string Remembered(const std::string& node) const;
  // As WitnessedLog::Met, also where the checkpoint is of an earlier log of
  // this node, or of a later one. DATA_LOSS then if the earlier one was sealed
  // as another than was seen of it, or the later one is not there any more.
  absl::Status Met(const std::string& witness, const std::string& remembered,
                   absl::FunctionRef<bool()> attach) const;

 private:
  LedgerPeers(std::string own, LedgerKeys keys,
              std::unique_ptr<WitnessDesk> desk,
              std::unique_ptr<WitnessedLog> log,
              std::vector<std::string> witnesses, std::string log_name,
              std::optional<LogOpening> opening, std::string sealed)
      : own_(std::move(own)),
        keys_(std::move(keys)),
        desk_(std::move(desk)),
        log_(std::move(log)),
        witnesses_(std::move(witnesses)),
        log_name_(std::move(log_name)),
        opening_(std::move(opening)),
        sealed_(std::move(sealed)) {}

  absl::Status CheckOtherLog(const std::string& remembered,
                             const VerifierKey& key) const;
  absl::Status CheckSealed(const Checkpoint& seen) const;

  const std::string own_;
  const LedgerKeys keys_;
  const std::unique_ptr<WitnessDesk> desk_;
  const std::unique_ptr<WitnessedLog> log_;
  const std::vector<std::string> witnesses_;
  const std::string log_name_;
  const std::optional<LogOpening> opening_;  // of this node's log
  const std::string sealed_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_LEDGER_PEERS_H_
