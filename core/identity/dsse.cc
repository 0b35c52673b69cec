#include "core/identity/dsse.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

absl::Status Bad(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("this is not a signed envelope: ", why));
}

// Takes `prefix`, what stands before the next quote, and the quote.
std::optional<absl::string_view> TakeText(absl::string_view prefix,
                                          absl::string_view* rest) {
  if (!absl::ConsumePrefix(rest, prefix)) return std::nullopt;
  const size_t end = rest->find('"');
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view text = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return text;
}

bool IsKeyId(absl::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

bool IsTypeName(absl::string_view text) {
  return !text.empty() && text.size() <= 100 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/.+-") ==
             absl::string_view::npos;
}

absl::StatusOr<DsseSignature> TakeSignature(absl::string_view* rest) {
  const auto key_id = TakeText("{\"keyid\":\"", rest);
  const auto text =
      key_id.has_value() ? TakeText(",\"sig\":\"", rest) : std::nullopt;
  if (!text.has_value() || !absl::ConsumePrefix(rest, "}")) {
    return Bad("a signature is not of the form {\"keyid\":..,\"sig\":..}");
  }
  if (!IsKeyId(*key_id)) return Bad("a keyid is not of 64 hex digits");
  std::optional<std::string> signature = ReadBase64(*text);
  if (!signature.has_value() || signature->size() != kEd25519SignatureBytes) {
    return Bad("a signature is not base64 of 64 bytes");
  }
  return DsseSignature{std::string(*key_id), *std::move(signature)};
}

}  // namespace

std::string DsseSignedBytes(absl::string_view payload_type,
                            absl::string_view payload) {
  return absl::StrCat("DSSEv1 ", payload_type.size(), " ", payload_type, " ",
                      payload.size(), " ", payload);
}

std::string KeyIdOf(absl::string_view public_key) {
  return Sha256Hex(public_key);
}

SecretKey::SecretKey(absl::string_view seed)
    : seed_(seed), public_key_(Ed25519PublicKey(seed)) {}

SecretKey SecretKey::Generate() {
  return SecretKey(RandomBytes(kEd25519KeyBytes));
}

absl::StatusOr<SecretKey> SecretKey::FromSeed(absl::string_view seed) {
  if (seed.size() != kEd25519KeyBytes) {
    return absl::InvalidArgumentError("an Ed25519 key has 32 bytes");
  }
  return SecretKey(seed);
}

Dsse Sign(const SecretKey& key, absl::string_view payload_type,
          absl::string_view payload) {
  Dsse envelope{std::string(payload_type), std::string(payload), {}};
  envelope.signatures.push_back(
      {KeyIdOf(key.public_key()),
       Ed25519Sign(key.seed(), DsseSignedBytes(payload_type, payload))});
  return envelope;
}

absl::Status AddSignature(const SecretKey& key, Dsse* envelope) {
  const Dsse added = Sign(key, envelope->payload_type, envelope->payload);
  for (const DsseSignature& signature : envelope->signatures) {
    if (signature.key_id == added.signatures[0].key_id) {
      return absl::InvalidArgumentError("this key has signed it already");
    }
  }
  if (envelope->signatures.size() == kMaxDsseSignatures) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it has ", kMaxDsseSignatures, " signatures, as many as there may be"));
  }
  envelope->signatures.push_back(added.signatures[0]);
  return absl::OkStatus();
}

bool IsSignedBy(const Dsse& envelope, absl::string_view public_key) {
  const std::string id = KeyIdOf(public_key);
  const std::string bytes =
      DsseSignedBytes(envelope.payload_type, envelope.payload);
  for (const DsseSignature& signature : envelope.signatures) {
    if (signature.key_id != id) continue;
    return Ed25519Verify(public_key, bytes, signature.signature);
  }
  return false;
}

std::string WriteDsse(const Dsse& envelope) {
  const auto write = [](std::string* out, const DsseSignature& signature) {
    absl::StrAppend(out, "{\"keyid\":\"", signature.key_id, "\",\"sig\":\"",
                    absl::Base64Escape(signature.signature), "\"}");
  };
  return absl::StrCat("{\"payload\":\"", absl::Base64Escape(envelope.payload),
                      "\",\"payloadType\":\"", envelope.payload_type,
                      "\",\"signatures\":[",
                      absl::StrJoin(envelope.signatures, ",", write), "]}");
}

absl::StatusOr<Dsse> ParseDsse(absl::string_view bytes) {
  if (bytes.size() > kMaxDsseBytes) return Bad("it is larger than 256 KiB");
  absl::string_view rest = bytes;
  const auto payload = TakeText("{\"payload\":\"", &rest);
  const auto type = payload.has_value() ? TakeText(",\"payloadType\":\"", &rest)
                                        : std::nullopt;
  if (!type.has_value() || !absl::ConsumePrefix(&rest, ",\"signatures\":[")) {
    return Bad(
        "it is not of the form "
        "{\"payload\":..,\"payloadType\":..,\"signatures\":[..]}");
  }
  Dsse envelope;
  std::optional<std::string> read = ReadBase64(*payload);
  if (!read.has_value()) return Bad("its payload is not base64");
  if (!IsTypeName(*type)) return Bad("its payloadType is not a media type");
  envelope.payload = *std::move(read);
  envelope.payload_type = std::string(*type);
  std::set<std::string> keys;
  do {
    CAIRN_ASSIGN_OR_RETURN(DsseSignature signature, TakeSignature(&rest));
    if (!keys.insert(signature.key_id).second) {
      return Bad("one key has signed it twice");
    }
    if (keys.size() > kMaxDsseSignatures)
      return Bad("it has too many signatures");
    envelope.signatures.push_back(std::move(signature));
  } while (absl::ConsumePrefix(&rest, ","));
  if (rest != "]}") return Bad("something follows its signatures");
  return envelope;
}

}  // namespace cairn
