#ifndef CAIRN_CORE_IDENTITY_DENY_LIST_H_
#define CAIRN_CORE_IDENTITY_DENY_LIST_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// Whom a partnership does not deal with any more. Revocation lists of X.509 are
// not used: gRPC 1.51 passes over one that is missing. The list is a text of
// lines, '#' starts a comment:
//   person p-4821
//   key 0f3c..64 hex digits, the SHA-256 of a public key: of a person's 32
//   bytes, or of a certificate's SubjectPublicKeyInfo
//   spiffe://riverside/agent/st-marys-ed
// A key is denied whoever shows it. The order does not matter.
class DenyList {
 public:
  DenyList() = default;  // nobody
  // INVALID_ARGUMENT names the line of the first problem. A list that cannot be
  // read denies everybody: the caller is not to go on without it.
  static absl::StatusOr<DenyList> Parse(absl::string_view text);

  bool HasPerson(absl::string_view id) const;
  bool HasKey(absl::string_view key_id) const;
  // A certificate's URI name.
  bool HasName(absl::string_view uri) const;
  // All of it, each line in one spelling, as above.
  std::set<std::string> Lines() const;

 private:
  std::set<std::string, std::less<>> persons_, keys_, names_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_DENY_LIST_H_
