#include "core/base/work_queue.h"

#include <utility>

namespace cairn {

WorkQueue::WorkQueue(size_t threads, size_t capacity) : capacity_(capacity) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

void WorkQueue::Join() {
  Close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkQueue::Push(std::function<void()> work) {
  MutexLock lock(&mutex_);
  if (closed_ || queue_.size() >= capacity_) return false;
  queue_.push_back(std::move(work));
  wake_.NotifyOne();
  return true;
}

bool WorkQueue::PushFirst(std::function<void()> work) {
  MutexLock lock(&mutex_);
  if (closed_) return false;
  queue_.push_front(std::move(work));
  wake_.NotifyOne();
  return true;
}

void WorkQueue::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  wake_.NotifyAll();
}

void WorkQueue::Run() {
  while (true) {
    std::function<void()> work;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !closed_) wake_.Wait(&mutex_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace cairn
