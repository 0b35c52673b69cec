#include "core/query/filter_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/utf8.h"
#include "tests/core/query/filter_example.h"

namespace cairn {
namespace {

Filter Parsed(absl::string_view text) {
  absl::StatusOr<Filter> filter = ParseFilter(text, Data());
  EXPECT_TRUE(filter.ok()) << text << "\n" << filter.status();
  return filter.ok() ? *filter : Filter();
}

// The filter, printed with its canonical codes.
std::string Canonical(absl::string_view text) {
  return FilterToText(Parsed(text));
}

FilterError ErrorOf(absl::string_view text) {
  auto result = CheckFilterText(text, Data());
  const bool is_error = std::holds_alternative<FilterError>(result);
  EXPECT_TRUE(is_error) << text << " was taken";
  return is_error ? std::get<FilterError>(result) : FilterError();
}

void ExpectError(absl::string_view text, size_t position,
                 absl::string_view part) {
  const FilterError error = ErrorOf(text);
  EXPECT_EQ(error.position, position) << text << ": " << error.message;
  EXPECT_NE(error.message.find(std::string(part)), std::string::npos)
      << text << ": " << error.message;
}

TEST(FilterText, ReadsEveryFormOfCondition) {
  EXPECT_EQ(Canonical("sex = 'M'"), "sex = 'M'");
  EXPECT_EQ(Canonical("sex != 'M'"), "sex <> 'M'");
  EXPECT_EQ(Canonical("age<25"), "age < 25");
  EXPECT_EQ(Canonical("age >= -5"), "age >= -5");
  EXPECT_EQ(Canonical("sex in('M','F')"), "sex IN ('M', 'F')");
  EXPECT_EQ(Canonical("sex NOT IN ('M')"), "NOT sex IN ('M')");
  EXPECT_EQ(Canonical("age between 10 and 17"), "age BETWEEN 10 AND 17");
  EXPECT_EQ(Canonical("age not between 10 and 17"),
            "NOT age BETWEEN 10 AND 17");
  EXPECT_EQ(Canonical("age is null"), "age IS NULL");
  EXPECT_EQ(Canonical("age Is Not Null"), "NOT age IS NULL");
  EXPECT_EQ(Canonical("month BETWEEN '2023-04' AND '2024-03'"),
            "month BETWEEN '2023-04' AND '2024-03'");
}

TEST(FilterText, AndBindsTighterThanOrAndNotTighterThanAnd) {
  const Filter filter =
      Parsed("sex = 'M' OR NOT sex = 'F' AND age < 25 OR age IS NULL");
  ASSERT_EQ(filter.kind, Filter::Kind::kOr);
  ASSERT_EQ(filter.parts.size(), 3u);
  ASSERT_EQ(filter.parts[1].kind, Filter::Kind::kAnd);
  EXPECT_EQ(filter.parts[1].parts[0].kind, Filter::Kind::kNot);
}

TEST(FilterText, KeepsBracketsWhereTheyMatter) {
  EXPECT_EQ(Canonical("(sex='M' or sex='F') and not (age<25 and sex='M')"),
            "(sex = 'M' OR sex = 'F') AND NOT (age < 25 AND sex = 'M')");
  EXPECT_EQ(Canonical("((sex='M')) and ((age<25))"), "sex = 'M' AND age < 25");
}

TEST(FilterText, StoresTheCanonicalCodeOfAliasesLabelsAndOtherCase) {
  for (const char* text : {"'KNIFE'", "'knife'", "'Knife or sharp instrument'",
                           "'KNIFE OR SHARP INSTRUMENT'"}) {
    EXPECT_EQ(Canonical(absl::StrCat("offence_class = ", text)),
              "offence_class = 'KNIFE'");
  }
  EXPECT_EQ(Canonical("SEX = 'man'"), "sex = 'M'");
}

TEST(FilterText, KeepsNumbersAsNumbersAndBandsAsText) {
  EXPECT_EQ(std::get<int64_t>(Parsed("age < 25").values[0]), 25);
  EXPECT_EQ(std::get<std::string>(Parsed("age_core = 'under_25'").values[0]),
            "under_25");
}

TEST(FilterText, TurnsTheOrderOfBandsIntoNumbers) {
  EXPECT_EQ(Canonical("age_band < '18-24'"), "age_band < 18");
  EXPECT_EQ(Canonical("age_band <= '18-24'"), "age_band <= 24");
  EXPECT_EQ(Canonical("age_band > '18-24'"), "age_band > 24");
  EXPECT_EQ(Canonical("age_band BETWEEN '10-17' AND '18-24'"),
            "age_band BETWEEN 10 AND 24");
  EXPECT_EQ(Canonical("age_band BETWEEN '10-17' AND '25+'"), "age_band >= 10");
  EXPECT_EQ(Canonical("age_band <= '25+'"), "NOT age_band IS NULL");
  ExpectError("age_band > '25+'", 11, "nothing lies above '25+'");
  ExpectError("age_band > 'U'", 11, "no place in the order");
}

TEST(FilterText, TakesNumbersForCodesThatAreWrittenAsNumbers) {
  EXPECT_EQ(Canonical("knife_enabled = 1"), "knife_enabled = '1'");
  EXPECT_EQ(Canonical("calendar_year = 2024"), "calendar_year = '2024'");
}

TEST(FilterText, LeavesPlaceCodesAndSqlInTextAlone) {
  EXPECT_EQ(Canonical("lad = 'E07000178'"), "lad = 'E07000178'");
  EXPECT_EQ(Canonical("lad = '1''; DROP TABLE x; --'"),
            "lad = '1''; DROP TABLE x; --'");
  EXPECT_EQ(std::get<std::string>(Parsed("lad = ''''").values[0]), "'");
}

TEST(FilterText, ReadsDatesOnVariablesOfTime) {
  EXPECT_EQ(Canonical("occurred >= '2024-04-01'"), "occurred >= '2024-04-01'");
  EXPECT_EQ(Canonical("month < '2025-01'"), "month < '2025-01'");
  EXPECT_EQ(Canonical("month < '2025-01-01'"), "month < '2025-01-01'");
  EXPECT_EQ(Canonical("month BETWEEN '2024-04-01' AND '2024-04'"),
            "month BETWEEN '2024-04-01' AND '2024-04'");
  EXPECT_EQ(Canonical("month >= '2024-02-29'"), "month >= '2024-02-29'");
}

TEST(FilterText, RefusesDatesThatAreNot) {
  ExpectError("month >= '2023-02-29'", 9, "there is no 29 February 2023");
  ExpectError("month >= '2024-02-30'", 9, "there is no 30 February 2024");
  ExpectError("month >= '2024-04-00'", 9, "there is no 0 April 2024");
  ExpectError("month = '2024-13'", 8, "months are 01 to 12");
  ExpectError("month = '01/04/2024'", 8, "write '2024-04' for a month");
  ExpectError("month = 2024-04", 8, "in single quotes");
  ExpectError("month = 202404", 8, "write '2024-04' for a month");
  ExpectError("month = '2024-04-03'", 8, "whole months, such as '2024-04'");
}

TEST(FilterText, SaysThePeriodWhenAMonthIsOutsideIt) {
  ExpectError("month = '2022-12'", 8, "which is 2023-01 to 2024-12");
  ExpectError("month >= '2025-01'", 9, "which is 2023-01 to 2024-12");
  ExpectError("month < '2025-01-02'", 8, "which is 2023-01 to 2024-12");
  ExpectError("calendar_year = '2019'", 16, "'2023', '2024'");
}

TEST(FilterText, SuggestsTheNearestName) {
  ExpectError("sex = 'M' AND ofence_class = 'GUN'", 14,
              "did you mean offence_class?");
  EXPECT_EQ(ErrorOf("ofence_class = 'GUN'").suggestion, "offence_class");
  ExpectError("offence_class = 'KNIVE'", 16, "did you mean 'KNIFE'");
  EXPECT_EQ(ErrorOf("offence_class = 'firearm's'").position, 25u);
  EXPECT_EQ(ErrorOf("offence_class = 'robery'").suggestion, "'ROBBERY'");
  ExpectError("sex = 'zzzzzz'", 6, "its codes are 'M', 'F', 'U'");
  ExpectError("offence = 'KNIFE'", 0, "offence is asked for as offence_class");
  ExpectError("place = 'E07000178'", 0, "place is asked for as lad");
  ExpectError("days > 3", 0, "days is a quantity");
}

TEST(FilterText, ChecksTypes) {
  ExpectError("sex = 5", 6, "sex is not a number");
  ExpectError("lad = 5", 6, "lad is not a number");
  ExpectError("sex < 'M'", 4, "sex has no order");
  ExpectError("lad BETWEEN 'A' AND 'B'", 4, "lad has no order");
  ExpectError("age = '25'", 6, "write numbers without quotes: 25");
  ExpectError("age = 17", 6, "17 is inside '10-17'; write age_band = '10-17'");
  ExpectError("age IN (10, 17)", 8, "kept in bands");
  ExpectError("age BETWEEN 17 AND 10", 4, "the smaller value first");
  ExpectError("lad = ''", 6, "cannot be empty");
}

TEST(FilterText, RefusesWhatIsNotAWholeNumber) {
  ExpectError("age < 2.5", 6, "whole numbers");
  ExpectError("age < 1e5", 6, "whole numbers");
  ExpectError("age < 25years", 6, "whole numbers");
  ExpectError("age < NaN", 6, "not NaN");
  ExpectError("age < -inf", 6, "must be a whole number");
  ExpectError("age < Infinity", 6, "not infinity");
  ExpectError("age < 9223372036854775808", 6, "too large");
  EXPECT_EQ(std::get<int64_t>(Parsed("age > -9223372036854775808").values[0]),
            std::numeric_limits<int64_t>::min());
}

TEST(FilterText, KnowsTheHabitsOfOtherLanguages) {
  ExpectError("sex == 'M'", 4, "use = instead");
  ExpectError("age => 25", 4, "use >= instead");
  ExpectError("age =< 25", 4, "use <= instead");
  ExpectError("age \u2264 25", 4, "use <= instead");
  ExpectError("sex = 'M' && age < 25", 10, "use AND instead");
  ExpectError("sex = \"M\"", 6, "single quotes");
  ExpectError("sex = \u2018M\u2019", 6, "single quotes");
  ExpectError("sex = \u201CM\u201D", 6, "single quotes");
  ExpectError("sex = M", 6, "put text in single quotes: 'M'");
  ExpectError("sex LIKE 'M%'", 4, "there is no LIKE");
  ExpectError("sex = NULL", 6, "IS NULL");
  ExpectError("sex <> NULL", 7, "IS NOT NULL");
  ExpectError("WHERE sex = 'M'", 0, "leave out WHERE");
  ExpectError("sex = 'M';", 9, "semicolon");
  ExpectError("age < \u20135", 6, "plain hyphen");
  ExpectError("25 > age", 0, "starts with a variable");
  EXPECT_EQ(Canonical("sex\u00A0=\u00A0'M'"), "sex = 'M'");
}

TEST(FilterText, SaysWhatIsMissing) {
  const char* const value =
      "expected a value: a whole number such as 25, or text in single quotes "
      "such as 'KNIFE'";
  ExpectError("age < ", 6, value);
  ExpectError("age <  AND sex = 'F'", 7, value);
  ExpectError("sex IN ()", 8, value);
  ExpectError("sex IN ('M',)", 12, value);
  ExpectError("sex IN ('M'", 11, "comma or )");
  ExpectError("sex IN 'M'", 7, "expected ( after IN");
  ExpectError("sex = 'M' AND", 13, "expected a condition");
  ExpectError("sex = 'M' sex = 'F'", 10, "expected AND or OR");
  ExpectError("(sex = 'M'", 10, "missing closing bracket");
  ExpectError("sex = 'M')", 9, "no opening one");
  ExpectError("()", 1, "expected a condition");
  ExpectError("sex", 3, "expected =, <>");
  ExpectError("sex IS 'M'", 7, "IS NULL");
  ExpectError("age BETWEEN 1 OR 2", 14, "expected AND");
  ExpectError("sex = 'M", 6, "closing single quote");
  ExpectError("", 0, "empty");
  ExpectError(" \t\n", 0, "empty");
}

TEST(FilterText, RefusesBytesThatAreNotText) {
  ExpectError(absl::string_view("sex = 'M\0'", 10), 8, "NUL");
  ExpectError("sex = '\xC3('", 7, "not UTF-8");
  ExpectError("sex = '\xED\xA0\x80'", 7, "not UTF-8");
  ExpectError("\xFF", 0, "not UTF-8");
}

std::string Repeated(absl::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) absl::StrAppend(&out, part);
  return out;
}

TEST(FilterText, LimitsDepthBeforeItRecurses) {
  ExpectError(
      absl::StrCat(Repeated("(", 10'000), "sex = 'M'", Repeated(")", 10'000)),
      64, "nested more than 64 deep");
  ExpectError(absl::StrCat(Repeated("NOT ", 10'000), "sex = 'M'"), 256,
              "nested more than 64 deep");
  EXPECT_TRUE(ParseFilter(absl::StrCat(Repeated("(", 64), "sex = 'M'",
                                       Repeated(")", 64)),
                          Data())
                  .ok());
  EXPECT_TRUE(
      ParseFilter(absl::StrCat(Repeated("NOT ", 63), "sex = 'M'"), Data())
          .ok());
  // 40 brackets with an AND and an OR in each: 80 nodes deep.
  const std::string deep =
      absl::StrCat(Repeated("(sex = 'M' OR sex = 'F' AND ", 40), "sex = 'M'",
                   Repeated(")", 40));
  EXPECT_NE(ErrorOf(deep).message.find("nested more"), std::string::npos);
}

TEST(FilterText, LimitsConditionsAndBytes) {
  const std::string most =
      absl::StrCat("sex = 'M'", Repeated(" OR sex = 'M'", 1998));
  EXPECT_TRUE(ParseFilter(most, Data()).ok());
  EXPECT_NE(ErrorOf(absl::StrCat(most, " OR sex = 'M'"))
                .message.find("more than 2000 conditions"),
            std::string::npos);
  const std::string bytes(kMaxFilterBytes - 9, ' ');
  EXPECT_TRUE(ParseFilter(absl::StrCat(bytes, "sex = 'M'"), Data()).ok());
  EXPECT_NE(ErrorOf(absl::StrCat(bytes, " sex = 'M'"))
                .message.find("longer than 65536 bytes"),
            std::string::npos);
}

TEST(FilterText, PointsACaretAtThePlace) {
  const absl::Status status =
      ParseFilter("age <  AND sex = 'F'", Data()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "expected a value: a whole number such as 25, or text in single "
            "quotes such as 'KNIFE'\n"
            "age <  AND sex = 'F'\n"
            "       ^");
}

TEST(FilterText, ShowsOnlyAWindowOfALongFilter) {
  const std::string text =
      absl::StrCat(Repeated("lad = 'caf\u00E9' OR ", 20), "sx = 'M'",
                   Repeated(" OR lad = 'E07000178'", 20));
  const absl::Status status = ParseFilter(text, Data()).status();
  const std::vector<std::string> lines =
      absl::StrSplit(std::string(status.message()), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(CountUtf8(lines[1]), 72u);
  EXPECT_EQ(lines[1].substr(0, 3), "...");
  EXPECT_EQ(lines[1].substr(lines[1].size() - 3), "...");
  // The caret stands under the s of sx, counted in characters.
  const size_t place = lines[1].find("sx = 'M'");
  ASSERT_NE(place, std::string::npos);
  EXPECT_EQ(lines[2].size() - 1, CountUtf8(lines[1].substr(0, place)));
}

TEST(FilterText, ShowsNothingThatCouldSteerATerminal) {
  const absl::Status status =
      ParseFilter("sx = '\x1B[31m\x07\u202E' \t\xFF", Data()).status();
  for (const char c : status.message()) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7F)) << int{c};
  }
}

TEST(FilterText, TakesAnyBytesWithoutHarm) {
  const std::string alphabet =
      "sex age month lad IN NOT AND OR BETWEEN IS NULL '\"()=<>!,.-;0129\n\xC3"
      "\xA9\xFF\x80\xE2\x80\x98";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = random() % 40;
    for (size_t i = 0; i < size; ++i) {
      text += alphabet[random() % alphabet.size()];
    }
    auto result = CheckFilterText(text, Data());
    if (auto* error = std::get_if<FilterError>(&result)) {
      ASSERT_LE(error->position, text.size());
      const std::string shown = RenderFilterError(text, *error);
      ASSERT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2) << shown;
    }
  }
}

}  // namespace
}  // namespace cairn
