#include "core/link/agreement_file.h"

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/link/catalogue_file.h"
#include "core/link/text_config.h"
#include "gtest/gtest.h"
#include "tests/support/example_agreement.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/example_people.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(AgreementFile, IsReadWhole) {
  const auto catalogue = ExampleCatalogue();
  const std::string text = ExampleAgreementText();
  const auto agreement = ParseAgreement("a.textproto", text, *catalogue);
  ASSERT_THAT(agreement, IsOk());
  EXPECT_EQ(agreement->agency, "police");
  EXPECT_EQ(agreement->digest, Sha256Hex(text));
  EXPECT_EQ(agreement->starts, absl::CivilDay(2026, 4, 1));
  EXPECT_EQ(agreement->ends, absl::CivilDay(2027, 3, 31));
  ASSERT_EQ(agreement->data_sets.size(), 1u);
  EXPECT_EQ(agreement->data_sets[0].variables.size(), 4u);
  EXPECT_EQ(agreement->data_sets[0].any_crossing_of, 1);
  EXPECT_EQ(agreement->classes[0].approvers, 2);
  EXPECT_TRUE(agreement->classes[0].one_from_agency);
  EXPECT_EQ(agreement->budgets[0].questions, 100);
}

// Each change makes it wrong at a line and column that are counted here by
// hand. Of a list in brackets it is the list's, of what is missing the place of
// what it is missing from.
TEST(AgreementFile, EveryProblemHasItsPlace) {
  const auto catalogue = ExampleCatalogue();
  const std::vector<std::tuple<std::string, std::string, std::string>> wrong = {
      {"\"testshire\"", "\"elsewhere\"", "1:1: partnership"},
      {"\"police\"", "\"The Police\"", "2:1: agency"},
      {"\"Agreement of the police\"", "\"\"", "3:1: title"},
      {"\"Agreement of the police\"", "\"a\\nb\"", "3:1: title"},
      {"\"Agreement of the police\"", "\"a\\033[2J\"", "3:1: title"},
      {"version: 1", "version: 0", "4:1: version"},
      {"version: 1", "version: 2", "1:1: replaces"},
      {"version: 1", "version: 1 version: 2", "4:19: "},
      {"version: 1", "version: 1 loosest: true", "4:19: "},
      {"version: 1", "version: 1 replaces: \"12\"", "4:12: replaces"},
      {"party { name: \"The unit\" role: \"Asks\" }\n", "",
       "5:1: an agreement has at least two"},
      {"role: \"Asks\"", "", "6:1: role"},
      {"starts: \"2026-04-01\"", "starts: \"2026-4-1\"", "7:1: starts"},
      {"starts: \"2026-04-01\"", "starts: \"2026-02-30\"", "7:1: starts"},
      {"ends: \"2027-03-31\"", "ends: \"\"", "8:1: ends"},
      {"ends: \"2027-03-31\"", "", "1:1: ends"},
      {"ends: \"2027-03-31\"", "ends: \"2026-03-31\"", "8:1: ends lies"},
      {"ends: \"2027-03-31\"", "ends: \"9999-12-31\"",
       "8:1: an agreement ends"},
      {"review_by: \"2026-12-31\"", "review_by: \"2027-04-01\"",
       "9:1: review_by"},
      {"{ id: \"duty\"", "{ id: \"other\"", "11:26: there is no lawful_basis"},
      {"id: \"research\"", "id: \"reserch\"", "11:11: the catalogue has no"},
      {"\"events\"", "\"event\"", "13:3: "},
      {"\"sum:days\"", "\"sum:years\"", "14:3: "},
      {"\"sum:days\"", "\"mean:days\"", "14:3: "},
      {"[\"month\", ", "[\"mont\", ", "15:3: "},
      {"[\"quarter\", \"ward\"", "[\"quarter\", \"weapon\"", "16:14: weapon"},
      {"[\"quarter\", \"ward\"", "[\"quarter\", \"lsoa\"", "16:14: lsoa"},
      {"[\"quarter\", \"ward\"", "[\"quarter\", \"month\"", "16:14: "},
      {"  crossing", "  any_crossing_of: 5 crossing", "16:3: any_crossing_of"},
      {"questions: 100", "questions: 0", "18:10: questions"},
      {"days: 30", "days: 367", "18:25: days"},
      {"days: 30", "days: 30 data_set: \"calls\"", "18:34: the agreement does"},
      {"approvers: 2", "approvers: 6", "19:62: approvers"},
      {"approvers: 2", "", "19:1: approvers"},
      {"variable: \"ward\"", "variable: \"wards\"", "19:45: no data set"},
      {"title: \"About wards\"", "", "19:1: title"},
      {"results_months: 12", "results_months: 0", "21:13: results_months"},
      {"report_incidents_within_hours: 24", "report_incidents_within_hours: 96",
       "23:1: report_incidents"},
      {"on_ending: \"Tables are deleted.\"", "", "1:1: on_ending"},
  };
  for (const auto& [from, to, place] : wrong) {
    const std::string text = ExampleAgreementText(from, to);
    ASSERT_NE(text, ExampleAgreementText()) << from;
    EXPECT_THAT(ParseAgreement("a.textproto", text, *catalogue),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         StartsWith(absl::StrCat("a.textproto:", place))))
        << from << " -> " << to;
  }
}

std::vector<std::string> ShippedAgreements() {
  return {"policies/agreements/riverside-police.textproto",
          "policies/agreements/st-marys-ed.textproto"};
}

TEST(AgreementFile, TheShippedExamplesNameTheShippedFiles) {
  const auto catalogue = ReadCatalogue("policies/catalogue.textproto");
  ASSERT_THAT(catalogue, IsOk());
  const auto standard = ReadFile("policies/standard.textproto");
  const auto plan = ReadFile("policies/release-plan.textproto");
  ASSERT_THAT(standard, IsOk());
  ASSERT_THAT(plan, IsOk());
  for (const std::string& path : ShippedAgreements()) {
    const auto text = ReadFile(path);
    ASSERT_THAT(text, IsOk());
    const auto agreement = ParseAgreement(path, *text, **catalogue);
    ASSERT_THAT(agreement, IsOk());
    EXPECT_EQ(agreement->disclosure.sha256, Sha256Hex(*standard))
        << path << " names another text of policies/standard.textproto";
    if (agreement->release_plan.has_value()) {
      EXPECT_EQ(agreement->release_plan->sha256, Sha256Hex(*plan))
          << path << " names another text of policies/release-plan.textproto";
    }
  }
}

class SignedAgreementTest : public ::testing::Test {
 protected:
  absl::StatusOr<SignedAgreement> Read(const std::string& bytes) const {
    return ReadSignedAgreement("a.signed", bytes, *catalogue_, people_.Trust(),
                               people_.now);
  }
  static StatusIsMatcher Denied(const char* words) {
    return StatusIs(absl::StatusCode::kPermissionDenied,
                    AllOf(StartsWith("a.signed: "), HasSubstr(words)));
  }

  const std::shared_ptr<const Catalogue> catalogue_ = ExampleCatalogue();
  ExamplePeople people_;
  ExamplePeople::Member steward_ =
      people_.Add("p-steward", "police", {Role::kSteward});
};

TEST_F(SignedAgreementTest, TheStewardsSignatureIsOverItsExactText) {
  const std::string text = ExampleAgreementText();
  const std::string bytes =
      WriteSignedAgreement(steward_.key, steward_.certificate, text);
  const auto read = Read(bytes);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->text, text);
  EXPECT_EQ(read->agreement.digest, Sha256Hex(text));
  ASSERT_EQ(read->signers.size(), 1u);
  EXPECT_EQ(read->signers[0].id, "p-steward");
  for (size_t at = 0; at < bytes.size(); at += 7) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(Read(bad).ok()) << "byte " << at;
  }
}

TEST_F(SignedAgreementTest, AnUnsignedTextIsNoAgreement) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("is not a signed agreement"));
  EXPECT_THAT(Read(ExampleAgreementText()), refused);
  EXPECT_THAT(Read(""), refused);
  EXPECT_THAT(Read("\n"), refused);
  const std::string good = WriteSignedAgreement(
      steward_.key, steward_.certificate, ExampleAgreementText());
  const std::vector<std::string> lines = absl::StrSplit(good, '\n');
  EXPECT_THAT(Read(lines[0]), refused);
  EXPECT_THAT(Read(lines[0] + "\n"), refused);
  EXPECT_THAT(Read(good + lines[1] + "\n"), refused);
  // Another kind of statement by the same person.
  EXPECT_THAT(
      Read(absl::StrCat(WriteDsse(Sign(steward_.key, "application/other",
                                       ExampleAgreementText())),
                        "\n", steward_.certificate, "\n")),
      refused);
}

TEST_F(SignedAgreementTest, OnlyAStewardOfTheAgencyPutsItInForce) {
  const std::string text = ExampleAgreementText();
  for (const auto& [organisation, role] :
       std::vector<std::pair<std::string, Role>>{{"council", Role::kSteward},
                                                 {"vru", Role::kSteward},
                                                 {"police", Role::kAnalyst},
                                                 {"police", Role::kApprover},
                                                 {"police", Role::kAuditor},
                                                 {"police", Role::kOperator}}) {
    const auto& other = people_.Add("p-other", organisation, {role});
    EXPECT_THAT(Read(WriteSignedAgreement(other.key, other.certificate, text)),
                Denied("no steward of police"))
        << organisation << " " << NameOf(role);
  }
  // Under somebody else's certificate.
  const auto& other = people_.Add("p-other", "vru", {Role::kAnalyst});
  EXPECT_THAT(Read(WriteSignedAgreement(other.key, steward_.certificate, text)),
              Denied("not signed by p-steward"));
  // A steward whom another authority vouches for.
  ExamplePeople others;
  const auto& stranger = others.Add("p-steward", "police", {Role::kSteward});
  EXPECT_THAT(
      Read(WriteSignedAgreement(stranger.key, stranger.certificate, text)),
      Denied("people authority"));
}

TEST_F(SignedAgreementTest, SeveralMaySignButOneMustBeTheSteward) {
  const auto& unit = people_.Add("p-unit", "vru", {Role::kOperator});
  Dsse envelope = Sign(unit.key, kAgreementType, ExampleAgreementText());
  ASSERT_THAT(AddSignature(steward_.key, &envelope), IsOk());
  const std::string both =
      absl::StrCat(WriteDsse(envelope), "\n", unit.certificate, "\n",
                   steward_.certificate, "\n");
  const auto read = Read(both);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->signers.size(), 2u);
  // One person shown twice does not make two.
  EXPECT_THAT(Read(absl::StrCat(WriteDsse(envelope), "\n", steward_.certificate,
                                "\n", steward_.certificate, "\n")),
              Denied("twice"));
}

TEST_F(SignedAgreementTest, AnOlderOrChangedAgreementDoesNotComeBack) {
  const auto parse = [&](const std::string& text) {
    auto agreement = ParseAgreement("a", text, *catalogue_);
    EXPECT_THAT(agreement, IsOk());
    return *std::move(agreement);
  };
  const Agreement first = parse(ExampleAgreementText());
  const auto next = [&](const std::string& version,
                        const std::string& replaces) {
    return parse(ExampleAgreementText(
        "version: 1",
        absl::StrCat("version: ", version, " replaces: \"", replaces, "\"")));
  };
  const Agreement second = next("2", first.digest);
  const Agreement third = next("3", second.digest);
  const AgreementInForce in_force{second.version, second.digest};
  EXPECT_THAT(CheckSuccession(std::nullopt, first), IsOk());
  EXPECT_THAT(CheckSuccession(in_force, second), IsOk()) << "the same again";
  EXPECT_THAT(CheckSuccession(in_force, third), IsOk());
  const auto refused = [](const char* words) {
    return StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(words));
  };
  EXPECT_THAT(CheckSuccession(in_force, first), refused("older"));
  EXPECT_THAT(CheckSuccession(in_force, next("2", third.digest)),
              refused("another agreement of version 2"));
  EXPECT_THAT(CheckSuccession(in_force, next("3", first.digest)),
              refused("replaces"));
}

}  // namespace
}  // namespace cairn
