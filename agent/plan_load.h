#ifndef CAIRN_AGENT_PLAN_LOAD_H_
#define CAIRN_AGENT_PLAN_LOAD_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/config.h"
#include "agent/data_source.h"

namespace cairn {

// The part of load that protects the release plan of a new extract, so that the
// running agent has only to write it down. What was released of the same
// records before is read and not changed: the agent may be running.

// Protects the planned tables of the extract at `path`, whole and closed, and
// adds them to it. Says in words for the steward what was done; nothing is done
// where the plan has no table of the data set, or the agent will not answer for
// these records because another policy was theirs first. `agent_key`:
// ReadOrMakeKey(). `progress`: see PlanRequest. Errors as ProtectPlan.
absl::StatusOr<std::string> PlanAtLoad(
    const AgentSettings& settings, const DataSet& data_set,
    const std::string& path, const std::string& agent_key,
    const std::function<void(size_t done, size_t all)>& progress);

// How much of the plan is released of an extract: "24 of 26 tables released;
// not here: count by ..". Empty where the plan has no table of the data set.
std::string PlanState(const AgentSettings& settings, const DataSet& data_set,
                      const DataSource& source);

}  // namespace cairn

#endif  // CAIRN_AGENT_PLAN_LOAD_H_
