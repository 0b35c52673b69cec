#ifndef CAIRN_CORE_LEDGER_KEY_H_
#define CAIRN_CORE_LEDGER_KEY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// Who may sign what. A key has one role and one name for its whole life: an
// Ed25519 cosignature does not name its signer (C2SP tlog-cosignature), so a
// key with two roles could be made to say in one what it said in the other.
// The number is the signature type of C2SP signed-note.
enum class KeyRole : uint8_t {
  kLog = 0x01,      // signs the checkpoints of its own log
  kWitness = 0x04,  // cosigns the checkpoints of other logs
};

// The public half, written as NAME+KEYID+BASE64 (C2SP signed-note, "vkey"):
// KEYID is 8 hex digits, the first bytes of SHA-256(name, newline, role, key);
// BASE64 is of the role's byte and the 32 bytes of the key.
class VerifierKey {
 public:
  // INVALID_ARGUMENT if the name or the length of the key is not valid.
  static absl::StatusOr<VerifierKey> Create(absl::string_view name,
                                            KeyRole role,
                                            absl::string_view public_key);
  // INVALID_ARGUMENT if the text is not a vkey, its id is not that of its key,
  // or its type is none of the roles.
  static absl::StatusOr<VerifierKey> Parse(absl::string_view vkey);
  std::string Text() const;

  const std::string& name() const { return name_; }
  KeyRole role() const { return role_; }
  const std::string& public_key() const { return public_key_; }
  uint32_t id() const { return id_; }

 private:
  VerifierKey(absl::string_view name, KeyRole role,
              absl::string_view public_key);

  std::string name_;
  KeyRole role_;
  std::string public_key_;
  uint32_t id_;
};

// The secret half, written as PRIVATE+KEY+NAME+KEYID+BASE64 of the role's byte
// and the 32 bytes of the seed.
class SigningKey {
 public:
  // From the operating system's generator.
  static absl::StatusOr<SigningKey> Generate(absl::string_view name,
                                             KeyRole role);
  // Errors as VerifierKey::Parse. The text is a secret: no error repeats it.
  static absl::StatusOr<SigningKey> Parse(absl::string_view text);
  std::string SecretText() const;

  const VerifierKey& verifier() const { return verifier_; }
  std::string Sign(absl::string_view message) const;

 private:
  SigningKey(std::string seed, VerifierKey verifier)
      : seed_(std::move(seed)), verifier_(std::move(verifier)) {}

  std::string seed_;
  VerifierKey verifier_;
};

// INVALID_ARGUMENT names the first two keys that are the same key, be it under
// two names or in two roles.
absl::Status CheckAllDifferent(const std::vector<VerifierKey>& keys);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_KEY_H_
