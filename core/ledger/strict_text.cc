#include "core/ledger/strict_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr size_t kMaxNameBytes = 255;

// Unicode's White_Space property; the controls are refused with the others.
bool IsSpace(char32_t c) {
  return c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

absl::Status BadName(absl::string_view name, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the name '", PrintableUtf8(name.substr(0, 80)), "' ", why));
}

}  // namespace

std::optional<std::string> ReadBase64(absl::string_view text) {
  std::string bytes;
  // Abseil's reader overlooks spaces and stray bits; writing it again does not.
  if (!absl::Base64Unescape(text, &bytes) ||
      absl::Base64Escape(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<uint64_t> ReadDecimal(absl::string_view text) {
  uint64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || absl::StrCat(value) != text ||
      value > (uint64_t{1} << 63) - 1) {
    return std::nullopt;
  }
  return value;
}

absl::Status CheckName(absl::string_view name) {
  if (name.empty()) return BadName(name, "is empty; a key needs a name");
  if (name.size() > kMaxNameBytes) {
    return BadName(name, "is longer than 255 bytes");
  }
  for (size_t at = 0; at < name.size();) {
    const Utf8Step step = NextUtf8(name, at);
    if (!step.valid) return BadName(name, "is not valid UTF-8");
    if (step.code_point < 0x20 || step.code_point == 0x7f) {
      return BadName(name, "has a control character in it");
    }
    if (IsSpace(step.code_point)) return BadName(name, "has a space in it");
    if (step.code_point == '+') return BadName(name, "has a '+' in it");
    at += step.bytes;
  }
  return absl::OkStatus();
}

std::optional<absl::string_view> TakeLine(absl::string_view* text) {
  const size_t end = text->find('\n');
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
}

}  // namespace cairn
