#ifndef CAIRN_CORE_BASE_LOG_H_
#define CAIRN_CORE_BASE_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace cairn {

// One event, one line of JSON on stderr:
//   {"time":"2026-11-22T10:15:00Z","event":"query.answered","query":"q-..",..}
// `event` is a fixed word of ours. A field is the name of a program, an agency,
// an outcome or a question's id, or why something failed; never a count, a code
// of a record or a question's literals. What is done for a question has its id
// in the field `query`, in every program alike.
void LogLine(absl::string_view event,
             const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_LOG_H_
