#include "agent/agent_metrics.h"

namespace cairn {

std::vector<MetricFamily> AgentMetrics() {
  using Kind = MetricFamily::Kind;
  return {
      {kQueries, "Questions: released, refused, late or overloaded.",
       Kind::kCounter, "outcome"},
      {kQuerySeconds, "Time spent on a question.", Kind::kSeconds},
      {kAttached, "1 while the coordinator knows this agent.", Kind::kGauge},
      {kEntries, "Entries of the ledger.", Kind::kGauge},
      {kHeld, "Data sets that it can answer for.", Kind::kGauge},
  };
}

}  // namespace cairn
