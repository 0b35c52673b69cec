#ifndef CAIRN_TESTS_BENCH_BENCH_ANSWER_H_
#define CAIRN_TESTS_BENCH_BENCH_ANSWER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/query.pb.h"
#include "core/disclosure/policy.h"
#include "core/query/catalogue.h"
#include "core/query/plan.h"

namespace cairn {

inline constexpr char kBenchDataSet[] = "police_incidents";

// A question about kBenchDataSet, and an answer to it: one table with
// deterministic figures that Protect released.
struct BenchAnswer {
  Plan plan;  // refers to the catalogue
  v1::Query query;
  v1::Answer answer;
  size_t cells = 0;
};
absl::StatusOr<BenchAnswer> MakeBenchAnswer(const Catalogue& catalogue,
                                            const std::vector<std::string>& by,
                                            const DisclosurePolicy& policy);

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_BENCH_ANSWER_H_
