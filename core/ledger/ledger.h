#ifndef CAIRN_CORE_LEDGER_LEDGER_H_
#define CAIRN_CORE_LEDGER_LEDGER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace cairn {

// The record of what was asked and what left. An agent appends what it was
// asked before it runs it, and what it releases before the first byte leaves; a
// coordinator appends a question before it sends it and an answer before the
// analyst sees it. An entry that has a Receipt is on the disk.
//
// An entry is one line of restricted JSON: integers and text, no floats, no
// cells, no free text. It is hashed exactly as stored (RFC 6962 leaf: SHA-256
// of a zero byte and the line) and never written again.

struct Entry {
  std::string type;      // query.received, query.admitted, answer.released, ...
  std::string query_id;  // empty where the entry is about no query
  std::map<std::string, std::variant<std::string, int64_t>> fields;
};

struct Receipt {
  uint64_t index = 0;
  std::string entry_hash;  // 32 bytes
};

// Where entries are kept. An implementation writes the entries and whatever
// `same_commit` writes in one durable commit, or nothing.
class LedgerStore {
 public:
  struct Line {
    uint64_t index;
    std::string text;
    std::string hash;
  };
  virtual ~LedgerStore() = default;
  virtual absl::StatusOr<uint64_t> Size() = 0;
  virtual absl::Status Append(
      const std::vector<Line>& lines,
      absl::FunctionRef<absl::Status()> same_commit) = 0;
  virtual absl::Status Read(
      uint64_t from, absl::FunctionRef<absl::Status(const Line&)> each) = 0;
};

class Ledger {
 public:
  // The store and the clock must outlive the ledger.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(LedgerStore* store,
                                                      const Clock* clock);

  // Durable when it returns. After a failed commit nothing more is appended:
  // every later call fails with the first error, and the program is to stop.
  absl::StatusOr<Receipt> Append(const Entry& entry);
  // Several entries, and what `same_commit` writes to the same store, in one
  // commit. The receipt is the last entry's. If `same_commit` fails, nothing is
  // written, its error is returned, and the ledger goes on.
  absl::StatusOr<Receipt> Append(const std::vector<Entry>& entries,
                                 absl::FunctionRef<absl::Status()> same_commit);

  uint64_t size() const;
  // DATA_LOSS names the first entry that is missing, out of place or altered.
  absl::StatusOr<uint64_t> Verify() const;

 private:
  Ledger(LedgerStore* store, const Clock* clock, uint64_t size)
      : store_(store), clock_(clock), size_(size) {}

  LedgerStore* const store_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  uint64_t size_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
};

// The exact bytes of an entry: keys in order v, seq, t, type, qid, then the
// fields by name.
std::string EntryLine(const Entry& entry, uint64_t index, int64_t time_ms);
std::string EntryHash(const std::string& line);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_LEDGER_H_
