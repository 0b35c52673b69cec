#ifndef CAIRN_AGENT_LOAD_ROLLUP_H_
#define CAIRN_AGENT_LOAD_ROLLUP_H_

#include "absl/status/statusor.h"
#include "agent/load_plan.h"
#include "cairn/v1/extract.pb.h"

namespace cairn {

// What stands in an extract about a held dimension: its codes, and the code of
// each coarser level that each of them lies in. INVALID_ARGUMENT if the
// catalogue cannot say so of a code.
absl::StatusOr<v1::ExtractDimension> DescribeHeld(const MappingInputs& inputs,
                                                  const LoadPlan::Held& held);

}  // namespace cairn

#endif  // CAIRN_AGENT_LOAD_ROLLUP_H_
