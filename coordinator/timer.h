#ifndef CAIRN_COORDINATOR_TIMER_H_
#define CAIRN_COORDINATOR_TIMER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "core/base/mutex.h"

namespace cairn {

// Runs short callbacks at a time, on one thread of its own.
class Timer {
 public:
  using Clock = std::chrono::steady_clock;

  Timer();
  // Callbacks that are not due are dropped.
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Does nothing after Stop.
  void At(Clock::time_point when, std::function<void()> callback);
  // Waits for the callback at hand, and runs none after it.
  void Stop();

 private:
  void Run();

  Mutex mutex_;
  CondVar wake_;
  std::multimap<Clock::time_point, std::function<void()>> due_
      ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_TIMER_H_
