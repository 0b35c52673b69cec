#ifndef CAIRN_CLI_PEOPLE_H_
#define CAIRN_CLI_PEOPLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn {

// `cairn login`, `logout` and `people`: keys of persons, and who vouches for
// them. None of these calls uses the network.

struct PeopleFlags {
  std::string key;          // a key file (core/identity/key_file.h)
  std::string certificate;  // a person's
  std::string pin_file;     // empty: the PIN is typed
  bool make_new = false;
  int hours = 8;

  // people certify
  std::string partnership, person, organisation, public_key, out;
  std::vector<std::string> roles;
  int days = 90;
};

// With `make_new`: writes a new key to `key` and its public half beside it
// (.pub). Else: unlocks the key and begins a session. Returns the exit code.
absl::StatusOr<int> Login(const PeopleFlags& flags);
absl::StatusOr<int> Logout();

// Vouches for a person with the people authority's key.
absl::StatusOr<int> CertifyOne(const PeopleFlags& flags);
// Prints what a certificate says; with `public_key`, the authority's, whether
// it is good. Exit code 4 if it is not.
absl::StatusOr<int> ShowPerson(const PeopleFlags& flags);

}  // namespace cairn

#endif  // CAIRN_CLI_PEOPLE_H_
