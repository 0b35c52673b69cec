#ifndef CAIRN_CORE_IDENTITY_SESSION_H_
#define CAIRN_CORE_IDENTITY_SESSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/dsse.h"

namespace cairn {

// A key that was unlocked with its PIN, for a while: a file that only its owner
// may read, in the folder that the system keeps in memory and throws away when
// the person logs out (XDG_RUNTIME_DIR). It ends at its time or by `cairn
// logout`, whichever comes first.
struct Session {
  SecretKey key;
  std::string certificate;  // the person's
  absl::Time ends;          // whole seconds
};

inline constexpr absl::Duration kLongestSession = absl::Hours(10);

// Where it is kept: $XDG_RUNTIME_DIR/cairn-session. FAILED_PRECONDITION if
// there is no such folder or others may write to it: the key is put nowhere
// else.
absl::StatusOr<std::string> SessionPath();

// Takes the place of the one before.
absl::Status WriteSession(const std::string& path, const Session& session);
// UNAUTHENTICATED: there is none, or its time is over (it is then removed), or
// it is from the future, or it is longer than kLongestSession. The sentence
// says how to log in.
absl::StatusOr<Session> ReadSession(const std::string& path, absl::Time now);
// True if there was one.
bool EndSession(const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_SESSION_H_
