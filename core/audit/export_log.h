#ifndef CAIRN_CORE_AUDIT_EXPORT_LOG_H_
#define CAIRN_CORE_AUDIT_EXPORT_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/tiles.h"

namespace cairn {

// What goes into an export beside the files of the log.
struct ExportExtras {
  std::string keys;  // vkeys, one a line, as the owner names them; may be empty
  // Checkpoints that were cosigned earlier, signed notes.
  std::vector<std::string> cosigned;
  // Files of policies named in the log: SHA-256 (hex) to bytes.
  std::vector<std::pair<std::string, std::string>> policies;
};

// Writes the log of `files` up to its checkpoint into an empty folder: tiles,
// bundles and checkpoint as tlog-tiles has them, keys.txt, cosigned/SIZE.txt,
// policy/SHA256.binpb, README.txt, which tells a stranger how to check it. The
// log is verified as it is written; the checkpoint comes last, so a folder
// without one is an export that did not end. Returns what was written.
// DATA_LOSS as VerifyLogFiles; errors of LogFolderWriter; NOT_FOUND if the log
// has no checkpoint yet.
absl::StatusOr<Checkpoint> ExportLog(const LogReader& files,
                                     const ExportExtras& extras,
                                     const std::string& folder);

// The README.txt of an export.
std::string ExportReadme(const Checkpoint& checkpoint,
                         const ExportExtras& extras);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_EXPORT_LOG_H_
