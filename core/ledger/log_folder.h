#ifndef CAIRN_CORE_LEDGER_LOG_FOLDER_H_
#define CAIRN_CORE_LEDGER_LOG_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/tiles.h"

namespace cairn {

// The files of a log in a folder of the disk, as an auditor gets them.
class LogFolder : public LogReader {
 public:
  explicit LogFolder(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<std::string> Read(const std::string& path) const override;

 private:
  std::string folder_;
};

// Writes such a folder. Every file appears whole or not at all, and the
// checkpoint last, when all the others are on the disk: a folder without one is
// an export that did not end.
class LogFolderWriter {
 public:
  // Makes the folder. ALREADY_EXISTS if there is something in it; else
  // UNAVAILABLE with the path and the system's words, as from every call here.
  static absl::StatusOr<LogFolderWriter> Create(std::string folder);

  // A path of TilePath, BundlePath, or a file beside them.
  absl::Status Write(const std::string& path, absl::string_view bytes) const;
  // Durable when it returns.
  absl::Status Finish(absl::string_view checkpoint) const;

 private:
  explicit LogFolderWriter(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_LOG_FOLDER_H_
