#ifndef CAIRN_CORE_LEDGER_ED25519_H_
#define CAIRN_CORE_LEDGER_ED25519_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cairn {

// Ed25519 (RFC 8032). OpenSSL behind one file: nothing else in this room
// includes it.

inline constexpr size_t kEd25519KeyBytes = 32;  // a seed, and a public key
inline constexpr size_t kEd25519SignatureBytes = 64;

// The seed must have 32 bytes; OpenSSL then fails only out of memory, and that
// ends the program.
std::string Ed25519PublicKey(absl::string_view seed);
std::string Ed25519Sign(absl::string_view seed, absl::string_view message);
// False for anything that is not a signature of this message by this key,
// whatever the lengths.
bool Ed25519Verify(absl::string_view public_key, absl::string_view message,
                   absl::string_view signature);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_ED25519_H_
