#ifndef CAIRN_CORE_STORE_SQLITE_LEDGER_STORE_H_
#define CAIRN_CORE_STORE_SQLITE_LEDGER_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"

namespace cairn {

// The entries of a ledger's table, from and up to without; how they are read is
// said once, for who writes them (below) and who only reads (sqlite_ledger_
// lines.h). Errors of the database and of `each`.
absl::StatusOr<Statement> PrepareLedgerLines(Database* database);
absl::Status ReadLedgerLines(
    Statement* lines, uint64_t from, uint64_t to,
    absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each);

// Entries in a table of a durable database: entry(seq, line, hashes). Other
// tables of the same database can be written in the same commit.
class SqliteLedgerStore : public LedgerStore {
 public:
  // The database must outlive the store. Creates the table if it is not there.
  static absl::StatusOr<std::unique_ptr<SqliteLedgerStore>> Create(
      Database* database);

  absl::StatusOr<uint64_t> Size() override;
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override;
  absl::Status Append(const std::vector<Line>& lines,
                      absl::FunctionRef<absl::Status()> same_commit) override;
  absl::Status Read(uint64_t from, uint64_t to,
                    absl::FunctionRef<absl::Status(const Line&)> each) override;

 private:
  SqliteLedgerStore(Database* database, Statement insert, Statement select)
      : database_(database),
        insert_(std::move(insert)),
        select_(std::move(select)) {}

  Database* const database_;
  Statement insert_;
  Statement select_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_LEDGER_STORE_H_
