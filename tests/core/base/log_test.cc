#include "core/base/log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

std::string Logged(const std::string& reason) {
  ::testing::internal::CaptureStderr();
  LogLine("link.ended", {{"query", "q-1"}, {"reason", reason}});
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogLine, IsOneObjectOfJsonOnALine) {
  EXPECT_THAT(
      Logged("closed"),
      ::testing::MatchesRegex(
          "\\{\"time\":\"....-..-..T..:..:..Z\",\"event\":\"link.ended\","
          "\"query\":\"q-1\",\"reason\":\"closed\"\\}\n"));
}

TEST(LogLine, APeersTextMakesNoLineOfItsOwn) {
  const std::string line = Logged("a\n{\"event\":\"x\"}\r\t\x1b[2J\xff\"");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char byte : line.substr(0, line.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(byte), ' ');
  }
  EXPECT_THAT(line, ::testing::HasSubstr(
                        "\"reason\":\"a\\n{\\\"event\\\":\\\"x\\\"}\\u000d\\t"
                        "\\u001b[2J\xef\xbf\xbd\\\"\"}"));
}

}  // namespace
}  // namespace cairn
