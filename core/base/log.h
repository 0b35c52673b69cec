#ifndef CAIRN_CORE_BASE_LOG_H_
#define CAIRN_CORE_BASE_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace cairn {

// One event, one line on stderr: time event key=value ... Names of programs,
// agencies and outcomes only; never a count, a code of a record or a question's
// literals.
void LogLine(absl::string_view event,
             const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_LOG_H_
