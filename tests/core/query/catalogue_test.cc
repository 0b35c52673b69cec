#include "core/query/catalogue.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(MonthsBetween, CountsBothEndsAndCrossesTheYear) {
  EXPECT_THAT(*MonthsBetween("2023-11", "2024-02"),
              ElementsAre("2023-11", "2023-12", "2024-01", "2024-02"));
  EXPECT_THAT(*MonthsBetween("2024-02", "2024-02"), ElementsAre("2024-02"));
  EXPECT_EQ(MonthsBetween("1990-01", "2039-12")->size(), 600u);
}

TEST(MonthsBetween, RefusesWhatIsNoMonthAndPeriodsThatCannotBe) {
  for (const char* month : {"", "2024", "2024-13", "2024-00", "24-01", "2024-1",
                            "2024-01-01", "abcd-ef", "2024/01"}) {
    EXPECT_THAT(MonthsBetween(month, "2024-12"),
                StatusIs(kInvalid, HasSubstr("is not a month such as 2024-04")))
        << month;
    EXPECT_THAT(MonthsBetween("2024-01", month), StatusIs(kInvalid)) << month;
  }
  EXPECT_THAT(MonthsBetween("2024-02", "2024-01"),
              StatusIs(kInvalid, HasSubstr("end before they start")));
  EXPECT_THAT(MonthsBetween("1990-01", "2040-01"),
              StatusIs(kInvalid, HasSubstr("more than 600")));
}

TEST(CalendarCode, YearsStartInTheirOwnMonth) {
  EXPECT_EQ(*CalendarCode("2024-03", "financial_year"), "2023/24");
  EXPECT_EQ(*CalendarCode("2024-04", "financial_year"), "2024/25");
  EXPECT_EQ(*CalendarCode("2024-08", "academic_year"), "2023/24");
  EXPECT_EQ(*CalendarCode("2024-09", "academic_year"), "2024/25");
  EXPECT_EQ(*CalendarCode("1999-12", "financial_year"), "1999/00");
  EXPECT_EQ(*CalendarCode("2024-12", "quarter"), "2024-Q4");
  EXPECT_EQ(*CalendarCode("2024-01", "quarter"), "2024-Q1");
  EXPECT_EQ(*CalendarCode("2024-01", "calendar_year"), "2024");
  EXPECT_THAT(CalendarCode("2024-01", "week"),
              StatusIs(kInvalid, HasSubstr("use month, quarter")));
  EXPECT_THAT(CalendarCode("2024-14", "month"), StatusIs(kInvalid));
}

TEST(MonthsOf, IsTheInverseOfCalendarCode) {
  const auto all = MonthsBetween("2019-01", "2026-12");
  for (const std::string& month : *all) {
    for (const char* level : {"month", "quarter", "calendar_year",
                              "financial_year", "academic_year"}) {
      const std::vector<std::string> months =
          MonthsOf(level, *CalendarCode(month, level));
      EXPECT_EQ(std::count(months.begin(), months.end(), month), 1)
          << month << " in its " << level;
      for (const std::string& other : months) {
        EXPECT_EQ(*CalendarCode(other, level), *CalendarCode(month, level));
      }
    }
  }
}

TEST(CompleteDimension, MarksTheCalendarCodesThatThePeriodCutsThrough) {
  const Dimension& time = ExampleDataSet().dimensions[0];
  const Level& quarter = time.levels[1];
  ASSERT_EQ(quarter.codes.size(), 4u);
  EXPECT_EQ(quarter.codes[0].id, "2024-Q1");  // from February
  EXPECT_EQ(quarter.codes[2].id, "2024-Q3");  // July only
  EXPECT_EQ(quarter.codes[3].id, "U");
  EXPECT_EQ(quarter.whole, (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(time.levels[0].whole, std::vector<bool>(7, true));
  // Feb Mar | Apr May Jun | Jul | U
  EXPECT_EQ(time.up[1], (std::vector<int>{0, 0, 1, 1, 1, 2, 3}));
  EXPECT_EQ(time.up[2], (std::vector<int>{0, 0, 1, 1, 1, 1, 2}));
}

TEST(CompleteDimension, ACodeListWithoutNotKnownIsRefused) {
  Dimension dimension;
  dimension.id = "sex";
  dimension.levels = {ExampleLevel("sex", {ExampleCode("M")})};
  EXPECT_THAT(CompleteDimension({}, {{}}, &dimension),
              StatusIs(kInvalid, AllOf(HasSubstr("sex"), HasSubstr("no U"))));
}

TEST(CompleteDimension, ADimensionNeedsALevel) {
  Dimension dimension;
  dimension.id = "sex";
  EXPECT_THAT(CompleteDimension({}, {}, &dimension),
              StatusIs(kInvalid, HasSubstr("has no level")));
}

Dimension Ages(std::vector<std::string> nests_in) {
  Dimension dimension;
  dimension.id = "age";
  dimension.levels = {
      ExampleLevel("fine", {ExampleCode("a"), ExampleCode("b"),
                            ExampleCode("c"), ExampleCode("U")}),
      ExampleLevel("middle",
                   {ExampleCode("p"), ExampleCode("q"), ExampleCode("U")},
                   std::move(nests_in)),
      ExampleLevel("top",
                   {ExampleCode("x"), ExampleCode("y"), ExampleCode("U")})};
  return dimension;
}

TEST(CompleteDimension, AClaimToNestIsHeldAgainstTheCodes) {
  // p = {a, b}, q = {c}; x = {a}, y = {b, c}: middle cuts across top.
  const std::vector<Within> within = {{{"middle", "p"}, {"top", "x"}},
                                      {{"middle", "p"}, {"top", "y"}},
                                      {{"middle", "q"}, {"top", "y"}},
                                      {}};
  Dimension honest = Ages({});
  EXPECT_THAT(CompleteDimension({}, within, &honest), IsOk());
  Dimension wrong = Ages({"top"});
  EXPECT_THAT(CompleteDimension({}, within, &wrong),
              StatusIs(kInvalid, AllOf(HasSubstr("middle does not nest in top"),
                                       HasSubstr("code p"))));
  Dimension unknown = Ages({"county"});
  EXPECT_THAT(CompleteDimension({}, within, &unknown),
              StatusIs(kInvalid, HasSubstr("county, which is not a level")));
}

TEST(CompleteDimension, EveryFinestCodeSaysWhereItLies) {
  Dimension silent = Ages({});
  EXPECT_THAT(CompleteDimension({}, {{}, {}, {}, {}}, &silent),
              StatusIs(kInvalid, AllOf(HasSubstr("code a of fine"),
                                       HasSubstr("middle"))));
  Dimension astray = Ages({});
  EXPECT_THAT(CompleteDimension(
                  {}, {{{"middle", "z"}, {"top", "x"}}, {}, {}, {}}, &astray),
              StatusIs(kInvalid, HasSubstr("not in middle: z")));
}

TEST(CompleteDimension, WeekdaysAndHoursBringTheirOwnCodes) {
  const Dimension weekday = ExampleDimension(
      {}, "weekday", DimensionKind::kWeekday, {ExampleLevel("weekday", {})});
  EXPECT_EQ(weekday.levels[0].codes.size(), 8u);
  EXPECT_EQ(weekday.levels[0].Find("monday"), 0);
  const Dimension hour = ExampleDimension({}, "hour", DimensionKind::kHour,
                                          {ExampleLevel("hour", {})});
  EXPECT_EQ(hour.levels[0].codes.size(), 25u);
  EXPECT_EQ(hour.levels[0].codes[23].id, "23");
  EXPECT_EQ(hour.levels[0].codes[24].id, "U");
}

TEST(Level, FindsACodeByIdFirstThenByAliasInAnyCase) {
  Code knife = ExampleCode("KNIFE");
  knife.aliases = {"blade", "gun"};
  const Level level =
      ExampleLevel("weapon", {knife, ExampleCode("gun"), ExampleCode("U")});
  EXPECT_EQ(level.Find("BLADE"), 0);
  EXPECT_EQ(level.Find("knife"), 0);
  EXPECT_EQ(level.Find("gun"), 1);  // the code itself, not another's alias
  EXPECT_EQ(level.Find("sword"), -1);
  EXPECT_EQ(level.Find(""), -1);
}

TEST(DataSet, NamesTheNearestVariable) {
  EXPECT_THAT(ExampleDataSet().FindVariable("age_bnad"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("did you mean age_band?")));
  EXPECT_THAT(ExampleDataSet().FindVariable("xxxxxxxxx"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("cairn describe events")));
  const auto found = ExampleDataSet().FindVariable("age_core");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->dimension, 1);
  EXPECT_EQ(found->level, 1);
}

TEST(Catalogue, NamesTheNearestDataSet) {
  Catalogue catalogue;
  catalogue.data_sets = {ExampleDataSet()};
  catalogue.purposes = {{"research", "Research"}};
  EXPECT_THAT(catalogue.Find("events"), IsOk());
  EXPECT_THAT(
      catalogue.Find("event"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean events?")));
  EXPECT_TRUE(catalogue.HasPurpose("research"));
  EXPECT_FALSE(catalogue.HasPurpose("Research"));
}

TEST(Nearest, IsNearAndNothingElse) {
  EXPECT_EQ(Nearest("hte", {"the", "cat"}), "the");
  EXPECT_EQ(Nearest("MONTH", {"quarter", "month"}), "month");
  EXPECT_EQ(Nearest("zebra", {"month", "sex"}), "");
  EXPECT_EQ(Nearest(std::string(5000, 'a'), {"a"}), "");
}

}  // namespace
}  // namespace cairn
