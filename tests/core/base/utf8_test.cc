#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace cairn {
namespace {

constexpr size_t kNone = absl::string_view::npos;

TEST(Utf8, TakesEveryLengthOfCharacter) {
  EXPECT_EQ(FirstInvalidUtf8(""), kNone);
  EXPECT_EQ(FirstInvalidUtf8("a\u00E9\u20AC\U0001F600"), kNone);
  EXPECT_EQ(CountUtf8("a\u00E9\u20AC\U0001F600"), 4u);
  EXPECT_EQ(NextUtf8("\U0001F600", 0).code_point, U'\U0001F600');
  EXPECT_EQ(NextUtf8("\uFFFF", 0).code_point, U'\uFFFF');
}

// The ill-formed sequences of RFC 3629, section 3 and 10.
TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(FirstInvalidUtf8("ab\xFF"), 2u);
  EXPECT_EQ(FirstInvalidUtf8("a\x80"), 1u);             // continuation alone
  EXPECT_EQ(FirstInvalidUtf8("\xC3"), 0u);              // cut short
  EXPECT_EQ(FirstInvalidUtf8("\xE2\x82"), 0u);          // cut short
  EXPECT_EQ(FirstInvalidUtf8("\xC3("), 0u);             // no continuation
  EXPECT_EQ(FirstInvalidUtf8("\xC0\x80"), 0u);          // overlong NUL
  EXPECT_EQ(FirstInvalidUtf8("\xE0\x80\xAF"), 0u);      // overlong
  EXPECT_EQ(FirstInvalidUtf8("\xF0\x80\x80\xAF"), 0u);  // overlong
  EXPECT_EQ(FirstInvalidUtf8("\xED\xA0\x80"), 0u);      // surrogate
  EXPECT_EQ(FirstInvalidUtf8("\xF4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(FirstInvalidUtf8("\xF5\x80\x80\x80"), 0u);
}

TEST(Utf8, ReplacesBadBytesOneByOne) {
  EXPECT_EQ(ReplaceInvalidUtf8("caf\u00E9"), "caf\u00E9");
  EXPECT_EQ(ReplaceInvalidUtf8("a\xFF\xFEz\xE2\x82"),
            "a\uFFFD\uFFFDz\uFFFD\uFFFD");
}

TEST(Utf8, PrintsNothingThatSteersATerminal) {
  EXPECT_EQ(PrintableUtf8("a\tb\r\nc"), "a b  c");
  EXPECT_EQ(PrintableUtf8("\x1B[2J\x07\x7F"), "?[2J??");
  EXPECT_EQ(PrintableUtf8("\u0085\u009B\u202E\u2066\u200B\uFEFF\xFF"),
            std::string(7, '?'));
  EXPECT_EQ(PrintableUtf8("caf\u00E9 \u2264 25"), "caf\u00E9 \u2264 25");
}

}  // namespace
}  // namespace cairn
