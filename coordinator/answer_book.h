#ifndef CAIRN_COORDINATOR_ANSWER_BOOK_H_
#define CAIRN_COORDINATOR_ANSWER_BOOK_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/query_service.pb.h"
#include "coordinator/query_run.h"
#include "core/disclosure/policy.h"
#include "core/query/plan.h"

namespace cairn {

// OK if no data set is held under a rule that is looser than the partnership's
// floor. INVALID_ARGUMENT names the data set and the field.
absl::Status CheckHoldings(const v1::Hello& hello,
                           const std::optional<DisclosurePolicy>& floor);

// Reads one agency's answer off the wire. An answer that cannot be read, is not
// what was asked, or was made under a rule looser than the floor, whatever the
// agency said it would be, counts as no answer, with the reason.
AgencyAnswer ReadAnswer(
    const std::string& agency, const v1::Answer& answer,
    const std::optional<DisclosurePolicy>& floor = std::nullopt);

// What the coordinator knows beside the answers.
struct AnswerContext {
  const Plan* plan = nullptr;
  bool split = false;
  // By agency, in the order asked: what it said it holds of the data set.
  // Never null.
  std::vector<std::shared_ptr<const v1::Holding>> holdings;
};

// Evaluates each agency's tables, merges them, and says everything that has to
// be said beside the numbers: who answered and who did not, which rule each
// applied, months not covered, records that overlap. Fills rows, agencies,
// warnings.
void FillResult(const AnswerContext& context, std::vector<AgencyAnswer> answers,
                v1::Result* result);

// complete, partial or refused, as the exit codes tell them apart.
std::string OutcomeOf(const v1::Result& result);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ANSWER_BOOK_H_
