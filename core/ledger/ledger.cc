#include "core/ledger/ledger.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/proof.h"
#include "core/ledger/tiles.h"

namespace cairn {
namespace {

constexpr char kSealed[] = "log.sealed";

template <typename... Parts>
absl::Status Loss(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(parts...));
}

// Adds an entry of the store to a tree that is made again, and checks that it
// is in its place and was not altered.
absl::Status AddAgain(const LedgerStore::Line& line, TreeFrontier* tree) {
  if (line.index != tree->size()) {
    return Loss("entry ", tree->size(), " is missing");
  }
  const absl::StatusOr<ParsedEntry> parsed = ParseEntry(line.text);
  if (!parsed.ok()) {
    return Loss("entry ", line.index,
                " was altered: ", parsed.status().message());
  }
  if (parsed->index != line.index) {
    return Loss("entry ", line.index, " was altered: entry ", parsed->index,
                " stands there");
  }
  if (tree->Append(LeafHash(line.text)) != line.hashes) {
    return Loss("entry ", line.index,
                " was altered: the hashes kept with it are not its own");
  }
  return absl::OkStatus();
}

// Whether an error says that what was to be written may not be, rather than
// that the disk failed.
bool IsRefusal(const absl::Status& status) {
  return absl::IsAlreadyExists(status) || absl::IsFailedPrecondition(status) ||
         absl::IsInvalidArgument(status) || absl::IsAborted(status);
}

// The tree that the store's entries make, against the one that is kept.
absl::Status CheckSame(const TreeFrontier& again, const TreeFrontier& tree) {
  if (again.size() < tree.size()) {
    return Loss("entry ", again.size(), " is missing");
  }
  if (again.size() > tree.size() || again.Root() != tree.Root()) {
    return Loss(
        "the entries on the disk do not make the tree in memory; "
        "another program may have written to the ledger");
  }
  return absl::OkStatus();
}

absl::StatusOr<LedgerStore::Line> ReadLine(LedgerStore* store, uint64_t index) {
  std::optional<LedgerStore::Line> found;
  CAIRN_RETURN_IF_ERROR(
      store->Read(index, index + 1, [&](const LedgerStore::Line& line) {
        found = line;
        return absl::OkStatus();
      }));
  if (!found.has_value()) return Loss("entry ", index, " is missing");
  return *std::move(found);
}

// Each node's hash is kept with the entry that completed it.
absl::StatusOr<std::string> ReadNode(LedgerStore* store, TreeNode node) {
  CAIRN_ASSIGN_OR_RETURN(const LedgerStore::Line line,
                         ReadLine(store, node.LastEntry()));
  const size_t at = static_cast<size_t>(node.level) * kHashBytes;
  if (line.hashes.size() < at + kHashBytes) {
    return Loss("entry ", line.index,
                " was altered: a hash that was kept with it is missing");
  }
  return line.hashes.substr(at, kHashBytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(LedgerStore* store,
                                                     const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size, store->Size());
  int64_t last_ms = 0;
  bool sealed = false;
  if (size > 0) {
    CAIRN_ASSIGN_OR_RETURN(const LedgerStore::Line last,
                           ReadLine(store, size - 1));
    const absl::StatusOr<ParsedEntry> parsed = ParseEntry(last.text);
    if (!parsed.ok()) {
      return Loss("entry ", size - 1,
                  " was altered: ", parsed.status().message());
    }
    last_ms = parsed->time_ms;
    sealed = parsed->entry.type == kSealed;
  }
  CAIRN_ASSIGN_OR_RETURN(TreeFrontier tree,
                         TreeFrontier::Load(size, [store](TreeNode node) {
                           return ReadNode(store, node);
                         }));
  std::unique_ptr<Ledger> ledger(
      new Ledger(store, clock, std::move(tree), last_ms));
  ledger->sealed_ = sealed;
  return ledger;
}

absl::StatusOr<Receipt> Ledger::Append(const Entry& entry) {
  return Append({entry}, [] { return absl::OkStatus(); });
}

absl::StatusOr<Receipt> Ledger::Append(const std::vector<Entry>& entries,
                                       SameCommit same_commit) {
  if (entries.empty()) {
    return absl::InvalidArgumentError("no entry was given to the ledger");
  }
  for (const Entry& entry : entries) CAIRN_RETURN_IF_ERROR(CheckEntry(entry));
  if (sealed_) {
    return absl::FailedPreconditionError(
        "the ledger is sealed, and nothing is added to it; start the program, "
        "which begins the next one");
  }
  Call call{&entries, same_commit, absl::InternalError("not committed")};
  MutexLock lock(&queue_mutex_);
  waiting_.push_back(&call);
  waiting_entries_ += entries.size();
  if (committing_) {
    if (GroupIsFull()) arrived_.NotifyOne();
    while (!call.done && !call.leads) call.wake.Wait(&queue_mutex_);
  }
  if (!call.done) Lead();
  if (call.result.ok() && entries.back().type == kSealed) sealed_ = true;
  return std::move(call.result);
}

void Ledger::Lead() {
  committing_ = true;
  const auto until = std::chrono::steady_clock::now() + kGroupWait;
  while (!GroupIsFull()) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero() || !arrived_.WaitFor(&queue_mutex_, left)) break;
  }
  std::vector<Call*> calls;
  for (size_t entries = 0; !waiting_.empty(); waiting_.pop_front()) {
    entries += waiting_.front()->entries->size();
    if (!calls.empty() && entries > kGroupEntries) break;
    waiting_entries_ -= waiting_.front()->entries->size();
    calls.push_back(waiting_.front());
  }
  queue_mutex_.Unlock();
  CommitTogether(calls);
  queue_mutex_.Lock();
  last_calls_ = calls.size();
  for (Call* call : calls) {
    call->done = true;
    call->wake.NotifyOne();
  }
  committing_ = !waiting_.empty();
  if (!committing_) return;
  waiting_.front()->leads = true;
  waiting_.front()->wake.NotifyOne();
}

absl::Status Ledger::AppendCall(LedgerStore* store, int64_t time_ms, Call* call,
                                TreeFrontier* tree) {
  TreeFrontier longer = *tree;
  std::vector<LedgerStore::Line> lines;
  for (const Entry& entry : *call->entries) {
    const uint64_t index = longer.size();
    std::string text = EntryLine(entry, index, time_ms);
    if (text.size() > kMaxEntryBytes) {
      call->result = absl::InvalidArgumentError(
          "a ledger entry is larger than 16 KiB; it was not written");
      return absl::OkStatus();
    }
    std::string hashes = longer.Append(LeafHash(text));
    lines.push_back({index, std::move(text), std::move(hashes)});
  }
  const Receipt receipt{lines.back().index,
                        lines.back().hashes.substr(0, kHashBytes)};
  absl::Status inner;
  const absl::Status appended = store->Append(lines, [&] {
    inner = call->same_commit(receipt);
    return inner;
  });
  if (IsRefusal(inner) && appended == inner) {  // undone: only this call fails
    call->result = inner;
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(appended);
  call->result = receipt;
  *tree = std::move(longer);
  return absl::OkStatus();
}

void Ledger::CommitTogether(const std::vector<Call*>& calls) {
  MutexLock lock(&mutex_);
  TreeFrontier tree = tree_;
  // Time never goes back within a log.
  const int64_t time_ms = std::max(last_ms_, absl::ToUnixMillis(clock_->Now()));
  if (failed_.ok()) {
    const absl::Status written =
        store_->Commit([&, store = store_]() -> absl::Status {
          for (Call* call : calls) {
            CAIRN_RETURN_IF_ERROR(AppendCall(store, time_ms, call, &tree));
          }
          return absl::OkStatus();
        });
    if (written.ok()) {
      last_ms_ = time_ms;
      tree_ = std::move(tree);
      return;
    }
    BreakLocked(absl::InternalError(absl::StrCat(
        "the ledger could not be written, so nothing more is answered: ",
        written.message())));
  }
  for (Call* call : calls) call->result = failed_;
}

uint64_t Ledger::size() const {
  MutexLock lock(&mutex_);
  return tree_.size();
}

TreeHead Ledger::Head() const {
  MutexLock lock(&mutex_);
  return {tree_.size(), tree_.Root()};
}

absl::Status Ledger::broken() const {
  MutexLock lock(&mutex_);
  return failed_;
}

void Ledger::WhenBroken(std::function<void(const absl::Status&)> tell) {
  MutexLock lock(&mutex_);
  tell_ = std::move(tell);
}

absl::Status Ledger::Break(absl::string_view what, const absl::Status& why) {
  MutexLock lock(&mutex_);
  if (failed_.ok()) {
    BreakLocked(absl::InternalError(absl::StrCat(
        what,
        " could not be kept, so nothing more is answered: ", why.message())));
  }
  return failed_;
}

void Ledger::BreakLocked(absl::Status why) {
  failed_ = std::move(why);
  if (tell_) tell_(failed_);
}

absl::Status Ledger::ReadBack() {
  TreeFrontier again = read_back_;
  CAIRN_RETURN_IF_ERROR(store_->Read(again.size(), tree_.size(),
                                     [&again](const LedgerStore::Line& line) {
                                       return AddAgain(line, &again);
                                     }));
  CAIRN_RETURN_IF_ERROR(CheckSame(again, tree_));
  read_back_ = std::move(again);
  return absl::OkStatus();
}

absl::StatusOr<SignedCheckpoint> Ledger::Sign(const SigningKey& key) {
  MutexLock lock(&mutex_);
  if (!failed_.ok()) return failed_;
  if (const absl::Status same = ReadBack(); !same.ok()) {
    BreakLocked(Loss("the ledger is not signed, and nothing more is answered: ",
                     same.message()));
    return failed_;
  }
  return SignCheckpoint({key.verifier().name(), tree_.size(), tree_.Root()},
                        key);
}

absl::Status Ledger::CheckSize(uint64_t size) const {
  if (size <= tree_.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the ledger has ", tree_.size(), " entries and never had ", size));
}

absl::StatusOr<std::vector<std::string>> Ledger::ProveConsistency(
    uint64_t old_size, uint64_t new_size) const {
  MutexLock lock(&mutex_);
  CAIRN_RETURN_IF_ERROR(CheckSize(new_size));
  return cairn::ProveConsistency(old_size, new_size, [this](TreeNode node) {
    return ReadNode(store_, node);
  });
}

absl::StatusOr<std::string> Ledger::Line(uint64_t index) const {
  MutexLock lock(&mutex_);
  CAIRN_ASSIGN_OR_RETURN(LedgerStore::Line line, ReadLine(store_, index));
  return std::move(line.text);
}

absl::StatusOr<TlogProof> Ledger::ProveEntry(
    uint64_t index, const SignedCheckpoint& checkpoint) const {
  const uint64_t size = checkpoint.checkpoint().size;
  MutexLock lock(&mutex_);
  CAIRN_RETURN_IF_ERROR(CheckSize(size));
  TlogProof proof;
  proof.index = index;
  proof.checkpoint = checkpoint.Text();
  CAIRN_ASSIGN_OR_RETURN(proof.inclusion,
                         ProveInclusion(index, size, [this](TreeNode node) {
                           return ReadNode(store_, node);
                         }));
  return proof;
}

absl::StatusOr<uint64_t> Ledger::Verify() const {
  MutexLock lock(&mutex_);
  TreeFrontier tree;
  CAIRN_RETURN_IF_ERROR(
      store_->Read(0, kMaxTreeSize, [&tree](const LedgerStore::Line& line) {
        return AddAgain(line, &tree);
      }));
  CAIRN_RETURN_IF_ERROR(CheckSame(tree, tree_));
  return tree.size();
}

absl::Status Ledger::Export(const SignedCheckpoint& checkpoint,
                            const LogFolderWriter& folder) const {
  const uint64_t size = checkpoint.checkpoint().size;
  TileWriter tiles([&](const std::string& path, const std::string& bytes) {
    return folder.Write(path, bytes);
  });
  // A bundle at a time, so that nobody waits for the whole of it.
  while (tiles.size() < size) {
    const uint64_t from = tiles.size();
    MutexLock lock(&mutex_);
    CAIRN_RETURN_IF_ERROR(store_->Read(from, std::min(from + kTileWidth, size),
                                       [&](const LedgerStore::Line& line) {
                                         return tiles.Append(line.text);
                                       }));
    if (tiles.size() == from) return Loss("entry ", from, " is missing");
  }
  CAIRN_RETURN_IF_ERROR(tiles.Finish());
  if (tiles.Root() != checkpoint.checkpoint().root) {
    return Loss(
        "the entries are not those that the checkpoint was signed for; "
        "run: audit verify");
  }
  return folder.Finish(checkpoint.Text());
}

}  // namespace cairn
