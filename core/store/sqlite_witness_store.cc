#include "core/store/sqlite_witness_store.h"

#include <utility>

#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<SqliteWitnessStore>> SqliteWitnessStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS witnessed("
      "origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, "
      "checkpoint TEXT NOT NULL)"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare("SELECT size, root, checkpoint FROM witnessed "
                        "WHERE origin = ?1"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement replace,
      database->Prepare("INSERT OR REPLACE INTO "
                        "witnessed(origin, size, root, checkpoint) "
                        "VALUES(?1,?2,?3,?4)"));
  return std::unique_ptr<SqliteWitnessStore>(
      new SqliteWitnessStore(database, std::move(select), std::move(replace)));
}

absl::StatusOr<std::optional<WitnessedState>> SqliteWitnessStore::Load(
    const std::string& origin) {
  select_.BindText(1, origin);
  CAIRN_ASSIGN_OR_RETURN(const bool found, select_.Step());
  if (!found) return std::optional<WitnessedState>();
  std::optional<WitnessedState> state = WitnessedState{
      static_cast<uint64_t>(select_.Int(0)), select_.Blob(1), select_.Text(2)};
  select_.Reset();
  return state;
}

absl::StatusOr<bool> SqliteWitnessStore::CompareAndSwap(
    const std::string& origin, const std::optional<WitnessedState>& expected,
    const WitnessedState& next) {
  bool same = false;
  CAIRN_RETURN_IF_ERROR(database_->Transact([&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(same, SwapInCommit(origin, expected, next));
    return absl::OkStatus();
  }));
  return same;
}

absl::StatusOr<bool> SqliteWitnessStore::SwapInCommit(
    const std::string& origin, const std::optional<WitnessedState>& expected,
    const WitnessedState& next) {
  CAIRN_ASSIGN_OR_RETURN(const std::optional<WitnessedState> now, Load(origin));
  const bool same = now.has_value() == expected.has_value() &&
                    (!now.has_value() || now->SameTree(*expected));
  if (!same || (now.has_value() && now->SameTree(next))) return same;
  replace_.BindText(1, origin);
  replace_.BindInt(2, static_cast<int64_t>(next.size));
  replace_.BindBlob(3, next.root);
  replace_.BindText(4, next.checkpoint);
  CAIRN_RETURN_IF_ERROR(replace_.Run());
  return true;
}

}  // namespace cairn
