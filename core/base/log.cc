#include "core/base/log.h"

#include <cstdio>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace cairn {

void LogLine(absl::string_view event,
             const std::vector<std::pair<std::string, std::string>>& fields) {
  JsonObject object;
  object.Add("time", JsonText(FormatUtc(absl::Now())));
  object.Add("event", JsonText(event));
  for (const auto& [key, value] : fields) object.Add(key, JsonText(value));
  std::string line = object.Done();
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace cairn
