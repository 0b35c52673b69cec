#ifndef CAIRN_CORE_IDENTITY_PERSON_H_
#define CAIRN_CORE_IDENTITY_PERSON_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/identity/deny_list.h"
#include "core/identity/distrust.h"
#include "core/identity/dsse.h"

namespace cairn {

// What a person may be. One person may have several roles.
enum class Role { kAnalyst, kSteward, kApprover, kAuditor, kOperator };
const char* NameOf(Role role);  // "analyst", ..
absl::StatusOr<Role> ParseRole(absl::string_view name);

// What can be done, and by whom: there is no other table of it.
enum class Call {
  kAskQuestion,      // sign and send a question
  kDescribe,         // see what can be asked
  kReadOwnHistory,   // see one's own questions and their results
  kReadAllHistory,   // see everybody's
  kReadLedger,       // verify and export the ledgers
  kApproveQuestion,  // approve, refuse or hold what waits at an agency
  kSignAgreement,    // put an agreement in force
  kPauseAgent,       // stop and resume answering
  kInviteAgency,     // enrol a new agency
  kRevoke,           // put a person or an agency on the deny-list
  kRecoverLedger,    // give up a ledger that went back, and begin a new one
};
inline constexpr Call kAllCalls[] = {
    Call::kAskQuestion,    Call::kDescribe,     Call::kReadOwnHistory,
    Call::kReadAllHistory, Call::kReadLedger,   Call::kApproveQuestion,
    Call::kSignAgreement,  Call::kPauseAgent,   Call::kInviteAgency,
    Call::kRevoke,         Call::kRecoverLedger};

// The roles for which a call exists.
std::vector<Role> RolesFor(Call call);
// True if one of `roles` is for that call.
bool May(const std::vector<Role>& roles, Call call);

// A person as the people's authority vouches for them. The id is opaque: whose
// it is stands in a list outside the ledgers.
struct Person {
  std::string partnership;
  std::string id;
  std::string organisation;  // an agency's id, or another one's: "vru"
  std::vector<Role> roles;   // in the order of the enum, each once
  std::string public_key;    // Ed25519, 32 bytes
  absl::Time not_before;     // whole seconds
  absl::Time not_after;
};

// The certificate is a DSSE envelope of this type, signed by the people's
// authority, whose key is not on the coordinator:
//   {"v":1,"partnership":"riverside","person":"p-4821","organisation":"vru",
//    "roles":["analyst"],"key":"<64 hex>","from":1795298400,"until":1826834400}
// Times are Unix seconds. Checked without Cairn: docs/identity.md.
inline constexpr char kPersonType[] = "application/vnd.cairn.person.v1+json";
// Of a certificate; the least is a minute.
inline constexpr absl::Duration kLongestPerson = absl::Hours(24 * 400);

// INVALID_ARGUMENT: an id that is not lower-case letters, digits, '-', '_' and
// '.', no role, a key of another length, an end before the start, a time longer
// than kLongestPerson.
absl::StatusOr<std::string> CertifyPerson(const SecretKey& authority,
                                          const Person& person);

// What a certificate is held against.
struct PeopleTrust {
  std::string partnership;
  std::string authority;             // the public key of the people's authority
  const DenyList* denied = nullptr;  // none: nobody is
};

// Distrusted: kMalformed, kOtherKind, kUnknownPerson (signed by another key),
// kPartnership, kOutOfDate, kRevoked.
Verdict<Person> VerifyPerson(absl::string_view certificate,
                             const PeopleTrust& trust, absl::Time now);

// What a certificate says, believed by nobody: for its holder's own eyes.
// INVALID_ARGUMENT if it cannot be read.
absl::StatusOr<Person> PeekPerson(absl::string_view certificate);

// True for an id as above, of at most 64 bytes.
bool IsPersonId(absl::string_view id);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_PERSON_H_
