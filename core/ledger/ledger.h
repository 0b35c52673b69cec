#ifndef CAIRN_CORE_LEDGER_LEDGER_H_
#define CAIRN_CORE_LEDGER_LEDGER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/merkle.h"
#include "core/ledger/tlog_proof.h"

namespace cairn {

// The record of what was asked and what left. An agent appends what it was
// asked before it runs it, and what it releases before the first byte leaves; a
// coordinator appends a question before it sends it and an answer before the
// analyst sees it. An entry that has a Receipt is on the disk.
//
// The entries are the leaves of a Merkle tree (merkle.h), so that one signed
// line, the checkpoint, stands for all of them, and any change, gap or cut is
// seen by whoever has kept an earlier one.

struct Receipt {
  uint64_t index = 0;
  std::string entry_hash;  // LeafHash of the entry's line
};

// Where entries are kept.
class LedgerStore {
 public:
  struct Line {
    uint64_t index;
    std::string text;
    // Of the subtrees that this entry completes, from its leaf hash upwards: 32
    // bytes each, as TreeFrontier::Append returns them.
    std::string hashes;
  };
  virtual ~LedgerStore() = default;
  virtual absl::StatusOr<uint64_t> Size() = 0;
  // One durable commit of all that `body` appends. If it fails, nothing of it
  // is written.
  virtual absl::Status Commit(absl::FunctionRef<absl::Status()> body) = 0;
  // Within Commit: the lines and what `same_commit` writes, whole or not at
  // all. If `same_commit` fails, what it wrote is undone, its error is
  // returned, and the commit may go on; after any other error it may not.
  virtual absl::Status Append(
      const std::vector<Line>& lines,
      absl::FunctionRef<absl::Status()> same_commit) = 0;
  // The entries from `from` up to and without `to`, in order; those that are
  // not there are left out.
  virtual absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) = 0;
};

struct TreeHead {
  uint64_t size = 0;
  std::string root;  // 32 bytes
};

// Safe from any thread, as far as the store is: it is used only under the
// ledger's own lock.
//
// A commit waits for the disk, so those who append at the same time share one:
//
//   A  Append --> first: commits what waits ------- sync --> receipt
//   B  Append ---------> waits .. commits B and C ----------- sync --> receipt
//   C  Append ------------> waits ......................................receipt
//
// Whoever comes alone waits for nobody. Where the last commit had several
// callers, the next waits for as many, at most kGroupWait or until
// kGroupEntries are there: whom the last one let go comes again.
class Ledger {
 public:
  static constexpr std::chrono::milliseconds kGroupWait{5};
  static constexpr size_t kGroupEntries = 64;

  // What else is to be written in an entry's commit, given the receipt of the
  // call's last entry. It may run on the thread of another caller: whoever
  // appends holds no lock that a SameCommit takes.
  using SameCommit = absl::FunctionRef<absl::Status(const Receipt& last)>;

  // The store and the clock must outlive the ledger. Reads the last entry and
  // at most 63 hashes; DATA_LOSS if one of them is not as it was written.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(LedgerStore* store,
                                                      const Clock* clock);

  // Durable when it returns. INVALID_ARGUMENT as CheckEntry, and above 16 KiB:
  // the ledger goes on. FAILED_PRECONDITION after log.sealed, which is the last
  // entry of a log. After a failed commit nothing more is appended: every
  // later call fails with the first error, and the program is to stop.
  absl::StatusOr<Receipt> Append(const Entry& entry);
  // Several entries, and what `same_commit` writes to the same store, in one
  // commit. The receipt is the last entry's. If `same_commit` refuses
  // (ALREADY_EXISTS, FAILED_PRECONDITION, INVALID_ARGUMENT or ABORTED), nothing
  // of this call is written, its error is returned, and the ledger goes on; so
  // do those who share the commit. Any other error of it is the disk's, and as
  // a failed commit.
  absl::StatusOr<Receipt> Append(const std::vector<Entry>& entries,
                                 SameCommit same_commit);
  absl::StatusOr<Receipt> Append(
      const std::vector<Entry>& entries,
      absl::FunctionRef<absl::Status()> same_commit) {
    return Append(entries,
                  SameCommit([&](const Receipt&) { return same_commit(); }));
  }

  uint64_t size() const;
  TreeHead Head() const;

  // Why nothing is appended or signed any more; OK while all is well.
  absl::Status broken() const;
  // Something that stands beside the ledger (a checkpoint, what a witness saw)
  // could not be written: from now on all is as after a failed commit. `what`
  // could not be kept, because of `why`. Returns broken().
  absl::Status Break(absl::string_view what, const absl::Status& why);
  // Told once, on whichever thread finds it, when that changes: the program is
  // to stop. It may not call the ledger. To be set before the first Append.
  void WhenBroken(std::function<void(const absl::Status&)> tell);

  // Signs what is on the disk: the entries added since the last signature are
  // read back and hashed anew. If they do not make the same tree (a bit that
  // flipped, another writer), DATA_LOSS: nothing is signed or appended any
  // more. INVALID_ARGUMENT if the key is not a log's.
  absl::StatusOr<SignedCheckpoint> Sign(const SigningKey& key);

  // An entry as it was written. DATA_LOSS if it is not there.
  absl::StatusOr<std::string> Line(uint64_t index) const;
  // For this tree at a size it has, or had. INVALID_ARGUMENT if it never had.
  absl::StatusOr<std::vector<std::string>> ProveConsistency(
      uint64_t old_size, uint64_t new_size) const;
  // A receipt that stands alone: an entry's place in the tree of a checkpoint.
  absl::StatusOr<TlogProof> ProveEntry(
      uint64_t index, const SignedCheckpoint& checkpoint) const;

  // DATA_LOSS names the first entry that is missing, out of place or altered,
  // or written badly.
  absl::StatusOr<uint64_t> Verify() const;
  // The entries that a checkpoint of this log covers, as tiles. Appending goes
  // on meanwhile. DATA_LOSS if they are not what the checkpoint was signed for;
  // otherwise the folder's errors.
  absl::Status Export(const SignedCheckpoint& checkpoint,
                      const LogFolderWriter& folder) const;

 private:
  Ledger(LedgerStore* store, const Clock* clock, TreeFrontier tree,
         int64_t last_ms)
      : store_(store),
        clock_(clock),
        tree_(tree),
        read_back_(std::move(tree)),
        last_ms_(last_ms) {}

  // One call of Append, while it waits.
  struct Call {
    const std::vector<Entry>* entries;
    SameCommit same_commit;
    absl::StatusOr<Receipt> result;
    bool done = false;
    bool leads = false;  // is to commit what waits, itself first
    CondVar wake{};
  };

  // Commits what waits, up to kGroupEntries, and hands over.
  void Lead() ABSL_LOCKS_EXCLUDED(mutex_)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_mutex_);
  bool GroupIsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_mutex_) {
    return waiting_.size() >= last_calls_ || waiting_entries_ >= kGroupEntries;
  }
  void CommitTogether(const std::vector<Call*>& calls)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Adds a call's entries to the tree and to the commit that is open. An error
  // is the store's: the commit may not go on.
  static absl::Status AppendCall(LedgerStore* store, int64_t time_ms,
                                 Call* call, TreeFrontier* tree);

  // INVALID_ARGUMENT if the tree never had this size.
  absl::Status CheckSize(uint64_t size) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ReadBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BreakLocked(absl::Status why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LedgerStore* const store_;
  const Clock* const clock_;

  Mutex queue_mutex_;  // never held while the disk is waited for
  std::deque<Call*> waiting_ ABSL_GUARDED_BY(queue_mutex_);
  size_t waiting_entries_ ABSL_GUARDED_BY(queue_mutex_) = 0;
  bool committing_ ABSL_GUARDED_BY(queue_mutex_) = false;
  CondVar arrived_;  // for the leader that waits for more
  size_t last_calls_ ABSL_GUARDED_BY(queue_mutex_) = 1;  // of the last commit

  mutable Mutex mutex_;
  TreeFrontier tree_ ABSL_GUARDED_BY(mutex_);
  // The tree as read back from the store: `tree_`, or behind it.
  TreeFrontier read_back_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ms_ ABSL_GUARDED_BY(mutex_);
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  std::function<void(const absl::Status&)> tell_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> sealed_{false};
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_LEDGER_H_
