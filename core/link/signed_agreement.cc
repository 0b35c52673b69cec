#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"
#include "core/link/agreement_file.h"

namespace cairn {
namespace {

absl::Status Denied(const std::string& path, absl::string_view why) {
  return absl::PermissionDeniedError(absl::StrCat(path, ": ", why));
}

// A certificate that goes with a signature of the envelope.
absl::StatusOr<Person> ReadSigner(const std::string& path, const Dsse& envelope,
                                  absl::string_view certificate,
                                  const PeopleTrust& trust, absl::Time now) {
  Verdict<Person> verdict = VerifyPerson(certificate, trust, now);
  if (const auto* doubt = std::get_if<Distrusted>(&verdict)) {
    return Denied(path, doubt->sentence);
  }
  Person person = std::get<Person>(std::move(verdict));
  if (!IsSignedBy(envelope, person.public_key)) {
    return Denied(path, absl::StrCat("it is not signed by ", person.id,
                                     ", or was altered since"));
  }
  return person;
}

}  // namespace

std::string WriteSignedAgreement(const SecretKey& key,
                                 const std::string& certificate,
                                 const std::string& text) {
  return absl::StrCat(WriteDsse(Sign(key, kAgreementType, text)), "\n",
                      certificate, "\n");
}

absl::StatusOr<SignedAgreement> ReadSignedAgreement(const std::string& path,
                                                    const std::string& bytes,
                                                    const Catalogue& catalogue,
                                                    const PeopleTrust& trust,
                                                    absl::Time now) {
  const std::vector<absl::string_view> lines = absl::StrSplit(bytes, '\n');
  const auto envelope = ParseDsse(lines[0]);
  if (!envelope.ok() || envelope->payload_type != kAgreementType ||
      !lines.back().empty() ||
      lines.size() != envelope->signatures.size() + 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        ": is not a signed agreement: an envelope and the certificates of "
        "those who signed, one a line; make one with: cairn-agent policy "
        "sign"));
  }
  SignedAgreement result;
  for (size_t i = 1; i + 1 < lines.size(); ++i) {
    CAIRN_ASSIGN_OR_RETURN(Person person,
                           ReadSigner(path, *envelope, lines[i], trust, now));
    const bool known = std::any_of(
        result.signers.begin(), result.signers.end(), [&](const Person& other) {
          return other.id == person.id || other.public_key == person.public_key;
        });
    if (known) return Denied(path, "one person has signed it twice");
    result.signers.push_back(std::move(person));
  }
  result.text = envelope->payload;
  CAIRN_ASSIGN_OR_RETURN(result.agreement,
                         ParseAgreement(path, result.text, catalogue));
  for (const Person& person : result.signers) {
    if (person.organisation == result.agreement.agency &&
        May(person.roles, Call::kSignAgreement)) {
      return result;
    }
  }
  return Denied(path, absl::StrCat("no steward of ", result.agreement.agency,
                                   " has signed it"));
}

}  // namespace cairn
