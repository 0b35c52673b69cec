#ifndef CAIRN_CORE_BASE_UTF8_H_
#define CAIRN_CORE_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cairn {

// One step through text that should be UTF-8 (RFC 3629: no surrogates, no
// overlong forms, nothing above U+10FFFF).
struct Utf8Step {
  size_t bytes = 1;         // how far to go on; 1 for a bad byte
  char32_t code_point = 0;  // meaningful only when valid
  bool valid = false;
};

// The character at `position`, which must be inside `text`.
Utf8Step NextUtf8(absl::string_view text, size_t position);

// The position of the first byte that is not UTF-8; npos if there is none.
size_t FirstInvalidUtf8(absl::string_view text);

// The same text with each bad byte replaced by U+FFFD.
std::string ReplaceInvalidUtf8(absl::string_view text);

// Text from elsewhere, safe for one line of a terminal: tabs and line ends
// become spaces; bad bytes and whatever could move the cursor, hide or reorder
// text (controls, escape sequences, bidirectional overrides, zero-width
// characters) become '?'.
std::string PrintableUtf8(absl::string_view text);

// Number of characters (code points; bad bytes count one each).
size_t CountUtf8(absl::string_view text);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_UTF8_H_
