#ifndef CAIRN_CORE_STORE_BACKUP_H_
#define CAIRN_CORE_STORE_BACKUP_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// A program's state folder, copied whole while the program runs, and put back.
//
// A backup is a folder with the same files and SHA256SUMS, which
// `sha256sum -c SHA256SUMS` checks without Cairn. The program's own databases
// (*.db, not in folders below) are copied by SQLite itself, each at one moment:
// checkpoints, then the others, then the rest, so that no ledger is older than
// its checkpoint and no extract than what was told of it. Extracts, which are
// replaced whole, are copied byte for byte. It holds keys and records:
// mode 0700, to be kept as the state folder itself is. What a witness remembers
// (witness.db) is in no backup, and a restore leaves it where it is.
//
// A restored ledger is as old as the backup. It says nothing of what came
// after, so it is the start-up's business, not the restore's, to refuse one
// that others have seen longer.

// How many files were copied. ALREADY_EXISTS if `folder` is there; NOT_FOUND if
// there is no state; INTERNAL with the path for a file that cannot be copied.
// The folder is there when it is whole, not before.
absl::StatusOr<uint64_t> BackUp(const std::string& state_dir,
                                const std::string& folder);

// DATA_LOSS names the first file that is missing, altered or not listed;
// NOT_FOUND if there is no SHA256SUMS.
absl::Status CheckBackup(const std::string& folder);

// Checks the backup, copies it to a folder inside `state_dir`, calls `works`
// with that folder, and only if it returns OK puts the files in place, or with
// `only_verify` takes them away again. ALREADY_EXISTS if the state folder has
// state in it: nothing is ever written over.
absl::Status Restore(const std::string& folder, const std::string& state_dir,
                     bool only_verify,
                     absl::FunctionRef<absl::Status(const std::string&)> works);

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_BACKUP_H_
