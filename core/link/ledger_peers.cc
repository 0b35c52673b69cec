#include "core/link/ledger_peers.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/note.h"

namespace cairn {

absl::StatusOr<QuorumRule> CoordinatorQuorum(const LedgerKeys& keys,
                                             const v1::Quorum& config) {
  std::vector<VerifierKey> witnesses;
  for (const auto& [id, node] : keys.agencies) {
    witnesses.push_back(node.witness);
  }
  QuorumRule::Options options;
  options.needed = config.needed();
  if (options.needed == 0 && witnesses.size() <= 2) options.needed = 1;
  if (config.max_age_minutes() > 0) {
    options.max_age = absl::Minutes(config.max_age_minutes());
  }
  return QuorumRule::Create(std::move(witnesses), options);
}

std::map<std::string, std::variant<std::string, int64_t>> QuorumFields(
    const std::optional<LedgerKeys>& keys, const v1::Quorum& config) {
  if (!keys.has_value()) return {{"quorum", int64_t{0}}};
  const auto rule = CoordinatorQuorum(*keys, config);
  if (!rule.ok()) return {};  // whoever needs the rule says why
  return {{"witnesses", static_cast<int64_t>(rule->witnesses().size())},
          {"quorum", static_cast<int64_t>(rule->needed())},
          {"quorum_minutes", absl::ToInt64Minutes(rule->max_age())}};
}

absl::StatusOr<std::unique_ptr<LedgerPeers>> LedgerPeers::Create(
    const std::string& own, SigningKey witness, LedgerKeys keys,
    const v1::Quorum& quorum, LogSigner* signer,
    const std::vector<WitnessStore*>& stores, const Clock* clock) {
  std::map<std::string, VerifierKey> witnesses;
  std::vector<VerifierKey> logs, all;
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id, const NodeKeys& node) {
    if (id == own) return;
    witnesses.emplace(id, node.witness);
    logs.push_back(node.log);
    all.push_back(node.witness);
    ids.push_back(id);
  };
  add("", keys.coordinator);
  for (const auto& [id, node] : keys.agencies) add(id, node);
  CAIRN_ASSIGN_OR_RETURN(QuorumRule rule, CoordinatorQuorum(keys, quorum));
  if (!own.empty()) {
    // Of an agency's own checkpoints those are kept that two have cosigned.
    QuorumRule::Options options;
    options.needed = std::min<size_t>(2, all.size());
    CAIRN_ASSIGN_OR_RETURN(rule, QuorumRule::Create(all, options));
  }
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<WitnessDesk> desk,
      WitnessDesk::Create(std::move(witness), std::move(logs), stores, clock));
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<WitnessedLog> log,
                         WitnessedLog::Create(signer, std::move(witnesses),
                                              std::move(rule), clock));
  return std::unique_ptr<LedgerPeers>(new LedgerPeers(
      std::move(keys), std::move(desk), std::move(log), std::move(ids)));
}

absl::StatusOr<WitnessAnswer> LedgerPeers::Add(
    const std::string& from, const WitnessRequest& request) const {
  const NodeKeys* node = keys_.Find(from);
  const absl::StatusOr<Note> note = ParseNote(request.checkpoint);
  const absl::StatusOr<Checkpoint> claimed =
      note.ok() ? ParseCheckpointText(note->text) : note.status();
  if (claimed.ok() &&
      (node == nullptr || node->log.name() != claimed->origin)) {
    WitnessAnswer answer;
    answer.outcome = WitnessAnswer::Outcome::kUnknownLog;
    answer.reason = absl::StrCat("'", claimed->origin, "' is not the log of '",
                                 from.substr(0, 64), "'");
    return answer;
  }
  return desk_->Add(request);
}

std::string LedgerPeers::Remembered(const std::string& node) const {
  const NodeKeys* keys = keys_.Find(node);
  return keys == nullptr ? "" : desk_->Remembered(keys->log.name());
}

}  // namespace cairn
