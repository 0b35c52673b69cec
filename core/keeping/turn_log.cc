#include "core/keeping/turn_log.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/audit/export_log.h"
#include "core/base/command_line.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/verify_log.h"
#include "core/link/text_config.h"
#include "core/store/node_log.h"
#include "core/store/sqlite_checkpoint_store.h"
#include "core/store/sqlite_turn.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

int YearNow(absl::Time now) {
  return static_cast<int>(absl::ToCivilYear(now, absl::UTCTimeZone()).year());
}

// The last entry, where it is a log.sealed: the name of the log that follows.
absl::StatusOr<std::string> SealedFor(const Ledger& ledger) {
  if (ledger.size() == 0) return std::string();
  CAIRN_ASSIGN_OR_RETURN(const std::string line,
                         ledger.Line(ledger.size() - 1));
  CAIRN_ASSIGN_OR_RETURN(const ParsedEntry last, ParseEntry(line));
  if (last.entry.type != "log.sealed") return std::string();
  const auto next = last.entry.fields.find("next");
  const std::string* name = next == last.entry.fields.end()
                                ? nullptr
                                : std::get_if<std::string>(&next->second);
  if (name != nullptr && !name->empty()) return *name;
  return absl::DataLossError("the entry log.sealed does not say what follows");
}

absl::StatusOr<std::string> KeysText(const KeptNode& node,
                                     const VerifierKey& log,
                                     const VerifierKey& next) {
  std::string text = absl::StrCat(log.Text(), "\n", next.Text(), "\n");
  if (node.ledger_keys.empty()) return text;
  CAIRN_ASSIGN_OR_RETURN(const LedgerKeys keys,
                         ReadLedgerKeys(node.ledger_keys, *node.catalogue));
  absl::StrAppend(&text, keys.coordinator.witness.Text(), "\n");
  for (const auto& [id, agency] : keys.agencies) {
    absl::StrAppend(&text, agency.witness.Text(), "\n");
  }
  return text;
}

// Reads a sealed folder back, every entry of it.
absl::Status CheckFolder(const std::string& folder, const Checkpoint& whole) {
  const LogFolder files(folder);
  CAIRN_ASSIGN_OR_RETURN(const std::string note, files.Read("checkpoint"));
  CAIRN_ASSIGN_OR_RETURN(const Checkpoint found, PeekCheckpoint(note));
  if (found.Text() != whole.Text()) {
    return absl::DataLossError(
        absl::StrCat(folder, ": is another log, or another size of it"));
  }
  return VerifyLogFiles(files, whole, {},
                        [](const ParsedEntry&) { return absl::OkStatus(); });
}

absl::Status Reached(const AtStep& at_step, TurnStep step) {
  return at_step ? at_step(step) : absl::OkStatus();
}

// Writes sealed/EDITION and reads it back; one that is there already has to be
// the same.
absl::Status WriteSealed(const KeptNode& node, const LedgerParts& parts,
                         const LogReader& files, const NewLog& next,
                         const AtStep& at_step) {
  const Checkpoint& whole = next.opening.after;
  const std::string edition = EditionOf(whole.origin);
  const std::string sealed = SealedFolder(node.state_dir);
  const std::string folder = absl::StrCat(sealed, "/", edition);
  std::error_code error;
  if (fs::exists(folder, error)) return CheckFolder(folder, whole);
  CAIRN_RETURN_IF_ERROR(MakeDir(sealed));
  const std::string aside = absl::StrCat(sealed, "/.new-", edition);
  fs::remove_all(aside, error);
  ExportExtras extras;
  CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                         ReadNodeSecrets(node.state_dir, node.owner));
  CAIRN_ASSIGN_OR_RETURN(
      extras.keys, KeysText(node, secrets.log.verifier(), next.opening.log));
  extras.policies = parts.policies;
  if (next.last != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(
        const auto log,
        NodeLog::Open(node.database, CheckpointPath(node.state_dir),
                      whole.origin));
    CAIRN_ASSIGN_OR_RETURN(extras.cosigned, log->Cosigned());
  }
  CAIRN_RETURN_IF_ERROR(ExportLog(files, extras, aside).status());
  for (const auto& [name, bytes] : next.marks) {
    const std::string path = absl::StrCat(aside, "/", name);
    CAIRN_RETURN_IF_ERROR(WriteFile(path, bytes));
  }
  CAIRN_RETURN_IF_ERROR(CheckFolder(aside, whole));
  CAIRN_RETURN_IF_ERROR(Reached(at_step, TurnStep::kWritten));
  return ReplaceFile(aside, folder);
}

}  // namespace

absl::Status CheckPartnersKnow(const KeptNode& node, const VerifierKey& next) {
  if (node.ledger_keys.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const LedgerKeys keys,
                         ReadLedgerKeys(node.ledger_keys, *node.catalogue));
  const NodeKeys* own = keys.Find(node.owner.agency);
  const VerifierKey* known = own == nullptr ? nullptr : own->Log(next.name());
  if (known != nullptr && known->Text() == next.Text()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(node.ledger_keys, ": does not have the key of ", next.name(),
                   " yet; put there what `log next` prints, at every member"));
}

absl::Status SettleLogKey(const KeptNode& node, const Ledger& ledger) {
  if (ledger.size() == 0) return absl::OkStatus();
  const auto secrets = ReadNodeSecrets(node.state_dir, node.owner);
  if (absl::IsNotFound(secrets.status())) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(secrets.status());
  CAIRN_ASSIGN_OR_RETURN(const std::string first, ledger.Line(0));
  CAIRN_ASSIGN_OR_RETURN(const std::optional<LogOpening> opening,
                         ReadOpeningLine(first));
  const VerifierKey& key = secrets->log.verifier();
  const auto apart = [&](const std::string& log) {
    return absl::DataLossError(absl::StrCat(
        node.state_dir, ": the ledger is ", log, ", and log.key is of ",
        key.name(),
        ": one of them is from another time; put the state folder back whole "
        "from its newest backup"));
  };
  if (opening.has_value()) {
    const std::string text = opening->log.Text();
    if (text == key.Text()) return absl::OkStatus();
    if (!secrets->next.has_value() ||
        secrets->next->verifier().Text() != text) {
      return apart(opening->log.name());
    }
    // The log was begun, and the program ended before its key was in place.
    return ReplaceFile(NextLogKeyPath(node.state_dir),
                       LogKeyPath(node.state_dir));
  }
  // The first log of all: nothing was sealed before it.
  std::error_code none;
  for (const auto& entry :
       fs::directory_iterator(SealedFolder(node.state_dir), none)) {
    const std::string earlier = entry.path().filename().string();
    if (EditionOf(earlier).empty()) continue;  // not a log
    if (IsLaterEdition(key.name(), earlier)) return apart("an earlier log");
  }
  return absl::OkStatus();
}

std::string NextYearsLog(const LogOwner& owner, const std::string& origin,
                         absl::Time now) {
  return owner.Origin(std::max(YearOf(origin) + 1, YearNow(now)));
}

std::string WhyOverdue(const KeptNode& node, const NodeSecrets& secrets,
                       absl::Time now) {
  const int year = YearOf(secrets.log.verifier().name());
  if (YearNow(now) <= year) return "";
  if (!secrets.next.has_value() ||
      YearOf(secrets.next->verifier().name()) <= year) {
    return "the key of this year's log was not made; `log next` makes it";
  }
  if (YearOf(secrets.next->verifier().name()) > YearNow(now)) return "";
  const absl::Status known = CheckPartnersKnow(node, secrets.next->verifier());
  return known.ok() ? "the next start begins this year's log"
                    : std::string(known.message());
}

absl::Status BeginNextLog(const KeptNode& node, const LedgerParts& parts,
                          const LogReader& files, const NewLog& next,
                          absl::Time now, const AtStep& at_step) {
  CAIRN_RETURN_IF_ERROR(WriteSealed(node, parts, files, next, at_step));
  CAIRN_RETURN_IF_ERROR(Reached(at_step, TurnStep::kInPlace));
  int64_t time_ms = absl::ToUnixMillis(now);
  const uint64_t size = parts.ledger->size();
  if (size > 0) {
    CAIRN_ASSIGN_OR_RETURN(const std::string line,
                           parts.ledger->Line(size - 1));
    CAIRN_ASSIGN_OR_RETURN(const ParsedEntry last, ParseEntry(line));
    time_ms = std::max(time_ms, last.time_ms);
  }
  Entry opened = next.opening.ToEntry();
  for (const auto& [name, value] : next.more) opened.fields[name] = value;
  CAIRN_RETURN_IF_ERROR(parts.database->Transact([&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(parts.in_commit(next.last, &opened));
    CAIRN_RETURN_IF_ERROR(CheckEntry(opened));
    return BeginAnew(parts.database, next.opening.after.origin,
                     EntryLine(opened, 0, time_ms));
  }));
  CAIRN_RETURN_IF_ERROR(Reached(at_step, TurnStep::kBegun));
  CAIRN_RETURN_IF_ERROR(
      ReplaceFile(NextLogKeyPath(node.state_dir), LogKeyPath(node.state_dir)));
  LogLine("ledger.turned", {{"from", next.opening.after.origin},
                            {"to", next.opening.log.name()}});
  return Reached(at_step, TurnStep::kKeyed);
}

absl::StatusOr<bool> TurnLogIfDue(const KeptNode& node,
                                  const LedgerParts& parts, absl::Time now,
                                  const AtStep& at_step) {
  auto secrets = ReadNodeSecrets(node.state_dir, node.owner);
  if (absl::IsNotFound(secrets.status())) return false;  // the first start
  CAIRN_RETURN_IF_ERROR(secrets.status());
  CAIRN_ASSIGN_OR_RETURN(const std::string sealed_for,
                         SealedFor(*parts.ledger));
  const bool has_next = secrets->next.has_value();
  if (sealed_for.empty()) {
    const std::string why = WhyOverdue(node, *secrets, now);
    const bool due = !why.empty() && has_next &&
                     YearOf(secrets->next->verifier().name()) >
                         YearOf(secrets->log.verifier().name()) &&
                     CheckPartnersKnow(node, secrets->next->verifier()).ok();
    if (!due || parts.ledger->size() == 0) {
      if (!why.empty()) LogLine("ledger.turn_due", {{"reason", why}});
      return false;
    }
  } else if (!has_next || secrets->next->verifier().name() != sealed_for) {
    return absl::FailedPreconditionError(absl::StrCat(
        NextLogKeyPath(node.state_dir), ": is not the key of ", sealed_for,
        ", for which the log was sealed; put it back from a backup"));
  }
  const VerifierKey next = secrets->next->verifier();
  const Entry rotated = RotatedEntry(secrets->log, next);
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(node.state_dir)));
  // Finds a ledger that was rolled back, before anything is added to it.
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<LogSigner> signer,
                         LogSigner::Create(std::move(secrets->log),
                                           parts.ledger, checkpoints.get()));
  if (sealed_for.empty()) {
    CAIRN_RETURN_IF_ERROR(parts.end_open());
    CAIRN_RETURN_IF_ERROR(parts.ledger
                              ->Append({rotated, SealedEntry(next)},
                                       [] { return absl::OkStatus(); })
                              .status());
  }
  CAIRN_RETURN_IF_ERROR(Reached(at_step, TurnStep::kSealed));
  CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint last, signer->Sign());
  CAIRN_ASSIGN_OR_RETURN(
      const auto files,
      NodeLog::Open(node.database, CheckpointPath(node.state_dir),
                    last.checkpoint().origin));
  NewLog begun{{next, last.checkpoint(), "", {}}, {}, {}, &last};
  CAIRN_RETURN_IF_ERROR(BeginNextLog(node, parts, *files, begun, now, at_step));
  return true;
}

}  // namespace cairn
