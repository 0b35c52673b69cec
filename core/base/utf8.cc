#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

// How many bytes a character that starts with this byte has; 0 if none can.
size_t LengthFromFirst(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

bool IsScalar(char32_t c, size_t bytes) {
  if (bytes == 3) return c >= 0x800 && (c < 0xD800 || c > 0xDFFF);
  if (bytes == 4) return c >= 0x10000 && c <= 0x10FFFF;
  return true;
}

bool IsHarmless(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
  if (c >= 0x200B && c <= 0x200F) return false;  // zero width, marks
  if (c >= 0x2028 && c <= 0x202E) return false;  // line ends, overrides
  if (c >= 0x2060 && c <= 0x206F) return false;  // joiners, isolates
  return c != 0xFEFF && c != 0x061C && c != 0xAD;
}

}  // namespace

Utf8Step NextUtf8(absl::string_view text, size_t position) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[position + i]);
  };
  const size_t bytes = LengthFromFirst(byte(0));
  if (bytes == 0 || bytes > text.size() - position) return {};
  if (bytes == 1) return {1, byte(0), true};
  char32_t c = byte(0) & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    c = (c << 6) | (byte(i) & 0x3Fu);
  }
  if (!IsScalar(c, bytes)) return {};
  return {bytes, c, true};
}

size_t FirstInvalidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text, i);
    if (!step.valid) return i;
    i += step.bytes;
  }
  return absl::string_view::npos;
}

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text, i);
    if (step.valid) {
      out.append(text.data() + i, step.bytes);
    } else {
      out.append(kReplacement);
    }
    i += step.bytes;
  }
  return out;
}

std::string PrintableUtf8(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text, i);
    const char32_t c = step.code_point;
    if (step.valid && (c == '\t' || c == '\n' || c == '\r')) {
      out += ' ';
    } else if (step.valid && IsHarmless(c)) {
      out.append(text.data() + i, step.bytes);
    } else {
      out += '?';
    }
    i += step.bytes;
  }
  return out;
}

size_t CountUtf8(absl::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); i += NextUtf8(text, i).bytes) ++count;
  return count;
}

}  // namespace cairn
