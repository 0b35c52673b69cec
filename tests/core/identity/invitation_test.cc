#include "core/identity/invitation.h"

#include <cctype>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'795'298'400);

class InvitationTest : public ::testing::Test {
 protected:
  NewInvitation Made(absl::Duration life = kUsualInvitation) const {
    auto made = Invite("st-marys-ed", pin_, life, kNow);
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  static StatusIsMatcher Denied(const char* words) {
    return StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(words));
  }

  const std::string pin_ = Sha256("root");
  const std::string key_ = Sha256("key of the agency");
  const std::string other_ = Sha256("key of somebody else");
};

TEST_F(InvitationTest, ACodeIsReadBackAndASlipOfThePenIsSeen) {
  const NewInvitation made = Made();
  const std::string text = WriteCode(made.code);
  const auto read = ParseCode(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->agency, "st-marys-ed");
  EXPECT_EQ(read->secret, made.code.secret);
  EXPECT_EQ(read->root_pin, pin_);
  for (size_t at = 0; at < text.size(); ++at) {
    std::string bad = text;
    bad[at] = bad[at] == 'a' ? 'b' : 'a';
    EXPECT_THAT(ParseCode(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                         Not(HasSubstr(Hex(made.code.secret)))))
        << at;
    EXPECT_FALSE(ParseCode(text.substr(0, at)).ok());
  }
  EXPECT_FALSE(ParseCode(text + " ").ok());
  EXPECT_FALSE(
      ParseCode(absl::StrReplaceAll(text, {{"cairn1", "CAIRN1"}})).ok());
}

TEST_F(InvitationTest, TheCodeIsNotKept) {
  const NewInvitation made = Made();
  EXPECT_EQ(made.code.secret.size(), 16u);
  EXPECT_EQ(made.invitation.secret_hash, Sha256(made.code.secret));
  EXPECT_NE(Made().code.secret, made.code.secret);
}

TEST_F(InvitationTest, OneKeyWinsAndTheOthersDoNot) {
  NewInvitation made = Made();
  Invitation& invitation = made.invitation;
  EXPECT_THAT(Redeem(Sha256("guess").substr(0, 16), key_, kNow, &invitation),
              Denied("not known"));
  EXPECT_TRUE(invitation.key.empty());
  EXPECT_THAT(Redeem(made.code.secret, key_, kNow, &invitation), IsOk());
  EXPECT_EQ(invitation.key, key_);
  EXPECT_THAT(Redeem(made.code.secret, other_, kNow, &invitation),
              Denied("used before"));
  EXPECT_EQ(invitation.key, key_);
}

TEST_F(InvitationTest, ALostAnswerIsAskedForAgainForTenMinutes) {
  NewInvitation made = Made();
  Invitation& invitation = made.invitation;
  ASSERT_THAT(Redeem(made.code.secret, key_, kNow, &invitation), IsOk());
  EXPECT_THAT(
      Redeem(made.code.secret, key_, kNow + absl::Minutes(10), &invitation),
      IsOk());
  EXPECT_THAT(Redeem(made.code.secret, key_,
                     kNow + absl::Minutes(10) + absl::Seconds(1), &invitation),
              Denied("used before"))
      << "asking again does not make it longer";
}

TEST_F(InvitationTest, ItExpires) {
  NewInvitation made = Made(absl::Hours(24));
  EXPECT_THAT(
      Redeem(made.code.secret, key_, kNow + absl::Hours(24) + absl::Seconds(1),
             &made.invitation),
      Denied("expired"));
  EXPECT_THAT(
      Redeem(made.code.secret, key_, kNow + absl::Hours(24), &made.invitation),
      IsOk());
  for (const absl::Duration life :
       {absl::ZeroDuration(), absl::Hours(24) + absl::Seconds(1),
        -absl::Hours(1)}) {
    EXPECT_THAT(Invite("a", pin_, life, kNow),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_FALSE(Invite("A b", pin_, kUsualInvitation, kNow).ok());
  EXPECT_FALSE(Invite("a", "short", kUsualInvitation, kNow).ok());
}

// The examples of the proposal: IPv4 addresses as two words.
TEST(Proquint, IsAsPublished) {
  const auto words = [](unsigned a, unsigned b, unsigned c, unsigned d) {
    return absl::StrCat(Proquint(a << 8 | b), "-", Proquint(c << 8 | d));
  };
  EXPECT_EQ(words(127, 0, 0, 1), "lusab-babad");
  EXPECT_EQ(words(63, 84, 220, 193), "gutih-tugad");
  EXPECT_EQ(words(63, 118, 7, 35), "gutuk-bisog");
  EXPECT_EQ(words(140, 98, 193, 141), "mudof-sakat");
  EXPECT_EQ(words(64, 255, 6, 200), "haguz-biram");
  EXPECT_EQ(words(128, 30, 52, 45), "mabiv-gibot");
}

TEST(SixWords, AreTheSameOnBothSidesAndOthersForEachOtherKey) {
  const std::string agency = Sha256("a"), coordinator = Sha256("c");
  const std::string words = SixWords(agency, coordinator);
  EXPECT_EQ(words, SixWords(agency, coordinator));
  const std::vector<std::string> each = absl::StrSplit(words, ' ');
  ASSERT_EQ(each.size(), 6u);
  for (const std::string& word : each) EXPECT_EQ(word.size(), 5u);
  EXPECT_NE(words, SixWords(coordinator, agency)) << "who is who counts";
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    EXPECT_TRUE(
        seen.insert(SixWords(Sha256(absl::StrCat(i)), coordinator)).second);
  }
}

}  // namespace
}  // namespace cairn
