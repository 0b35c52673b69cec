#ifndef CAIRN_COORDINATOR_QUERY_LOG_H_
#define CAIRN_COORDINATOR_QUERY_LOG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/query_service.pb.h"
#include "coordinator/last_receipts.h"
#include "core/base/mutex.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"
#include "core/store/sqlite_commitment_store.h"

namespace cairn {

// The coordinator's durable record of each question and each answer, in the
// same database as its ledger: a question is on the disk, with its entry,
// before it is sent, and an answer before the analyst sees it. Safe from any
// thread.
class QueryLog {
 public:
  struct Question {
    std::string query_id;
    std::string asked_at;  // RFC 3339, UTC
    std::string asker;
    std::string purpose;
    std::string data_set;
    std::string text;   // the question as one line
    std::string bytes;  // the request, as it came
    std::string query;  // its Query, as the agencies are sent it
  };
  // What is on the disk: the entry query.received, whose commitment is to
  // `query`, and what opens it.
  struct Logged {
    Receipt receipt;
    std::string salt;
  };

  static absl::StatusOr<std::unique_ptr<QueryLog>> Open(const std::string& path,
                                                        const Clock* clock);

  // Once, before the first question: those that were open when the coordinator
  // last stopped get an entry query.abandoned, and have no answer.
  absl::Status CloseAbandoned();
  // After `notes`, in one commit with them and with what `same_commit` writes
  // to the database. RESOURCE_EXHAUSTED, and nothing is written, where the disk
  // has no more left than its reserve.
  absl::StatusOr<Logged> Received(
      const Question& question, std::vector<Entry> notes = {},
      absl::FunctionRef<absl::Status()> same_commit = absl::OkStatus);
  // `outcome`: complete, partial, refused or failed.
  absl::Status Answered(const std::string& outcome, const v1::Result& result);
  // NOT_FOUND if there is no such query of this asker (empty: of anyone), or it
  // has no result.
  absl::StatusOr<v1::Result> Fetch(const std::string& query_id,
                                   const std::string& asker = "");
  // The newest checkpoint of an agency's log that came with an answer which was
  // taken; "" if there is none.
  absl::StatusOr<std::string> LastReceipt(const std::string& agency);
  // Newest first; `asker` empty: of everyone.
  absl::StatusOr<v1::History> List(const std::string& asker, int limit);
  Ledger* ledger() const { return ledger_.get(); }
  // To be written in the ledger's commits only.
  Database* database() const { return database_.get(); }

 private:
  QueryLog() = default;

  // Written by the ledger's commits only, in which many queries may share.
  std::unique_ptr<Database> database_;
  std::unique_ptr<LedgerStore> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<SqliteCommitmentStore> commitments_;
  std::unique_ptr<LastReceipts> receipts_;

  // The same file once more: sees what is committed, and does not wait for it.
  Mutex reading_;
  std::unique_ptr<Database> reader_ ABSL_PT_GUARDED_BY(reading_);
  std::unique_ptr<LastReceipts> read_receipts_ ABSL_PT_GUARDED_BY(reading_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_QUERY_LOG_H_
