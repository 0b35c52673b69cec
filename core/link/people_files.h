#ifndef CAIRN_CORE_LINK_PEOPLE_FILES_H_
#define CAIRN_CORE_LINK_PEOPLE_FILES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/identity/deny_list.h"
#include "core/identity/key_file.h"
#include "core/identity/person.h"

namespace cairn {

// The people authority and the deny-list that a configuration names.
struct PeopleFiles {
  DenyList denied;
  PeopleTrust trust;  // points to `denied`
};
// `deny_list` empty: nobody is denied. INVALID_ARGUMENT or NOT_FOUND with the
// file.
absl::StatusOr<std::unique_ptr<PeopleFiles>> ReadPeopleFiles(
    const std::string& authority, const std::string& deny_list,
    const std::string& partnership);

// Who signs something at a command line.
struct Signer {
  std::string path;         // of the certificate
  std::string certificate;  // its one line
  Person person;            // as it says; whoever checks the signature verifies
};
// INVALID_ARGUMENT or NOT_FOUND with the file.
absl::StatusOr<Signer> ReadSigner(const std::string& certificate_path);
// Asks for the PIN in the words `to` ("To sign this"), or reads it from
// `pin_file`. INVALID_ARGUMENT if the key is another person's; otherwise errors
// of AskPin and ReadKeyFile.
absl::StatusOr<SecretKey> OpenKeyOf(const Signer& signer,
                                    const std::string& key_path,
                                    const std::string& pin_file,
                                    absl::string_view to);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_PEOPLE_FILES_H_
