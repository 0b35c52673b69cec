#ifndef CAIRN_COORDINATOR_INVITE_COMMAND_H_
#define CAIRN_COORDINATOR_INVITE_COMMAND_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

struct InviteFlags {
  std::string agency;
  int hours = 1;
  std::string words;  // that its steward read out; "": make a code
};

// `cairn-coordinator invite`: prints a code on stdout, once; or, with the
// words, lets the agency in that used it. Beside a coordinator that runs, or
// none.
absl::Status InviteAgency(const std::string& config_path,
                          const InviteFlags& flags);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_INVITE_COMMAND_H_
