#include "core/identity/signed_decision.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

class SignedDecisionTest : public ::testing::Test {
 protected:
  SignedDecision Made() const {
    return {"testshire",           "police",   "p-1", "approve", "none",
            Sha256Hex("question"), people_.now};
  }
  std::string Signed(const SecretKey& key, const SignedDecision& made) const {
    const auto envelope = SignDecision(key, made);
    EXPECT_THAT(envelope, IsOk());
    return envelope.ok() ? *envelope : "";
  }
  std::string Verify(const std::string& envelope,
                     const std::string& certificate,
                     const std::string& agency = "police") const {
    const auto verdict = VerifyDecision(envelope, certificate, people_.Trust(),
                                        agency, people_.now);
    const auto* doubt = std::get_if<Distrusted>(&verdict);
    return doubt == nullptr ? "ok" : CodeOf(doubt->why);
  }

  ExamplePeople people_;
  ExamplePeople::Member approver_ =
      people_.Add("p-1", "police", {Role::kApprover});
};

TEST_F(SignedDecisionTest, IsReadBackAsItWasSigned) {
  const auto verdict =
      VerifyDecision(Signed(approver_.key, Made()), approver_.certificate,
                     people_.Trust(), "police", people_.now);
  const auto* verified = std::get_if<VerifiedDecision>(&verdict);
  ASSERT_NE(verified, nullptr);
  EXPECT_EQ(verified->decision.decision, "approve");
  EXPECT_EQ(verified->decision.subject, Sha256Hex("question"));
  EXPECT_EQ(verified->decision.at, people_.now);
  EXPECT_EQ(verified->person.organisation, "police");
}

TEST_F(SignedDecisionTest, NoAlteredByteCounts) {
  const std::string good = Signed(approver_.key, Made());
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 2);
    EXPECT_NE(Verify(bad, approver_.certificate), "ok") << at;
  }
}

TEST_F(SignedDecisionTest, OnlyStewardsAndApproversDecide) {
  for (const auto& [role, outcome] :
       std::vector<std::pair<Role, std::string>>{{Role::kAnalyst, "role"},
                                                 {Role::kSteward, "ok"},
                                                 {Role::kApprover, "ok"},
                                                 {Role::kAuditor, "role"},
                                                 {Role::kOperator, "role"}}) {
    const auto& member = people_.Add("p-1", "police", {role});
    EXPECT_EQ(Verify(Signed(member.key, Made()), member.certificate), outcome)
        << NameOf(role);
  }
}

TEST_F(SignedDecisionTest, ItIsOfOnePersonForOneAgency) {
  const auto& other = people_.Add("p-2", "police", {Role::kApprover});
  EXPECT_EQ(Verify(Signed(other.key, Made()), approver_.certificate),
            "signature");
  EXPECT_EQ(Verify(Signed(other.key, Made()), other.certificate), "signature")
      << "in another one's name";
  EXPECT_EQ(
      Verify(Signed(approver_.key, Made()), approver_.certificate, "council"),
      "audience");
  SignedDecision made = Made();
  made.partnership = "elsewhere";
  EXPECT_EQ(Verify(Signed(approver_.key, made), approver_.certificate),
            "partnership");
  made = Made();
  made.at = people_.now + kClockSkew + absl::Seconds(1);
  EXPECT_EQ(Verify(Signed(approver_.key, made), approver_.certificate),
            "not_yet");
}

TEST_F(SignedDecisionTest, AQuestionIsNoApproval) {
  const auto& analyst =
      people_.Add("p-1", "police", {Role::kAnalyst, Role::kApprover});
  const auto question =
      SignQuestion(analyst.key, {"testshire",
                                 "p-1",
                                 {"police"},
                                 std::string(16, 'n'),
                                 people_.now,
                                 people_.now + absl::Minutes(1),
                                 "research",
                                 {},
                                 "query"});
  ASSERT_THAT(question, IsOk());
  EXPECT_EQ(Verify(*question, analyst.certificate), "other_kind");
  // Nor with its type changed.
  auto envelope = ParseDsse(*question);
  ASSERT_THAT(envelope, IsOk());
  envelope->payload_type = kDecisionType;
  EXPECT_EQ(Verify(WriteDsse(*envelope), analyst.certificate), "signature");
}

TEST_F(SignedDecisionTest, ItsStatementHasOneSpelling) {
  const auto good = ParseDsse(Signed(approver_.key, Made()));
  ASSERT_THAT(good, IsOk());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{
           {"\"approve\"", "\"approve\",\"decision\":\"refuse\""},
           {"\"approve\"", "\"APPROVE\""},
           {"\"none\"", "\"\""},
           {"\"none\"", "\"none\",\"until\":1"},
           {"\"v\":1", "\"v\":2"},
           {Sha256Hex("question"), Sha256Hex("question").substr(1)}}) {
    const std::string text = absl::StrReplaceAll(good->payload, {{from, to}});
    ASSERT_NE(text, good->payload);
    EXPECT_EQ(Verify(WriteDsse(Sign(approver_.key, kDecisionType, text)),
                     approver_.certificate),
              "malformed")
        << text;
  }
}

}  // namespace
}  // namespace cairn
