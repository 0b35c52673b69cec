#ifndef CAIRN_AGENT_AGENT_METRICS_H_
#define CAIRN_AGENT_AGENT_METRICS_H_

#include <vector>

#include "core/base/metrics.h"

namespace cairn {

// What an agent measures of itself.
inline constexpr char kQueries[] = "cairn_queries_total";
inline constexpr char kQuerySeconds[] = "cairn_query_seconds";
inline constexpr char kAttached[] = "cairn_attached";
inline constexpr char kEntries[] = "cairn_ledger_entries";
inline constexpr char kHeld[] = "cairn_data_sets_held";

std::vector<MetricFamily> AgentMetrics();

}  // namespace cairn

#endif  // CAIRN_AGENT_AGENT_METRICS_H_
