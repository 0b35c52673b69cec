#include "agent/own_identity.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/credentials.h"

namespace cairn {

PeerIdentity OwnIdentity(const AgentSettings& settings) {
  return {settings.catalogue->partnership, "agent", settings.config.agency()};
}

absl::Status CheckOwnIdentity(const AgentSettings& settings) {
  const auto own_or = CheckCredentials(settings.config.credentials());
  if (settings.enrolled && absl::IsNotFound(own_or.status())) {
    return absl::FailedPreconditionError(
        "this agency is not enrolled yet: run cairn-agent enrol with the code "
        "of its invitation, or name credentials in the configuration");
  }
  CAIRN_RETURN_IF_ERROR(own_or.status());
  const PeerIdentity& own = *own_or;
  const PeerIdentity expected = OwnIdentity(settings);
  if (own == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      settings.config.credentials().certificate(), ": names spiffe://",
      own.partnership, "/", own.role, "/", own.id, ", not spiffe://",
      expected.partnership, "/agent/", expected.id));
}

}  // namespace cairn
