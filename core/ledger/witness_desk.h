#ifndef CAIRN_CORE_LEDGER_WITNESS_DESK_H_
#define CAIRN_CORE_LEDGER_WITNESS_DESK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/entry.h"
#include "core/ledger/witness.h"

namespace cairn {

// What a witness knows, in memory first: a state is swapped at once, in the
// order in which requests come, and written by Keep, together with whatever
// else goes to the disk then. Nothing that follows from a state may be sent
// before Keep has returned and its commit is done. Safe from any thread.
class SeenLogs : public WitnessStore {
 public:
  // Starts from what the stores have of these logs: of each log the largest.
  // DATA_LOSS if two have the same size of one and another root.
  static absl::StatusOr<std::unique_ptr<SeenLogs>> Create(
      const std::vector<VerifierKey>& logs,
      const std::vector<WitnessStore*>& stores);

  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) override;
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next) override;

  // Of one log: what is on the disk, and what is to be.
  using Swap = absl::FunctionRef<absl::StatusOr<bool>(
      const std::string& origin, const std::optional<WitnessedState>& kept,
      const WitnessedState& next)>;
  // Swaps in this store what is newer in memory. INTERNAL if the store has what
  // was never put there. For each store by one thread at a time.
  absl::Status Keep(WitnessStore* store, Swap swap);
  // Whether Keep has nothing to write there.
  bool AllKept(const WitnessStore* store);

 private:
  SeenLogs() = default;

  struct Log {
    std::optional<WitnessedState> now;
    std::set<const WitnessStore*> kept_in;  // where it surely is
  };
  Mutex mutex_;
  std::map<std::string, Log> logs_ ABSL_GUARDED_BY(mutex_);
};

// A node's witness at work: its answers, and what its own ledger is to say of
// them.
//
// An entry checkpoint.cosigned would make the ledger longer, so that it has to
// be cosigned anew, so that the other's ledger becomes longer, for ever. So
// these entries wait for one that is about something else, and a partnership
// that is at rest writes nothing. A conflict is told at once.
class WitnessDesk {
 public:
  // Errors of Witness::Create and SeenLogs::Create. The stores are only read
  // here; the clock must outlive the desk.
  static absl::StatusOr<std::unique_ptr<WitnessDesk>> Create(
      SigningKey key, std::vector<VerifierKey> logs,
      const std::vector<WitnessStore*>& stores, const Clock* clock);

  // As Witness; not to be sent before Keep and its commit.
  absl::StatusOr<WitnessAnswer> Add(const WitnessRequest& request);
  absl::StatusOr<WitnessAnswer> Follow(const WitnessRequest& request);
  // The checkpoint of a log that is remembered; "" if none is.
  std::string Remembered(const std::string& origin);

  SeenLogs* seen() { return seen_.get(); }

  // What waits to be said: of each log the last that was cosigned, and each
  // conflict (both notes, each with the log's own signature only).
  std::vector<Entry> TakeEntries();
  bool HasConflict();

 private:
  WitnessDesk(std::unique_ptr<SeenLogs> seen, std::unique_ptr<Witness> witness,
              std::vector<VerifierKey> logs)
      : seen_(std::move(seen)),
        witness_(std::move(witness)),
        logs_(std::move(logs)) {}

  void Remember(const WitnessRequest& request, const WitnessAnswer& answer);
  void NoteConflict(const Checkpoint& shown, const WitnessRequest& request,
                    const WitnessAnswer& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string OwnNote(const std::string& note, const std::string& origin) const;

  const std::unique_ptr<SeenLogs> seen_;
  const std::unique_ptr<Witness> witness_;
  const std::vector<VerifierKey> logs_;
  Mutex mutex_;
  std::map<std::string, Entry> cosigned_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> cosigned_size_ ABSL_GUARDED_BY(mutex_);
  std::vector<Entry> conflicts_ ABSL_GUARDED_BY(mutex_);
  // By log, so that nobody fills a ledger with one conflict.
  std::map<std::string, std::vector<std::string>> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_WITNESS_DESK_H_
