#ifndef CAIRN_CORE_IDENTITY_KEY_FILE_H_
#define CAIRN_CORE_IDENTITY_KEY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/identity/dsse.h"

namespace cairn {

// A person's key on disk: PKCS#8 in PEM, encrypted with AES-256-CBC under a key
// that scrypt (RFC 7914; N 16384, r 8, p 8: some half a second) makes of a PIN.
// OpenSSL's command line reads it: openssl pkey -in FILE.

inline constexpr size_t kLeastPin = 6;

// INVALID_ARGUMENT: fewer than 6 characters, or one character over and over.
absl::Status CheckPin(absl::string_view pin);

// INVALID_ARGUMENT as CheckPin.
absl::StatusOr<std::string> SealKey(const SecretKey& key,
                                    absl::string_view pin);
// UNAUTHENTICATED: the PIN is not right (or the file was altered: that cannot
// be told apart). INVALID_ARGUMENT: it is no such file, or not of an Ed25519
// key; also a key that is not encrypted, or more weakly than above.
absl::StatusOr<SecretKey> OpenKey(absl::string_view pem, absl::string_view pin);

// "-----BEGIN PUBLIC KEY-----..", as OpenSSL writes it (RFC 8410).
std::string PublicKeyPem(absl::string_view public_key);
// INVALID_ARGUMENT unless it is exactly one such key, of Ed25519.
absl::StatusOr<std::string> ParsePublicKeyPem(absl::string_view pem);

// Writes a new file that only its owner may read (0600), synced.
// ALREADY_EXISTS if there is one: a key is never written over.
absl::Status WriteNewSecret(const std::string& path, absl::string_view bytes);

// Reads a key file. Errors as OpenKey, with the path; INVALID_ARGUMENT also if
// others may read it.
absl::StatusOr<SecretKey> ReadKeyFile(const std::string& path,
                                      absl::string_view pin);

// The PIN: the first line of `pin_file`, or, if that is empty, typed on the
// terminal without showing it. `repeat` asks for it twice. UNAUTHENTICATED:
// there is no terminal; CANCELLED: nothing was typed.
absl::StatusOr<std::string> AskPin(const std::string& pin_file,
                                   const std::string& prompt, bool repeat);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_KEY_FILE_H_
