#include "core/audit/words.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr size_t kDigestShown = 12;
constexpr size_t kFieldShown = 60;

bool IsDigest(const std::string& text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The part of an origin that says whose log it is.
std::vector<std::string> Parts(absl::string_view origin) {
  return absl::StrSplit(origin, '/');
}

}  // namespace

std::string TimeText(int64_t time_ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(time_ms),
                          absl::UTCTimeZone());
}

std::string TimeIso(int64_t time_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(time_ms),
                          absl::UTCTimeZone());
}

std::string DurationText(int64_t ms) {
  if (ms < 1000) return absl::StrCat(ms, " ms");
  if (ms < 60'000) {
    return absl::StrFormat("%.1f s", static_cast<double>(ms) / 1000);
  }
  const int64_t minutes = ms / 60'000;
  if (minutes < 60) {
    return absl::StrCat(minutes, " min ", ms / 1000 % 60, " s");
  }
  if (minutes < 48 * 60) {
    return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
  }
  return absl::StrCat(minutes / (24 * 60), " days");
}

std::string Count(uint64_t number, absl::string_view one,
                  absl::string_view many) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return absl::StrCat(digits, " ", number == 1 ? one : many);
}

std::string KeyIdText(const VerifierKey& key) {
  return absl::StrFormat("%08x", key.id());
}

absl::StatusOr<int64_t> ParseTime(absl::string_view text,
                                  absl::string_view flag, bool end) {
  struct Form {
    const char* format;
    absl::Duration covers;
  };
  for (const Form& form : {Form{"%Y-%m-%d", absl::Hours(24)},
                           Form{"%Y-%m-%dT%H:%M", absl::Minutes(1)},
                           Form{"%Y-%m-%dT%H:%M:%SZ", absl::Seconds(1)},
                           Form{"%Y-%m-%dT%H:%M:%S", absl::Seconds(1)}}) {
    absl::Time time;
    if (!absl::ParseTime(form.format, text, &time, nullptr)) continue;
    const int64_t ms = absl::ToUnixMillis(time);
    return end ? ms + absl::ToInt64Milliseconds(form.covers) - 1 : ms;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      flag, ": '", PrintableUtf8(text.substr(0, 40)),
      "' is not a time; write a day, 2026-11-22, or 2026-11-22T09:06 (UTC)"));
}

std::string FieldText(const Entry& entry, const std::string& name) {
  const auto found = entry.fields.find(name);
  if (found == entry.fields.end()) return "";
  if (const auto* text = std::get_if<std::string>(&found->second)) {
    return *text;
  }
  return absl::StrCat(std::get<int64_t>(found->second));
}

int64_t FieldNumber(const Entry& entry, const std::string& name) {
  const auto found = entry.fields.find(name);
  if (found == entry.fields.end()) return 0;
  const auto* number = std::get_if<int64_t>(&found->second);
  return number == nullptr ? 0 : *number;
}

std::string FieldsInWords(const Entry& entry,
                          const std::vector<std::string>& told) {
  Entry rest = entry;
  for (const auto& [name, value] : entry.fields) {
    if (absl::EndsWith(name, "_commit") || name == "receipts" ||
        std::find(told.begin(), told.end(), name) != told.end()) {
      rest.fields.erase(name);
    }
  }
  return FieldsInWords(rest);
}

std::string FieldsInWords(const Entry& entry) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : entry.fields) {
    std::string text = FieldText(entry, name);
    if (text.empty()) continue;
    if (IsDigest(text)) {
      text = absl::StrCat(text.substr(0, kDigestShown), "...");
    } else if (CountUtf8(text) > kFieldShown) {
      size_t bytes = 0;
      for (size_t i = 0; i < kFieldShown; ++i) {
        bytes += NextUtf8(text, bytes).bytes;
      }
      text = absl::StrCat(text.substr(0, bytes), "...");
    }
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    parts.push_back(absl::StrCat(words, " ", PrintableUtf8(text)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string AgencyOf(absl::string_view origin) {
  const std::vector<std::string> parts = Parts(origin);
  const size_t n = parts.size();
  return n >= 4 && parts[n - 3] == "agent" ? parts[n - 2] : "";
}

bool IsCoordinatorOrigin(absl::string_view origin) {
  const std::vector<std::string> parts = Parts(origin);
  return parts.size() >= 3 && parts[parts.size() - 2] == "coordinator";
}

}  // namespace cairn
