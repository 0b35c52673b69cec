#include "core/link/metrics_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {

absl::Status WriteMetrics(const Metrics& metrics, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(WriteFile(path, metrics.Text()));
  if (chmod(path.c_str(), 0644) == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(path, ": cannot be made readable: ", std::strerror(errno)));
}

}  // namespace cairn
