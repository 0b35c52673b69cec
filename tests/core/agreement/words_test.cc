#include "core/agreement/words.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/utf8.h"
#include "core/link/agreement_file.h"
#include "core/link/catalogue_file.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "gtest/gtest.h"
#include "tests/support/example_agreement.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Agreement Parse(const Catalogue& catalogue, const std::string& text) {
  auto agreement = ParseAgreement("a", text, catalogue);
  EXPECT_THAT(agreement, IsOk()) << text;
  return agreement.ok() ? *std::move(agreement) : Agreement{};
}

// Words that no board should have to read: what a program calls a thing and
// people do not.
std::set<std::string> FieldNames(const Catalogue& catalogue) {
  std::set<std::string> names;
  for (const DataSet& data_set : catalogue.data_sets) {
    names.insert(data_set.id);
    for (const std::string& name : data_set.VariableNames()) names.insert(name);
    for (const Quantity& quantity : data_set.quantities) {
      names.insert(quantity.variable);
    }
  }
  for (const Purpose& purpose : catalogue.purposes) names.insert(purpose.id);
  // Those that are English words as well.
  for (const char* word :
       {"age",      "sex",        "month",     "weapon",    "violence",
        "strategy", "evaluation", "licensing", "role",      "hour",
        "quarter",  "ward",       "region",    "weekday",   "domestic",
        "intent",   "days",       "reason",    "probation", "custody",
        "disposal", "gravity",    "breach",    "sentence",  "factor",
        "tier",     "ethnicity"}) {
    names.erase(word);
  }
  return names;
}

TEST(AgreementWords, TheShippedExamplesReadAsPlainEnglish) {
  const auto catalogue = ReadCatalogue("policies/catalogue.textproto");
  ASSERT_THAT(catalogue, IsOk());
  const auto policy = ReadPolicy("policies/standard.textproto");
  ASSERT_THAT(policy, IsOk());
  const std::set<std::string> forbidden = FieldNames(**catalogue);
  ASSERT_GT(forbidden.size(), 30u);
  for (const char* path : {"policies/agreements/riverside-police.textproto",
                           "policies/agreements/st-marys-ed.textproto"}) {
    const auto text = ReadFile(path);
    ASSERT_THAT(text, IsOk());
    const std::string words =
        ExplainAgreement(Parse(**catalogue, *text), policy->ToWords());
    EXPECT_THAT(words, Not(HasSubstr("_"))) << words;
    for (const absl::string_view word :
         absl::StrSplit(words, absl::ByAnyChar(" \n.,:;()\"'"))) {
      EXPECT_EQ(forbidden.count(std::string(word)), 0u) << path << ": " << word;
      EXPECT_FALSE(word.size() >= 32 &&
                   word.find_first_not_of("0123456789abcdef") ==
                       absl::string_view::npos)
          << word;
    }
    for (const absl::string_view line : absl::StrSplit(words, '\n')) {
      EXPECT_LE(CountUtf8(line), 78u) << line;
    }
    for (int clause = 1; clause <= kClauses; ++clause) {
      EXPECT_THAT(words, HasSubstr(absl::StrCat(
                             "\n", clause, ". ",
                             TitleOf(static_cast<Clause>(clause)), "\n  - ")));
    }
  }
}

TEST(AgreementWords, SayWhatIsEnforced) {
  const auto catalogue = ExampleCatalogue();
  // In one line: where a line ends is no part of what is said.
  const std::string words = absl::StrReplaceAll(
      ExplainAgreement(Parse(*catalogue, ExampleAgreementText()), ""),
      {{"\n    ", " "}});
  for (const char* part :
       {"In force from 1 April 2026 to the end of 31 March 2027",
        "Research, under An Act, section 1.", "At most 100 questions",
        "2 different people must agree", "one of them works for the",
        "for at most 12 months", "within 24 hours"}) {
    EXPECT_THAT(words, HasSubstr(part));
  }
}

// Whatever is changed in an agreement is told apart by the words.
TEST(AgreementWords, NoChangeEscapesTheDiff) {
  const auto catalogue = ExampleCatalogue();
  const Agreement before = Parse(*catalogue, ExampleAgreementText());
  EXPECT_EQ(DiffAgreements(before, before), "");
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"agency: \"police\"", "agency: \"council\""},
      {"Agreement of the police", "Agreement"},
      {"\"Controller\"", "\"Processor\""},
      {"starts:", "asker: \"p-1\" starts:"},
      {"2026-04-01", "2026-04-02"},
      {"2027-03-31", "2027-03-30"},
      {"2026-12-31", "2026-12-30"},
      {"section 1", "section 2"},
      {"purpose {",
       "purpose { id: \"planning\" lawful_basis: \"duty\" }\n"
       "purpose {"},
      {"[\"count\", \"sum:days\"]", "[\"count\"]"},
      {"[\"month\", \"ward\"", "[\"month\", \"lsoa\""},
      {"\"age_band\"] }", "\"adult\"] }"},
      {"  crossing", "  any_crossing_of: 2 crossing"},
      {"  crossing", "  any_crossing_of: 0 crossing"},
      {"days: 30", "days: 31"},
      {"questions: 100", "questions: 101"},
      {"variable: \"ward\"", "variable: \"month\""},
      {"variable: \"ward\"", "data_set: \"events\""},
      {"variable: \"ward\"", "first_use_of_crossing: true"},
      {"variable: \"ward\"", "outside_release_plan: true"},
      {"approvers: 2", "approvers: 3"},
      {"one_from_agency: true", ""},
      {"one_from_agency: true", "one_from_agency: true result_too: true"},
      {"\"standard\"", "\"strict\""},
      {Sha256Hex("a rule"), Sha256Hex("another")},
      {"results_months: 12", "results_months: 13"},
      {"ledger_years: 7", "ledger_years: 8"},
      {"a@example.org", "b@example.org"},
      {"hours: 24", "hours: 25"},
      {"Tables are deleted.", "Nothing."},
      {"At any time.", "Never."},
  };
  for (const auto& [from, to] : changes) {
    const std::string text = ExampleAgreementText(from, to);
    ASSERT_NE(text, ExampleAgreementText()) << from;
    const Agreement after = Parse(*catalogue, text);
    EXPECT_NE(DiffAgreements(before, after), "") << from << " -> " << to;
    EXPECT_NE(DiffAgreements(after, before), "") << to << " -> " << from;
  }
  // Two named analysts are not two others.
  const auto asker = [&](const char* id) {
    return Parse(*catalogue,
                 ExampleAgreementText(
                     "starts:", absl::StrCat("asker: \"", id, "\" starts:")));
  };
  EXPECT_THAT(DiffAgreements(asker("p-1"), asker("p-2")), HasSubstr("+ "));
}

TEST(AgreementWords, TheReportFillsWhatTheFileKnows) {
  const auto catalogue = ExampleCatalogue();
  const Agreement agreement =
      Parse(*catalogue, ExampleAgreementText("An Act", "An Act | with a bar"));
  const std::string report = ReportAgreement(agreement, "hides 1 to 7");
  for (const char* heading :
       {"## Data sharing agreement",
        "## Data protection impact assessment: "
        "the processing",
        "## Data protection impact assessment: risks", "## Five Safes"}) {
    EXPECT_THAT(report, HasSubstr(heading));
  }
  EXPECT_THAT(report, HasSubstr(agreement.digest));
  EXPECT_THAT(report, HasSubstr("hides 1 to 7"));
  EXPECT_THAT(report, HasSubstr("An Act \\| with a bar"));
  // Every row of a table has its two cells.
  for (const absl::string_view line : absl::StrSplit(report, '\n')) {
    if (line.empty() || line[0] != '|') continue;
    int bars = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    }
    EXPECT_EQ(bars, 3) << line;
  }
}

}  // namespace
}  // namespace cairn
