#include "coordinator/timer.h"

namespace cairn {

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() { Stop(); }

void Timer::Stop() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    due_.clear();
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Timer::At(Clock::time_point when, std::function<void()> callback) {
  MutexLock lock(&mutex_);
  if (closed_) return;
  due_.emplace(when, std::move(callback));
  wake_.NotifyAll();
}

void Timer::Run() {
  while (true) {
    std::function<void()> callback;
    {
      MutexLock lock(&mutex_);
      while (!closed_ && (due_.empty() || due_.begin()->first > Clock::now())) {
        if (due_.empty()) {
          wake_.Wait(&mutex_);
        } else {
          wake_.WaitFor(&mutex_, due_.begin()->first - Clock::now());
        }
      }
      if (closed_) return;
      callback = std::move(due_.begin()->second);
      due_.erase(due_.begin());
    }
    callback();
  }
}

}  // namespace cairn
