#include "core/agreement/agreement.h"

#include "absl/strings/str_cat.h"

namespace cairn {

const char* TitleOf(Clause clause) {
  switch (clause) {
    case Clause::kWho:
      return "Who agreed, and who may ask";
    case Clause::kHowLong:
      return "For how long";
    case Clause::kWhatFor:
      return "What for";
    case Clause::kWhichRecords:
      return "Which records";
    case Clause::kWhichFacts:
      return "Which facts, and in what detail";
    case Clause::kWhichMeasures:
      return "What is counted or added up";
    case Clause::kTogether:
      return "Which facts may be asked together";
    case Clause::kHowMuch:
      return "How many questions";
    case Clause::kWhoDecides:
      return "What a person decides first";
    case Clause::kSmallNumbers:
      return "How small numbers are hidden";
    case Clause::kTables:
      return "The tables agreed in advance";
    case Clause::kKeeping:
      return "How long things are kept";
    case Clause::kContacts:
      return "Whom to speak to, and what happens if";
  }
  return "";
}

absl::Status CheckSuccession(const std::optional<AgreementInForce>& current,
                             const Agreement& next) {
  if (!current.has_value() || current->digest == next.digest) {
    return absl::OkStatus();
  }
  if (next.version < current->version) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the agreement is of version ", next.version, ", but version ",
        current->version, " was in force already; an older one is not taken"));
  }
  if (next.version == current->version) {
    return absl::FailedPreconditionError(absl::StrCat(
        "another agreement of version ", next.version,
        " was in force already; raise the version of the new one"));
  }
  if (next.replaces != current->digest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the agreement replaces ",
        next.replaces.empty() ? "none" : next.replaces.substr(0, 16),
        ", but the one in force is ", current->digest,
        "; write that under `replaces` and sign it again"));
  }
  return absl::OkStatus();
}

}  // namespace cairn
