#ifndef CAIRN_CORE_IDENTITY_DSSE_H_
#define CAIRN_CORE_IDENTITY_DSSE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// DSSE (github.com/secure-systems-lab/dsse, v1.0): a payload of exact bytes,
// what kind of payload it is, and signatures over both. Nobody ever writes the
// payload again: the bytes that were verified are the bytes that are used.
//
//   {"payload":"<base64>","payloadType":"<type>",
//    "signatures":[{"keyid":"<64 hex>","sig":"<base64>"}]}
//
// in this order and without spaces, so that an envelope has one spelling. What
// is signed (Ed25519) is DsseSignedBytes. A key is named by the SHA-256 of its
// 32 bytes; the name only says which key to try.

inline constexpr size_t kMaxDsseBytes = 256 * 1024;
inline constexpr size_t kMaxDsseSignatures = 8;

struct DsseSignature {
  std::string key_id;     // 64 hex digits
  std::string signature;  // 64 bytes
};

struct Dsse {
  std::string payload_type;
  std::string payload;
  std::vector<DsseSignature> signatures;
};

// "DSSEv1 " length " " type " " length " " payload; the lengths in decimal.
// Type and payload cannot run into one another, so a signature over one kind of
// payload is none over another.
std::string DsseSignedBytes(absl::string_view payload_type,
                            absl::string_view payload);

// The name of a public key.
std::string KeyIdOf(absl::string_view public_key);

// An Ed25519 key of a person or of the people's authority: its seed, 32 bytes.
class SecretKey {
 public:
  static SecretKey Generate();
  // INVALID_ARGUMENT unless it has 32 bytes.
  static absl::StatusOr<SecretKey> FromSeed(absl::string_view seed);

  const std::string& seed() const { return seed_; }
  const std::string& public_key() const { return public_key_; }

 private:
  explicit SecretKey(absl::string_view seed);

  std::string seed_;
  std::string public_key_;
};

// An envelope with one signature.
Dsse Sign(const SecretKey& key, absl::string_view payload_type,
          absl::string_view payload);
// Adds a signature to an envelope. INVALID_ARGUMENT if the key signed it
// already or there are as many as there may be.
absl::Status AddSignature(const SecretKey& key, Dsse* envelope);

// True if one of the signatures is a good one by this key.
bool IsSignedBy(const Dsse& envelope, absl::string_view public_key);

std::string WriteDsse(const Dsse& envelope);
// INVALID_ARGUMENT: over 256 KiB, or not exactly of the form above, with 1 to 8
// signatures, none of them twice by one key.
absl::StatusOr<Dsse> ParseDsse(absl::string_view bytes);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_DSSE_H_
