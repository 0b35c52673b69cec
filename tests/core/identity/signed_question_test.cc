#include "core/identity/signed_question.h"

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

// A coordinator that turned bad has all that passes through it: the envelope
// and certificate of each question, the agencies' names, its own keys. It has
// no key of a person, and none of the people's authority.
class SignedQuestionTest : public ::testing::Test {
 protected:
  SignedQuestion Question() const {
    return {"testshire",
            "p-kaur",
            {"council", "police"},
            std::string(16, 'n'),
            people_.now,
            people_.now + absl::Minutes(15),
            "research",
            {Sha256Hex("agreement")},
            std::string("\x0a\x06"
                        "events\0",
                        9)};
  }

  std::string Signed(const SignedQuestion& question) const {
    const auto envelope = SignQuestion(analyst_.key, question);
    EXPECT_THAT(envelope, IsOk());
    return envelope.ok() ? *envelope : "";
  }

  // A statement that SignQuestion would not make, signed by a key.
  static std::string SignText(const SecretKey& key, const std::string& text,
                              const char* type = kQuestionType) {
    return WriteDsse(Sign(key, type, text));
  }
  std::string Statement(const SignedQuestion& question) const {
    const auto envelope = ParseDsse(Signed(question));
    EXPECT_THAT(envelope, IsOk());
    return envelope.ok() ? envelope->payload : "";
  }

  QuestionTrust Trust() const {
    QuestionTrust trust;
    trust.people = people_.Trust();
    trust.agency = "police";
    trust.agreement = Sha256Hex("agreement");
    trust.nonces = &nonces_;
    return trust;
  }

  // "ok", or the code of what is wrong.
  std::string Verify(const std::string& envelope,
                     const std::string& certificate, const QuestionTrust& trust,
                     absl::Time now) const {
    const auto result = VerifyQuestion(envelope, certificate, trust, now);
    if (!result.ok()) return std::string(result.status().message());
    const auto* doubt = std::get_if<Distrusted>(&*result);
    if (doubt == nullptr) return "ok";
    EXPECT_FALSE(doubt->sentence.empty());
    return CodeOf(doubt->why);
  }
  std::string Verify(const std::string& envelope) const {
    return Verify(envelope, analyst_.certificate, Trust(), people_.now);
  }

  ExamplePeople people_;
  NonceSet nonces_;
  ExamplePeople::Member analyst_ =
      people_.Add("p-kaur", "vru", {Role::kAnalyst});
};

TEST_F(SignedQuestionTest, TheBytesVerifiedAreTheBytesSigned) {
  const auto result = VerifyQuestion(Signed(Question()), analyst_.certificate,
                                     Trust(), people_.now);
  ASSERT_THAT(result, IsOk());
  const auto* verified = std::get_if<VerifiedQuestion>(&*result);
  ASSERT_NE(verified, nullptr);
  EXPECT_EQ(verified->question.query, Question().query);
  EXPECT_EQ(verified->question.audience, Question().audience);
  EXPECT_EQ(verified->question.nonce, Question().nonce);
  EXPECT_EQ(verified->question.issued, Question().issued);
  EXPECT_EQ(verified->question.expires, Question().expires);
  EXPECT_EQ(verified->question.purpose, "research");
  EXPECT_EQ(verified->asker.id, "p-kaur");
  EXPECT_EQ(verified->digest, Sha256Hex(Statement(Question())));
}

TEST_F(SignedQuestionTest, NoAlteredByteIsRun) {
  const std::string good = Signed(Question());
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int bit : {0, 1, 5}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_NE(Verify(bad), "ok") << "byte " << at << " bit " << bit;
    }
  }
  const std::string& certificate = analyst_.certificate;
  for (size_t at = 0; at < certificate.size(); ++at) {
    std::string bad = certificate;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_NE(Verify(good, bad, Trust(), people_.now), "ok") << "byte " << at;
  }
}

TEST_F(SignedQuestionTest, ACoordinatorCannotForgeAQuestion) {
  const SecretKey own = SecretKey::Generate();
  // Under its own key, with the analyst's certificate.
  const auto forged = SignQuestion(own, Question());
  ASSERT_THAT(forged, IsOk());
  EXPECT_EQ(Verify(*forged), "signature");
  // With a certificate that it made itself.
  Person person = analyst_.person;
  person.public_key = own.public_key();
  const auto certificate = CertifyPerson(own, person);
  ASSERT_THAT(certificate, IsOk());
  EXPECT_EQ(Verify(*forged, *certificate, Trust(), people_.now),
            "unknown_person");
  // With an envelope that claims the analyst's key id.
  std::string claimed = *forged;
  claimed = absl::StrReplaceAll(
      claimed,
      {{KeyIdOf(own.public_key()), KeyIdOf(analyst_.key.public_key())}});
  EXPECT_EQ(Verify(claimed), "signature");
  // With the question as its own certificate, and the reverse.
  EXPECT_EQ(
      Verify(Signed(Question()), Signed(Question()), Trust(), people_.now),
      "other_kind");
  EXPECT_EQ(Verify(analyst_.certificate), "other_kind");
}

TEST_F(SignedQuestionTest, ACoordinatorCannotAlterWhatWasSigned) {
  const auto good = ParseDsse(Signed(Question()));
  ASSERT_THAT(good, IsOk());
  const auto altered = [&](const std::string& from, const std::string& to) {
    Dsse bad = *good;
    bad.payload = absl::StrReplaceAll(bad.payload, {{from, to}});
    EXPECT_NE(bad.payload, good->payload) << from;
    return Verify(WriteDsse(bad));
  };
  EXPECT_EQ(altered("research", "planning"), "signature");
  EXPECT_EQ(altered("\"police\"", "\"police\",\"probation\""), "signature");
  EXPECT_EQ(altered("p-kaur", "p-okoro"), "signature");
  EXPECT_EQ(altered(absl::Base64Escape(Question().query),
                    absl::Base64Escape("wider")),
            "signature");
  Dsse typed = *good;
  typed.payload_type = kPersonType;
  EXPECT_EQ(Verify(WriteDsse(typed)), "other_kind");
}

TEST_F(SignedQuestionTest, OtherPeoplesSignaturesDoNotCount) {
  const ExamplePeople::Member other =
      people_.Add("p-okoro", "vru", {Role::kAnalyst});
  // A good signature by another analyst under this one's name.
  const auto envelope = SignQuestion(other.key, Question());
  ASSERT_THAT(envelope, IsOk());
  EXPECT_EQ(Verify(*envelope), "signature");
  EXPECT_EQ(Verify(*envelope, other.certificate, Trust(), people_.now),
            "signature");
  // Two signatures: one good one does not make it a question of one person.
  auto both = ParseDsse(Signed(Question()));
  ASSERT_THAT(both, IsOk());
  ASSERT_THAT(AddSignature(other.key, &*both), IsOk());
  EXPECT_EQ(Verify(WriteDsse(*both)), "malformed");
}

TEST_F(SignedQuestionTest, OnlyAnAnalystAsks) {
  for (const Role role :
       {Role::kSteward, Role::kApprover, Role::kAuditor, Role::kOperator}) {
    const ExamplePeople::Member other = people_.Add("p-kaur", "vru", {role});
    const auto envelope = SignQuestion(other.key, Question());
    ASSERT_THAT(envelope, IsOk());
    EXPECT_EQ(Verify(*envelope, other.certificate, Trust(), people_.now),
              "role");
  }
}

TEST_F(SignedQuestionTest, AnotherPartnershipsQuestionIsRefused) {
  SignedQuestion question = Question();
  question.partnership = "elsewhere";
  EXPECT_EQ(Verify(Signed(question)), "partnership");
  // An authority may vouch for several partnerships, but a certificate is for
  // one.
  Person person = analyst_.person;
  person.partnership = "elsewhere";
  EXPECT_EQ(
      Verify(Signed(Question()), people_.Certify(person), Trust(), people_.now),
      "partnership");
}

TEST_F(SignedQuestionTest, OnlyTheAudienceRunsIt) {
  QuestionTrust trust = Trust();
  for (const auto& [agency, outcome] :
       std::vector<std::pair<std::string, std::string>>{
           {"police", "ok"},
           {"council", "ok"},
           {"probation", "audience"},
           {"polic", "audience"},
           {"", "audience"}}) {
    trust.agency = agency;
    EXPECT_EQ(
        Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
        outcome)
        << agency;
  }
}

TEST_F(SignedQuestionTest, TimeIsJudgedWithTwoMinutesOfSkew) {
  const std::string envelope = Signed(Question());
  for (const auto& [seconds, outcome] :
       std::vector<std::pair<int, std::string>>{{-121, "not_yet"},
                                                {-120, "ok"},
                                                {0, "ok"},
                                                {900, "ok"},
                                                {1020, "ok"},
                                                {1021, "expired"},
                                                {86'400, "expired"}}) {
    EXPECT_EQ(Verify(envelope, analyst_.certificate, Trust(),
                     people_.now + absl::Seconds(seconds)),
              outcome)
        << seconds;
  }
}

TEST_F(SignedQuestionTest, AQuestionThatLivesTooLongIsRefused) {
  SignedQuestion question = Question();
  question.expires = question.issued + absl::Minutes(15) + absl::Seconds(1);
  EXPECT_FALSE(SignQuestion(analyst_.key, question).ok());
  const auto signed_as = [&](const std::string& expires) {
    return SignText(
        analyst_.key,
        absl::StrReplaceAll(
            Statement(Question()),
            {{absl::StrCat("\"expires\":", ToUnixSeconds(Question().expires)),
              absl::StrCat("\"expires\":", expires)}}));
  };
  EXPECT_EQ(Verify(signed_as(
                absl::StrCat(ToUnixSeconds(people_.now + absl::Minutes(16))))),
            "too_long");
  EXPECT_EQ(Verify(signed_as("9007199254740991")), "too_long");
  EXPECT_EQ(Verify(signed_as("0")), "too_long");
  EXPECT_EQ(Verify(signed_as("9007199254740992")), "malformed");
  EXPECT_EQ(Verify(signed_as("-1")), "malformed");
  EXPECT_EQ(Verify(signed_as("1e9")), "malformed");
}

TEST_F(SignedQuestionTest, ACertificateHasItsTime) {
  Person person = analyst_.person;
  const auto at = [&](absl::Duration start, absl::Duration end) {
    person.not_before = people_.now + start;
    person.not_after = people_.now + end;
    return Verify(Signed(Question()), people_.Certify(person), Trust(),
                  people_.now);
  };
  EXPECT_EQ(at(-absl::Hours(1), absl::Hours(1)), "ok");
  EXPECT_EQ(at(-absl::Hours(1), -absl::Seconds(120)), "ok");
  EXPECT_EQ(at(-absl::Hours(1), -absl::Seconds(121)), "out_of_date");
  EXPECT_EQ(at(absl::Seconds(121), absl::Hours(1)), "out_of_date");
}

TEST_F(SignedQuestionTest, WhoIsDeniedAsksNothing) {
  QuestionTrust trust = Trust();
  for (const std::string& line :
       {std::string("person p-kaur"),
        "key " + KeyIdOf(analyst_.key.public_key())}) {
    const auto denied = DenyList::Parse(line);
    ASSERT_THAT(denied, IsOk());
    trust.people.denied = &*denied;
    EXPECT_EQ(
        Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
        "revoked");
  }
  const auto others = DenyList::Parse("person p-kaur2\nperson p-kau\n");
  ASSERT_THAT(others, IsOk());
  trust.people.denied = &*others;
  EXPECT_EQ(
      Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
      "ok");
}

TEST_F(SignedQuestionTest, TheAgreementInForceMustHaveBeenSeen) {
  QuestionTrust trust = Trust();
  trust.agreement = Sha256Hex("a newer agreement");
  EXPECT_EQ(
      Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
      "agreement");
  trust.agreement.clear();
  EXPECT_EQ(
      Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
      "ok");
}

TEST_F(SignedQuestionTest, AQuestionIsRunOnce) {
  const std::string envelope = Signed(Question());
  EXPECT_EQ(Verify(envelope), "ok");
  EXPECT_EQ(Verify(envelope), "ok") << "verifying alone spends nothing";
  nonces_.Spend(Question());
  EXPECT_EQ(Verify(envelope), "replayed");
  // The same nonce in another question is no way round it either.
  SignedQuestion other = Question();
  other.query = "another";
  EXPECT_EQ(Verify(Signed(other)), "replayed");
  other.nonce = std::string(16, 'm');
  EXPECT_EQ(Verify(Signed(other)), "ok");
}

TEST_F(SignedQuestionTest, AMemoryThatFailsLetsNothingThrough) {
  class Broken : public NonceMemory {
    absl::StatusOr<bool> Spent(absl::string_view, absl::string_view,
                               absl::Time) const override {
      return absl::UnavailableError("disk");
    }
  };
  const Broken broken;
  QuestionTrust trust = Trust();
  trust.nonces = &broken;
  EXPECT_EQ(
      Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
      "disk");
  trust.nonces = nullptr;
  EXPECT_NE(
      Verify(Signed(Question()), analyst_.certificate, trust, people_.now),
      "ok");
}

TEST_F(SignedQuestionTest, AStatementHasOneSpelling) {
  // All of these are signed by the analyst's own key.
  const std::string good = Statement(Question());
  EXPECT_EQ(Verify(SignText(analyst_.key, good)), "ok");
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"\"purpose\":\"research\"",
       "\"purpose\":\"research\",\"purpose\":\"planning\""},
      {"\"purpose\":\"research\"",
       "\"purpose\":\"research\",\"measure\":\"exact\""},
      {"\"purpose\":\"research\",", ""},
      {"\"purpose\":\"research\"", "\"purpose\": \"research\""},
      {"\"purpose\":\"research\"", "\"purpose\":\"rese\\u0061rch\""},
      {"\"purpose\":\"research\"", "\"purpose\":\"\""},
      {"\"purpose\":\"research\"", "\"purpose\":null"},
      {"\"purpose\":\"research\"", "\"Purpose\":\"research\""},
      {"{\"v\":1", "{\"v\":2"},
      {"{\"v\":1", "{\"v\":01"},
      {"{\"v\":1", "{\"v\":\"1\""},
      {"[\"council\",\"police\"]", "[\"police\",\"council\"]"},
      {"[\"council\",\"police\"]", "[\"police\",\"police\"]"},
      {"[\"council\",\"police\"]", "[]"},
      {"[\"council\",\"police\"]", "[\"council\",\"police\",]"},
      {"[\"council\",\"police\"]", "\"police\""},
      {"[\"council\",\"police\"]", "[\"*\",\"police\"]"},
      {"6e6e6e6e", "6E6e6e6e"},
      {"6e6e6e6e", ""},
      {"\"}", "\"}}"},
      {"\"}", "\"} "},
      {"\"}", "\",\"x\":1}"},
  };
  for (const auto& [from, to] : changes) {
    const std::string bad = absl::StrReplaceAll(good, {{from, to}});
    ASSERT_NE(bad, good) << from;
    EXPECT_EQ(Verify(SignText(analyst_.key, bad)), "malformed") << bad;
  }
}

TEST_F(SignedQuestionTest, WhatCannotBeReadBackIsNotSigned) {
  const std::vector<std::function<void(SignedQuestion*)>> spoil = {
      [](SignedQuestion* q) { q->audience = {}; },
      [](SignedQuestion* q) {
        q->audience = {"police", "council"};
      },
      [](SignedQuestion* q) {
        q->audience = {"police", "police"};
      },
      [](SignedQuestion* q) { q->audience = {"pol\"ice"}; },
      [](SignedQuestion* q) { q->audience.assign(201, "a"); },
      [](SignedQuestion* q) { q->nonce = "short"; },
      [](SignedQuestion* q) { q->purpose = "Research"; },
      [](SignedQuestion* q) { q->purpose = ""; },
      [](SignedQuestion* q) { q->agreements = {"abc"}; },
      [](SignedQuestion* q) { q->query = ""; },
      [](SignedQuestion* q) { q->query = std::string(200 * 1024, 'q'); },
      [](SignedQuestion* q) { q->expires = q->issued; },
  };
  for (size_t i = 0; i < spoil.size(); ++i) {
    SignedQuestion question = Question();
    spoil[i](&question);
    EXPECT_THAT(SignQuestion(analyst_.key, question),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
}

}  // namespace
}  // namespace cairn
