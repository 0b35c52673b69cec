#include "core/ledger/witness_desk.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

using Outcome = WitnessAnswer::Outcome;

constexpr size_t kMaxConflictsTold = 16;  // of one log, until the next start

// Whether the two notes say that the log has two histories. Of the same size
// they do, whatever size the proof starts at.
bool IsConflict(const WitnessAnswer& answer, const Checkpoint& shown) {
  if (answer.kept_checkpoint.empty()) return false;
  if (answer.outcome != Outcome::kWrongSize) return true;
  const absl::StatusOr<Note> note = ParseNote(answer.kept_checkpoint);
  if (!note.ok()) return false;
  const absl::StatusOr<Checkpoint> kept = ParseCheckpointText(note->text);
  return kept.ok() && kept->size == shown.size && kept->root != shown.root;
}

bool Same(const std::optional<WitnessedState>& a,
          const std::optional<WitnessedState>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || a->SameTree(*b));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SeenLogs>> SeenLogs::Create(
    const std::vector<VerifierKey>& logs,
    const std::vector<WitnessStore*>& stores) {
  std::unique_ptr<SeenLogs> seen(new SeenLogs);
  MutexLock lock(&seen->mutex_);
  for (const VerifierKey& log : logs) {
    std::optional<WitnessedState>& now = seen->logs_[log.name()].now;
    for (WitnessStore* store : stores) {
      CAIRN_ASSIGN_OR_RETURN(const std::optional<WitnessedState> kept,
                             store->Load(log.name()));
      if (!kept.has_value()) continue;
      if (now.has_value() && now->size == kept->size &&
          now->root != kept->root) {
        return absl::DataLossError(absl::StrCat(
            "this witness remembers two histories of ", log.name(),
            ", each of ", now->size,
            " entries; its files are not of one node, or somebody changed "
            "them"));
      }
      if (!now.has_value() || now->size < kept->size) now = kept;
    }
  }
  return seen;
}

absl::StatusOr<std::optional<WitnessedState>> SeenLogs::Load(
    const std::string& origin) {
  MutexLock lock(&mutex_);
  return logs_[origin].now;
}

absl::StatusOr<bool> SeenLogs::CompareAndSwap(
    const std::string& origin, const std::optional<WitnessedState>& expected,
    const WitnessedState& next) {
  MutexLock lock(&mutex_);
  Log& log = logs_[origin];
  if (!Same(log.now, expected)) return false;
  if (log.now.has_value() && log.now->SameTree(next)) return true;
  log.now = next;
  log.kept_in.clear();
  return true;
}

absl::Status SeenLogs::Keep(WitnessStore* store, Swap swap) {
  std::map<std::string, Log> logs;
  {
    MutexLock lock(&mutex_);
    logs = logs_;
  }
  for (const auto& [origin, log] : logs) {
    if (log.kept_in.count(store) > 0 || !log.now.has_value()) continue;
    CAIRN_ASSIGN_OR_RETURN(const std::optional<WitnessedState> kept,
                           store->Load(origin));
    if (Same(kept, log.now)) {
      // An earlier commit had it.
      MutexLock lock(&mutex_);
      Log& now = logs_[origin];
      if (Same(now.now, kept)) now.kept_in.insert(store);
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const bool swapped, swap(origin, kept, *log.now));
    if (!swapped) {
      return absl::InternalError(absl::StrCat(
          "another program writes what this witness knows of ", origin));
    }
  }
  return absl::OkStatus();
}

bool SeenLogs::AllKept(const WitnessStore* store) {
  MutexLock lock(&mutex_);
  return std::all_of(logs_.begin(), logs_.end(), [store](const auto& log) {
    return !log.second.now.has_value() || log.second.kept_in.count(store) > 0;
  });
}

absl::StatusOr<std::unique_ptr<WitnessDesk>> WitnessDesk::Create(
    SigningKey key, std::vector<VerifierKey> logs,
    const std::vector<WitnessStore*>& stores, const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<SeenLogs> seen,
                         SeenLogs::Create(logs, stores));
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<Witness> witness,
      Witness::Create(std::move(key), logs, seen.get(), clock));
  return std::unique_ptr<WitnessDesk>(
      new WitnessDesk(std::move(seen), std::move(witness), std::move(logs)));
}

absl::StatusOr<WitnessAnswer> WitnessDesk::Add(const WitnessRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(WitnessAnswer answer, witness_->Add(request));
  Remember(request, answer);
  return answer;
}

absl::StatusOr<WitnessAnswer> WitnessDesk::Follow(
    const WitnessRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(WitnessAnswer answer, witness_->Follow(request));
  Remember(request, answer);
  return answer;
}

std::string WitnessDesk::Remembered(const std::string& origin) {
  const auto state = seen_->Load(origin);
  return state.ok() && state->has_value() ? (*state)->checkpoint : "";
}

// The note with the signature of its log and no other: what proves the
// conflict, and short enough for an entry.
std::string WitnessDesk::OwnNote(const std::string& note,
                                 const std::string& origin) const {
  const auto log = std::find_if(
      logs_.begin(), logs_.end(),
      [&](const VerifierKey& key) { return key.name() == origin; });
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok() || log == logs_.end()) return "";
  Note own{parsed->text, {}};
  if (const NoteSignature* signature = parsed->Find(*log)) {
    own.signatures.push_back(*signature);
  }
  return own.Text();
}

void WitnessDesk::NoteConflict(const Checkpoint& shown,
                               const WitnessRequest& request,
                               const WitnessAnswer& answer) {
  std::vector<std::string>& told = told_[shown.origin];
  const std::string text = shown.Text();
  if (told.size() >= kMaxConflictsTold ||
      std::find(told.begin(), told.end(), text) != told.end()) {
    return;
  }
  told.push_back(text);
  Entry entry{"peer.conflict", "", {}};
  entry.fields["origin"] = shown.origin;
  entry.fields["reason"] =
      answer.outcome == Outcome::kBadProof ? "bad proof" : "split view";
  entry.fields["kept"] = OwnNote(answer.kept_checkpoint, shown.origin);
  entry.fields["shown"] = OwnNote(request.checkpoint, shown.origin);
  conflicts_.push_back(std::move(entry));
}

void WitnessDesk::Remember(const WitnessRequest& request,
                           const WitnessAnswer& answer) {
  const absl::StatusOr<Note> note = ParseNote(request.checkpoint);
  if (!note.ok()) return;
  const absl::StatusOr<Checkpoint> shown = ParseCheckpointText(note->text);
  if (!shown.ok()) return;
  MutexLock lock(&mutex_);
  if (answer.outcome == Outcome::kCosigned && !answer.signature_line.empty()) {
    // The same tree, cosigned again a minute later, is no news.
    uint64_t& told = cosigned_size_[shown->origin];
    if (told >= shown->size) return;
    told = shown->size;
    Entry& entry = cosigned_[shown->origin];
    const std::string root = absl::Base64Escape(shown->root);
    entry = {"checkpoint.cosigned", "", {}};
    entry.fields["origin"] = shown->origin;
    entry.fields["size"] = static_cast<int64_t>(shown->size);
    entry.fields["root"] = root;
  } else if (IsConflict(answer, *shown)) {
    NoteConflict(*shown, request, answer);
  }
}

std::vector<Entry> WitnessDesk::TakeEntries() {
  MutexLock lock(&mutex_);
  std::vector<Entry> entries = std::move(conflicts_);
  conflicts_.clear();
  for (auto& [origin, entry] : cosigned_) entries.push_back(std::move(entry));
  cosigned_.clear();
  return entries;
}

bool WitnessDesk::HasConflict() {
  MutexLock lock(&mutex_);
  return !conflicts_.empty();
}

}  // namespace cairn
