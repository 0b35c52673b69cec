#ifndef CAIRN_COORDINATOR_COORDINATOR_METRICS_H_
#define CAIRN_COORDINATOR_COORDINATOR_METRICS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/metrics.h"

namespace cairn {

// What the coordinator measures of itself.
inline constexpr char kQueries[] = "cairn_queries_total";
inline constexpr char kQuerySeconds[] = "cairn_query_seconds";
inline constexpr char kOpenQueries[] = "cairn_queries_open";
inline constexpr char kAttached[] = "cairn_agents_attached";
inline constexpr char kMembers[] = "cairn_agents_configured";
inline constexpr char kEntries[] = "cairn_ledger_entries";

std::vector<MetricFamily> CoordinatorMetrics();

// What became of a question that was never sent: the label of kQueries.
std::string OutcomeOfFailure(const absl::Status& status);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_COORDINATOR_METRICS_H_
