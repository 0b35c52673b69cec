#ifndef CAIRN_AGENT_OWN_IDENTITY_H_
#define CAIRN_AGENT_OWN_IDENTITY_H_

#include "absl/status/status.h"
#include "agent/config.h"
#include "core/link/credentials.h"

namespace cairn {

// The name that its certificate must carry.
PeerIdentity OwnIdentity(const AgentSettings& settings);

// That the configured certificate is good, and this agency's. INVALID_ARGUMENT
// names the file and both names; other errors as CheckCredentials.
// FAILED_PRECONDITION: it is not enrolled yet.
absl::Status CheckOwnIdentity(const AgentSettings& settings);

}  // namespace cairn

#endif  // CAIRN_AGENT_OWN_IDENTITY_H_
