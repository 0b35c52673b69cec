// What the simulator takes out of the programs' hands: clocks, sleeps, random
// bytes, signals, the log, the threads of WorkQueue and Timer. The definitions
// here stand before those of the libraries, at link time: the classes under
// test are the ones that are shipped, byte for byte.

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/timer.h"
#include "core/base/disk_reserve.h"
#include "core/base/log.h"
#include "core/base/work_queue.h"
#include "tests/simulation/simulator.h"

using cairn::simulation::Simulator;

namespace {

// No time that a real clock says: whoever mixes the two waits for ever.
constexpr int64_t kSteadyEpochUs = 1'000'000'000'000'000;
constexpr int64_t kWallEpochUs = 1'795'341'600'000'000;  // 2026-11-22 10:00

int64_t RealUs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

std::chrono::steady_clock::time_point
std::chrono::steady_clock::now() noexcept {
  const Simulator* simulator = Simulator::Current();
  return time_point(std::chrono::microseconds(
      simulator == nullptr ? RealUs(CLOCK_MONOTONIC)
                           : kSteadyEpochUs + simulator->now()));
}

namespace absl {
ABSL_NAMESPACE_BEGIN
Time Now() {
  const Simulator* simulator = Simulator::Current();
  return FromUnixMicros(simulator == nullptr ? RealUs(CLOCK_REALTIME)
                                             : kWallEpochUs + simulator->now() +
                                                   simulator->Skew());
}
ABSL_NAMESPACE_END
}  // namespace absl

extern "C" {

int nanosleep(const timespec* time, timespec*) {
  const int64_t us = int64_t{time->tv_sec} * 1'000'000 + time->tv_nsec / 1000;
  // Never less than was asked for, or the caller sleeps again for nothing.
  if (Simulator* simulator = Simulator::Current()) simulator->Sleep(us + 1);
  return 0;
}

// A program that stops itself tells itself so.
int kill(pid_t, int) {
  if (Simulator* simulator = Simulator::Current()) simulator->Stop();
  return 0;
}

int RAND_bytes(unsigned char* bytes, int count) {
  static std::mt19937_64 before(1);  // of what is made before a run
  Simulator* simulator = Simulator::Current();
  for (int i = 0; i < count; ++i) {
    bytes[i] = static_cast<unsigned char>(
        simulator == nullptr ? before() : simulator->Random());
  }
  return 1;
}

}  // extern "C"

namespace cairn {

void LogLine(absl::string_view event,
             const std::vector<std::pair<std::string, std::string>>& fields) {
  Simulator* simulator = Simulator::Current();
  if (simulator == nullptr) return;
  std::string words(event);
  for (const auto& [key, value] : fields) {
    absl::StrAppend(&words, " ", key, "=", value);
  }
  simulator->Say(words);
}

absl::Status CheckDiskReserve(const std::string&) { return absl::OkStatus(); }

// One thread takes its work in order; many, in any order. `queue_` only says
// how much waits.
WorkQueue::WorkQueue(size_t threads, size_t capacity) : capacity_(capacity) {
  threads_.resize(threads == 1 ? 0 : 1);
}

void WorkQueue::Join() { Close(); }

void WorkQueue::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
}

bool WorkQueue::Push(std::function<void()> work) {
  {
    MutexLock lock(&mutex_);
    if (queue_.size() >= capacity_) return false;
  }
  return PushFirst(std::move(work));
}

bool WorkQueue::PushFirst(std::function<void()> work) {
  {
    MutexLock lock(&mutex_);
    if (closed_) return false;
    queue_.emplace_back();
  }
  Simulator* simulator = Simulator::Current();
  simulator->At(simulator->machine(),
                threads_.empty() ? 50 : simulator->Below(2000),
                [this, work = std::move(work)] {
                  Run();
                  work();
                });
  return true;
}

void WorkQueue::Run() {
  MutexLock lock(&mutex_);
  queue_.pop_front();
}

Timer::Timer() = default;
Timer::~Timer() { Stop(); }

void Timer::Stop() {
  MutexLock lock(&mutex_);
  closed_ = true;
}

void Timer::At(Clock::time_point when, std::function<void()> callback) {
  MutexLock lock(&mutex_);
  if (closed_) return;
  const auto in = std::chrono::duration_cast<std::chrono::microseconds>(
      when - Clock::now());
  Simulator* simulator = Simulator::Current();
  simulator->At(simulator->machine(), std::max<int64_t>(0, in.count()),
                std::move(callback));
}

}  // namespace cairn
