#include "agent/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"

namespace cairn {
namespace {

constexpr int kBarWidth = 30;
constexpr size_t kUsualColumns = 80;
constexpr char kEraseLine[] = "\r\033[K";

// A line that is wider wraps, and then only its last part can be rewritten.
size_t Columns() {
  winsize size{};
  const bool known =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

}  // namespace

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), shown_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputs(kEraseLine, stderr);
}

void ProgressBar::Show(double fraction, absl::string_view doing) const {
  if (!shown_) return;
  const double done = std::clamp(fraction, 0.0, 1.0);
  const int full = static_cast<int>(done * kBarWidth);
  std::string line = absl::StrFormat(
      "%s [%s%s] %3d %%  %s", what_, std::string(full, '#'),
      std::string(kBarWidth - full, '.'), static_cast<int>(done * 100), doing);
  if (line.size() > Columns()) line.resize(Columns());
  std::fprintf(stderr, "%s%s", kEraseLine, line.c_str());
}

}  // namespace cairn
