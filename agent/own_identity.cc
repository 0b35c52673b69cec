#include "agent/own_identity.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/credentials.h"

namespace cairn {

absl::Status CheckOwnIdentity(const AgentSettings& settings) {
  CAIRN_ASSIGN_OR_RETURN(const PeerIdentity own,
                         CheckCredentials(settings.config.credentials()));
  const PeerIdentity expected{settings.catalogue->partnership, "agent",
                              settings.config.agency()};
  if (own == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      settings.config.credentials().certificate(), ": names spiffe://",
      own.partnership, "/", own.role, "/", own.id, ", not spiffe://",
      expected.partnership, "/agent/", expected.id));
}

}  // namespace cairn
