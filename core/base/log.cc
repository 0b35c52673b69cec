#include "core/base/log.h"

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/clock.h"

namespace cairn {

void LogLine(absl::string_view event,
             const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string line = absl::StrCat(FormatUtc(absl::Now()), " ", event);
  for (const auto& [key, value] : fields) {
    absl::StrAppend(&line, " ", key, "=\"", absl::CEscape(value), "\"");
  }
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace cairn
