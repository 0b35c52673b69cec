#ifndef CAIRN_COORDINATOR_ANSWER_RECEIPT_H_
#define CAIRN_COORDINATOR_ANSWER_RECEIPT_H_

#include "absl/status/status.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/link/ledger_keys.h"

namespace cairn {

// No receipt, no answer: whether an agency's answer stands in its own log, by
// what came with it and the keys that the partnership's file has for its logs.
// Of tables: an answer.released of this query whose commitment is to these
// bytes. Of a refusal: an entry of this query. INVALID_ARGUMENT,
// PERMISSION_DENIED, NOT_FOUND or DATA_LOSS says in one sentence what is not
// so.
absl::Status CheckAnswerReceipt(const v1::Answer& answer, const NodeKeys& keys);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ANSWER_RECEIPT_H_
