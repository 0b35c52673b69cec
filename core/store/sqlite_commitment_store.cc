#include "core/store/sqlite_commitment_store.h"

#include <utility>

#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<SqliteCommitmentStore>>
SqliteCommitmentStore::Create(Database* database) {
  CAIRN_RETURN_IF_ERROR(
      database->Execute("CREATE TABLE IF NOT EXISTS commitment("
                        "seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, "
                        "bytes BLOB)"));
  return std::unique_ptr<SqliteCommitmentStore>(
      new SqliteCommitmentStore(database));
}

absl::Status SqliteCommitmentStore::Write(
    uint64_t seq, absl::string_view salt,
    const std::optional<std::string>& bytes) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO commitment(seq, salt, bytes) VALUES(?1,?2,?3)"));
  insert.BindInt(1, static_cast<int64_t>(seq));
  insert.BindBlob(2, salt);
  if (bytes.has_value()) insert.BindBlob(3, *bytes);
  return insert.Run();
}

absl::StatusOr<std::optional<SqliteCommitmentStore::Opening>>
SqliteCommitmentStore::Find(uint64_t seq) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT salt, bytes FROM commitment WHERE seq = ?1"));
  select.BindInt(1, static_cast<int64_t>(seq));
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<Opening>();
  std::optional<Opening> opening = Opening{select.Blob(0), {}};
  if (!select.IsNull(1)) opening->bytes = select.Blob(1);
  return opening;
}

absl::Status SqliteCommitmentStore::Erase(uint64_t seq) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement erase,
      database_->Prepare("DELETE FROM commitment WHERE seq = ?1"));
  erase.BindInt(1, static_cast<int64_t>(seq));
  return erase.Run();
}

}  // namespace cairn
