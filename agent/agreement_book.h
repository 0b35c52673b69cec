#ifndef CAIRN_AGENT_AGREEMENT_BOOK_H_
#define CAIRN_AGENT_AGREEMENT_BOOK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/config.h"
#include "core/agreement/agreement.h"
#include "core/ledger/ledger.h"
#include "core/link/people_files.h"
#include "core/store/sqlite.h"

namespace cairn {

// Null if none are configured. INVALID_ARGUMENT or NOT_FOUND with the file.
absl::StatusOr<std::unique_ptr<PeopleFiles>> ReadPeople(
    const AgentSettings& settings);

// The agreement that the configuration names, put in force: read, its
// signatures checked, held against what this agency has, and against the one
// that was in force before, which stands in
//   agreement_in_force(version, digest, since)
// A change is logged (agreement.changed: from, to, version, actor) in the same
// commit. Null if none is configured and none was in force.
//
// INVALID_ARGUMENT, PERMISSION_DENIED: ReadSignedAgreement's. Of another
// agency. FAILED_PRECONDITION: an older one, or another of the same version, or
// none although there was one; the release plan is not the agreed one; the rule
// for small numbers is neither the agreed one nor stricter (the agreed one is
// read from NAME.textproto beside the policy in use). The agent is not to
// start.
absl::StatusOr<std::unique_ptr<const Agreement>> PutAgreementInForce(
    const AgentSettings& settings, const PeopleFiles* people,
    Database* database, Ledger* ledger, absl::Time now);

}  // namespace cairn

#endif  // CAIRN_AGENT_AGREEMENT_BOOK_H_
