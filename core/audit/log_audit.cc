#include "core/audit/log_audit.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/audit/turn_audit.h"
#include "core/audit/words.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/verify_log.h"
#include "core/output/listing.h"

namespace cairn {
namespace {

using Verdict = AuditFinding::Verdict;
constexpr int kWhatWidth = 14;
constexpr size_t kTextWidth = 100;

template <typename... Parts>
absl::Status Loss(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(parts...));
}

// What was done about each question, in the order it must be done in.
class OrderOfActs {
 public:
  void See(const ParsedEntry& entry) {
    const std::string& type = entry.entry.type;
    if (entry.index == 0) follows_ = type == "log.opened";
    if (entry.entry.query_id.empty() || !flaw_.ok()) return;
    State& state = states_[entry.entry.query_id];
    if (type == "query.received") {
      state.received = true;
      return;
    }
    if (!state.received && follows_ && MayBeOfEarlierLog(type)) return;
    if (!state.received) {
      flaw_ = Flaw(entry, "which was never received before");
    } else if (type == "query.admitted") {
      state.admitted = true;
    } else if (type == "answer.released" && !state.admitted) {
      flaw_ = Flaw(entry, "which was not admitted before");
    }
  }
  const absl::Status& flaw() const { return flaw_; }
  size_t queries() const { return states_.size(); }

 private:
  struct State {
    bool received = false;
    bool admitted = false;
  };
  // Persons decide later than they are asked, perhaps in another year.
  static bool MayBeOfEarlierLog(const std::string& type) {
    return type == "approval.given" || type == "approval.denied" ||
           type == "query.abandoned";
  }
  static absl::Status Flaw(const ParsedEntry& entry, const char* why) {
    return Loss("entry ", entry.index, " is ", entry.entry.type,
                " of the question ", PrintableUtf8(entry.entry.query_id), ", ",
                why);
  }
  bool follows_ = false;  // another log, in which a question may stand
  std::unordered_map<std::string, State> states_;
  absl::Status flaw_;
};

class Auditor {
 public:
  Auditor(const LogToAudit& log, const AuditKeys& keys,
          absl::FunctionRef<void(const ParsedEntry&)> each)
      : log_(log), keys_(keys), each_(each) {
    audit_.where = log.where;
  }

  LogAudit Run() {
    const absl::Status opened = Open();
    if (!opened.ok()) {
      Fails("checkpoint", opened);
      return std::move(audit_);
    }
    if (head_.has_value()) ReadFiles();
    audit_.findings.insert(audit_.findings.end(), signed_.begin(),
                           signed_.end());
    for (const AuditFinding& finding : signed_) {
      if (finding.verdict != Verdict::kFails || !audit_.flaw.ok()) continue;
      audit_.flaw = absl::DataLossError(finding.words);
    }
    return std::move(audit_);
  }

 private:
  // The checkpoint, whose it is, and what the auditor kept. An error: nothing
  // can be read at all.
  absl::Status Open() {
    auto note = log_.files->Read("checkpoint");
    head_ = log_.stored_head;
    if (absl::IsNotFound(note.status()) && head_.has_value()) {
      NotChecked("signature", "the log has not signed anything yet");
      return absl::OkStatus();
    }
    if (absl::IsNotFound(note.status())) {
      return Loss("there is no file `checkpoint` in ", log_.where,
                  ": it is no export of a log, or one that did not end");
    }
    CAIRN_RETURN_IF_ERROR(note.status());
    auto parsed = ParseNote(*note);
    if (!parsed.ok()) return NoCheckpoint(parsed.status());
    note_ = *std::move(parsed);
    const auto read = ParseCheckpointText(note_.text);
    if (!read.ok()) return NoCheckpoint(read.status());
    const Checkpoint& checkpoint = *read;
    audit_.origin = checkpoint.origin;
    if (head_.has_value()) {
      head_->origin = checkpoint.origin;
      kept_.push_back(checkpoint);
    } else {
      head_ = checkpoint;
    }
    unsigned_ = head_->size - std::min(head_->size, checkpoint.size);
    CheckSignature(*note, checkpoint);
    CheckCosignatures();
    OpenKept();
    if (seen_by_nobody_) FindWitnessed();
    return absl::OkStatus();
  }

  static absl::Status NoCheckpoint(const absl::Status& why) {
    return Loss("the file `checkpoint` is not a checkpoint: ", why.message());
  }

  void CheckSignature(const std::string& note, const Checkpoint& checkpoint) {
    std::vector<std::string> names;
    for (const VerifierKey& key : keys_.logs) {
      names.push_back(key.name());
      if (key.name() == checkpoint.origin) log_key_ = &key;
    }
    if (names.empty()) {
      NotChecked("signature", "no key of this log was given (--keys or --log)");
    } else if (log_key_ == nullptr) {
      Add(Verdict::kFails, "signature",
          absl::StrCat("this is the log ", checkpoint.origin,
                       ", and the keys that were given are of ",
                       absl::StrJoin(names, ", ")));
    } else if (const auto opened = OpenCheckpoint(note, *log_key_);
               opened.ok()) {
      Add(Verdict::kHolds, "signature",
          absl::StrCat("by the log's key ", KeyIdText(*log_key_), ", over ",
                       Count(checkpoint.size, "entry", "entries"),
                       unsigned_ == 0 ? ""
                                      : absl::StrCat("; the last ", unsigned_,
                                                     " are not signed yet")));
    } else {
      Add(Verdict::kFails, "signature", std::string(opened.status().message()));
    }
  }

  void CheckCosignatures() {
    std::vector<std::string> unknown;
    bool any = false;
    for (const NoteSignature& signature : note_.signatures) {
      if (log_key_ != nullptr ? signature.ClaimsToBeOf(*log_key_)
                              : signature.key_name == audit_.origin) {
        continue;
      }
      any = true;
      const auto key = std::find_if(
          keys_.witnesses.begin(), keys_.witnesses.end(),
          [&](const VerifierKey& k) { return signature.ClaimsToBeOf(k); });
      const std::string name = PrintableUtf8(signature.key_name);
      if (key == keys_.witnesses.end()) {
        unknown.push_back(name);
        continue;
      }
      const auto time = VerifyCosignature(note_.text, signature, *key);
      Add(time.ok() ? Verdict::kHolds : Verdict::kFails, "cosignature",
          time.ok() ? absl::StrCat("by ", name, " at ",
                                   TimeText(absl::ToUnixMillis(*time)))
                    : std::string(time.status().message()));
    }
    if (!any) {
      seen_by_nobody_ = true;
    } else if (!unknown.empty() && keys_.witnesses.empty()) {
      NotChecked("cosignature",
                 absl::StrCat("by ", absl::StrJoin(unknown, ", "),
                              ": no keys of witnesses were given (--keys or "
                              "--witness)"));
    } else if (!unknown.empty()) {
      Add(Verdict::kFails, "cosignature",
          absl::StrCat("the checkpoint is also signed by ",
                       absl::StrJoin(unknown, ", "),
                       ", whose key is not among those that were given; give "
                       "the keys of all witnesses"));
    }
  }

  // How far somebody has seen this log, by the checkpoints that were cosigned
  // earlier. They are of the log's owner: what they say counts by its own key
  // and a witness's, and is held against the entries.
  void FindWitnessed() {
    constexpr char kWhat[] = "cosignature";
    absl::StatusOr<std::vector<FoundNote>> notes = std::vector<FoundNote>();
    if (log_.cosigned) notes = log_.cosigned();
    if (!notes.ok()) {
      return NotChecked(
          kWhat, absl::StrCat("nobody has cosigned this checkpoint, and the "
                              "earlier ones could not be read: ",
                              notes.status().message()));
    }
    std::map<std::string, Witnessed> by_witness;
    bool unread = false;
    for (const FoundNote& found : *notes) {
      const absl::Status read = ReadCosigned(found, &by_witness, &unread);
      if (read.ok()) continue;
      Add(Verdict::kFails, kWhat,
          absl::StrCat(PrintableUtf8(found.from), ": ", read.message()));
    }
    uint64_t reach = 0;
    for (const auto& [name, seen] : by_witness) {
      reach = std::max(reach, seen.size);
      Add(Verdict::kHolds, kWhat,
          absl::StrCat("by ", PrintableUtf8(name), " at ",
                       TimeText(absl::ToUnixMillis(seen.time)), ", over ",
                       seen.size == head_->size ? "all " : "the first ",
                       Count(seen.size, "entry", "entries"), " (",
                       PrintableUtf8(seen.from), ")"));
    }
    const uint64_t size = head_->size;
    if (reach > 0 && reach == size) return;
    NotChecked(
        kWhat,
        absl::StrCat(
            reach == 0 ? "nobody has cosigned this checkpoint: "
                       : "nobody has cosigned what came after: ",
            size == 0 ? "there is nothing in it"
            : reach + 1 == size
                ? absl::StrCat("entry ", reach, " is not yet witnessed")
                : absl::StrCat("entries ", reach, " to ", size - 1,
                               " are not yet witnessed"),
            unread ? "; there are earlier checkpoints, but no key for them "
                     "was given (--keys or --witness)"
                   : ""));
  }

  struct Witnessed {
    uint64_t size = 0;
    absl::Time time;
    std::string from;
  };

  // What one note adds. `unread`: a key that would have told is missing.
  absl::Status ReadCosigned(const FoundNote& found,
                            std::map<std::string, Witnessed>* by_witness,
                            bool* unread) {
    CAIRN_ASSIGN_OR_RETURN(const Note note, ParseNote(found.note));
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenOne(found.note));
    // Of a log that grew while it was read; or one that was cut off, which the
    // auditor's own copy is to tell.
    if (checkpoint.size > head_->size) return absl::OkStatus();
    bool counts = false;
    for (const VerifierKey& key : keys_.witnesses) {
      const NoteSignature* signature = note.Find(key);
      if (signature == nullptr) continue;
      CAIRN_ASSIGN_OR_RETURN(const absl::Time time,
                             VerifyCosignature(note.text, *signature, key));
      counts = true;
      Witnessed& seen = (*by_witness)[key.name()];
      if (seen.size <= checkpoint.size) {
        seen = {checkpoint.size, time, found.from};
      }
    }
    if (counts) kept_.push_back(checkpoint);
    *unread = *unread || !counts;
    return absl::OkStatus();
  }

  void OpenKept() {
    for (const FoundNote& kept : keys_.kept) {
      const auto checkpoint = OpenOne(kept.note);
      if (!checkpoint.ok()) {
        Add(Verdict::kFails, "kept",
            absl::StrCat(kept.from, ": ", checkpoint.status().message()));
        continue;
      }
      kept_.push_back(*checkpoint);
      kept_names_.push_back(absl::StrCat(
          kept.from, ", of ", Count(checkpoint->size, "entry", "entries")));
    }
    if (kept_names_.empty()) {
      NotChecked("kept",
                 "no checkpoint was given that you kept earlier (--older): a "
                 "log written anew from its start would not be noticed");
    }
  }

  absl::StatusOr<Checkpoint> OpenOne(const std::string& note) const {
    if (log_key_ != nullptr) {
      CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint opened,
                             OpenCheckpoint(note, *log_key_));
      return opened.checkpoint();
    }
    CAIRN_ASSIGN_OR_RETURN(const Note parsed, ParseNote(note));
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                           ParseCheckpointText(parsed.text));
    if (checkpoint.origin == audit_.origin) return checkpoint;
    return absl::NotFoundError(absl::StrCat("is a checkpoint of the log ",
                                            checkpoint.origin, ", not of ",
                                            audit_.origin));
  }

  void ReadFiles() {
    OrderOfActs acts;
    TurnAudit turn;
    const absl::Status read = VerifyLogFiles(
        *log_.files, *head_, kept_, [&](const ParsedEntry& entry) {
          if (audit_.size == 0) audit_.first_ms = entry.time_ms;
          audit_.last_ms = entry.time_ms;
          ++audit_.size;
          acts.See(entry);
          turn.See(entry);
          each_(entry);
          return absl::OkStatus();
        });
    const absl::Status kept =
        read.ok() && log_.check_kept ? log_.check_kept(head_->size) : read;
    if (!kept.ok()) {
      Fails("entries", kept);
      return;
    }
    Now(Verdict::kHolds, "entries",
        audit_.size == 0
            ? "there are none"
            : absl::StrCat("0 to ", audit_.size - 1,
                           ": all there, none altered, none older than the "
                           "one before it"));
    Now(Verdict::kHolds, "tree",
        log_.stored_head.has_value()
            ? "made again from the entries: the hashes kept with them are "
              "theirs"
            : "made again from the entries: the root is the one of the "
              "checkpoint");
    if (acts.flaw().ok()) {
      Now(Verdict::kHolds, "order of acts",
          absl::StrCat(Count(acts.queries(), "question", "questions"),
                       ": each on record before it was admitted or answered"));
    } else {
      Fails("order of acts", acts.flaw());
    }
    for (const auto& finding : {turn.Sealed(), turn.Follows(log_, keys_)}) {
      if (!finding.has_value()) continue;
      audit_.findings.push_back(*finding);
      if (finding->verdict != Verdict::kFails || !audit_.flaw.ok()) continue;
      audit_.flaw = absl::DataLossError(finding->words);
    }
    for (const std::string& name : kept_names_) {
      Now(Verdict::kHolds, "kept", absl::StrCat(name, ": the same history"));
    }
  }

  void Now(Verdict verdict, const char* what, std::string words) {
    audit_.findings.push_back({verdict, what, std::move(words)});
  }
  void Add(Verdict verdict, const char* what, std::string words) {
    signed_.push_back({verdict, what, std::move(words)});
  }
  void NotChecked(const char* what, std::string words) {
    Add(Verdict::kNotChecked, what, std::move(words));
  }
  void Fails(const char* what, const absl::Status& status) {
    Now(Verdict::kFails, what, std::string(status.message()));
    if (audit_.flaw.ok()) audit_.flaw = status;
  }

  const LogToAudit& log_;
  const AuditKeys& keys_;
  absl::FunctionRef<void(const ParsedEntry&)> each_;
  LogAudit audit_;
  Note note_;
  std::optional<Checkpoint> head_;
  uint64_t unsigned_ = 0;  // entries
  bool seen_by_nobody_ = false;
  const VerifierKey* log_key_ = nullptr;
  std::vector<Checkpoint> kept_;
  std::vector<std::string> kept_names_;
  std::vector<AuditFinding> signed_;  // told after the entries
};

// The key in a line of a file of keys; empty if it says none.
absl::string_view VkeyOf(absl::string_view line) {
  if (absl::ConsumePrefix(&line, "log:") ||
      absl::ConsumePrefix(&line, "witness:")) {
    line = absl::StripAsciiWhitespace(line);
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return line;
  }
  for (const char* other :
       {"#", "coordinator", "agency", "id:", "rotated:", "}"}) {
    if (absl::StartsWith(line, other)) return "";
  }
  return line;
}

}  // namespace

absl::Status AddKeys(absl::string_view text, const std::string& from,
                     AuditKeys* keys) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view vkey = VkeyOf(absl::StripAsciiWhitespace(line));
    if (vkey.empty()) continue;
    const auto key = VerifierKey::Parse(vkey);
    if (!key.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(from, ":", number, ": ", key.status().message()));
    }
    (key->role() == KeyRole::kLog ? keys->logs : keys->witnesses)
        .push_back(*key);
  }
  return absl::OkStatus();
}

Listing LogAudit::Findings() const {
  Listing listing;
  listing.title = absl::StrCat("The ledger ", origin);
  listing.columns = {"verdict", "what", "words"};
  for (const AuditFinding& finding : findings) {
    listing.rows.push_back({finding.verdict == Verdict::kHolds ? "holds"
                            : finding.verdict == Verdict::kFails
                                ? "fails"
                                : "not_checked",
                            finding.what, finding.words});
  }
  return listing;
}

std::string LogAudit::Text() const {
  std::string out;
  const auto line = [&](const char* mark, const std::string& what,
                        const std::string& words) {
    const size_t indent = 6 + kWhatWidth + 1;
    const size_t width = TerminalWidth() == 0 ? kTextWidth : TerminalWidth();
    std::vector<std::string> parts =
        WrapText(words, std::max<size_t>(width, indent + 30) - indent);
    absl::StrAppend(&out, absl::StrFormat("%-5s %-*s %s\n", mark, kWhatWidth,
                                          what, parts[0]));
    for (size_t i = 1; i < parts.size(); ++i) {
      absl::StrAppend(&out, std::string(indent, ' '), parts[i], "\n");
    }
  };
  line("", "log", origin.empty() ? "has no name yet" : PrintableUtf8(origin));
  line("", "read from", where);
  if (size > 0) {
    line("", "holds",
         absl::StrCat(Count(size, "entry", "entries"), ", ", TimeText(first_ms),
                      " to ", TimeText(last_ms), " UTC"));
  }
  out += "\n";
  for (const AuditFinding& finding : findings) {
    line(finding.verdict == Verdict::kHolds   ? "ok"
         : finding.verdict == Verdict::kFails ? "FAIL"
                                              : "-",
         finding.what, finding.words);
  }
  const auto open = std::count_if(
      findings.begin(), findings.end(), [](const AuditFinding& finding) {
        return finding.verdict == Verdict::kNotChecked;
      });
  absl::StrAppend(&out, "\n",
                  !flaw.ok()  ? "The ledger does NOT hold."
                  : open == 0 ? "The ledger holds."
                              : absl::StrCat("What was checked holds; ",
                                             Count(static_cast<uint64_t>(open),
                                                   "thing was", "things were"),
                                             " not checked."),
                  "\n");
  return out;
}

LogAudit AuditLog(const LogToAudit& log, const AuditKeys& keys,
                  absl::FunctionRef<void(const ParsedEntry&)> each) {
  return Auditor(log, keys, each).Run();
}

}  // namespace cairn
