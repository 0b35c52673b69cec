#include "core/audit/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/audit/query_records.h"
#include "core/audit/reconcile.h"
#include "core/audit/words.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/origin.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
constexpr size_t kListed = 50;

absl::StatusOr<std::string> ReadSmallFile(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  return LogFolder(folder.string()).Read(path.filename().string());
}

class FolderAudit : public AuditSource {
 public:
  explicit FolderAudit(const std::string& folder)
      : folder_(folder), files_(folder) {}

  absl::StatusOr<LogToAudit> Log() override {
    std::error_code error;
    if (!fs::is_directory(folder_, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(folder_), ": there is no such folder"));
    }
    LogToAudit log;
    log.files = &files_;
    log.where = folder_;
    log.cosigned = [this] { return Cosigned(); };
    // Sealed logs lie beside one another, each named as its year.
    const fs::path whole = fs::absolute(folder_, error).lexically_normal();
    log.sealed = (whole.has_filename() ? whole : whole.parent_path())
                     .parent_path()
                     .string();
    return log;
  }
  OpenedQuestion Open(const QueryRecord&) override {
    OpenedQuestion question;
    question.bound =
        "the question itself is not in the log, only what binds the log to it; "
        "its owner has it";
    return question;
  }
  absl::StatusOr<ExportExtras> Extras() override { return ExportExtras(); }

 private:
  // The files cosigned/SIZE.txt, by their names.
  absl::StatusOr<std::vector<FoundNote>> Cosigned() const {
    std::vector<FoundNote> notes;
    std::error_code error;
    for (const auto& file :
         fs::directory_iterator(fs::path(folder_) / "cosigned", error)) {
      CAIRN_ASSIGN_OR_RETURN(std::string note, ReadSmallFile(file.path()));
      notes.push_back(
          {absl::StrCat("cosigned/", file.path().filename().string()),
           std::move(note)});
    }
    std::sort(notes.begin(), notes.end(),
              [](const auto& a, const auto& b) { return a.from < b.from; });
    return notes;
  }

  const std::string folder_;
  const LogFolder files_;
};

absl::Status AddKey(const std::string& text, const char* flag, KeyRole role,
                    std::vector<VerifierKey>* keys) {
  const auto key = VerifierKey::Parse(text);
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", key.status().message()));
  }
  if (key->role() != role) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, ": ", PrintableUtf8(key->name()), " is the key of a ",
        role == KeyRole::kLog ? "witness, not of a log; use --witness"
                              : "log, not of a witness; use --log"));
  }
  keys->push_back(*key);
  return absl::OkStatus();
}

absl::StatusOr<QueryFilter> FilterOf(const AuditFlags& flags) {
  QueryFilter filter;
  if (!flags.from.empty()) {
    CAIRN_ASSIGN_OR_RETURN(filter.from_ms,
                           ParseTime(flags.from, "--from", false));
  }
  if (!flags.to.empty()) {
    CAIRN_ASSIGN_OR_RETURN(filter.to_ms, ParseTime(flags.to, "--to", true));
  }
  if (filter.from_ms.has_value() && filter.to_ms.has_value() &&
      *filter.from_ms > *filter.to_ms) {
    return absl::InvalidArgumentError("--from is later than --to");
  }
  static const std::vector<std::string> kOutcomes = {
      "released", "complete",  "partial", "refused",
      "failed",   "abandoned", "open"};
  if (!flags.outcome.empty() && std::find(kOutcomes.begin(), kOutcomes.end(),
                                          flags.outcome) == kOutcomes.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--outcome ", PrintableUtf8(flags.outcome.substr(0, 20)),
        ": use released, refused, failed, abandoned, open, complete or "
        "partial"));
  }
  filter.person = flags.person;
  filter.purpose = flags.purpose;
  filter.data_set = flags.data_set;
  filter.outcome = flags.outcome;
  return filter;
}

// After a finding that was printed: the flaw, if there is one.
absl::Status Verdict(const LogAudit& audit) {
  if (audit.flaw.ok()) return absl::OkStatus();
  if (!absl::IsDataLoss(audit.flaw)) return audit.flaw;
  return absl::DataLossError(
      absl::StrCat("the ledger does not hold: ", audit.flaw.message()));
}

// As Verdict, where the list stops at the flaw.
absl::Status VerdictOfPart(const LogAudit& audit) {
  const absl::Status verdict = Verdict(audit);
  if (!absl::IsDataLoss(verdict)) return verdict;
  return absl::DataLossError(
      absl::StrCat(verdict.message(),
                   " (only what stands before it is shown; "
                   "see: audit verify)"));
}

// A ledger with its questions. One that does not hold is read as far as it
// goes; one that cannot be read at all is an error.
absl::StatusOr<LedgerSide> ReadSide(AuditSource* source, const AuditKeys& keys,
                                    const char* flag) {
  auto log = source->Log();
  if (absl::IsInvalidArgument(log.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", log.status().message()));
  }
  CAIRN_RETURN_IF_ERROR(log.status());
  LedgerSide side;
  side.audit = AuditLog(
      *log, keys, [&](const ParsedEntry& entry) { side.queries.See(entry); });
  if (!side.audit.flaw.ok() && !absl::IsDataLoss(side.audit.flaw)) {
    return side.audit.flaw;
  }
  if (side.audit.origin.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", side.audit.flaw.message()));
  }
  return side;
}

// Puts another year of the same ledger to a side.
absl::Status Join(LedgerSide other, LedgerSide* side, const char* flag) {
  if (AgencyOf(other.audit.origin) != AgencyOf(side->audit.origin) ||
      other.audit.origin == side->audit.origin) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, ": ", PrintableUtf8(other.audit.where), " is the ledger ",
        PrintableUtf8(other.audit.origin), ", which is not another year of ",
        PrintableUtf8(side->audit.origin)));
  }
  if (IsLaterEdition(other.audit.origin, side->audit.origin)) {
    std::swap(other, *side);
  }
  side->audit.first_ms = other.audit.first_ms;
  if (side->audit.flaw.ok()) side->audit.flaw = other.audit.flaw;
  other.queries.Add(side->queries);
  side->queries = std::move(other.queries);
  return absl::OkStatus();
}

// Those that were given; if none were, those that the source has configured.
absl::StatusOr<AuditKeys> KeysFor(AuditSource* source,
                                  const AuditFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(AuditKeys keys, ReadAuditKeys(flags));
  if (!keys.logs.empty() || !keys.witnesses.empty()) return keys;
  CAIRN_ASSIGN_OR_RETURN(AuditKeys own, source->OwnKeys());
  keys.logs = std::move(own.logs);
  keys.witnesses = std::move(own.witnesses);
  return keys;
}

absl::StatusOr<LedgerSide> ReadCoordinator(AuditSource* source,
                                           const AuditKeys& keys,
                                           const AuditFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(LedgerSide side,
                         ReadSide(source, keys, "--coordinator"));
  for (const std::string& folder : flags.before) {
    CAIRN_ASSIGN_OR_RETURN(
        LedgerSide earlier,
        ReadSide(FolderSource(folder).get(), keys, "--before"));
    CAIRN_RETURN_IF_ERROR(Join(std::move(earlier), &side, "--before"));
  }
  if (AgencyOf(side.audit.origin).empty()) return side;
  return absl::InvalidArgumentError(
      absl::StrCat("--coordinator: ", side.audit.where, " is the ledger of ",
                   AgencyOf(side.audit.origin), ", not the coordinator's"));
}

// Prints what was found. A difference is DATA_LOSS.
absl::Status Tell(Reconciliation found, const AuditKeys& keys,
                  const AuditFlags& flags) {
  if (keys.logs.empty()) {
    found.mismatches.push_back(
        {Mismatch::Kind::kNote,
         "",
         "",
         {},
         {},
         "no keys were given (--keys), so nobody's signature was checked"});
  }
  if (flags.output.Format() == "table") {
    CAIRN_RETURN_IF_ERROR(WriteText(found.Text(), flags.output.file));
  } else {
    CAIRN_RETURN_IF_ERROR(WriteListing(found.List(), flags.output));
  }
  if (found.differences() == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the ledgers differ: ",
                   Count(found.differences(), "difference", "differences")));
}

}  // namespace

std::vector<FoundNote> EarlierCheckpoints(std::vector<std::string> notes) {
  std::vector<FoundNote> found;
  for (std::string& note : notes) {
    found.push_back({"an earlier checkpoint", std::move(note)});
  }
  return found;
}

std::unique_ptr<AuditSource> FolderSource(const std::string& folder) {
  return std::make_unique<FolderAudit>(folder);
}

absl::StatusOr<AuditKeys> ReadAuditKeys(const AuditFlags& flags) {
  AuditKeys keys;
  for (const std::string& file : flags.keys) {
    auto text = ReadSmallFile(file);
    if (!text.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--keys: ", text.status().message()));
    }
    CAIRN_RETURN_IF_ERROR(AddKeys(*text, file, &keys));
  }
  for (const std::string& text : flags.logs) {
    CAIRN_RETURN_IF_ERROR(AddKey(text, "--log", KeyRole::kLog, &keys.logs));
  }
  for (const std::string& text : flags.witnesses) {
    CAIRN_RETURN_IF_ERROR(
        AddKey(text, "--witness", KeyRole::kWitness, &keys.witnesses));
  }
  for (const std::string& given : flags.older) {
    std::error_code error;
    const fs::path path = fs::is_directory(given, error)
                              ? fs::path(given) / "checkpoint"
                              : fs::path(given);
    auto note = ReadSmallFile(path);
    if (!note.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--older: ", note.status().message()));
    }
    keys.kept.push_back({path.string(), *std::move(note)});
  }
  return keys;
}

absl::Status AuditVerify(AuditSource* source, const AuditFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const AuditKeys keys, KeysFor(source, flags));
  CAIRN_ASSIGN_OR_RETURN(LogToAudit log, source->Log());
  log.before = flags.before;
  const LogAudit audit = AuditLog(log, keys, [](const ParsedEntry&) {});
  if (!audit.flaw.ok() && !absl::IsDataLoss(audit.flaw)) return audit.flaw;
  if (flags.output.format.empty() || flags.output.format == "table") {
    CAIRN_RETURN_IF_ERROR(WriteText(audit.Text(), flags.output.file));
  } else {
    CAIRN_RETURN_IF_ERROR(WriteListing(audit.Findings(), flags.output));
  }
  return Verdict(audit);
}

absl::Status AuditList(AuditSource* source, const AuditFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const QueryFilter filter, FilterOf(flags));
  CAIRN_ASSIGN_OR_RETURN(const LogToAudit log, source->Log());
  QueryRecords records;
  std::vector<ParsedEntry> events;
  const LogAudit audit =
      AuditLog(log, AuditKeys(), [&](const ParsedEntry& entry) {
        const EntryType* type = FindEntryType(entry.entry.type);
        if (type->about_a_query) {
          records.See(entry);
        } else if (flags.events) {
          events.push_back(entry);
        }
      });
  if (!audit.flaw.ok() && !absl::IsDataLoss(audit.flaw)) return audit.flaw;
  const std::string format = flags.output.Format();
  const size_t limit = flags.limit >= 0    ? static_cast<size_t>(flags.limit)
                       : format == "table" ? kListed
                                           : 0;
  size_t left_out = 0;
  const Listing listing =
      flags.events
          ? ListEvents(events, filter, limit, format, &left_out)
          : ListQueries(records, filter, IsCoordinatorOrigin(audit.origin),
                        limit, format, &left_out);
  CAIRN_RETURN_IF_ERROR(WriteListing(listing, flags.output));
  if (left_out > 0) {
    std::fprintf(stderr, "%s older; --limit 0 shows all\n",
                 Count(left_out, "more is", "more are").c_str());
  }
  return VerdictOfPart(audit);
}

absl::Status AuditShow(AuditSource* source, const AuditFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const LogToAudit log, source->Log());
  QueryStory story(flags.query_id);
  const LogAudit audit = AuditLog(
      log, AuditKeys(), [&](const ParsedEntry& entry) { story.See(entry); });
  if (!story.found()) {
    CAIRN_RETURN_IF_ERROR(Verdict(audit));
    return absl::InvalidArgumentError(absl::StrCat(
        "the log has no question '",
        PrintableUtf8(flags.query_id.substr(0, 64)), "'; see: audit list"));
  }
  const OpenedQuestion question = source->Open(story.record());
  const std::string format =
      flags.output.format.empty() ? "table" : flags.output.format;
  if (format == "table") {
    CAIRN_RETURN_IF_ERROR(
        WriteText(story.Text(audit.origin, question), flags.output.file));
  } else if (format == "json" || format == "jsonl") {
    CAIRN_RETURN_IF_ERROR(
        WriteText(story.Json(audit.origin, question), flags.output.file));
  } else {
    CAIRN_RETURN_IF_ERROR(WriteListing(story.Entries(), flags.output));
  }
  return VerdictOfPart(audit);
}

absl::Status AuditReconcile(AuditSource* source, const AuditFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const AuditKeys keys, ReadAuditKeys(flags));
  CAIRN_ASSIGN_OR_RETURN(const LedgerSide coordinator,
                         ReadCoordinator(source, keys, flags));
  std::vector<LedgerSide> agents;
  for (const std::string& folder : flags.agents) {
    CAIRN_ASSIGN_OR_RETURN(
        LedgerSide agent,
        ReadSide(FolderSource(folder).get(), keys, "--agent"));
    const std::string agency = AgencyOf(agent.audit.origin);
    if (agency.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--agent: ", PrintableUtf8(folder), " is the ledger ",
                       PrintableUtf8(agent.audit.origin), ", not an agency's"));
    }
    // Several years of one agency are one side.
    const auto same = std::find_if(
        agents.begin(), agents.end(), [&](const LedgerSide& other) {
          return AgencyOf(other.audit.origin) == agency;
        });
    if (same == agents.end()) {
      agents.push_back(std::move(agent));
    } else {
      CAIRN_RETURN_IF_ERROR(Join(std::move(agent), &*same, "--agent"));
    }
  }
  return Tell(Reconcile(coordinator, agents), keys, flags);
}

absl::Status AuditReconcileOwn(AuditSource* source, const AuditFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const AuditKeys keys, KeysFor(source, flags));
  CAIRN_ASSIGN_OR_RETURN(
      const LedgerSide coordinator,
      ReadCoordinator(FolderSource(flags.coordinator).get(), keys, flags));
  CAIRN_ASSIGN_OR_RETURN(LedgerSide own, ReadSide(source, keys, "audit"));
  std::vector<LedgerSide> agents;
  agents.push_back(std::move(own));
  return Tell(Reconcile(coordinator, agents, true), keys, flags);
}

absl::Status AuditExport(AuditSource* source, const AuditFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const LogToAudit log, source->Log());
  CAIRN_ASSIGN_OR_RETURN(ExportExtras extras, source->Extras());
  CAIRN_ASSIGN_OR_RETURN(const AuditKeys keys, ReadAuditKeys(flags));
  for (const auto* list : {&keys.logs, &keys.witnesses}) {
    for (const VerifierKey& key : *list) {
      absl::StrAppend(&extras.keys, key.Text(), "\n");
    }
  }
  auto written = ExportLog(*log.files, extras, flags.folder);
  if (absl::IsAlreadyExists(written.status())) {
    return absl::InvalidArgumentError(written.status().message());
  }
  CAIRN_RETURN_IF_ERROR(written.status());
  CAIRN_RETURN_IF_ERROR(source->Exported(*written));
  return PrintOut(absl::StrCat(
      "Wrote ", Count(written->size, "entry", "entries"), " of ",
      written->origin, " to ", flags.folder,
      ". A stranger begins with its README.txt; you check it with:\n  cairn "
      "audit verify ",
      flags.folder, " --keys KEYS\n"));
}

}  // namespace cairn
