#include "coordinator/query_log.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/audit/agency_parts.h"
#include "core/base/disk_reserve.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/commitment.h"
#include "core/ledger/entry.h"
#include "core/ledger/merkle.h"
#include "core/link/translate.h"
#include "core/store/schema.h"
#include "core/store/sqlite_ledger_store.h"

namespace cairn {
namespace {

constexpr size_t kMaxResultBytes = 64 << 20;

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.find_last_of('/') + 1) + ".";
}

// What each agency did, and the entry of its own ledger that its receipt names.
std::vector<AgencyPart> PartsOf(const v1::Result& result) {
  std::vector<AgencyPart> parts;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    AgencyPart part;
    part.agency = agency.agency();
    part.what = agency.outcome() == v1::ANSWERED  ? AgencyPart::What::kAnswered
                : agency.outcome() == v1::REFUSED ? AgencyPart::What::kRefused
                                                  : AgencyPart::What::kSilent;
    if (agency.receipt().entry_hash().size() == kHashBytes) {
      part.index = agency.receipt().index();
      part.entry_hash = agency.receipt().entry_hash();
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

// The entry that ends a question, with the agencies' parts in it; those that it
// cannot hold stand in entries before it.
std::vector<Entry> EndingOf(Entry last, const std::vector<AgencyPart>& parts) {
  last.fields["agencies"] = "";
  const size_t without =
      EntryLine(last, kMaxEntryInteger, kMaxEntryInteger).size();
  std::vector<Entry> entries;
  for (std::string& piece : SplitAgencyParts(parts, kMaxEntryBytes - without)) {
    entries.push_back({"answer.parts", last.query_id, {}});
    entries.back().fields["agencies"] = std::move(piece);
  }
  last.fields["agencies"] = std::move(entries.back().fields["agencies"]);
  entries.back() = std::move(last);
  return entries;
}

}  // namespace

absl::StatusOr<std::unique_ptr<QueryLog>> QueryLog::Open(
    const std::string& path, const Clock* clock) {
  std::unique_ptr<QueryLog> log(new QueryLog);
  CAIRN_ASSIGN_OR_RETURN(log->database_,
                         Database::Open(path, Database::Mode::kDurable));
  CAIRN_RETURN_IF_ERROR(BringToForm(log->database_.get(), {}));
  CAIRN_RETURN_IF_ERROR(log->database_->Execute(
      "CREATE TABLE IF NOT EXISTS query("
      "query_id TEXT PRIMARY KEY, asked_at TEXT NOT NULL, asker TEXT NOT NULL, "
      "purpose TEXT NOT NULL, question TEXT NOT NULL, request BLOB NOT NULL, "
      "outcome TEXT NOT NULL DEFAULT 'open', result BLOB) "));
  CAIRN_ASSIGN_OR_RETURN(log->store_,
                         SqliteLedgerStore::Create(log->database_.get()));
  CAIRN_ASSIGN_OR_RETURN(log->ledger_, Ledger::Open(log->store_.get(), clock));
  CAIRN_ASSIGN_OR_RETURN(log->commitments_,
                         SqliteCommitmentStore::Create(log->database_.get()));
  CAIRN_ASSIGN_OR_RETURN(log->receipts_,
                         LastReceipts::Create(log->database_.get()));
  CAIRN_ASSIGN_OR_RETURN(log->reader_,
                         Database::Open(path, Database::Mode::kDurable));
  MutexLock lock(&log->reading_);
  CAIRN_ASSIGN_OR_RETURN(log->read_receipts_,
                         LastReceipts::Create(log->reader_.get()));
  return log;
}

absl::Status QueryLog::CloseAbandoned() {
  std::vector<Entry> entries;
  {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare("SELECT query_id FROM query WHERE outcome = 'open' "
                           "ORDER BY rowid"));
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      entries.push_back({"query.abandoned", select.Text(0), {}});
    }
  }
  if (entries.empty()) return absl::OkStatus();
  return ledger_
      ->Append(entries,
               [this] {
                 return database_->Execute(
                     "UPDATE query SET outcome = 'failed' "
                     "WHERE outcome = 'open'");
               })
      .status();
}

absl::StatusOr<QueryLog::Logged> QueryLog::Received(
    const Question& question, std::vector<Entry> notes,
    absl::FunctionRef<absl::Status()> same_commit) {
  const absl::Status room = CheckDiskReserve(FolderOf(database_->path()));
  if (!room.ok()) {
    LogLine("query.refused", {{"reason", std::string(room.message())}});
    return absl::Status(room.code(),
                        absl::StrCat("the coordinator takes no question now: ",
                                     room.message()));
  }
  const Commitment commitment = Commitment::To(question.query);
  Entry entry{"query.received", question.query_id, {}};
  entry.fields["actor"] = question.asker;
  entry.fields["purpose"] = question.purpose;
  entry.fields["data_set"] = question.data_set;
  entry.fields["question_commit"] = commitment.hash;
  notes.push_back(std::move(entry));
  CAIRN_ASSIGN_OR_RETURN(
      const Receipt receipt,
      ledger_->Append(notes, [&](const Receipt& last) -> absl::Status {
        CAIRN_RETURN_IF_ERROR(same_commit());
        CAIRN_RETURN_IF_ERROR(
            commitments_->Write(last.index, commitment.salt, question.query));
        CAIRN_ASSIGN_OR_RETURN(
            Statement insert,
            database_->Prepare("INSERT INTO query(query_id, asked_at, asker, "
                               "purpose, question, request) "
                               "VALUES(?1,?2,?3,?4,?5,?6)"));
        insert.BindText(1, question.query_id);
        insert.BindText(2, question.asked_at);
        insert.BindText(3, question.asker);
        insert.BindText(4, question.purpose);
        insert.BindText(5, question.text);
        insert.BindBlob(6, question.bytes);
        return insert.Run();
      }));
  return Logged{receipt, commitment.salt};
}

absl::Status QueryLog::Answered(const std::string& outcome,
                                const v1::Result& result) {
  Entry entry{"answer.merged", result.query_id(), {}};
  if (outcome == "partial") entry.type = "answer.partial";
  if (outcome == "refused") entry.type = "query.refused";
  int64_t answered = 0, refused = 0, silent = 0;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    ++(agency.outcome() == v1::ANSWERED  ? answered
       : agency.outcome() == v1::REFUSED ? refused
                                         : silent);
  }
  entry.fields["agencies_answered"] = answered;
  entry.fields["agencies_refused"] = refused;
  entry.fields["agencies_silent"] = silent;
  const std::string bytes = result.SerializeAsString();
  const Commitment commitment = Commitment::To(bytes);
  entry.fields["answer_commit"] = commitment.hash;
  return ledger_
      ->Append(EndingOf(std::move(entry), PartsOf(result)),
               [&](const Receipt& last) -> absl::Status {
                 for (const v1::AgencyOutcome& agency : result.agency()) {
                   CAIRN_RETURN_IF_ERROR(receipts_->Keep(
                       agency.agency(), agency.receipt().proof()));
                 }
                 // The bytes themselves are kept with the query.
                 CAIRN_RETURN_IF_ERROR(commitments_->Write(
                     last.index, commitment.salt, std::nullopt));
                 CAIRN_ASSIGN_OR_RETURN(
                     Statement update,
                     database_->Prepare("UPDATE query SET outcome = ?2, "
                                        "result = ?3 WHERE query_id = ?1"));
                 update.BindText(1, result.query_id());
                 update.BindText(2, outcome);
                 update.BindBlob(3, bytes);
                 return update.Run();
               })
      .status();
}

absl::StatusOr<v1::Result> QueryLog::Fetch(const std::string& query_id,
                                           const std::string& asker) {
  std::string bytes;
  {
    MutexLock lock(&reading_);
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        reader_->Prepare("SELECT result FROM query WHERE query_id = ?1 "
                         "AND (?2 = '' OR asker = ?2)"));
    select.BindText(1, query_id.substr(0, 64));
    select.BindText(2, asker);
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found || select.IsNull(0)) {
      return absl::NotFoundError(
          absl::StrCat("there is no answer with the id '",
                       query_id.substr(0, 40), "'; see: cairn history"));
    }
    bytes = select.Blob(0);
  }
  v1::Result result;
  CAIRN_RETURN_IF_ERROR(ParseMessage(bytes, kMaxResultBytes, &result));
  return result;
}

absl::StatusOr<std::string> QueryLog::LastReceipt(const std::string& agency) {
  MutexLock lock(&reading_);
  return read_receipts_->Find(agency);
}

absl::StatusOr<v1::History> QueryLog::List(const std::string& asker,
                                           int limit) {
  v1::History history;
  MutexLock lock(&reading_);
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      reader_->Prepare(
          "SELECT query_id, asked_at, asker, question, purpose, outcome "
          "FROM query WHERE ?1 = '' OR asker = ?1 "
          "ORDER BY asked_at DESC, rowid DESC LIMIT ?2"));
  select.BindText(1, asker);
  select.BindInt(2, limit);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return history;
    v1::History::Item* item = history.add_item();
    item->set_query_id(select.Text(0));
    item->set_asked_at(select.Text(1));
    item->set_asker(select.Text(2));
    item->set_question(select.Text(3));
    item->set_purpose(select.Text(4));
    item->set_outcome(select.Text(5));
  }
}

}  // namespace cairn
