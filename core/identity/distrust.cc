#include "core/identity/distrust.h"

namespace cairn {

const char* CodeOf(Distrust why) {
  switch (why) {
    case Distrust::kMalformed:
      return "malformed";
    case Distrust::kOtherKind:
      return "other_kind";
    case Distrust::kUnknownPerson:
      return "unknown_person";
    case Distrust::kOutOfDate:
      return "out_of_date";
    case Distrust::kRevoked:
      return "revoked";
    case Distrust::kRole:
      return "role";
    case Distrust::kSignature:
      return "signature";
    case Distrust::kPartnership:
      return "partnership";
    case Distrust::kAudience:
      return "audience";
    case Distrust::kNotYet:
      return "not_yet";
    case Distrust::kExpired:
      return "expired";
    case Distrust::kTooLong:
      return "too_long";
    case Distrust::kAgreement:
      return "agreement";
    case Distrust::kReplayed:
      return "replayed";
    case Distrust::kPurpose:
      return "purpose";
    case Distrust::kWider:
      return "wider";
  }
  return "malformed";
}

}  // namespace cairn
