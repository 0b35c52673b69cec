#ifndef CAIRN_COORDINATOR_LAST_RECEIPTS_H_
#define CAIRN_COORDINATOR_LAST_RECEIPTS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/store/sqlite.h"

namespace cairn {

// Of each agency, the newest checkpoint of its log that came with an answer
// which was taken. A witness sees a log twice a minute; what an agency released
// since then it could lose without anybody missing it, if nobody kept this. It
// is written in the commit of the answer's own entry, and an agency's ledger is
// held against it when its next session begins.
//
// For one thread at a time.
class LastReceipts {
 public:
  // The table is made where it is not there. The database must outlive this.
  static absl::StatusOr<std::unique_ptr<LastReceipts>> Create(
      Database* database);

  // Within a commit: keeps the checkpoint of `proof`, the tlog-proof of a
  // receipt that was checked, if it is newer than what is kept. A proof that is
  // none changes nothing.
  absl::Status Keep(const std::string& agency, const std::string& proof);
  // The signed note; "" if this agency never gave a receipt.
  absl::StatusOr<std::string> Find(const std::string& agency);

 private:
  LastReceipts(Statement select, Statement replace)
      : select_(std::move(select)), replace_(std::move(replace)) {}

  Statement select_;
  Statement replace_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_LAST_RECEIPTS_H_
