#ifndef CAIRN_TESTS_SUPPORT_EXAMPLE_DATA_SET_H_
#define CAIRN_TESTS_SUPPORT_EXAMPLE_DATA_SET_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/query/catalogue.h"
#include "gtest/gtest.h"

namespace cairn {

// A small data set without any proto, for the rooms that know none:
//   occurred  month, quarter, financial_year      2024-02 .. 2024-07
//   age       age_band 0-9 10-17 18-24 25+ U, in age_core 0-17 18+ U
//   sex       M F U
//   place     lsoa in ward, codes of the agency
//   reason    PP OW U, several a record
//   days      a quantity with one decimal
inline Code ExampleCode(std::string id, std::optional<int64_t> at_least = {},
                        std::optional<int64_t> at_most = {}) {
  Code code;
  code.label = id;
  code.id = std::move(id);
  code.at_least = at_least;
  code.at_most = at_most;
  return code;
}

inline Level ExampleLevel(std::string variable, std::vector<Code> codes,
                          std::vector<std::string> nests_in = {}) {
  Level level;
  level.title = variable;
  level.variable = std::move(variable);
  level.codes = std::move(codes);
  level.nests_in = std::move(nests_in);
  return level;
}

inline Dimension ExampleDimension(const std::vector<std::string>& months,
                                  std::string id, DimensionKind kind,
                                  std::vector<Level> levels,
                                  const std::vector<Within>& within = {}) {
  Dimension dimension;
  dimension.title = id;
  dimension.id = std::move(id);
  dimension.kind = kind;
  dimension.levels = std::move(levels);
  const absl::Status complete = CompleteDimension(months, within, &dimension);
  EXPECT_TRUE(complete.ok()) << complete;
  return dimension;
}

inline DataSet MakeExampleDataSet() {
  DataSet data;
  data.id = "events";
  data.time_precision = TimePrecision::kDay;
  data.has_person_key = true;
  data.months = *MonthsBetween("2024-02", "2024-07");
  const auto add = [&data](std::string id, DimensionKind kind,
                           std::vector<Level> levels,
                           const std::vector<Within>& within = {}) {
    data.dimensions.push_back(ExampleDimension(data.months, std::move(id), kind,
                                               std::move(levels), within));
  };
  add("occurred", DimensionKind::kTime,
      {ExampleLevel("month", {}, {"quarter", "financial_year"}),
       ExampleLevel("quarter", {}, {"financial_year"}),
       ExampleLevel("financial_year", {})});
  add("age", DimensionKind::kCategory,
      {ExampleLevel("age_band",
                    {ExampleCode("0-9", 0, 9), ExampleCode("10-17", 10, 17),
                     ExampleCode("18-24", 18, 24), ExampleCode("25+", 25),
                     ExampleCode("U")},
                    {"age_core"}),
       ExampleLevel("age_core", {ExampleCode("0-17", 0, 17),
                                 ExampleCode("18+", 18), ExampleCode("U")})},
      {{{"age_core", "0-17"}},
       {{"age_core", "0-17"}},
       {{"age_core", "18+"}},
       {{"age_core", "18+"}},
       {}});
  add("sex", DimensionKind::kCategory,
      {ExampleLevel("sex",
                    {ExampleCode("M"), ExampleCode("F"), ExampleCode("U")})},
      {{}, {}, {}});
  add("place", DimensionKind::kPlace,
      {ExampleLevel("lsoa", {}, {"ward"}), ExampleLevel("ward", {})});
  add("reason", DimensionKind::kCategory,
      {ExampleLevel("reason",
                    {ExampleCode("PP"), ExampleCode("OW"), ExampleCode("U")})},
      {{}, {}, {}});
  data.dimensions.back().multi_valued = true;
  data.quantities.push_back({"days", "Days", "days", 1, 0, 450});
  return data;
}

inline const DataSet& ExampleDataSet() {
  static const DataSet* const data = new DataSet(MakeExampleDataSet());
  return *data;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_EXAMPLE_DATA_SET_H_
