#ifndef CAIRN_CLI_WAITING_H_
#define CAIRN_CLI_WAITING_H_

#include <chrono>
#include <string>
#include <thread>

#include "core/base/mutex.h"

namespace cairn {

// One line on stderr, "cairn: WHAT, 3 s", while work takes longer than a
// second; taken away again at the end. Silent if stderr is no terminal.
class Waiting {
 public:
  explicit Waiting(std::string what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  double seconds() const;  // since it was made

 private:
  void Show();

  const std::string what_;
  const std::chrono::steady_clock::time_point start_;
  Mutex mutex_;
  CondVar changed_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn

#endif  // CAIRN_CLI_WAITING_H_
