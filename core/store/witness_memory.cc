#include "core/store/witness_memory.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

std::string PathIn(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/witness.db");
}

// Each log that is remembered beside the ledger, as `ORIGIN SIZE`.
absl::StatusOr<std::vector<std::string>> Remembered(Database* database) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare("SELECT origin, size FROM witnessed ORDER BY origin"));
  std::vector<std::string> logs;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return logs;
    logs.push_back(absl::StrCat(select.Text(0), " ", select.Int(1)));
  }
}

// Whether the file is gone that this node once had.
absl::StatusOr<bool> IsMissing(const std::string& path, Database* ledger) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
  }
  if (there) return false;
  CAIRN_ASSIGN_OR_RETURN(const auto logs, Remembered(ledger));
  return !logs.empty();
}

absl::Status Make(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const auto database,
                         Database::Open(path, Database::Mode::kDurable));
  return SqliteWitnessStore::Create(database.get()).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessMemory>> WitnessMemory::Open(
    const std::string& state_dir, Database* ledger) {
  const std::string path = PathIn(state_dir);
  CAIRN_ASSIGN_OR_RETURN(auto shown, SqliteWitnessStore::Create(ledger));
  CAIRN_ASSIGN_OR_RETURN(const bool missing, IsMissing(path, ledger));
  if (missing) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": is missing, and with it what this node has vouched for of the "
        "ledgers of others; put the file back from the state folder it was in, "
        "or if it is lost, say so with the command witness-anew"));
  }
  CAIRN_ASSIGN_OR_RETURN(auto own,
                         Database::Open(path, Database::Mode::kDurable));
  CAIRN_ASSIGN_OR_RETURN(auto vouched, SqliteWitnessStore::Create(own.get()));
  return std::unique_ptr<WitnessMemory>(
      new WitnessMemory(std::move(own), std::move(vouched), std::move(shown)));
}

absl::Status WitnessMemory::BeginAnew(const std::string& state_dir,
                                      Database* database, Ledger* ledger) {
  const std::string path = PathIn(state_dir);
  CAIRN_RETURN_IF_ERROR(SqliteWitnessStore::Create(database).status());
  CAIRN_ASSIGN_OR_RETURN(const bool missing, IsMissing(path, database));
  if (!missing) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": is not missing; nothing is to be begun anew"));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto logs, Remembered(database));
  Entry entry{"operator.action", "", {}};
  entry.fields["command"] = std::string("witness-anew");
  entry.fields["remembered"] = absl::StrJoin(logs, ", ");
  CAIRN_RETURN_IF_ERROR(ledger->Append(entry).status());
  return Make(path);
}

absl::Status WitnessMemory::Keep(SeenLogs* seen, Ledger* ledger) {
  const absl::Status kept = seen->Keep(
      vouched_.get(), [this](const std::string& origin,
                             const std::optional<WitnessedState>& before,
                             const WitnessedState& next) {
        return vouched_->CompareAndSwap(origin, before, next);
      });
  return kept.ok() ? kept : ledger->Break("what this witness has seen", kept);
}

absl::Status WitnessMemory::KeepInCommit(SeenLogs* seen) {
  return seen->Keep(shown_.get(),
                    [this](const std::string& origin,
                           const std::optional<WitnessedState>& kept,
                           const WitnessedState& next) {
                      return shown_->SwapInCommit(origin, kept, next);
                    });
}

}  // namespace cairn
