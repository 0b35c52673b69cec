#include "core/ledger/key.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

constexpr absl::string_view kSecretPrefix = "PRIVATE+KEY+";

// NAME, KEYID and BASE64 of a key's text, and what the last of them says.
struct KeyParts {
  absl::string_view name;
  absl::string_view id;
  KeyRole role = KeyRole::kLog;
  std::string bytes;
};

absl::StatusOr<KeyParts> TakeApart(absl::string_view text, const char* form) {
  const auto bad = [form](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("this is not a key: ", why, "; a key is written ", form));
  };
  KeyParts parts;
  const size_t first = text.find('+');
  if (first == absl::string_view::npos) return bad("it has no '+'");
  parts.name = text.substr(0, first);
  text.remove_prefix(first + 1);
  // Base64 has a '+' of its own, so only the first one counts here.
  const size_t second = text.find('+');
  if (second == absl::string_view::npos) return bad("a '+' is missing");
  parts.id = text.substr(0, second);
  const std::optional<std::string> key = ReadBase64(text.substr(second + 1));
  if (!key.has_value()) return bad("its last part is not base64");
  if (key->size() != 1 + kEd25519KeyBytes) {
    return bad("its last part does not have 33 bytes");
  }
  const auto role = static_cast<uint8_t>(key->front());
  if (role != static_cast<uint8_t>(KeyRole::kLog) &&
      role != static_cast<uint8_t>(KeyRole::kWitness)) {
    return bad("its type is neither 1 (log) nor 4 (witness)");
  }
  parts.role = static_cast<KeyRole>(role);
  parts.bytes = key->substr(1);
  return parts;
}

std::string TypedBytes(KeyRole role, absl::string_view bytes) {
  return absl::StrCat(std::string(1, static_cast<char>(role)), bytes);
}

uint32_t KeyId(absl::string_view name, KeyRole role, absl::string_view key) {
  const std::string digest =
      Sha256(absl::StrCat(name, "\n", TypedBytes(role, key)));
  uint32_t id = 0;
  for (int i = 0; i < 4; ++i) id = id << 8 | static_cast<uint8_t>(digest[i]);
  return id;
}

absl::Status CheckId(const VerifierKey& key, absl::string_view id) {
  if (absl::StrFormat("%08x", key.id()) == id) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the key of '", key.name(),
                   "' was altered: its id is not the one of its name and key"));
}

}  // namespace

VerifierKey::VerifierKey(absl::string_view name, KeyRole role,
                         absl::string_view public_key)
    : name_(name),
      role_(role),
      public_key_(public_key),
      id_(KeyId(name, role, public_key)) {}

absl::StatusOr<VerifierKey> VerifierKey::Create(absl::string_view name,
                                                KeyRole role,
                                                absl::string_view public_key) {
  CAIRN_RETURN_IF_ERROR(CheckName(name));
  if (public_key.size() != kEd25519KeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key of '", name, "' has ", public_key.size(), " bytes, not 32"));
  }
  return VerifierKey(name, role, public_key);
}

absl::StatusOr<VerifierKey> VerifierKey::Parse(absl::string_view vkey) {
  CAIRN_ASSIGN_OR_RETURN(const KeyParts parts,
                         TakeApart(vkey, "NAME+KEYID+BASE64"));
  CAIRN_ASSIGN_OR_RETURN(VerifierKey key,
                         Create(parts.name, parts.role, parts.bytes));
  CAIRN_RETURN_IF_ERROR(CheckId(key, parts.id));
  return key;
}

std::string VerifierKey::Text() const {
  return absl::StrCat(name_, "+", absl::StrFormat("%08x", id_), "+",
                      absl::Base64Escape(TypedBytes(role_, public_key_)));
}

absl::StatusOr<SigningKey> SigningKey::Generate(absl::string_view name,
                                                KeyRole role) {
  std::string seed = RandomBytes(kEd25519KeyBytes);
  CAIRN_ASSIGN_OR_RETURN(
      VerifierKey verifier,
      VerifierKey::Create(name, role, Ed25519PublicKey(seed)));
  return SigningKey(std::move(seed), std::move(verifier));
}

absl::StatusOr<SigningKey> SigningKey::Parse(absl::string_view text) {
  constexpr char kForm[] = "PRIVATE+KEY+NAME+KEYID+BASE64";
  if (!absl::ConsumePrefix(&text, kSecretPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "this is not a signing key; a signing key is written ", kForm));
  }
  CAIRN_ASSIGN_OR_RETURN(KeyParts parts, TakeApart(text, kForm));
  CAIRN_ASSIGN_OR_RETURN(VerifierKey verifier,
                         VerifierKey::Create(parts.name, parts.role,
                                             Ed25519PublicKey(parts.bytes)));
  CAIRN_RETURN_IF_ERROR(CheckId(verifier, parts.id));
  return SigningKey(std::move(parts.bytes), std::move(verifier));
}

std::string SigningKey::SecretText() const {
  return absl::StrCat(kSecretPrefix, verifier_.name(), "+",
                      absl::StrFormat("%08x", verifier_.id()), "+",
                      absl::Base64Escape(TypedBytes(verifier_.role(), seed_)));
}

std::string SigningKey::Sign(absl::string_view message) const {
  return Ed25519Sign(seed_, message);
}

absl::Status CheckAllDifferent(const std::vector<VerifierKey>& keys) {
  std::map<std::string, const VerifierKey*> seen;
  for (const VerifierKey& key : keys) {
    const auto [other, fresh] = seen.emplace(key.public_key(), &key);
    if (!fresh) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", key.name(), "' and '", other->second->name(),
          "' have the same key; each role of each party needs its own"));
    }
  }
  return absl::OkStatus();
}

}  // namespace cairn
