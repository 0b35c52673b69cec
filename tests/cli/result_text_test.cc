#include "cli/result_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/utf8.h"
#include "tests/cli/result_example.h"

namespace cairn {
namespace {

TEST(ResultTable, SetsTwoDimensionsAgainstEachOther) {
  EXPECT_EQ(
      ResultToTable(ExampleResult(), {}),
      "police_offences: count by age_band and sex\n"
      "where offence is Knife and age under 25\n"
      "\n"
      "age_band            F        M        Total\n"
      "───────────────────────────────────────────\n"
      "10-17             [c]      340   338 to 349\n"
      "18-24      85 or more      [x]          [z]\n"
      "───────────────────────────────────────────\n"
      "Total               0   12,345    1,234,567\n"
      "\n"
      "[c]        confidential: small, or would give a small number away\n"
      "a to b     the true number lies between these; part of it is hidden\n"
      "a or more  the true number is at least this; part of it is hidden\n"
      "[x]        not available: an agency that was asked gave no figure; not "
      "zero\n"
      "[z]        not applicable: the agency does not hold this\n"
      "\n"
      "Answered  police (1.2 s)\n"
      "Refused   nhs-ed: sex is not held at this detail; ask without it\n"
      "Silent    council-cs: no answer in 30 s\n"
      "Rule      counts under 8 and under 5 persons hidden, the rest to the "
      "nearest 5\n"
      "Note      police did not know the age of 4 % of the records\n"
      "Query     q-2026-00142, asked 2026-11-21T10:03:00Z by a.khan, for "
      "sna-2026\n");
}

TEST(ResultTable, BecomesAListWhereTheCrossTableDoesNotFit) {
  TableOptions narrow;
  narrow.width = 42;
  const std::string text = ResultToTable(ExampleResult(), narrow);
  EXPECT_NE(text.find("age_band   sex          count\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("10-17      F              [c]\n"), std::string::npos);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(CountUtf8(line), 42u) << line;
  }
}

TEST(ResultTable, SetsAgenciesSideBySide) {
  const std::string text = ResultToTable(SplitResult(), {});
  EXPECT_NE(text.find("age_core   police   nhs-ed\n"), std::string::npos);
  EXPECT_NE(text.find("under_25       85      [c]\n"), std::string::npos);
  EXPECT_NE(text.find("Rule      police: counts under 8 hidden, the rest to "
                      "the nearest 5\n"
                      "          nhs-ed: counts of 1 to 7 hidden, zeros shown"),
            std::string::npos)
      << text;
}

TEST(ResultTable, ExplainsOnlyTheSymbolsThatOccur) {
  const std::string text = ResultToTable(SplitResult(), {});
  EXPECT_NE(text.find("[c]  confidential"), std::string::npos);
  EXPECT_EQ(text.find("[x]"), std::string::npos);
  EXPECT_EQ(text.find("[z]"), std::string::npos);
  EXPECT_EQ(text.find("a to b"), std::string::npos);
}

TEST(ResultTable, ListsSeveralMeasuresAsColumns) {
  const std::string text = ResultToTable(
      ResultFromText(R"pb(
        query { data_set: "assaults" }
        dimension: "sex"
        measure: "count"
        measure: "distinct_persons"
        row { key: "F" measure: 0 status: PUBLISHED value: 1240 }
        row { key: "F" measure: 1 status: PUBLISHED value: 1105 }
        row { key: "Total" measure: 0 status: PUBLISHED value: 2000 }
        row { key: "Total" measure: 1 status: SUPPRESSED }
      )pb"),
      {});
  EXPECT_NE(text.find("assaults: count, distinct persons by sex\n\n"
                      "sex     count   distinct persons\n"
                      "────────────────────────────────\n"
                      "F       1,240              1,105\n"
                      "────────────────────────────────\n"
                      "Total   2,000                [c]\n"),
            std::string::npos)
      << text;
}

TEST(ResultTable, ShowsOneFigureWithoutDimensions) {
  const std::string text = ResultToTable(ResultFromText(R"pb(
                                           query { data_set: "assaults" }
                                           measure: "count"
                                           row { status: PUBLISHED value: 1240 }
                                         )pb"),
                                         {});
  EXPECT_NE(text.find("count\n─────\n1,240\n"), std::string::npos) << text;
}

TEST(ResultTable, SaysSoWhenThereIsNothing) {
  const std::string text =
      ResultToTable(ResultFromText(R"pb(
                      query { data_set: "assaults" }
                      measure: "count"
                      agency { agency: "a" outcome: REFUSED reason: "paused" }
                      agency { agency: "b" outcome: REFUSED reason: "paused" }
                    )pb"),
                    {});
  EXPECT_NE(text.find("There are no figures to show."), std::string::npos);
  EXPECT_NE(text.find("Answered  nobody\nRefused   a, b: paused\n"),
            std::string::npos)
      << text;
}

TEST(ResultTable, UsesLabelsAndCountsCharacters) {
  TableOptions options;
  options.labels[{"sex", ""}] = "Sex";
  options.labels[{"sex", "F"}] = "Fémme";
  const std::string text =
      ResultToTable(ResultFromText(R"pb(
                      dimension: "sex"
                      measure: "count"
                      row { key: "F" status: PUBLISHED value: 10 }
                      row { key: "M" status: PUBLISHED value: 1000 }
                    )pb"),
                    options);
  EXPECT_NE(text.find("Sex     count\n"
                      "─────────────\n"
                      "Fémme      10\n"
                      "M       1,000\n"),
            std::string::npos)
      << text;
}

TEST(ResultTable, NeverPrintsANumberThatIsNotPublished) {
  const std::string text = ResultToTable(
      ResultFromText(R"pb(
        measure: "count"
        dimension: "d"
        row { key: "a" status: SUPPRESSED value: 91 low: 92 high: 93 }
        row { key: "b" status: UNAVAILABLE value: 94 low: 95 }
        row { key: "c" status: NOT_APPLICABLE value: 96 }
        row { key: "e" status: PUBLISHED }
        row { key: "f" value: 97 }
      )pb"),
      {});
  EXPECT_EQ(text.find('9'), std::string::npos) << text;
}

TEST(ResultTable, LetsNoTextSteerTheTerminal) {
  v1::Result result = ExampleResult();
  const std::string bad = "\x1B[2J\x07\xFF\r\u202E";
  result.set_where_text(bad);
  result.add_warning(bad);
  result.mutable_agency(1)->set_reason(bad);
  result.mutable_row(0)->set_key(0, bad);
  result.set_dimension(1, bad);
  for (const int width : {0, 40}) {
    TableOptions options;
    options.width = width;
    const std::string text = ResultToTable(result, options);
    EXPECT_FALSE(absl::StrContains(text, "\x1B"));
    EXPECT_FALSE(absl::StrContains(text, "\x07"));
    EXPECT_FALSE(absl::StrContains(text, "\r"));
    EXPECT_FALSE(absl::StrContains(text, "\u202E"));
    EXPECT_EQ(FirstInvalidUtf8(text), absl::string_view::npos);
  }
}

TEST(ResultTable, ColoursOnlyWhenAskedAndChangesNothingElse) {
  TableOptions options;
  options.color = true;
  std::string colored = ResultToTable(ExampleResult(), options);
  EXPECT_TRUE(absl::StrContains(colored, "\x1B[33mRefused\x1B[0m"));
  std::string plain;
  for (size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1B') {
      i = colored.find('m', i);
    } else {
      plain += colored[i];
    }
  }
  EXPECT_EQ(plain, ResultToTable(ExampleResult(), {}));
}

}  // namespace
}  // namespace cairn
