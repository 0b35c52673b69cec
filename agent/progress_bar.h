#ifndef CAIRN_AGENT_PROGRESS_BAR_H_
#define CAIRN_AGENT_PROGRESS_BAR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace cairn {

// A line on the terminal of standard error that is rewritten in place, never
// wider than the terminal; nothing where standard error is no terminal.
//   police_incidents [############..................]  42 %  reading, 420000
//   rows
// It is gone when this object is: what is printed next begins a line.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  // `fraction`: of all, 0 to 1.
  void Show(double fraction, absl::string_view doing) const;

 private:
  const std::string what_;
  const bool shown_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_PROGRESS_BAR_H_
