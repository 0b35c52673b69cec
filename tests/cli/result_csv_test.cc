#include "cli/result_csv.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/cli/result_example.h"

namespace cairn {
namespace {

TEST(ResultCsv, IsTidyAndKeepsHiddenCellsEmpty) {
  EXPECT_EQ(ResultToCsv(ExampleResult(), false),
            "age_band,sex,measure,value,status,low,high\n"
            "10-17,F,count,,suppressed,0,7\n"
            "10-17,M,count,340,published,338,342\n"
            "10-17,Total,count,,bounded,338,349\n"
            "18-24,F,count,,bounded,85,\n"
            "18-24,M,count,,unavailable,1200,\n"
            "18-24,Total,count,,not_applicable,,\n"
            "Total,F,count,0,published,0,2\n"
            "Total,M,count,12345,published,12343,12347\n"
            "Total,Total,count,1234567,published,1234565,1234569\n");
}

TEST(ResultCsv, WritesSymbolsForPeopleWhenAsked) {
  const std::string csv = ResultToCsv(ExampleResult(), true);
  EXPECT_NE(csv.find("10-17,F,count,[c],suppressed,0,7\n"), std::string::npos);
  EXPECT_NE(csv.find("10-17,Total,count,338 to 349,bounded,338,349\n"),
            std::string::npos);
  EXPECT_NE(csv.find("18-24,F,count,85 or more,bounded,85,\n"),
            std::string::npos);
  EXPECT_NE(csv.find("18-24,M,count,[x],unavailable"), std::string::npos);
  EXPECT_NE(csv.find("18-24,Total,count,[z],not_app"), std::string::npos);
}

TEST(ResultCsv, NamesTheAgencyOnlyWhenSplit) {
  EXPECT_EQ(ResultToCsv(SplitResult(), false),
            "age_core,agency,measure,value,status,low,high\n"
            "under_25,police,count,85,published,83,87\n"
            "under_25,nhs-ed,count,,suppressed,0,7\n"
            "Total,police,count,120,published,118,122\n"
            "Total,nhs-ed,count,40,published,38,42\n");
}

TEST(ResultCsv, NeverWritesAValueThatIsNotPublished) {
  // A coordinator that is wrong, or lies, still gets no number through.
  const std::string csv =
      ResultToCsv(ResultFromText(R"pb(
                    measure: "count"
                    row { status: SUPPRESSED value: 3 }
                    row { status: UNAVAILABLE value: 4 }
                    row { status: BOUNDED value: 5 }
                    row { status: CELL_STATUS_UNSPECIFIED value: 6 }
                  )pb"),
                  false);
  EXPECT_EQ(csv,
            "measure,value,status,low,high\n"
            "count,,suppressed,,\n"
            "count,,unavailable,,\n"
            "count,,bounded,,\n"
            "count,,unavailable,,\n");
}

TEST(ResultCsv, QuotesAndGuardsText) {
  const std::string csv = ResultToCsv(
      ResultFromText(R"pb(
        dimension: "place"
        measure: "count"
        row { key: "Bath, \"North\"" status: NOT_APPLICABLE }
        row { key: "two\nlines" status: NOT_APPLICABLE }
        row { key: "=1+1" status: NOT_APPLICABLE }
        row { key: "@a,b" status: NOT_APPLICABLE }
        row { key: "-17" status: PUBLISHED value: -5 low: -7.5 high: -2.5 }
        row { key: "+44" status: NOT_APPLICABLE }
      )pb"),
      false);
  EXPECT_EQ(csv,
            "place,measure,value,status,low,high\n"
            "\"Bath, \"\"North\"\"\",count,,not_applicable,,\n"
            "\"two\nlines\",count,,not_applicable,,\n"
            "'=1+1,count,,not_applicable,,\n"
            "\"'@a,b\",count,,not_applicable,,\n"
            "'-17,count,-5,published,-7.5,-2.5\n"
            "'+44,count,,not_applicable,,\n");
}

TEST(ResultCsv, WritesNumbersPlainly) {
  const std::string csv = ResultToCsv(
      ResultFromText(R"pb(
        measure: "mean:days"
        row { status: PUBLISHED value: 1e15 low: 0.1234567 high: 1e300 }
        row { status: PUBLISHED value: -0.0 low: 2.50 high: 1234567.25 }
        row { status: PUBLISHED value: nan low: -inf high: inf }
      )pb"),
      false);
  EXPECT_NE(csv.find("days,1000000000000000,published,0.123457,1000000000"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("days,0,published,2.5,1234567.25\n"), std::string::npos);
  EXPECT_NE(csv.find("days,,published,,\n"), std::string::npos);
  EXPECT_EQ(csv.find("e+"), std::string::npos);
}

TEST(ResultCsv, SurvivesRowsThatDoNotFitTheHeader) {
  EXPECT_EQ(ResultToCsv(ResultFromText(R"pb(
                          dimension: "sex"
                          row { measure: 9 status: SUPPRESSED }
                        )pb"),
                        false),
            "sex,measure,value,status,low,high\n,,,suppressed,,\n");
}

}  // namespace
}  // namespace cairn
