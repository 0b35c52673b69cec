#ifndef CAIRN_CORE_LEDGER_LEDGER_H_
#define CAIRN_CORE_LEDGER_LEDGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

// Where entries are kept. An implementation writes the entries and whatever
// `same_commit` writes in one durable commit, or nothing.
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
class Ledger {
 public:
  // The store and the clock must outlive the ledger. Reads the last entry and
  // at most 63 hashes; DATA_LOSS if one of them is not as it was written.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(LedgerStore* store,
                                                      const Clock* clock);

  // Durable when it returns. INVALID_ARGUMENT as CheckEntry, and above 16 KiB:
  // the ledger goes on. After a failed commit nothing more is appended: every
  // later call fails with the first error, and the program is to stop.
  absl::StatusOr<Receipt> Append(const Entry& entry);
  // Several entries, and what `same_commit` writes to the same store, in one
  // commit. The receipt is the last entry's. If `same_commit` fails, nothing is
  // written, its error is returned, and the ledger goes on.
  absl::StatusOr<Receipt> Append(const std::vector<Entry>& entries,
                                 absl::FunctionRef<absl::Status()> same_commit);

  uint64_t size() const;
  TreeHead Head() const;

  // Signs what is on the disk: the entries added since the last signature are
  // read back and hashed anew. If they do not make the same tree (a bit that
  // flipped, another writer), DATA_LOSS: nothing is signed or appended any
  // more. INVALID_ARGUMENT if the key is not a log's.
  absl::StatusOr<SignedCheckpoint> Sign(const SigningKey& key);

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

  // INVALID_ARGUMENT if the tree never had this size.
  absl::Status CheckSize(uint64_t size) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ReadBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LedgerStore* const store_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  TreeFrontier tree_ ABSL_GUARDED_BY(mutex_);
  // The tree as read back from the store: `tree_`, or behind it.
  TreeFrontier read_back_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ms_ ABSL_GUARDED_BY(mutex_);
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_LEDGER_H_
