#include "coordinator/last_receipts.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/origin.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {
namespace {

// Answers of one question overtake each other, and one that was sent again may
// be of a log that has ended.
bool IsNewer(const Checkpoint& now, const std::string& kept_note) {
  const absl::StatusOr<Checkpoint> kept = PeekCheckpoint(kept_note);
  if (!kept.ok()) return true;
  if (now.origin == kept->origin) return now.size > kept->size;
  return IsLaterEdition(now.origin, kept->origin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LastReceipts>> LastReceipts::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS last_receipt("
      "agency TEXT PRIMARY KEY, checkpoint TEXT NOT NULL) WITHOUT ROWID"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare(
          "SELECT checkpoint FROM last_receipt WHERE agency = ?1"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement replace,
      database->Prepare("INSERT OR REPLACE INTO "
                        "last_receipt(agency, checkpoint) VALUES(?1,?2)"));
  return std::unique_ptr<LastReceipts>(
      new LastReceipts(std::move(select), std::move(replace)));
}

absl::Status LastReceipts::Keep(const std::string& agency,
                                const std::string& proof) {
  const absl::StatusOr<TlogProof> parsed = ParseTlogProof(proof);
  if (!parsed.ok()) return absl::OkStatus();
  const absl::StatusOr<Checkpoint> now = PeekCheckpoint(parsed->checkpoint);
  if (!now.ok()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::string kept, Find(agency));
  if (!IsNewer(*now, kept)) return absl::OkStatus();
  replace_.BindText(1, agency);
  replace_.BindText(2, parsed->checkpoint);
  return replace_.Run();
}

absl::StatusOr<std::string> LastReceipts::Find(const std::string& agency) {
  select_.BindText(1, agency);
  CAIRN_ASSIGN_OR_RETURN(const bool found, select_.Step());
  if (!found) return "";
  std::string checkpoint = select_.Text(0);
  select_.Reset();
  return checkpoint;
}

}  // namespace cairn
