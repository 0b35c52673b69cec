#include "cli/waiting.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace cairn {

Waiting::Waiting(std::string what)
    : what_(std::move(what)), start_(std::chrono::steady_clock::now()) {
  if (isatty(STDERR_FILENO) == 1) thread_ = std::thread([this] { Show(); });
}

Waiting::~Waiting() {
  {
    MutexLock lock(&mutex_);
    ended_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

double Waiting::seconds() const {
  const std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - start_;
  return passed.count();
}

void Waiting::Show() {
  MutexLock lock(&mutex_);
  bool shown = false;
  auto next = start_ + std::chrono::seconds(1);
  while (!ended_) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next) {
      changed_.WaitFor(&mutex_, next - now);
      continue;
    }
    std::fprintf(stderr, "\r\033[Kcairn: %s, %.0f s", what_.c_str(), seconds());
    std::fflush(stderr);
    shown = true;
    next += std::chrono::seconds(1);
  }
  if (shown) std::fprintf(stderr, "\r\033[K");
}

}  // namespace cairn
