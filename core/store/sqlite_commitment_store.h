#ifndef CAIRN_CORE_STORE_SQLITE_COMMITMENT_STORE_H_
#define CAIRN_CORE_STORE_SQLITE_COMMITMENT_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/commitment.h"
#include "core/store/sqlite.h"

namespace cairn {

// What opens the commitments of a ledger's entries, beside it in its database:
//   commitment(seq INTEGER, salt BLOB, bytes BLOB)
// one row for each entry that has a commitment, written in its commit. `bytes`
// is what was committed to, NULL where it is kept elsewhere (an answer). A row
// may be erased: the log stays whole, and the entry then tells nobody anything
// of the question or the answer but that there was one.
class SqliteCommitmentStore {
 public:
  // The database must outlive the store. Creates the table if it is not there.
  static absl::StatusOr<std::unique_ptr<SqliteCommitmentStore>> Create(
      Database* database);

  // To be called inside the commit of the entry `seq`.
  absl::Status Write(uint64_t seq, absl::string_view salt,
                     const std::optional<std::string>& bytes);
  struct Opening {
    std::string salt;
    std::optional<std::string> bytes;
  };
  // Nothing if it was erased, or the entry has no commitment.
  absl::StatusOr<std::optional<Opening>> Find(uint64_t seq);
  absl::Status Erase(uint64_t seq);

 private:
  explicit SqliteCommitmentStore(Database* database) : database_(database) {}

  Database* const database_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_COMMITMENT_STORE_H_
