#ifndef CAIRN_CORE_LINK_PEOPLE_FILES_H_
#define CAIRN_CORE_LINK_PEOPLE_FILES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/identity/deny_list.h"
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

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_PEOPLE_FILES_H_
