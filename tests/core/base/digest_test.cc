#include "core/base/digest.h"

#include "gtest/gtest.h"

namespace cairn {
namespace {

// RFC 4231, test cases 2 and 6.
TEST(HmacSha256, IsTheStandards) {
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      Hex(HmacSha256(std::string(131, '\xaa'),
                     "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Pseudonymiser, IsTheBeginningOfAnHmac) {
  const Pseudonymiser keyed("Jefe");
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(keyed.Bits("what do ya want for nothing?"),
              uint64_t{0x5bdcc146bf60754e});
    EXPECT_EQ(keyed.Of("what do ya want for nothing?"),
              int64_t{0x5bdcc146bf60754e >> 1});
  }
  EXPECT_EQ(Pseudonymiser(std::string(131, '\xaa'))
                .Bits("Test Using Larger Than Block-Size Key - Hash Key First"),
            uint64_t{0x60e431591ee0b67f});
}

}  // namespace
}  // namespace cairn
