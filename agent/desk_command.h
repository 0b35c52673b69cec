#ifndef CAIRN_AGENT_DESK_COMMAND_H_
#define CAIRN_AGENT_DESK_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "core/agreement/approval.h"

namespace cairn {

// The steward's desk from the command line, while the agent runs or not.

// Prints what waits, in words, the oldest first; with `question`, one of them
// with its decisions.
absl::Status ReviewDesk(const std::string& config_path,
                        const std::string& question);

struct DecideFlags {
  std::string question;  // its first digits, as `review` prints them
  DecisionKind kind = DecisionKind::kApprove;
  std::string why;  // with kRefuse: a RefusalCode's name
  std::string key, certificate, pin_file;
};
// Signs a decision and puts it into the agent's inbox: the agent takes it
// within seconds, or when it next starts. What can be seen to be against the
// rules is refused here already, in words.
absl::Status DecideAtDesk(const std::string& config_path,
                          const DecideFlags& flags);

// Stops all answers at once, or lets them go on; sets the desk's mode where one
// is given.
absl::Status PauseDesk(const std::string& config_path, bool paused);
absl::Status SetDeskMode(const std::string& config_path,
                         const std::string& mode);

}  // namespace cairn

#endif  // CAIRN_AGENT_DESK_COMMAND_H_
