#include "core/link/plan_file.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/link/catalogue_file.h"
#include "gtest/gtest.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class PlanFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/plan_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ + "/plan.textproto";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<ReleasePlan> Read(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    return ReadReleasePlan(path_, *catalogue_);
  }
  // The text is refused at this line and column, with these words.
  void ExpectRefused(const std::string& text, const std::string& place,
                     const std::string& words) {
    EXPECT_THAT(Read(text),
                StatusIs(kInvalid,
                         AllOf(StartsWith(absl::StrCat(path_, ":", place, ":")),
                               HasSubstr(words))))
        << text;
  }

  const std::shared_ptr<const Catalogue> catalogue_ = ExampleCatalogue();
  std::string folder_, path_;
};

TEST_F(PlanFileTest, TablesKeepTheirOrderAndEachMeasureIsOne) {
  const auto plan = Read(
      "data_set {\n  id: \"events\"\n"
      "  table { by: [\"weapon\", \"quarter\"] }\n"
      "  table { by: \"age_band\" measure: \"count\"\n"
      "          measure: \"distinct_persons\" }\n}\n");
  ASSERT_THAT(plan, IsOk());
  const auto& tables = plan->at("events");
  ASSERT_EQ(tables.size(), 3u);
  // In the data set's order of dimensions, as questions name their tables.
  EXPECT_EQ(tables[0].Key(), "quarter,weapon");
  EXPECT_EQ(tables[0].measure, Measure{});
  EXPECT_EQ(tables[1].Key(), "age_band");
  EXPECT_EQ(tables[2].measure.kind, Measure::Kind::kDistinctPersons);
}

TEST_F(PlanFileTest, WhatTheCatalogueLacksIsNamedWithTheNearest) {
  ExpectRefused("data_set {\n  id: \"event\"\n}\n", "2:3", "events");
  ExpectRefused(
      "data_set {\n  id: \"events\"\n  table {\n"
      "    by: \"quarter\"\n    by: \"weapn\"\n  }\n}\n",
      "5:5", "weapon");
  ExpectRefused(
      "data_set {\n  id: \"events\"\n"
      "  table { by: \"quarter\" measure: \"counts\" }\n}\n",
      "3:25", "count");
}

TEST_F(PlanFileTest, ATableThatCannotBeIsRefusedWhereItStands) {
  ExpectRefused(
      "data_set {\n  id: \"events\"\n"
      "  table { by: [\"month\", \"quarter\"] }\n}\n",
      "3:11", "levels of one variable");
  ExpectRefused(
      "data_set {\n  id: \"events\"\n  table { by: \"quarter\" }\n"
      "  table { by: \"quarter\" }\n}\n",
      "4:11", "twice");
  // One that names no variable has no name to point at: the table is.
  ExpectRefused(
      "data_set {\n  id: \"events\"\n  table {}\n"
      "  table { measure: \"count\" }\n}\n",
      "4:3", "twice");
  ExpectRefused(
      "data_set {\n  id: \"events\"\n"
      "  table { measure: \"count\" measure: \"count\" }\n}\n",
      "3:3", "twice");
  ExpectRefused("data_set { id: \"events\" }\ndata_set { id: \"events\" }\n",
                "2:12", "twice");
  ExpectRefused(
      "data_set {\n  id: \"events\"\n"
      "  table { by: \"quarter\" measure: \"mean:loss\" }\n}\n",
      "3:25", "");
  ExpectRefused("data_set {\n  name: \"events\"\n}\n", "2", "name");
}

// Every set of up to 4 of 6 variables of different dimensions is a table.
TEST_F(PlanFileTest, NoMoreThanFiftyTablesOfADataSet) {
  const DataSet& data_set = **catalogue_->Find("events");
  std::vector<std::string> bys = {""};
  for (const Dimension& dimension : data_set.dimensions) {
    std::vector<std::string> more;
    for (const std::string& by : bys) {
      for (const Level& level : dimension.levels) {
        const auto table = absl::StrCat(by, "\"", level.variable, "\" ");
        if (MakePlan(data_set, Query{data_set.id, {level.variable}, {}, {}, ""})
                .ok()) {
          more.push_back(table);
        }
      }
    }
    bys.insert(bys.end(), more.begin(), more.end());
  }
  std::string text = "data_set {\n  id: \"events\"\n";
  int tables = 0;
  for (const std::string& by : bys) {
    const auto variables = std::count(by.begin(), by.end(), '"') / 2;
    if (variables < 1 || variables > 4 || tables == 51) continue;
    std::string list = by;
    for (size_t at = 0; (at = list.find("\" \"", at)) != std::string::npos;) {
      list.replace(at, 3, "\", \"");
    }
    absl::StrAppend(&text, "  table { by: [", list, "] }\n");
    ++tables;
  }
  ASSERT_EQ(tables, 51) << "the example has too few variables";
  ExpectRefused(text + "}\n", "53:3", "more than 50");
  text.erase(text.rfind("  table"));
  EXPECT_THAT(Read(text + "}\n"), IsOk());
}

TEST_F(PlanFileTest, ThePlanWeShipFitsTheCatalogueWeShip) {
  const auto catalogue = ReadCatalogue("policies/catalogue.textproto");
  ASSERT_THAT(catalogue, IsOk());
  const auto plan =
      ReadReleasePlan("policies/release-plan.textproto", **catalogue);
  ASSERT_THAT(plan, IsOk());
  for (const DataSet& data_set : (*catalogue)->data_sets) {
    EXPECT_TRUE(plan->contains(data_set.id)) << data_set.id;
  }
}

}  // namespace
}  // namespace cairn
