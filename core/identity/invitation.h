#ifndef CAIRN_CORE_IDENTITY_INVITATION_H_
#define CAIRN_CORE_IDENTITY_INVITATION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cairn {

// How a new agency gets in: the coordinator's operator makes an invitation for
// a record, the code goes to a named person there, and the first key that shows
// it becomes that record's key. Two people then read six words to one another,
// so that neither talks to somebody in between.

// What the code carries, written as
//   cairn1:AGENCY:SECRET:ROOT:CHECK
// SECRET 32 hex digits (128 random bits); ROOT 64, the SHA-256 of the public
// key (SubjectPublicKeyInfo, DER) of the partnership's root, against which the
// agency checks the server before it sends anything; CHECK 8, the beginning of
// the SHA-256 of all before it, against slips of the pen.
struct InvitationCode {
  std::string agency;
  std::string secret;    // 16 bytes
  std::string root_pin;  // 32 bytes
};
std::string WriteCode(const InvitationCode& code);
// INVALID_ARGUMENT: not of the form, or mistyped. The secret is never repeated.
absl::StatusOr<InvitationCode> ParseCode(absl::string_view text);

// What the coordinator keeps: the code's hash, never the code.
struct Invitation {
  std::string agency;
  std::string secret_hash;  // SHA-256 of the secret, 32 bytes
  absl::Time expires;
  // Set when it was used: the SHA-256 of the key that came with it, and when.
  std::string key;
  absl::Time used;
};

inline constexpr absl::Duration kUsualInvitation = absl::Hours(1);
inline constexpr absl::Duration kLongestInvitation = absl::Hours(24);
// A key whose answer was lost may ask for it again.
inline constexpr absl::Duration kRetryInvitation = absl::Minutes(10);

struct NewInvitation {
  Invitation invitation;
  InvitationCode code;
};
// INVALID_ARGUMENT: an id that is none, a pin of another length, a life of less
// than a minute or more than kLongestInvitation.
absl::StatusOr<NewInvitation> Invite(absl::string_view agency,
                                     absl::string_view root_pin,
                                     absl::Duration life, absl::Time now);

// The key (SHA-256, 32 bytes) shows a secret. OK: the record is this key's; an
// invitation that was open is now used, and the caller writes it in the commit
// that issues the certificate. Whoever did not come first: PERMISSION_DENIED,
// as for a wrong secret and one that expired; the caller logs which.
absl::Status Redeem(absl::string_view secret, absl::string_view key,
                    absl::Time now, Invitation* invitation);

// Six words for two people to compare on the telephone: the first 96 bits of
// the SHA-256 of the two keys' fingerprints, as proquints (D. Wilkerson, "A
// Proposal for Proquints", 2009): 16 bits a word, said as they are written.
//   lusab babad gutih tugad ...
// Somebody in between would have to find two keys whose words are the same.
std::string SixWords(absl::string_view agency_key,
                     absl::string_view coordinator_key);
// One word of 16 bits.
std::string Proquint(unsigned bits);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_INVITATION_H_
