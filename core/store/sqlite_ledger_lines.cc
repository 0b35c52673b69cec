#include "core/store/sqlite_ledger_lines.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite_ledger_store.h"

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
  CAIRN_ASSIGN_OR_RETURN(Statement select, PrepareLedgerLines(database.get()));
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
  return ReadLedgerLines(&select_, from, to, each);
}

}  // namespace cairn
