#include "core/store/sqlite_ledger_store.h"

#include <utility>

#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<SqliteLedgerStore>> SqliteLedgerStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS entry("
      "seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash BLOB NOT NULL)"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database->Prepare("INSERT INTO entry(seq, line, hash) VALUES(?1,?2,?3)"));
  return std::unique_ptr<SqliteLedgerStore>(
      new SqliteLedgerStore(database, std::move(insert)));
}

absl::StatusOr<uint64_t> SqliteLedgerStore::Size() {
  CAIRN_ASSIGN_OR_RETURN(
      Statement count,
      database_->Prepare("SELECT coalesce(max(seq) + 1, 0) FROM entry"));
  CAIRN_RETURN_IF_ERROR(count.Step().status());
  return static_cast<uint64_t>(count.Int(0));
}

absl::Status SqliteLedgerStore::Append(
    const std::vector<Line>& lines,
    absl::FunctionRef<absl::Status()> same_commit) {
  return database_->Transact([&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(same_commit());
    for (const Line& line : lines) {
      insert_.BindInt(1, static_cast<int64_t>(line.index));
      insert_.BindText(2, line.text);
      insert_.BindBlob(3, line.hash);
      CAIRN_RETURN_IF_ERROR(insert_.Run());
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteLedgerStore::Read(
    uint64_t from, absl::FunctionRef<absl::Status(const Line&)> each) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement rows,
      database_->Prepare(
          "SELECT seq, line, hash FROM entry WHERE seq >= ?1 ORDER BY seq"));
  rows.BindInt(1, static_cast<int64_t>(from));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return absl::OkStatus();
    CAIRN_RETURN_IF_ERROR(
        each({static_cast<uint64_t>(rows.Int(0)), rows.Text(1), rows.Blob(2)}));
  }
}

}  // namespace cairn
