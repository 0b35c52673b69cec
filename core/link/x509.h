#ifndef CAIRN_CORE_LINK_X509_H_
#define CAIRN_CORE_LINK_X509_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cairn {

// X.509 (RFC 5280) behind one file. Everything is PEM text; errors are
// INVALID_ARGUMENT with words that a file's name can stand before.

// What of a certificate counts.
struct CertificateFacts {
  std::vector<std::string> uris;  // its names of type URI
  std::string key_pin;            // KeyPin of its public key
  absl::Time not_before, not_after;
};
// Of the first certificate in the text.
absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem);
// A key's name: the SHA-256 of its SubjectPublicKeyInfo in DER, 32 bytes. What
// `openssl pkey -pubout -outform DER | sha256sum` prints.

absl::Status CheckKeyBelongs(absl::string_view key_pem,
                             absl::string_view certificate_pem);

// Whether the first certificate of `chain` is one of a client or a server that
// comes, through the others, from `authority` and is in date: OpenSSL's own
// path validation.
enum class Side { kClient, kServer };
absl::Status CheckChain(absl::string_view chain, absl::string_view authority,
                        Side side);

// The certificate of `chain` whose key has this name: NOT_FOUND if none does.
absl::StatusOr<std::string> FindByPin(absl::string_view chain,
                                      absl::string_view pin);

// A new P-256 key, and a request (PKCS #10, RFC 2986) that proves that whoever
// sends it has the key. It asks for no name: names are given, not asked for.
absl::StatusOr<std::string> MakeKey();
absl::StatusOr<std::string> MakeRequest(absl::string_view key_pem);
// The name of the key of a request. Refused: a request that its key did not
// sign, a key that is not of P-256 or spells the curve out (RFC 5480, section
// 2.1.1).
absl::StatusOr<std::string> PinOfRequest(absl::string_view request);

// Who signs, and for how long.
struct Issuer {
  std::string certificate;
  std::string key;
};
// A client's certificate for the key of `request` under one URI name, of
// letters, digits and "-_./:", with the issuer's own after it. Nothing of the
// request but its key is taken over. FAILED_PRECONDITION if the issuer's
// certificate ends before `until`.
absl::StatusOr<std::string> IssueCertificate(const Issuer& issuer,
                                             absl::string_view request,
                                             const std::string& uri,
                                             absl::Time from, absl::Time until);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_X509_H_
