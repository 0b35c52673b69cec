#include "core/link/ledger_peers.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/origin.h"

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
    const std::vector<WitnessStore*>& stores, const Clock* clock,
    const std::string& sealed) {
  std::map<std::string, VerifierKey> witnesses;
  std::vector<VerifierKey> logs, all;
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id, const NodeKeys& node) {
    if (id == own) return;
    witnesses.emplace(id, node.witness);
    logs.insert(logs.end(), node.logs.begin(), node.logs.end());
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
  std::optional<LogOpening> opening;
  if (signer->ledger().size() > 0) {
    CAIRN_ASSIGN_OR_RETURN(const std::string first, signer->ledger().Line(0));
    CAIRN_ASSIGN_OR_RETURN(opening, ReadOpeningLine(first));
  }
  return std::unique_ptr<LedgerPeers>(new LedgerPeers(
      own, std::move(keys), std::move(desk), std::move(log), std::move(ids),
      signer->key().name(), std::move(opening), sealed));
}

absl::StatusOr<WitnessAnswer> LedgerPeers::Add(
    const std::string& from, const WitnessRequest& request) const {
  const absl::StatusOr<Checkpoint> claimed = PeekCheckpoint(request.checkpoint);
  if (!claimed.ok()) return desk_->Add(request);  // says what is wrong
  const absl::Status known = LogOf(from, claimed->origin).status();
  if (known.ok()) return desk_->Add(request);
  WitnessAnswer answer;
  answer.outcome = WitnessAnswer::Outcome::kUnknownLog;
  answer.reason = std::string(known.message());
  return answer;
}

absl::StatusOr<VerifierKey> LedgerPeers::LogOf(
    const std::string& node, const std::string& origin) const {
  const NodeKeys* keys = keys_.Find(node);
  const VerifierKey* key = keys == nullptr ? nullptr : keys->Log(origin);
  if (key == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "'", origin, "' is no log of '", node.substr(0, 64),
        "' in the file of ledger keys; if a new log was begun, its key has to "
        "be put there"));
  }
  const auto seen = PeekCheckpoint(Remembered(node));
  if (seen.ok() && IsLaterEdition(seen->origin, origin)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "'", origin, "' has ended: '", seen->origin, "' was begun after it"));
  }
  return *key;
}

std::string LedgerPeers::Remembered(const std::string& node) const {
  const NodeKeys* keys = keys_.Find(node);
  if (keys == nullptr) return "";
  for (auto log = keys->logs.rbegin(); log != keys->logs.rend(); ++log) {
    std::string note = desk_->Remembered(log->name());
    if (!note.empty()) return note;
  }
  return "";
}

absl::Status LedgerPeers::Met(const std::string& witness,
                              const std::string& remembered,
                              absl::FunctionRef<bool()> attach) const {
  const auto seen = PeekCheckpoint(remembered);
  const NodeKeys* own = keys_.Find(own_);
  const VerifierKey* key =
      seen.ok() && own != nullptr && seen->origin != log_name_
          ? own->Log(seen->origin)
          : nullptr;
  if (key == nullptr) return log_->Met(witness, remembered, attach);
  CAIRN_RETURN_IF_ERROR(CheckOtherLog(remembered, *key));
  return log_->Met(witness, "", attach);
}

absl::Status LedgerPeers::CheckOtherLog(const std::string& remembered,
                                        const VerifierKey& key) const {
  CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint seen,
                         OpenCheckpoint(remembered, key));
  if (IsLaterEdition(key.name(), log_name_)) {
    return absl::DataLossError(absl::StrCat(
        "the ledger is ", log_name_, ", but a checkpoint of ", key.name(),
        ", which was begun after it, was signed: an older copy was restored; "
        "nothing is signed"));
  }
  return CheckSealed(seen.checkpoint());
}

// Of the log before this one; one that was given up is known not to be what
// was seen of it.
absl::Status LedgerPeers::CheckSealed(const Checkpoint& seen) const {
  if (!opening_.has_value() || opening_->after.origin != seen.origin ||
      !opening_->reason.empty()) {
    return absl::OkStatus();
  }
  const Checkpoint& whole = opening_->after;
  const auto disagrees = [&](absl::string_view how) {
    return absl::DataLossError(
        absl::StrCat(seen.origin, " was sealed with ", whole.size,
                     " entries, but a checkpoint of ", seen.size,
                     " was signed for it", how, "; nothing is signed"));
  };
  if (seen.size > whole.size) return disagrees("");
  const LogFolder folder(absl::StrCat(sealed_, "/", EditionOf(seen.origin)));
  const auto root = seen.size == whole.size
                        ? absl::StatusOr<std::string>(whole.root)
                        : RootOfFirst(folder, seen.size, whole.size);
  if (absl::IsNotFound(root.status())) return absl::OkStatus();  // forgotten
  CAIRN_RETURN_IF_ERROR(root.status());
  return *root == seen.root ? absl::OkStatus()
                            : disagrees(", of other entries");
}

}  // namespace cairn
