#ifndef CAIRN_AGENT_ENROL_COMMAND_H_
#define CAIRN_AGENT_ENROL_COMMAND_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// `cairn-agent enrol`: makes the agency's key in its state folder, holds the
// coordinator against the root that the code names, and only then sends the
// code and gets the first certificate. Prints six words for two people to
// compare. While the agent does not run.
absl::Status EnrolAgent(const std::string& config_path,
                        const std::string& code);

}  // namespace cairn

#endif  // CAIRN_AGENT_ENROL_COMMAND_H_
