#ifndef CAIRN_CORE_STORE_SQLITE_LEDGER_LINES_H_
#define CAIRN_CORE_STORE_SQLITE_LEDGER_LINES_H_

#include <memory>
#include <string>

#include "core/ledger/stored_log.h"
#include "core/store/sqlite.h"

namespace cairn {

// The entries of SqliteLedgerStore's table, read while another program writes
// it: a read-only connection, which in WAL mode neither waits for the writer
// nor makes it wait (SQLite, "Write-Ahead Logging", section 2.2). Used by one
// thread at a time.
class SqliteLedgerLines : public LedgerLines {
 public:
  // NOT_FOUND if there is no such file; DATA_LOSS if it has no ledger.
  static absl::StatusOr<std::unique_ptr<SqliteLedgerLines>> Open(
      const std::string& path);

  absl::StatusOr<uint64_t> Size() override;
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each) override;

  // Other tables of the same file.
  Database* database() { return database_.get(); }

 private:
  SqliteLedgerLines(std::unique_ptr<Database> database, Statement last,
                    Statement select)
      : database_(std::move(database)),
        last_(std::move(last)),
        select_(std::move(select)) {}

  const std::unique_ptr<Database> database_;
  Statement last_;
  Statement select_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_LEDGER_LINES_H_
