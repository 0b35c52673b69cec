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

#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "core/base/clock.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/log_signer.h"
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
  static absl::StatusOr<std::unique_ptr<LedgerPeers>> Create(
      const std::string& own, SigningKey witness, LedgerKeys keys,
      const v1::Quorum& quorum, LogSigner* signer,
      const std::vector<WitnessStore*>& stores, const Clock* clock);

  const LedgerKeys& keys() const { return keys_; }
  WitnessDesk* desk() const { return desk_.get(); }
  WitnessedLog* log() const { return log_.get(); }
  // The others, whose witnesses this node's log asks.
  const std::vector<std::string>& witnesses() const { return witnesses_; }
  // As the desk's, for a log that its own key names. INVALID_ARGUMENT answers
  // kUnknownLog where the request is said to be of another node than its log.
  absl::StatusOr<WitnessAnswer> Add(const std::string& from,
                                    const WitnessRequest& request) const;
  // The checkpoint of a node's log that this one remembers; "" if none.
  std::string Remembered(const std::string& node) const;

 private:
  LedgerPeers(LedgerKeys keys, std::unique_ptr<WitnessDesk> desk,
              std::unique_ptr<WitnessedLog> log,
              std::vector<std::string> witnesses)
      : keys_(std::move(keys)),
        desk_(std::move(desk)),
        log_(std::move(log)),
        witnesses_(std::move(witnesses)) {}

  const LedgerKeys keys_;
  const std::unique_ptr<WitnessDesk> desk_;
  const std::unique_ptr<WitnessedLog> log_;
  const std::vector<std::string> witnesses_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_LEDGER_PEERS_H_
