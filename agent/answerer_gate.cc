// The answerer's way through the gatekeeper (agent/gatekeeper.h).

#include <algorithm>
#include <utility>

#include "agent/answerer.h"
#include "agent/preview.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// Whether a question's tables neither are of the release plan nor follow from
// it.
bool OutsidePlan(const std::vector<PlannedTable>& planned, const Plan& plan) {
  return !std::all_of(
      plan.tables.begin(), plan.tables.end(), [&](const Measure& measure) {
        const bool additive = measure.kind != Measure::Kind::kDistinctPersons;
        return std::any_of(planned.begin(), planned.end(),
                           [&](const PlannedTable& table) {
                             return table.measure == measure &&
                                    Contains(table, plan, additive);
                           });
      });
}

}  // namespace

absl::StatusOr<Query> Answerer::Open(const v1::Ask& ask, AtGate* at_gate,
                                     Refusal* refusal) {
  at_gate->sent = {ask.query_id(), ask.query(), ask.asker(),
                   ask.signed_question(), ask.asker_certificate()};
  CAIRN_ASSIGN_OR_RETURN(at_gate->opened,
                         gate_->Open(at_gate->sent, refusal, &at_gate->code));
  return at_gate->opened->query;
}

absl::Status Answerer::PassGate(const Plan& plan, AtGate* at_gate,
                                Refusal* refusal) {
  at_gate->plan = plan;
  CAIRN_ASSIGN_OR_RETURN(
      at_gate->judged,
      gate_->Judge(at_gate->sent, *at_gate->opened, plan,
                   OutsidePlan(settings_->PlanOf(plan.data_set->id), plan)));
  const Gatekeeper::Judged& judged = *at_gate->judged;
  if (judged.course == Course::kAnswer) return absl::OkStatus();
  at_gate->code = judged.code;
  *refusal = judged.refusal;
  return absl::FailedPreconditionError(refusal->sentence);
}

absl::StatusOr<bool> Answerer::LookFirst(
    const Admitted& admitted, const std::vector<PreviewTable>& tables,
    const AtGate& at_gate, v1::Answer* answer) {
  // The words take longer than all else of an answer: only where they are read.
  if (!at_gate.judged.has_value() ||
      !Gatekeeper::LooksAtResult(*at_gate.judged)) {
    return false;
  }
  const Preview preview{admitted.plan, tables};
  CAIRN_ASSIGN_OR_RETURN(const std::string words, PreviewText(preview));
  Refusal refusal;
  CAIRN_ASSIGN_OR_RETURN(
      const bool leaves,
      gate_->MayLeave(*at_gate.judged, answer->tables().SerializeAsString(),
                      words, &refusal));
  if (leaves) return false;
  answer->clear_tables();
  answer->clear_receipt();
  SetRefusal(refusal, answer);
  CAIRN_RETURN_IF_ERROR(WriteEnd("result_waits", answer));
  return true;
}

}  // namespace cairn
