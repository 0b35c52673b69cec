#ifndef CAIRN_CORE_STORE_SQLITE_WITNESS_STORE_H_
#define CAIRN_CORE_STORE_SQLITE_WITNESS_STORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/ledger/witness.h"
#include "core/store/sqlite.h"

namespace cairn {

// What a witness knows, in a table of a durable database: witnessed(origin,
// size, root, checkpoint), one row a log. The file must not be restored from an
// older copy: what it then forgets could be shown to it a second time. Used by
// one thread at a time.
class SqliteWitnessStore : public WitnessStore {
 public:
  // The database must outlive the store. Creates the table if it is not there.
  static absl::StatusOr<std::unique_ptr<SqliteWitnessStore>> Create(
      Database* database);

  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) override;
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next) override;
  // CompareAndSwap within a commit that is open already: durable when that is.
  absl::StatusOr<bool> SwapInCommit(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next);

 private:
  SqliteWitnessStore(Database* database, Statement select, Statement replace)
      : database_(database),
        select_(std::move(select)),
        replace_(std::move(replace)) {}

  Database* const database_;
  Statement select_;
  Statement replace_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_WITNESS_STORE_H_
