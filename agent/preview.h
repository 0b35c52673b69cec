#ifndef CAIRN_AGENT_PREVIEW_H_
#define CAIRN_AGENT_PREVIEW_H_

#include <string>

#include "absl/status/statusor.h"
#include "agent/answerer.h"

namespace cairn {

// What would leave for a question, for the steward's own terminal: the rows the
// analyst would see of this agency, and the whole table behind them with the
// reason for each hidden cell.
absl::StatusOr<std::string> PreviewText(const Answerer::Preview& preview);

}  // namespace cairn

#endif  // CAIRN_AGENT_PREVIEW_H_
