#include "core/audit/turn_audit.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/audit/words.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/origin.h"
#include "core/ledger/verify_log.h"

namespace cairn {
namespace {

using Verdict = AuditFinding::Verdict;

std::string TextOf(const Entry& entry, const char* field) {
  const auto found = entry.fields.find(field);
  const std::string* text = found == entry.fields.end()
                                ? nullptr
                                : std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

// The folder of the log before: one that was given, or that lies beside.
std::string FolderOf(const LogToAudit& log, const std::string& origin) {
  for (const std::string& given : log.before) {
    const auto note = LogFolder(given).Read("checkpoint");
    const auto found = note.ok() ? PeekCheckpoint(*note)
                                 : absl::StatusOr<Checkpoint>(note.status());
    if (log.before.size() == 1 || (found.ok() && found->origin == origin)) {
      return given;
    }
  }
  const std::string beside = absl::StrCat(log.sealed, "/", EditionOf(origin));
  std::error_code error;
  const bool there = !log.sealed.empty() && !EditionOf(origin).empty() &&
                     std::filesystem::exists(beside + "/checkpoint", error);
  return there ? beside : "";
}

}  // namespace

void TurnAudit::See(const ParsedEntry& entry) {
  const std::string& type = entry.entry.type;
  if (!flaw_.ok()) return;
  if (sealed_.has_value()) {
    flaw_ = absl::DataLossError(
        absl::StrCat("entry ", entry.index, " stands after entry ", *sealed_,
                     ", log.sealed, which is the last of a log"));
  } else if (type == "log.sealed") {
    sealed_ = entry.index;
    sealed_for_ = TextOf(entry.entry, "next");
  } else if (type == "log.opened" && entry.index > 0) {
    flaw_ = absl::DataLossError(absl::StrCat(
        "entry ", entry.index,
        " is log.opened, which is the first of a log or not in it"));
  } else if (type == "log.opened") {
    auto opening = ReadOpening(entry.entry);
    if (opening.ok()) {
      opening_ = *std::move(opening);
    } else {
      flaw_ = absl::DataLossError(opening.status().message());
    }
  }
}

std::optional<AuditFinding> TurnAudit::Sealed() const {
  if (!flaw_.ok()) {
    return AuditFinding{Verdict::kFails, "turn", std::string(flaw_.message())};
  }
  if (!sealed_.has_value()) return std::nullopt;
  return AuditFinding{
      Verdict::kHolds, "sealed",
      absl::StrCat("by entry ", *sealed_, ", its last; ",
                   PrintableUtf8(sealed_for_), " goes on from it")};
}

absl::Status TurnAudit::CheckBefore(const LogReader& files,
                                    const AuditKeys& keys,
                                    std::string* how) const {
  CAIRN_RETURN_IF_ERROR(CheckJoin(*opening_, files));
  TurnAudit before;
  CAIRN_RETURN_IF_ERROR(
      VerifyLogFiles(files, opening_->after, {}, [&](const ParsedEntry& entry) {
        before.See(entry);
        return before.flaw();
      }));
  if (!opening_->reason.empty()) return absl::OkStatus();
  if (before.sealed_for_ != opening_->log.name()) {
    return absl::DataLossError(absl::StrCat(
        opening_->after.origin, " does not end with a log.sealed for ",
        opening_->log.name()));
  }
  for (const VerifierKey& key : keys.logs) {
    if (key.name() != opening_->after.origin) continue;
    CAIRN_ASSIGN_OR_RETURN(const std::string note, files.Read("checkpoint"));
    CAIRN_RETURN_IF_ERROR(OpenCheckpoint(note, key).status());
    *how = ", signed by its key";
    return absl::OkStatus();
  }
  if (!keys.logs.empty()) *how = "; no key of it was given";
  return absl::OkStatus();
}

std::optional<AuditFinding> TurnAudit::Follows(const LogToAudit& log,
                                               const AuditKeys& keys) const {
  if (!opening_.has_value()) return std::nullopt;
  const Checkpoint& after = opening_->after;
  std::string words =
      absl::StrCat(PrintableUtf8(after.origin), ", ",
                   opening_->reason.empty() ? "sealed" : "given up", " with ",
                   Count(after.size, "entry", "entries"));
  if (!opening_->reason.empty()) {
    absl::StrAppend(&words, " (", PrintableUtf8(opening_->reason), ")");
    if (opening_->witnessed.has_value()) {
      absl::StrAppend(&words, " although ",
                      Count(opening_->witnessed->size, "entry", "entries"),
                      " of ", PrintableUtf8(opening_->witnessed->origin),
                      " had been signed for");
    }
  }
  const std::string folder = FolderOf(log, after.origin);
  if (folder.empty()) {
    return AuditFinding{
        Verdict::kNotChecked, "follows",
        absl::StrCat(words,
                     "; bring that one (--before) to see that they join")};
  }
  std::string how;
  const absl::Status joined = CheckBefore(LogFolder(folder), keys, &how);
  if (!joined.ok()) {
    return AuditFinding{Verdict::kFails, "follows",
                        absl::StrCat(folder, ": ", joined.message())};
  }
  return AuditFinding{
      Verdict::kHolds, "follows",
      absl::StrCat(words, ": ", folder, " has these, and this root", how)};
}

}  // namespace cairn
