#ifndef CAIRN_CORE_LINK_AGREEMENT_FILE_H_
#define CAIRN_CORE_LINK_AGREEMENT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/agreement/agreement.h"
#include "core/identity/person.h"
#include "core/query/catalogue.h"

namespace cairn {

// Reads the text of an agreement (proto/cairn/v1/agreement.proto) and checks it
// whole against the catalogue. Every problem is INVALID_ARGUMENT with file,
// line and column. `catalogue` must outlive the agreement.
absl::StatusOr<Agreement> ParseAgreement(const std::string& path,
                                         const std::string& text,
                                         const Catalogue& catalogue);

// A signed agreement is a file of lines: the DSSE envelope over its exact text,
// then the certificates of those who signed. It stands by itself: nothing else
// is read to check it but the people authority's key.
inline constexpr char kAgreementType[] =
    "application/vnd.cairn.agreement.v1+textproto";

std::string WriteSignedAgreement(const SecretKey& key,
                                 const std::string& certificate,
                                 const std::string& text);

struct SignedAgreement {
  Agreement agreement;
  std::string text;
  std::vector<Person> signers;  // stewards of the agency; at least one
};

// INVALID_ARGUMENT: the file is not of that form, or its text is not an
// agreement; PERMISSION_DENIED: no steward of the agency whose records it is
// about has signed it, one of its certificates or signatures is not good, or
// it is of another partnership. The sentence names the file.
absl::StatusOr<SignedAgreement> ReadSignedAgreement(const std::string& path,
                                                    const std::string& bytes,
                                                    const Catalogue& catalogue,
                                                    const PeopleTrust& trust,
                                                    absl::Time now);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_AGREEMENT_FILE_H_
