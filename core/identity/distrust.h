#ifndef CAIRN_CORE_IDENTITY_DISTRUST_H_
#define CAIRN_CORE_IDENTITY_DISTRUST_H_

#include <string>
#include <variant>

#include "absl/time/time.h"

namespace cairn {

// Why something signed is not believed. The list is closed: each has a code for
// the ledger and a test that provokes it.
enum class Distrust {
  kMalformed,      // not of the form; also a version this program does not know
  kOtherKind,      // signed, but as another kind of statement
  kUnknownPerson,  // no good certificate by the people's authority
  kOutOfDate,      // the person's certificate is not valid now
  kRevoked,        // the person or the key is on the deny-list
  kRole,           // the person may not do this
  kSignature,      // not signed by that person, or altered since
  kPartnership,    // of another partnership
  kAudience,       // not meant for this agency
  kNotYet,         // issued in the future
  kExpired,        // its time is over
  kTooLong,        // it would be valid for longer than may be
  kAgreement,      // made under another agreement than the one in force
  kReplayed,       // seen before
  kPurpose,        // signed for one purpose, asked for another
  kWider,          // what is asked is not what was signed
};

// "malformed", "other_kind", ..: as it stands in a ledger.
const char* CodeOf(Distrust why);

struct Distrusted {
  Distrust why = Distrust::kMalformed;
  std::string sentence;  // one sentence, fit to be sent back
};

// What was verified, or why it was not.
template <typename T>
using Verdict = std::variant<T, Distrusted>;

// Two clocks may differ by this much.
inline constexpr absl::Duration kClockSkew = absl::Minutes(2);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_DISTRUST_H_
