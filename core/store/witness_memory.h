#ifndef CAIRN_CORE_STORE_WITNESS_MEMORY_H_
#define CAIRN_CORE_STORE_WITNESS_MEMORY_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ledger/ledger.h"
#include "core/ledger/witness_desk.h"
#include "core/store/sqlite.h"
#include "core/store/sqlite_witness_store.h"

namespace cairn {

// What a node remembers of the ledgers of others, in two files:
//
//   witness.db              written before a cosignature leaves
//   the ledger's database   written in the commits of the node's own entries,
//                           so with no sync of its own
//
// A start goes on from whichever has more. So neither file, put back to an
// older copy, takes back what the node has vouched for. No backup holds
// witness.db: it must never be restored.
class WitnessMemory {
 public:
  // Makes witness.db where the node has never been a witness.
  // FAILED_PRECONDITION if it has been one and the file is missing. `ledger` is
  // the ledger's database, and must outlive the memory.
  static absl::StatusOr<std::unique_ptr<WitnessMemory>> Open(
      const std::string& state_dir, Database* ledger);
  // Makes the file that is missing from what `database` has, and says so in the
  // ledger first: operator.action. FAILED_PRECONDITION if none is missing.
  static absl::Status BeginAnew(const std::string& state_dir,
                                Database* database, Ledger* ledger);

  // For SeenLogs::Create.
  std::vector<WitnessStore*> stores() const {
    return {vouched_.get(), shown_.get()};
  }
  // Durable when it returns. One thread at a time. Breaks the node's own ledger
  // where it cannot be written.
  absl::Status Keep(SeenLogs* seen, Ledger* ledger);
  // Within a commit of the ledger's database: durable when that is.
  absl::Status KeepInCommit(SeenLogs* seen);

 private:
  WitnessMemory(std::unique_ptr<Database> own,
                std::unique_ptr<SqliteWitnessStore> vouched,
                std::unique_ptr<SqliteWitnessStore> shown)
      : own_(std::move(own)),
        vouched_(std::move(vouched)),
        shown_(std::move(shown)) {}

  const std::unique_ptr<Database> own_;
  const std::unique_ptr<SqliteWitnessStore> vouched_;  // in witness.db
  const std::unique_ptr<SqliteWitnessStore> shown_;    // beside the ledger
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_WITNESS_MEMORY_H_
