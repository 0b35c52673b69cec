#ifndef CAIRN_CORE_BASE_WORK_QUEUE_H_
#define CAIRN_CORE_BASE_WORK_QUEUE_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace cairn {

// Where blocking work goes: a bounded queue with its own threads, so that no
// gRPC reaction ever waits for a disk.
class WorkQueue {
 public:
  WorkQueue(size_t threads, size_t capacity);
  ~WorkQueue() { Join(); }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False if the queue is full or closed: the caller answers "overloaded".
  [[nodiscard]] bool Push(std::function<void()> work);
  // Ahead of all that waits, and however much that is: the rest of work that
  // was taken before. False only after Close().
  [[nodiscard]] bool PushFirst(std::function<void()> work);
  // No more work is taken; what is queued still runs.
  void Close();
  // Closes, and returns when what is queued has run.
  void Join();

 private:
  void Run();

  const size_t capacity_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_WORK_QUEUE_H_
