#ifndef CAIRN_AGENT_POLICY_COMMAND_H_
#define CAIRN_AGENT_POLICY_COMMAND_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// `cairn-agent policy`: an agreement read aloud, compared, written into tables
// and signed. FILE is an agreement as text or a signed one; of a signed one its
// signature is not checked here, and the output says so. All print on stdout;
// errors name file, line and column.

absl::Status ExplainPolicy(const std::string& config_path,
                           const std::string& file);
absl::Status DiffPolicies(const std::string& config_path,
                          const std::string& before, const std::string& after);
absl::Status ReportPolicy(const std::string& config_path,
                          const std::string& file);

struct SignPolicyFlags {
  std::string file;  // the text
  std::string key, certificate, pin_file;
  std::string out;
};
// Prints the words that are signed before it asks for the PIN.
absl::Status SignPolicy(const std::string& config_path,
                        const SignPolicyFlags& flags);

}  // namespace cairn

#endif  // CAIRN_AGENT_POLICY_COMMAND_H_
