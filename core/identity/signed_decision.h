#ifndef CAIRN_CORE_IDENTITY_SIGNED_DECISION_H_
#define CAIRN_CORE_IDENTITY_SIGNED_DECISION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/identity/distrust.h"
#include "core/identity/person.h"

namespace cairn {

// What a steward or an approver decided about one question, or one result, at
// one agency, signed (DSSE, core/identity/dsse.h):
//   {"v":1,"partnership":"riverside","agency":"riverside-police",
//    "person":"p-0007","decision":"approve","why":"none",
//    "subject":"<64 hex>","at":1795298400}
// `decision` and `why` are the words of core/agreement/approval.h. The subject
// is the SHA-256 of what was decided about, so that it counts for nothing else.
struct SignedDecision {
  std::string partnership;
  std::string agency;
  std::string person;
  std::string decision;
  std::string why;
  std::string subject;  // hex
  absl::Time at;        // whole seconds
};

inline constexpr char kDecisionType[] =
    "application/vnd.cairn.decision.v1+json";

// INVALID_ARGUMENT: a name or subject that is not of the form.
absl::StatusOr<std::string> SignDecision(const SecretKey& key,
                                         const SignedDecision& decision);

struct VerifiedDecision {
  SignedDecision decision;
  Person person;
};

// Distrusted as VerifyQuestion says; kAudience for another agency, kNotYet for
// a decision in the future. How old it is does not matter: its subject did not
// exist before, and it counts once.
Verdict<VerifiedDecision> VerifyDecision(absl::string_view envelope,
                                         absl::string_view certificate,
                                         const PeopleTrust& trust,
                                         absl::string_view agency,
                                         absl::Time now);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_SIGNED_DECISION_H_
