#include "core/store/node_log.h"

#include "absl/strings/match.h"
#include "core/base/status_macros.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<NodeLog>> NodeLog::Open(
    const std::string& ledger_path, const std::string& checkpoint_path,
    const std::string& origin) {
  CAIRN_ASSIGN_OR_RETURN(auto lines, SqliteLedgerLines::Open(ledger_path));
  auto checkpoints = Database::Open(checkpoint_path, Database::Mode::kReadOnly);
  if (!checkpoints.ok() && !absl::IsNotFound(checkpoints.status())) {
    return checkpoints.status();
  }
  return std::unique_ptr<NodeLog>(new NodeLog(
      std::move(lines), checkpoints.ok() ? *std::move(checkpoints) : nullptr,
      origin));
}

absl::StatusOr<std::vector<std::string>> NodeLog::Notes(
    absl::string_view sql) const {
  std::vector<std::string> notes;
  if (checkpoints_ == nullptr) return notes;
  CAIRN_ASSIGN_OR_RETURN(Statement select, checkpoints_->Prepare(sql));
  select.BindText(1, origin_);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return notes;
    notes.push_back(select.Text(0));
  }
}

absl::StatusOr<std::string> NodeLog::Read(const std::string& path) const {
  if (path != "checkpoint") return files_.Read(path);
  CAIRN_ASSIGN_OR_RETURN(
      const std::vector<std::string> notes,
      Notes("SELECT note FROM checkpoint WHERE origin = ?1"));
  if (!notes.empty()) return notes[0];
  return absl::NotFoundError("the log has not signed anything yet");
}

absl::StatusOr<std::vector<std::string>> NodeLog::Cosigned() const {
  return Notes("SELECT note FROM cosigned WHERE origin = ?1 ORDER BY day");
}

absl::StatusOr<std::optional<NodeLog::Opening>> NodeLog::OpeningOf(
    uint64_t entry) const {
  auto select = lines_->database()->Prepare(
      "SELECT salt, bytes FROM commitment WHERE seq = ?1");
  if (absl::StrContains(select.status().message(), "no such table")) {
    return std::optional<Opening>();
  }
  CAIRN_RETURN_IF_ERROR(select.status());
  select->BindInt(1, static_cast<int64_t>(entry));
  CAIRN_ASSIGN_OR_RETURN(const bool found, select->Step());
  if (!found || select->IsNull(1)) return std::optional<Opening>();
  return Opening{select->Blob(0), select->Blob(1)};
}

}  // namespace cairn
