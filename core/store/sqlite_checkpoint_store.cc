#include "core/store/sqlite_checkpoint_store.h"

#include <utility>

#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<SqliteCheckpointStore>>
SqliteCheckpointStore::Open(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         Database::Open(path, Database::Mode::kDurable));
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "PRAGMA synchronous=NORMAL;"
      "CREATE TABLE IF NOT EXISTS checkpoint("
      "origin TEXT PRIMARY KEY, note TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS cosigned("
      "origin TEXT NOT NULL, day TEXT NOT NULL, note TEXT NOT NULL, "
      "PRIMARY KEY(origin, day))"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare("SELECT note FROM checkpoint WHERE origin = ?1"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement replace,
      database->Prepare(
          "INSERT OR REPLACE INTO checkpoint(origin, note) VALUES(?1,?2)"));
  return std::unique_ptr<SqliteCheckpointStore>(new SqliteCheckpointStore(
      std::move(database), std::move(select), std::move(replace)));
}

absl::StatusOr<std::optional<std::string>> SqliteCheckpointStore::Last(
    const std::string& origin) {
  select_.BindText(1, origin);
  CAIRN_ASSIGN_OR_RETURN(const bool found, select_.Step());
  if (!found) return std::optional<std::string>();
  std::optional<std::string> note = select_.Text(0);
  select_.Reset();
  return note;
}

absl::StatusOr<bool> SqliteCheckpointStore::CompareAndSwap(
    const std::string& origin, const std::optional<std::string>& expected,
    const std::string& next) {
  bool same = false;
  CAIRN_RETURN_IF_ERROR(database_->Transact([&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(const std::optional<std::string> now, Last(origin));
    same = now == expected;
    if (!same) return absl::OkStatus();
    replace_.BindText(1, origin);
    replace_.BindText(2, next);
    return replace_.Run();
  }));
  return same;
}

absl::Status SqliteCheckpointStore::KeepCosigned(const std::string& origin,
                                                 const std::string& day,
                                                 const std::string& note) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement keep,
      database_->Prepare("INSERT OR REPLACE INTO cosigned(origin, day, note) "
                         "VALUES(?1,?2,?3)"));
  keep.BindText(1, origin);
  keep.BindText(2, day);
  keep.BindText(3, note);
  return keep.Run();
}

absl::StatusOr<std::vector<std::string>> SqliteCheckpointStore::Cosigned(
    const std::string& origin) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT note FROM cosigned WHERE origin = ?1 ORDER BY day"));
  select.BindText(1, origin);
  std::vector<std::string> notes;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return notes;
    notes.push_back(select.Text(0));
  }
}

}  // namespace cairn
