#include "core/link/ledger_keys.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cairn/v1/config.pb.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

std::string LogKeyPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/log.key");
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

absl::StatusOr<NodeKeys> ReadNode(const v1::LedgerKeys::Node& node,
                                  const LogOwner& owner) {
  CAIRN_ASSIGN_OR_RETURN(VerifierKey log,
                         ReadKey(node.log(), KeyRole::kLog, owner));
  CAIRN_ASSIGN_OR_RETURN(VerifierKey witness,
                         ReadKey(node.witness(), KeyRole::kWitness, owner));
  return NodeKeys{std::move(log), std::move(witness)};
}

absl::StatusOr<LedgerKeys> ReadNodes(const v1::LedgerKeys& message,
                                     const Catalogue& catalogue) {
  CAIRN_ASSIGN_OR_RETURN(
      NodeKeys coordinator,
      ReadNode(message.coordinator(), OwnerIn(catalogue, "")));
  std::vector<VerifierKey> all = {coordinator.log, coordinator.witness};
  LedgerKeys keys{std::move(coordinator), {}};
  for (const v1::LedgerKeys::Node& node : message.agency()) {
    if (node.id().empty()) {
      return absl::InvalidArgumentError("an agency has no id");
    }
    CAIRN_ASSIGN_OR_RETURN(NodeKeys own,
                           ReadNode(node, OwnerIn(catalogue, node.id())));
    all.push_back(own.log);
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
  return absl::StrCat("\n  log: \"", keys.log.Text(), "\"\n  witness: \"",
                      keys.witness.Text(), "\"\n}\n");
}

}  // namespace

LogOwner OwnerIn(const Catalogue& catalogue, const std::string& agency) {
  return {catalogue.domain, catalogue.partnership, agency};
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
  return NodeSecrets{std::move(log), std::move(witness)};
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
  return {secrets.log.verifier(), secrets.witness.verifier()};
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
                      "\n");
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
  if (said != nullptr && said->log.Text() == own.log.Text() &&
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
