#include "core/link/people_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/identity/key_file.h"
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

}  // namespace cairn
