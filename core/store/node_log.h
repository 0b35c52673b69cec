#ifndef CAIRN_CORE_STORE_NODE_LOG_H_
#define CAIRN_CORE_STORE_NODE_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/ledger/stored_log.h"
#include "core/store/sqlite.h"
#include "core/store/sqlite_ledger_lines.h"

namespace cairn {

// A node's own log as it lies on the disk: the files of StoredLog, and as
// `checkpoint` the last one it signed (SqliteCheckpointStore). Read-only, while
// the node runs or not. Used by one thread at a time.
class NodeLog : public LogReader {
 public:
  // NOT_FOUND if there is no ledger yet. The file of checkpoints may be
  // missing: then nothing was signed.
  static absl::StatusOr<std::unique_ptr<NodeLog>> Open(
      const std::string& ledger_path, const std::string& checkpoint_path,
      const std::string& origin);

  absl::StatusOr<std::string> Read(const std::string& path) const override;

  // Entries on the disk; not all of them may be signed.
  absl::StatusOr<uint64_t> Size() const { return lines_->Size(); }
  const StoredLog& files() const { return files_; }
  // The checkpoints that others cosigned, one a day, in order of time.
  absl::StatusOr<std::vector<std::string>> Cosigned() const;
  // What opens the commitment of an entry: 32 random bytes, and what it is to.
  struct Opening {
    std::string salt;
    std::string bytes;
  };
  // Nothing if it was erased, or the entry has none.
  absl::StatusOr<std::optional<Opening>> OpeningOf(uint64_t entry) const;

 private:
  NodeLog(std::unique_ptr<SqliteLedgerLines> lines,
          std::unique_ptr<Database> checkpoints, std::string origin)
      : lines_(std::move(lines)),
        checkpoints_(std::move(checkpoints)),
        origin_(std::move(origin)),
        files_(lines_.get()) {}

  absl::StatusOr<std::vector<std::string>> Notes(absl::string_view sql) const;

  const std::unique_ptr<SqliteLedgerLines> lines_;
  const std::unique_ptr<Database> checkpoints_;  // null: nothing was signed
  const std::string origin_;
  const StoredLog files_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_NODE_LOG_H_
