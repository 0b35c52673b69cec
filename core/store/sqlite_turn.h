#ifndef CAIRN_CORE_STORE_SQLITE_TURN_H_
#define CAIRN_CORE_STORE_SQLITE_TURN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/store/sqlite.h"

namespace cairn {

// To be called inside a commit, after everything else of it that reads the old
// log. The entries go (they are in a folder by now), `first` becomes entry 0 of
// the new log, and what opens the old log's commitments stays under its name in
//   sealed_opening(log TEXT, seq INTEGER, salt BLOB, bytes BLOB)
// A Ledger that was opened before may only be thrown away.
absl::Status BeginAnew(Database* database, const std::string& old_log,
                       absl::string_view first);

// Erases what opens the commitments of a log that came before. To be called
// inside a commit.
absl::Status EraseSealedOpenings(Database* database, const std::string& log);

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_TURN_H_
