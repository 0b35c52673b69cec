#include "core/store/sqlite_turn.h"

#include "core/base/status_macros.h"
#include "core/ledger/merkle.h"

namespace cairn {
namespace {

constexpr char kTables[] =
    "CREATE TABLE IF NOT EXISTS commitment("
    "seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, bytes BLOB);"
    "CREATE TABLE IF NOT EXISTS sealed_opening("
    "log TEXT NOT NULL, seq INTEGER NOT NULL, salt BLOB NOT NULL, bytes BLOB, "
    "PRIMARY KEY(log, seq))";

}  // namespace

absl::Status BeginAnew(Database* database, const std::string& old_log,
                       absl::string_view first) {
  CAIRN_RETURN_IF_ERROR(database->Execute(kTables));
  CAIRN_ASSIGN_OR_RETURN(
      Statement keep,
      database->Prepare("INSERT INTO sealed_opening(log, seq, salt, bytes) "
                        "SELECT ?1, seq, salt, bytes FROM commitment"));
  keep.BindText(1, old_log);
  CAIRN_RETURN_IF_ERROR(keep.Run());
  CAIRN_RETURN_IF_ERROR(
      database->Execute("DELETE FROM commitment; DELETE FROM entry"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database->Prepare(
          "INSERT INTO entry(seq, line, hashes) VALUES(0, ?1, ?2)"));
  insert.BindText(1, first);
  insert.BindBlob(2, TreeFrontier().Append(LeafHash(first)));
  return insert.Run();
}

absl::Status EraseSealedOpenings(Database* database, const std::string& log) {
  CAIRN_RETURN_IF_ERROR(database->Execute(kTables));
  CAIRN_ASSIGN_OR_RETURN(
      Statement erase,
      database->Prepare("DELETE FROM sealed_opening WHERE log = ?1"));
  erase.BindText(1, log);
  return erase.Run();
}

}  // namespace cairn
