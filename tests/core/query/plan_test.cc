#include "core/query/plan.h"

#include <string>
#include <vector>

#include "core/query/filter_text.h"
#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
const Measure kSumDays{Measure::Kind::kSum, "days"};
const Measure kMeanDays{Measure::Kind::kMean, "days"};
const Measure kPersons{Measure::Kind::kDistinctPersons, ""};

absl::StatusOr<Plan> PlanOf(const std::vector<std::string>& by,
                            const std::string& where = "",
                            const std::vector<Measure>& measures = {},
                            const DataSet& data_set = ExampleDataSet()) {
  Query query;
  query.data_set = data_set.id;
  query.by = by;
  query.measures = measures;
  if (!where.empty()) query.where = *ParseFilter(where, data_set);
  return MakePlan(data_set, query);
}

TEST(Plan, TheTableIsCutInTheCataloguesOrderWhateverTheOrderAsked) {
  EXPECT_EQ(PlanOf({"sex", "age_band"})->TableKey(), "age_band,sex");
  EXPECT_EQ(PlanOf({"age_band", "sex"})->TableKey(), "age_band,sex");
  EXPECT_EQ(PlanOf({})->TableKey(), "");
  const auto plan = PlanOf({"sex", "age_band"});
  EXPECT_EQ(plan->axes[0].by, 1);
  EXPECT_EQ(plan->axes[1].by, 0);
}

TEST(Plan, AFilterAddsAnAxisAtItsOwnLevel) {
  const auto plan = PlanOf({"sex"}, "age < 18");
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->TableKey(), "age_core,sex");
  EXPECT_EQ(plan->axes[0].by, -1);
  EXPECT_EQ(plan->axes[0].filter, 0);
  EXPECT_EQ(plan->axes[1].filter, -1);
}

TEST(Plan, AFilterThatAdmitsEverythingAddsNothing) {
  EXPECT_EQ(PlanOf({"sex"}, "age_band = 'U' OR age_band <> 'U'")->TableKey(),
            "sex");
}

TEST(Plan, ByAndFilterOfOneDimensionMeetAtTheCoarsestLevelThatServesBoth) {
  EXPECT_EQ(PlanOf({"age_core"}, "age_band = '0-9'")->TableKey(), "age_band");
  EXPECT_EQ(PlanOf({"age_band"}, "age_core = '0-17'")->TableKey(), "age_band");
  EXPECT_EQ(PlanOf({"financial_year"}, "quarter = '2024-Q2'")->TableKey(),
            "quarter");
  EXPECT_EQ(PlanOf({"ward"}, "lsoa = 'A'")->TableKey(), "lsoa");
  EXPECT_EQ(PlanOf({"lsoa"}, "ward = 'W'")->TableKey(), "lsoa");
}

TEST(Plan, WithoutAMeasureItCounts) {
  const auto plan = PlanOf({"sex"});
  EXPECT_EQ(plan->query.measures, std::vector<Measure>{Measure{}});
  EXPECT_EQ(plan->tables, std::vector<Measure>{Measure{}});
}

TEST(Plan, AMeanNeedsTheSumAndTheCountAndIsNoTableItself) {
  const auto plan = PlanOf({"sex"}, "", {kMeanDays, kPersons, kSumDays});
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->tables,
            (std::vector<Measure>{kSumDays, Measure{}, kPersons}));
}

TEST(Plan, RefusesAQuantityThatIsNotThereAndNamesThoseThatAre) {
  EXPECT_THAT(PlanOf({}, "", {{Measure::Kind::kSum, "nights"}}),
              StatusIs(kInvalid, AllOf(HasSubstr("no quantity 'nights'"),
                                       HasSubstr("it has: days"))));
}

TEST(Plan, RefusesDistinctPersonsWithoutAPersonKey) {
  DataSet keyless = MakeExampleDataSet();
  keyless.has_person_key = false;
  EXPECT_THAT(PlanOf({}, "", {kPersons}, keyless),
              StatusIs(kInvalid, HasSubstr("no person key")));
}

TEST(Plan, RefusesAVariableTwiceAndTwoLevelsOfOne) {
  EXPECT_THAT(PlanOf({"sex", "sex"}),
              StatusIs(kInvalid, HasSubstr("the same variable")));
  EXPECT_THAT(PlanOf({"age_band", "age_core"}),
              StatusIs(kInvalid, HasSubstr("levels of one variable")));
}

TEST(Plan, RefusesAVariableThatIsNotThere) {
  EXPECT_THAT(PlanOf({"sez"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("sex?")));
}

TEST(Plan, RefusesMoreThanFourVariables) {
  EXPECT_THAT(PlanOf({"month", "age_band", "sex", "lsoa"}), IsOk());
  EXPECT_THAT(PlanOf({"month", "age_band", "sex", "lsoa", "reason"}),
              StatusIs(kInvalid, HasSubstr("at most 4")));
  EXPECT_THAT(PlanOf({"month", "age_band", "sex", "lsoa"}, "reason = 'PP'"),
              StatusIs(kInvalid, AllOf(HasSubstr("5 variables together"),
                                       HasSubstr("at most 4"))));
}

TEST(Plan, RefusesATimeFinerThanTheDataSetKeeps) {
  DataSet monthly = MakeExampleDataSet();
  monthly.dimensions.push_back(ExampleDimension(monthly.months, "weekday",
                                                DimensionKind::kWeekday,
                                                {ExampleLevel("weekday", {})}));
  monthly.dimensions.push_back(ExampleDimension(monthly.months, "hour",
                                                DimensionKind::kHour,
                                                {ExampleLevel("hour", {})}));
  EXPECT_THAT(PlanOf({"weekday"}, "", {}, monthly), IsOk());  // kept by day
  EXPECT_THAT(PlanOf({"hour"}, "", {}, monthly),
              StatusIs(kInvalid, HasSubstr("kept by day")));
  monthly.time_precision = TimePrecision::kMonth;
  EXPECT_THAT(PlanOf({"weekday"}, "", {}, monthly),
              StatusIs(kInvalid, HasSubstr("kept by month")));
  EXPECT_THAT(PlanOf({}, "weekday = 'MON'", {}, monthly), StatusIs(kInvalid));
  monthly.time_precision = TimePrecision::kMinute;
  EXPECT_THAT(PlanOf({"hour"}, "", {}, monthly), IsOk());
}

TEST(Measure, IsReadAsItIsWritten) {
  for (const char* text :
       {"count", "distinct_persons", "sum:days", "mean:days"}) {
    EXPECT_EQ(ParseMeasure(text)->ToString(), text);
  }
  for (const char* text : {"", "sum:", "mean:", "Count", "median:days"}) {
    EXPECT_THAT(ParseMeasure(text),
                StatusIs(kInvalid, HasSubstr("is not a measure")))
        << text;
  }
}

}  // namespace
}  // namespace cairn
