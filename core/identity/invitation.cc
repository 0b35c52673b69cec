#include "core/identity/invitation.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "core/identity/person.h"

namespace cairn {
namespace {

constexpr size_t kSecretBytes = 16;
constexpr size_t kPinBytes = 32;
constexpr size_t kCheckDigits = 8;

absl::Status BadCode() {
  return absl::InvalidArgumentError(
      "this is not an invitation code, or it was mistyped; it is written "
      "cairn1:AGENCY:SECRET:ROOT:CHECK, without spaces");
}

std::string CheckOf(absl::string_view text) {
  return Sha256Hex(text).substr(0, kCheckDigits);
}

// The bytes of so many hex digits; "" if it is anything else.
std::string ReadHex(absl::string_view text, size_t bytes) {
  std::string read = absl::HexStringToBytes(text);
  return text.size() == 2 * bytes && Hex(read) == text ? read : "";
}

// Takes as long whether they differ early or late.
bool SameBytes(absl::string_view a, absl::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<uint8_t>(a[i]) ^ static_cast<uint8_t>(b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string WriteCode(const InvitationCode& code) {
  const std::string body =
      absl::StrCat("cairn1:", code.agency, ":", Hex(code.secret), ":",
                   Hex(code.root_pin), ":");
  return absl::StrCat(body, CheckOf(body));
}

absl::StatusOr<InvitationCode> ParseCode(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() != 5 || parts[0] != "cairn1" || !IsPersonId(parts[1])) {
    return BadCode();
  }
  InvitationCode code{parts[1], ReadHex(parts[2], kSecretBytes),
                      ReadHex(parts[3], kPinBytes)};
  if (code.secret.empty() || code.root_pin.empty() || WriteCode(code) != text) {
    return BadCode();
  }
  return code;
}

absl::StatusOr<NewInvitation> Invite(absl::string_view agency,
                                     absl::string_view root_pin,
                                     absl::Duration life, absl::Time now) {
  if (!IsPersonId(agency) || root_pin.size() != kPinBytes) {
    return absl::InvalidArgumentError(
        "an invitation is for an agency's id and the SHA-256 of a root");
  }
  if (life < absl::Minutes(1) || life > kLongestInvitation) {
    return absl::InvalidArgumentError(
        "an invitation lasts for a minute to 24 hours");
  }
  NewInvitation made;
  made.code = {std::string(agency), RandomBytes(kSecretBytes),
               std::string(root_pin)};
  made.invitation.agency = made.code.agency;
  made.invitation.secret_hash = Sha256(made.code.secret);
  made.invitation.expires = now + life;
  return made;
}

absl::Status Redeem(absl::string_view secret, absl::string_view key,
                    absl::Time now, Invitation* invitation) {
  if (!SameBytes(Sha256(secret), invitation->secret_hash)) {
    return absl::PermissionDeniedError("the invitation is not known");
  }
  if (!invitation->key.empty()) {
    if (SameBytes(invitation->key, key) &&
        now <= invitation->used + kRetryInvitation) {
      return absl::OkStatus();
    }
    return absl::PermissionDeniedError("the invitation was used before");
  }
  if (now > invitation->expires) {
    return absl::PermissionDeniedError("the invitation has expired");
  }
  if (key.size() != kPinBytes) {
    return absl::PermissionDeniedError("the invitation came without a key");
  }
  invitation->key = std::string(key);
  invitation->used = now;
  return absl::OkStatus();
}

std::string Proquint(unsigned bits) {
  static constexpr char kConsonants[] = "bdfghjklmnprstvz";
  static constexpr char kVowels[] = "aiou";
  return {kConsonants[bits >> 12 & 15], kVowels[bits >> 10 & 3],
          kConsonants[bits >> 6 & 15], kVowels[bits >> 4 & 3],
          kConsonants[bits & 15]};
}

std::string SixWords(absl::string_view agency_key,
                     absl::string_view coordinator_key) {
  const std::string digest = Sha256(absl::StrCat(
      "cairn-words/1\n", Hex(agency_key), "\n", Hex(coordinator_key), "\n"));
  std::string words;
  for (size_t i = 0; i < 12; i += 2) {
    const unsigned high = static_cast<uint8_t>(digest[i]);
    const unsigned low = static_cast<uint8_t>(digest[i + 1]);
    absl::StrAppend(&words, words.empty() ? "" : " ",
                    Proquint(high << 8 | low));
  }
  return words;
}

}  // namespace cairn
