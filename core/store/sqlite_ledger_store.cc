#include "core/store/sqlite_ledger_store.h"

#include <utility>

#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<Statement> PrepareLedgerLines(Database* database) {
  return database->Prepare(
      "SELECT seq, line, hashes FROM entry "
      "WHERE seq >= ?1 AND seq < ?2 ORDER BY seq");
}

absl::Status ReadLedgerLines(
    Statement* lines, uint64_t from, uint64_t to,
    absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each) {
  lines->BindInt(1, static_cast<int64_t>(from));
  lines->BindInt(2, static_cast<int64_t>(to));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, lines->Step());
    if (!more) return absl::OkStatus();
    const absl::Status seen = each(
        {static_cast<uint64_t>(lines->Int(0)), lines->Text(1), lines->Blob(2)});
    if (!seen.ok()) {
      lines->Reset();
      return seen;
    }
  }
}

absl::StatusOr<std::unique_ptr<SqliteLedgerStore>> SqliteLedgerStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS entry("
      "seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hashes BLOB NOT NULL)"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database->Prepare(
          "INSERT INTO entry(seq, line, hashes) VALUES(?1,?2,?3)"));
  CAIRN_ASSIGN_OR_RETURN(Statement select, PrepareLedgerLines(database));
  return std::unique_ptr<SqliteLedgerStore>(
      new SqliteLedgerStore(database, std::move(insert), std::move(select)));
}

absl::StatusOr<uint64_t> SqliteLedgerStore::Size() {
  CAIRN_ASSIGN_OR_RETURN(
      Statement count,
      database_->Prepare("SELECT coalesce(max(seq) + 1, 0) FROM entry"));
  CAIRN_RETURN_IF_ERROR(count.Step().status());
  return static_cast<uint64_t>(count.Int(0));
}

absl::Status SqliteLedgerStore::Commit(absl::FunctionRef<absl::Status()> body) {
  return database_->Transact(body);
}

absl::Status SqliteLedgerStore::Append(
    const std::vector<Line>& lines,
    absl::FunctionRef<absl::Status()> same_commit) {
  return database_->Undoable([&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(same_commit());
    for (const Line& line : lines) {
      insert_.BindInt(1, static_cast<int64_t>(line.index));
      insert_.BindText(2, line.text);
      insert_.BindBlob(3, line.hashes);
      CAIRN_RETURN_IF_ERROR(insert_.Run());
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteLedgerStore::Read(
    uint64_t from, uint64_t to,
    absl::FunctionRef<absl::Status(const Line&)> each) {
  return ReadLedgerLines(&select_, from, to, each);
}

}  // namespace cairn
