#ifndef CAIRN_CORE_LEDGER_NODE_ENTRIES_H_
#define CAIRN_CORE_LEDGER_NODE_ENTRIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/ledger/ledger.h"
#include "core/ledger/reject_counts.h"

namespace cairn {

// What a program says of itself in its ledger:
//
//   node.started   build (SHA-256 of the program's file), boot (the boot id of
//                  the machine), config (SHA-256 of its
//                  configuration), entries (how many it found)
//   clock.jump     ms by which the machine's clock was set, forward or back
//   reject.summary what was turned away in a minute (reject_counts.h)
//   node.stopped   entries (how many it leaves, this one not counted)
//
// A log with a start that no stop comes before was cut off: by a crash, a kill
// or a power cut. From the constructor on, a thread looks at the
// clock and writes the minutes that ended.
class NodeEntries {
 public:
  // Appends node.started. `config`: the configuration's own bytes; `more`: what
  // of it the entry is to say in full. Ledger and clock must outlive it.
  static absl::StatusOr<std::unique_ptr<NodeEntries>> Start(
      Ledger* ledger, const Clock* clock, absl::string_view config,
      std::map<std::string, std::variant<std::string, int64_t>> more = {});
  ~NodeEntries();

  // To be told of what leaves no entry of its own.
  RejectCounts* rejects() { return &rejects_; }

  // Appends node.stopped; nothing more is looked at. Once, as the last act.
  absl::Status Stop();

 private:
  NodeEntries(Ledger* ledger, const Clock* clock);

  void Watch();
  absl::Status WriteRejects(bool all);
  void EndWatch();

  Ledger* const ledger_;
  const Clock* const clock_;
  RejectCounts rejects_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread watch_;
};

// Notices that a clock was set. Not for several threads.
class ClockWatch {
 public:
  // `wall` and `steady` in ms, at the start.
  ClockWatch(int64_t wall, int64_t steady) : ahead_(wall - steady) {}
  // By how many ms the wall clock was set since the last call; 0 if by less
  // than a second, which is what slewing does.
  int64_t Jump(int64_t wall, int64_t steady);

 private:
  int64_t ahead_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_NODE_ENTRIES_H_
