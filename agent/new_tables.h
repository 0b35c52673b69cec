#ifndef CAIRN_AGENT_NEW_TABLES_H_
#define CAIRN_AGENT_NEW_TABLES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/config.h"
#include "agent/release_store.h"
#include "agent/sqlite_source.h"
#include "core/query/release_plan.h"

namespace cairn {

// The tables of a plan that were released, in the plan's order. Only they are
// added up for other questions, so that an answer does not depend on what was
// asked before.
std::vector<const ProtectedTable*> ReleasedOf(
    const std::vector<PlannedTable>& plan, const Measure& measure,
    const std::map<std::string, ReleaseStore::TablePtr>& released);

// Whether a question may be answered with tables that were not released yet:
// tables outside the plan are released on first use, so many of one epoch
// (AgentSettings::NewTablesPerEpoch). Past that, FAILED_PRECONDITION with a
// refusal that names the nearest planned table. It depends on the question and
// on what was released before, and on nothing else.
absl::Status CheckNewTables(const AgentSettings& settings, const Plan& plan,
                            const std::string& epoch, ReleaseStore* releases,
                            Refusal* refusal);

}  // namespace cairn

#endif  // CAIRN_AGENT_NEW_TABLES_H_
