#include "core/identity/person.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

std::string CodeOf(const Verdict<Person>& verdict) {
  const auto* doubt = std::get_if<Distrusted>(&verdict);
  return doubt == nullptr ? "ok" : CodeOf(doubt->why);
}

TEST(Person, ACertificateSaysWhatWasCertified) {
  ExamplePeople people;
  const auto& member =
      people.Add("p-1", "police", {Role::kSteward, Role::kApprover});
  const auto verdict =
      VerifyPerson(member.certificate, people.Trust(), people.now);
  const auto* person = std::get_if<Person>(&verdict);
  ASSERT_NE(person, nullptr);
  EXPECT_EQ(person->id, "p-1");
  EXPECT_EQ(person->organisation, "police");
  EXPECT_EQ(person->roles,
            (std::vector<Role>{Role::kSteward, Role::kApprover}));
  EXPECT_EQ(person->public_key, member.key.public_key());
}

TEST(Person, ACertificateIsByteForByteAsDocumented) {
  ExamplePeople people;
  Person person = {"riverside",
                   "p-4821",
                   "vru",
                   {Role::kAnalyst},
                   std::string(32, '\x0f'),
                   absl::FromUnixSeconds(1'795'298'400),
                   absl::FromUnixSeconds(1'826'834'400)};
  const auto envelope = ParseDsse(people.Certify(person));
  ASSERT_THAT(envelope, IsOk());
  std::string key;
  for (int i = 0; i < 32; ++i) key += "0f";
  EXPECT_EQ(
      envelope->payload,
      absl::StrCat("{\"v\":1,\"partnership\":\"riverside\",\"person\":\"p-"
                   "4821\",\"organisation\":\"vru\",\"roles\":[\"analyst"
                   "\"],\"key\":\"",
                   key, "\",\"from\":1795298400,\"until\":1826834400}"));
}

TEST(Person, AStatementThatIsNotOfTheFormIsRefused) {
  ExamplePeople people;
  const auto good =
      ParseDsse(people.Add("p-1", "police", {Role::kSteward}).certificate);
  ASSERT_THAT(good, IsOk());
  const auto signed_as = [&](const std::string& from, const std::string& to) {
    const std::string text = absl::StrReplaceAll(good->payload, {{from, to}});
    EXPECT_NE(text, good->payload) << from;
    return CodeOf(
        VerifyPerson(WriteDsse(Sign(people.authority, kPersonType, text)),
                     people.Trust(), people.now));
  };
  EXPECT_EQ(signed_as("[\"steward\"]", "[]"), "malformed");
  EXPECT_EQ(signed_as("[\"steward\"]", "[\"root\"]"), "malformed");
  EXPECT_EQ(signed_as("[\"steward\"]", "[\"steward\",\"steward\"]"),
            "malformed");
  EXPECT_EQ(signed_as("[\"steward\"]", "[\"steward\",\"analyst\"]"),
            "malformed");
  EXPECT_EQ(signed_as("[\"steward\"]", "\"steward\""), "malformed");
  EXPECT_EQ(signed_as("{\"v\":1", "{\"v\":2"), "malformed");
  EXPECT_EQ(
      signed_as("\"person\":\"p-1\"", "\"person\":\"p-1\",\"person\":\"p-2\""),
      "malformed");
  EXPECT_EQ(signed_as("\"person\":\"p-1\"", "\"person\":\"p-1\",\"x\":1"),
            "malformed");
  EXPECT_EQ(signed_as("\"until\":", "\"until\":9"), "malformed");
}

TEST(Person, WhatCannotBeReadBackIsNotCertified) {
  ExamplePeople people;
  const Person good = people.Add("p-1", "police", {Role::kSteward}).person;
  const auto fails = [&](const Person& person, const char* words) {
    EXPECT_THAT(CertifyPerson(people.authority, person),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(words)));
  };
  Person bad = good;
  bad.id = "P 1";
  fails(bad, "lower-case");
  bad = good;
  bad.organisation = "";
  fails(bad, "lower-case");
  bad = good;
  bad.roles = {};
  fails(bad, "no role");
  bad.roles = {Role::kSteward, Role::kAnalyst};
  fails(bad, "order");
  bad = good;
  bad.public_key = "short";
  fails(bad, "32 bytes");
  bad = good;
  bad.not_after = bad.not_before;
  fails(bad, "valid for");
  bad.not_after = bad.not_before + kLongestPerson + absl::Seconds(1);
  fails(bad, "valid for");
}

// The table of calls, written down a second time as an agency would read it.
TEST(Person, EachCallIsForItsRolesAndNoOthers) {
  const std::vector<std::pair<Role, std::set<Call>>> table = {
      {Role::kAnalyst,
       {Call::kAskQuestion, Call::kDescribe, Call::kReadOwnHistory}},
      {Role::kSteward,
       {Call::kDescribe, Call::kApproveQuestion, Call::kSignAgreement,
        Call::kPauseAgent, Call::kRecoverLedger}},
      {Role::kApprover, {Call::kDescribe, Call::kApproveQuestion}},
      {Role::kAuditor,
       {Call::kDescribe, Call::kReadAllHistory, Call::kReadLedger}},
      {Role::kOperator,
       {Call::kDescribe, Call::kPauseAgent, Call::kInviteAgency, Call::kRevoke,
        Call::kRecoverLedger}}};
  for (const auto& [role, calls] : table) {
    for (const Call call : kAllCalls) {
      EXPECT_EQ(May({role}, call), calls.count(call) > 0)
          << NameOf(role) << " call " << static_cast<int>(call);
    }
  }
  for (const Call call : kAllCalls) EXPECT_FALSE(May({}, call));
}

TEST(DenyList, SaysWhichLineCannotBeRead) {
  for (const auto& [text, line] : std::vector<std::pair<std::string, int>>{
           {"person p-1\nnobody\n", 2},
           {"# a comment\n\nkey 12", 3},
           {"person ", 1},
           {"person a b", 1},
           {"key " + std::string(64, 'G'), 1},
           {"spiffe://riverside/agent/A", 1},
           {"PERSON p-1", 1}}) {
    EXPECT_THAT(DenyList::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("line ", line, " "))))
        << text;
  }
}

TEST(DenyList, HoldsWhatItNamesAndNothingElse) {
  const std::string key(64, 'a');
  const auto list = DenyList::Parse(
      absl::StrCat("# who left\n  person p-1  # in May\n\nkey ", key,
                   "\r\nspiffe://riverside/agent/st-marys-ed"));
  ASSERT_THAT(list, IsOk());
  EXPECT_TRUE(list->HasPerson("p-1"));
  EXPECT_FALSE(list->HasPerson("p-10"));
  EXPECT_FALSE(list->HasPerson(""));
  EXPECT_TRUE(list->HasKey(key));
  EXPECT_FALSE(list->HasKey("p-1"));
  EXPECT_TRUE(list->HasName("spiffe://riverside/agent/st-marys-ed"));
  EXPECT_FALSE(list->HasName("spiffe://riverside/agent/st-marys"));
  EXPECT_FALSE(DenyList().HasPerson("p-1"));
}

}  // namespace
}  // namespace cairn
