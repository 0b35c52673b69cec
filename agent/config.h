#ifndef CAIRN_AGENT_CONFIG_H_
#define CAIRN_AGENT_CONFIG_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "core/disclosure/policy.h"
#include "core/query/catalogue.h"
#include "core/query/release_plan.h"

namespace cairn {

// An agency's configuration, read whole and checked: paths are resolved, the
// catalogue, the policy and the release plan are parsed.
struct AgentSettings {
  v1::AgentConfig config;
  std::shared_ptr<const Catalogue> catalogue;
  DisclosurePolicy policy;
  ReleasePlan plan;  // empty: none was agreed
  // The credentials are those that `cairn-agent enrol` put into the state
  // folder, there or not.
  bool enrolled = false;

  // The planned tables of a data set.
  const std::vector<PlannedTable>& PlanOf(const std::string& data_set) const;
  // How many tables outside the plan may be released of an epoch.
  size_t NewTablesPerEpoch() const;
  std::string ExtractPath(const std::string& data_set) const;
  std::string PlacesPath() const;
  std::string DatabasePath() const;
  const v1::Source* FindSource(const std::string& data_set) const;
};

// Every problem is one sentence with the file, and line and column where the
// text itself is wrong.
absl::StatusOr<AgentSettings> ReadAgentConfig(const std::string& path);

// A commented configuration for `cairn-agent init`.
std::string ExampleAgentConfig(const std::string& agency);

}  // namespace cairn

#endif  // CAIRN_AGENT_CONFIG_H_
