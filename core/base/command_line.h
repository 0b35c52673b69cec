#ifndef CAIRN_CORE_BASE_COMMAND_LINE_H_
#define CAIRN_CORE_BASE_COMMAND_LINE_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// Exit codes of all programs; `cairn help exit-codes` prints them.
enum ExitCode {
  kExitComplete = 0,
  kExitFailed = 1,
  kExitUsage = 2,       // usage, filter or configuration error
  kExitPartial = 3,     // an asked agency did not answer
  kExitNotAllowed = 4,  // not signed in, or not allowed
  kExitRefused = 5,     // by a disclosure rule or an agency's policy
  kExitInterrupted = 130,
};

// The exit code of a failure.
int ExitCodeOf(const absl::Status& status);
// Prints "PROGRAM: sentence" on stderr and returns the exit code.
int Fail(const std::string& program, const absl::Status& status);

// Blocks SIGINT and SIGTERM in this thread and all it starts; WaitForSignal
// then returns the first that comes. SIGPIPE is ignored.
void BlockSignals();
int WaitForSignal();

// Allows this process as many open files as its hard limit: each connection
// needs one, and the usual soft limit of 1,024 is soon full of silent ones.
void AllowManyFiles();

// Makes a folder and those above it, mode 0700. PERMISSION_DENIED with the
// path.
absl::Status MakeDir(const std::string& dir);
// One holder of a state folder: creates it (mode 0700) and takes its lock for
// the life of the process. FAILED_PRECONDITION if another process has it.
absl::Status LockStateDir(const std::string& dir);
// True if some process holds the folder.
bool StateDirIsLocked(const std::string& dir);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_COMMAND_LINE_H_
