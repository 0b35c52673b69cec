#ifndef CAIRN_CORE_STORE_SQLITE_CHECKPOINT_STORE_H_
#define CAIRN_CORE_STORE_SQLITE_CHECKPOINT_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ledger/log_signer.h"
#include "core/store/sqlite.h"

namespace cairn {

// What a log has said of itself, in a database of its own: tables
// checkpoint(origin, note) and cosigned(origin, day, note). Apart from the
// entries, so that an older copy of those is seen. It does not wait for the
// disk: a commit survives the end of the program, and the last ones may be lost
// in a power cut (SQLite, "PRAGMA synchronous", NORMAL in WAL mode); LogSigner
// says why that is sound. Used by one thread at a time.
class SqliteCheckpointStore : public CheckpointStore {
 public:
  // Makes file and tables if they are not there.
  static absl::StatusOr<std::unique_ptr<SqliteCheckpointStore>> Open(
      const std::string& path);

  absl::StatusOr<std::optional<std::string>> Last(
      const std::string& origin) override;
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<std::string>& expected,
      const std::string& next) override;
  absl::Status KeepCosigned(const std::string& origin, const std::string& day,
                            const std::string& note) override;
  absl::StatusOr<std::vector<std::string>> Cosigned(
      const std::string& origin) override;

 private:
  SqliteCheckpointStore(std::unique_ptr<Database> database, Statement select,
                        Statement replace)
      : database_(std::move(database)),
        select_(std::move(select)),
        replace_(std::move(replace)) {}

  const std::unique_ptr<Database> database_;
  Statement select_;
  Statement replace_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_CHECKPOINT_STORE_H_
