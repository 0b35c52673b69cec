#include "core/store/sqlite_ledger_lines.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<SqliteLedgerLines>> SqliteLedgerLines::Open(
    const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         Database::Open(path, Database::Mode::kReadOnly));
  auto last =
      database->Prepare("SELECT seq FROM entry ORDER BY seq DESC LIMIT 1");
  if (absl::StrContains(last.status().message(), "no such table")) {
    return absl::DataLossError(
        absl::StrCat(path, ": there is no ledger in this file"));
  }
  CAIRN_RETURN_IF_ERROR(last.status());
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare("SELECT seq, line, hashes FROM entry "
                        "WHERE seq >= ?1 AND seq < ?2 ORDER BY seq"));
  return std::unique_ptr<SqliteLedgerLines>(new SqliteLedgerLines(
      std::move(database), *std::move(last), std::move(select)));
}

absl::StatusOr<uint64_t> SqliteLedgerLines::Size() {
  CAIRN_ASSIGN_OR_RETURN(const bool found, last_.Step());
  if (!found) return 0;
  const int64_t last = last_.Int(0);
  last_.Reset();
  return last < 0 ? 0 : static_cast<uint64_t>(last) + 1;
}

absl::Status SqliteLedgerLines::Read(
    uint64_t from, uint64_t to,
    absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each) {
  select_.BindInt(1, static_cast<int64_t>(from));
  select_.BindInt(2, static_cast<int64_t>(to));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select_.Step());
    if (!more) return absl::OkStatus();
    const absl::Status seen = each({static_cast<uint64_t>(select_.Int(0)),
                                    select_.Text(1), select_.Blob(2)});
    if (!seen.ok()) {
      select_.Reset();
      return seen;
    }
  }
}

}  // namespace cairn
