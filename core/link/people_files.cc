#include "core/link/people_files.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<PeopleFiles>> ReadPeopleFiles(
    const std::string& authority, const std::string& deny_list,
    const std::string& partnership) {
  auto people = std::make_unique<PeopleFiles>();
  CAIRN_ASSIGN_OR_RETURN(const std::string pem, ReadFile(authority));
  auto key = ParsePublicKeyPem(pem);
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(authority, ": ", key.status().message()));
  }
  if (!deny_list.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(deny_list));
    auto denied = DenyList::Parse(text);
    if (!denied.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(deny_list, ": ", denied.status().message()));
    }
    people->denied = *std::move(denied);
  }
  people->trust = {partnership, *std::move(key), &people->denied};
  return people;
}

absl::StatusOr<Signer> ReadSigner(const std::string& certificate_path) {
  CAIRN_ASSIGN_OR_RETURN(std::string certificate, ReadFile(certificate_path));
  absl::StripTrailingAsciiWhitespace(&certificate);
  auto person = PeekPerson(certificate);
  if (!person.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(certificate_path, ": ", person.status().message()));
  }
  return Signer{certificate_path, std::move(certificate), *std::move(person)};
}

absl::StatusOr<SecretKey> OpenKeyOf(const Signer& signer,
                                    const std::string& key_path,
                                    const std::string& pin_file,
                                    absl::string_view to) {
  CAIRN_ASSIGN_OR_RETURN(
      const std::string pin,
      AskPin(pin_file, absl::StrCat(to, ", the PIN of ", signer.person.id),
             false));
  CAIRN_ASSIGN_OR_RETURN(SecretKey key, ReadKeyFile(key_path, pin));
  if (key.public_key() == signer.person.public_key) return key;
  return absl::InvalidArgumentError(
      absl::StrCat(signer.path, ": is not about the key in ", key_path));
}

}  // namespace cairn
