#include "core/ledger/node_entries.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/strip.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr std::chrono::seconds kLookEvery(2);
constexpr int64_t kSmallestJumpMs = 1000;

int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t WallMs(const Clock& clock) { return absl::ToUnixMillis(clock.Now()); }

// Of the program that runs, also where its file was replaced meanwhile.
std::string DigestOfProgram() {
  std::ifstream program("/proc/self/exe", std::ios::binary);
  Sha256Stream digest;
  std::string piece(1 << 16, '\0');
  while (program.read(piece.data(), static_cast<long>(piece.size())) ||
         program.gcount() > 0) {
    digest.Add({piece.data(), static_cast<size_t>(program.gcount())});
  }
  return Hex(digest.Finish());
}

std::string BootId() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id;
}

}  // namespace

int64_t ClockWatch::Jump(int64_t wall, int64_t steady) {
  const int64_t jump = wall - steady - ahead_;
  if (std::abs(jump) < kSmallestJumpMs) return 0;
  ahead_ += jump;
  return jump;
}

NodeEntries::NodeEntries(Ledger* ledger, const Clock* clock)
    : ledger_(ledger),
      clock_(clock),
      rejects_(clock),
      watch_([this] { Watch(); }) {}

NodeEntries::~NodeEntries() { EndWatch(); }

absl::StatusOr<std::unique_ptr<NodeEntries>> NodeEntries::Start(
    Ledger* ledger, const Clock* clock, absl::string_view config,
    std::map<std::string, std::variant<std::string, int64_t>> more) {
  Entry started{"node.started", "", std::move(more)};
  started.fields["build"] = DigestOfProgram();
  started.fields["boot"] = BootId();
  started.fields["config"] = Sha256Hex(config);
  started.fields["entries"] = static_cast<int64_t>(ledger->size());
  CAIRN_RETURN_IF_ERROR(ledger->Append(started).status());
  return std::unique_ptr<NodeEntries>(new NodeEntries(ledger, clock));
}

absl::Status NodeEntries::WriteRejects(bool all) {
  const std::vector<Entry> entries = rejects_.Take(all);
  if (entries.empty()) return absl::OkStatus();
  return ledger_->Append(entries, [] { return absl::OkStatus(); }).status();
}

absl::Status NodeEntries::Stop() {
  EndWatch();
  CAIRN_RETURN_IF_ERROR(WriteRejects(true));
  Entry stopped{"node.stopped", "", {}};
  stopped.fields["entries"] = static_cast<int64_t>(ledger_->size());
  return ledger_->Append(stopped).status();
}

void NodeEntries::EndWatch() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (watch_.joinable()) watch_.join();
}

void NodeEntries::Watch() {
  ClockWatch watch(WallMs(*clock_), SteadyMs());
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(&mutex_, kLookEvery);
      if (stopping_) return;
    }
    // The ledger tells whoever is to stop of an error.
    if (!WriteRejects(false).ok()) return;
    const int64_t jump = watch.Jump(WallMs(*clock_), SteadyMs());
    if (jump == 0) continue;
    Entry entry{"clock.jump", "", {}};
    entry.fields["ms"] = jump;
    const absl::Status logged = ledger_->Append(entry).status();
    if (!logged.ok()) return;
    LogLine("clock.jump", {{"ms", std::to_string(jump)}});
  }
}

}  // namespace cairn
