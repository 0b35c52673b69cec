#include "core/link/ledger_keys.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cairn/v1/config.pb.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/turn.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

std::string WitnessKeyPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/witness.key");
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// A key is in its place only with the role and the name of that place.
absl::Status CheckPlace(const VerifierKey& key, KeyRole role,
                        const LogOwner& owner) {
  if (key.role() != role) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", key.name(), "' is a ",
        key.role() == KeyRole::kLog ? "log's" : "witness's", " key, not a ",
        role == KeyRole::kLog ? "log's" : "witness's"));
  }
  if (role == KeyRole::kLog) return owner.CheckOrigin(key.name());
  if (key.name() == owner.WitnessName()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", key.name(), "' is not the witness of ", owner.Words(),
                   "; that is ", owner.WitnessName()));
}

absl::StatusOr<SigningKey> ReadSecret(const std::string& path, KeyRole role,
                                      const LogOwner& owner) {
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(path));
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  auto key = SigningKey::Parse(absl::StripSuffix(text, "\n"));
  if (!key.ok()) return Bad(path, key.status().message());
  const absl::Status fits = CheckPlace(key->verifier(), role, owner);
  if (!fits.ok()) return Bad(path, fits.message());
  return key;
}

absl::Status MakeIfMissing(const std::string& path, const std::string& name,
                           KeyRole role) {
  if (Exists(path)) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const SigningKey key,
                         SigningKey::Generate(name, role));
  return MakeSecretFile(path, absl::StrCat(key.SecretText(), "\n"));
}

absl::StatusOr<VerifierKey> ReadKey(const std::string& text, KeyRole role,
                                    const LogOwner& owner) {
  auto key = VerifierKey::Parse(text);
  absl::Status fits = key.status();
  if (fits.ok()) fits = CheckPlace(*key, role, owner);
  if (fits.ok()) return key;
  return absl::InvalidArgumentError(absl::StrCat(
      owner.Words(), ", ", role == KeyRole::kLog ? "log: " : "witness: ",
      text.empty() ? "is missing" : fits.message()));
}

// A log after the last one of `keys`, whose key has to vouch for it.
absl::Status AddLaterLog(VerifierKey log, const std::string& rotated,
                         NodeKeys* keys, const LogOwner& owner) {
  const VerifierKey& before = keys->logs.back();
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat(owner.Words(), ", log: ", why));
  };
  if (!IsLaterEdition(log.name(), before.name())) {
    return bad(absl::StrCat("'", log.name(), "' stands after '", before.name(),
                            "', which is not the earlier one"));
  }
  std::string signature;
  if (!absl::Base64Unescape(rotated, &signature)) signature.clear();
  const absl::Status signed_for = CheckRotation(before, log, signature);
  if (!signed_for.ok()) {
    return bad(absl::StrCat(signed_for.message(),
                            "; put there what its `log next` prints, whole"));
  }
  keys->logs.push_back(std::move(log));
  keys->rotated.push_back(std::move(signature));
  return absl::OkStatus();
}

absl::StatusOr<NodeKeys> ReadNode(const v1::LedgerKeys::Node& node,
                                  const LogOwner& owner) {
  CAIRN_ASSIGN_OR_RETURN(
      VerifierKey first,
      ReadKey(node.log_size() == 0 ? "" : node.log(0), KeyRole::kLog, owner));
  CAIRN_ASSIGN_OR_RETURN(VerifierKey witness,
                         ReadKey(node.witness(), KeyRole::kWitness, owner));
  NodeKeys keys{{std::move(first)}, std::move(witness), {}};
  for (int i = 1; i < node.log_size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(VerifierKey log,
                           ReadKey(node.log(i), KeyRole::kLog, owner));
    CAIRN_RETURN_IF_ERROR(AddLaterLog(
        std::move(log), i <= node.rotated_size() ? node.rotated(i - 1) : "",
        &keys, owner));
  }
  if (node.rotated_size() < node.log_size()) return keys;
  return absl::InvalidArgumentError(absl::StrCat(
      owner.Words(), ", rotated: there are more than there are later logs"));
}

absl::StatusOr<LedgerKeys> ReadNodes(const v1::LedgerKeys& message,
                                     const Catalogue& catalogue) {
  CAIRN_ASSIGN_OR_RETURN(
      NodeKeys coordinator,
      ReadNode(message.coordinator(), OwnerIn(catalogue, "")));
  std::vector<VerifierKey> all = coordinator.logs;
  all.push_back(coordinator.witness);
  LedgerKeys keys{std::move(coordinator), {}};
  for (const v1::LedgerKeys::Node& node : message.agency()) {
    if (node.id().empty()) {
      return absl::InvalidArgumentError("an agency has no id");
    }
    CAIRN_ASSIGN_OR_RETURN(NodeKeys own,
                           ReadNode(node, OwnerIn(catalogue, node.id())));
    all.insert(all.end(), own.logs.begin(), own.logs.end());
    all.push_back(own.witness);
    if (!keys.agencies.emplace(node.id(), std::move(own)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("agency ", node.id(), " is there twice"));
    }
  }
  CAIRN_RETURN_IF_ERROR(CheckAllDifferent(all));
  return keys;
}

std::string NodeText(const NodeKeys& keys) {
  std::string text = "\n";
  for (const VerifierKey& log : keys.logs) {
    absl::StrAppend(&text, "  log: \"", log.Text(), "\"\n");
  }
  for (const std::string& rotated : keys.rotated) {
    absl::StrAppend(&text, "  rotated: \"", absl::Base64Escape(rotated),
                    "\"\n");
  }
  return absl::StrCat(text, "  witness: \"", keys.witness.Text(), "\"\n}\n");
}

}  // namespace

LogOwner OwnerIn(const Catalogue& catalogue, const std::string& agency) {
  return {catalogue.domain, catalogue.partnership, agency};
}

std::string LogKeyPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/log.key");
}

std::string NextLogKeyPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/log-next.key");
}

std::string SealedFolder(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/sealed");
}

std::string CheckpointPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/checkpoint.db");
}

absl::StatusOr<NodeSecrets> ReadNodeSecrets(const std::string& state_dir,
                                            const LogOwner& owner) {
  CAIRN_ASSIGN_OR_RETURN(
      SigningKey log, ReadSecret(LogKeyPath(state_dir), KeyRole::kLog, owner));
  CAIRN_ASSIGN_OR_RETURN(
      SigningKey witness,
      ReadSecret(WitnessKeyPath(state_dir), KeyRole::kWitness, owner));
  NodeSecrets secrets{std::move(log), std::move(witness), {}};
  if (Exists(NextLogKeyPath(state_dir))) {
    CAIRN_ASSIGN_OR_RETURN(secrets.next, ReadSecret(NextLogKeyPath(state_dir),
                                                    KeyRole::kLog, owner));
  }
  return secrets;
}

absl::Status MakeNextLogKey(const std::string& state_dir, const LogOwner& owner,
                            const std::string& origin) {
  CAIRN_RETURN_IF_ERROR(owner.CheckOrigin(origin));
  CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                         ReadNodeSecrets(state_dir, owner));
  const std::string& now = secrets.log.verifier().name();
  if (!IsLaterEdition(origin, now)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", origin, "' is not a later log than '", now, "'"));
  }
  const std::string path = NextLogKeyPath(state_dir);
  if (secrets.next.has_value()) {
    if (secrets.next->verifier().name() == origin) return absl::OkStatus();
    std::remove(path.c_str());
  }
  return MakeIfMissing(path, origin, KeyRole::kLog);
}

absl::StatusOr<NodeSecrets> ReadOrMakeNodeSecrets(const std::string& state_dir,
                                                  const LogOwner& owner,
                                                  absl::Time now) {
  const std::string path = LogKeyPath(state_dir);
  if (!Exists(path) && Exists(CheckpointPath(state_dir))) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": is missing, but its log has signed checkpoints; restore the "
        "key from a backup, since a new one cannot go on with that log"));
  }
  const auto year = absl::ToCivilYear(now, absl::UTCTimeZone()).year();
  CAIRN_RETURN_IF_ERROR(
      MakeIfMissing(path, owner.Origin(static_cast<int>(year)), KeyRole::kLog));
  CAIRN_RETURN_IF_ERROR(MakeIfMissing(WitnessKeyPath(state_dir),
                                      owner.WitnessName(), KeyRole::kWitness));
  return ReadNodeSecrets(state_dir, owner);
}

NodeKeys PublicHalves(const NodeSecrets& secrets) {
  NodeKeys keys{{secrets.log.verifier()}, secrets.witness.verifier(), {}};
  if (secrets.next.has_value()) {
    keys.logs.push_back(secrets.next->verifier());
    keys.rotated.push_back(SignRotation(secrets.log, keys.logs[1]));
  }
  return keys;
}

const VerifierKey* NodeKeys::Log(absl::string_view origin) const {
  const auto found = std::find_if(
      logs.begin(), logs.end(),
      [&](const VerifierKey& log) { return log.name() == origin; });
  return found == logs.end() ? nullptr : &*found;
}

std::string LedgerKeysText(const LogOwner& owner, const NodeKeys& keys) {
  return owner.agency.empty() ? absl::StrCat("coordinator {", NodeText(keys))
                              : absl::StrCat("agency {\n  id: \"", owner.agency,
                                             "\"", NodeText(keys));
}

std::string LedgerKeysStatus(const absl::StatusOr<NodeSecrets>& secrets) {
  if (absl::IsNotFound(secrets.status())) {
    return "log key      not made yet; `keys` and `run` make it\n";
  }
  if (!secrets.ok()) {
    return absl::StrCat("log key      ", secrets.status().message(), "\n");
  }
  return absl::StrCat("log key      ", secrets->log.verifier().Text(),
                      "\nwitness key  ", secrets->witness.verifier().Text(),
                      "\n",
                      secrets->next.has_value()
                          ? absl::StrCat("next log     ",
                                         secrets->next->verifier().Text(), "\n")
                          : "");
}

const NodeKeys* LedgerKeys::Find(const std::string& agency) const {
  if (agency.empty()) return &coordinator;
  const auto found = agencies.find(agency);
  return found == agencies.end() ? nullptr : &found->second;
}

absl::StatusOr<LedgerKeys> ReadLedgerKeys(const std::string& path,
                                          const Catalogue& catalogue) {
  v1::LedgerKeys message;
  CAIRN_RETURN_IF_ERROR(ReadTextProto(path, &message));
  auto keys = ReadNodes(message, catalogue);
  if (!keys.ok()) return Bad(path, keys.status().message());
  return keys;
}

absl::Status CheckOwnKeys(const std::string& path, const LedgerKeys& keys,
                          const LogOwner& owner, const NodeKeys& own) {
  const NodeKeys* said = keys.Find(owner.agency);
  const VerifierKey* log =
      said == nullptr ? nullptr : said->Log(own.logs[0].name());
  if (log != nullptr && log->Text() == own.logs[0].Text() &&
      said->witness.Text() == own.witness.Text()) {
    return absl::OkStatus();
  }
  return Bad(path, absl::StrCat("does not have the keys of ", owner.Words(),
                                " as they are in its state folder; put there "
                                "what its `keys` prints"));
}

absl::StatusOr<std::optional<LedgerKeys>> ReadOwnLedgerKeys(
    const std::string& path, const Catalogue& catalogue, const LogOwner& owner,
    const NodeKeys& own) {
  std::optional<LedgerKeys> keys;
  if (path.empty()) {
    LogLine("ledger.unchecked", {{"reason", "no ledger_keys are configured"}});
    return keys;
  }
  CAIRN_ASSIGN_OR_RETURN(keys, ReadLedgerKeys(path, catalogue));
  CAIRN_RETURN_IF_ERROR(CheckOwnKeys(path, *keys, owner, own));
  return keys;
}

}  // namespace cairn
