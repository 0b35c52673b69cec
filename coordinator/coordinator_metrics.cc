#include "coordinator/coordinator_metrics.h"

namespace cairn {

std::vector<MetricFamily> CoordinatorMetrics() {
  using Kind = MetricFamily::Kind;
  return {
      {kQueries,
       "Questions: complete, partial, refused by an agency, invalid, "
       "overloaded, or failed here.",
       Kind::kCounter, "outcome"},
      {kQuerySeconds, "From question to answer.", Kind::kSeconds},
      {kOpenQueries, "Questions that wait for an agency.", Kind::kGauge},
      {kAttached, "Agencies attached now.", Kind::kGauge},
      {kMembers, "Agencies of the partnership.", Kind::kGauge},
      {kEntries, "Entries of the ledger.", Kind::kGauge},
  };
}

std::string OutcomeOfFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return "overloaded";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return "invalid";
    default:
      return "failed";
  }
}

}  // namespace cairn
