#include "core/base/json.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/utf8.h"

namespace cairn {

namespace {

// Stands in JSON as it is; most texts are of such characters alone.
bool IsPlain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

}  // namespace

std::string JsonText(absl::string_view raw) {
  if (std::all_of(raw.begin(), raw.end(), IsPlain)) {
    return absl::StrCat("\"", raw, "\"");
  }
  std::string out = "\"";
  const std::string text = ReplaceInvalidUtf8(raw);
  for (size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text, i);
    const char32_t c = step.code_point;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out.append(text, i, step.bytes);
    }
    i += step.bytes;
  }
  out += '"';
  return out;
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  return absl::StrCat(
      "[",
      absl::StrJoin(texts, ",",
                    [](std::string* out, const std::string& text) {
                      out->append(JsonText(text));
                    }),
      "]");
}

JsonObject& JsonObject::Add(absl::string_view name, absl::string_view json) {
  parts_.push_back(absl::StrCat(JsonText(name), ":", json));
  return *this;
}

std::string JsonObject::Done() const {
  return absl::StrCat("{", absl::StrJoin(parts_, ","), "}");
}

}  // namespace cairn
