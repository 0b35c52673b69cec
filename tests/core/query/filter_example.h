#ifndef CAIRN_TESTS_CORE_QUERY_FILTER_EXAMPLE_H_
#define CAIRN_TESTS_CORE_QUERY_FILTER_EXAMPLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/query/catalogue.h"

namespace cairn {

inline Code MakeCode(std::string id, std::string label,
                     std::vector<std::string> aliases = {},
                     std::optional<int64_t> at_least = {},
                     std::optional<int64_t> at_most = {}) {
  return {std::move(id), std::move(label), std::move(aliases), at_least,
          at_most};
}

inline Dimension MakeDimension(std::string id, std::string title,
                               DimensionKind kind, std::vector<Level> levels) {
  Dimension dimension;
  dimension.id = std::move(id);
  dimension.title = std::move(title);
  dimension.kind = kind;
  dimension.levels = std::move(levels);
  for (Level& level : dimension.levels) {
    level.whole.assign(level.codes.size(), true);
  }
  return dimension;
}

inline Level MakeLevel(std::string variable, std::string title,
                       std::vector<Code> codes) {
  Level level;
  level.variable = std::move(variable);
  level.title = std::move(title);
  level.codes = std::move(codes);
  return level;
}

inline const Code kUnknown = MakeCode("U", "Not known");

inline Dimension Population() {
  Dimension dimension = MakeDimension(
      "knife_enabled", "Knife-enabled offences", DimensionKind::kCategory,
      {MakeLevel("knife_enabled", "Knife-enabled offences",
                 {MakeCode("1", "Yes"), MakeCode("0", "No")})});
  dimension.population = Filter();
  return dimension;
}

// Offences of two years, built by hand: codes with labels and aliases, bands of
// numbers, months, places and a population.
inline DataSet Offences() {
  DataSet data_set;
  data_set.id = "police_offences";
  data_set.months = *MonthsBetween("2023-01", "2024-12");
  std::vector<Code> months;
  for (const std::string& month : data_set.months) {
    months.push_back(MakeCode(month, month));
  }
  months.push_back(kUnknown);
  data_set.dimensions = {
      MakeDimension(
          "offence", "Offence", DimensionKind::kCategory,
          {MakeLevel("offence_class", "Offence class",
                     {MakeCode("KNIFE", "Knife or sharp instrument", {"knife"}),
                      MakeCode("GUN", "Firearm", {"firearms"}),
                      MakeCode("ROBBERY", "Robbery"), kUnknown})}),
      MakeDimension(
          "age", "Age", DimensionKind::kCategory,
          {MakeLevel("age_band", "Age band",
                     {MakeCode("0-9", "Under 10", {}, 0, 9),
                      MakeCode("10-17", "10 to 17", {}, 10, 17),
                      MakeCode("18-24", "18 to 24", {}, 18, 24),
                      MakeCode("25+", "25 and over", {}, 25), kUnknown}),
           MakeLevel("age_core", "Age group",
                     {MakeCode("under_25", "Under 25", {}, 0, 24),
                      MakeCode("25+", "25 and over", {}, 25), kUnknown})}),
      MakeDimension("sex", "Sex", DimensionKind::kCategory,
                    {MakeLevel("sex", "Sex",
                               {MakeCode("M", "Male", {"man"}),
                                MakeCode("F", "Female"), kUnknown})}),
      MakeDimension("occurred", "Occurred", DimensionKind::kTime,
                    {MakeLevel("month", "Month", months),
                     MakeLevel("calendar_year", "Year",
                               {MakeCode("2023", "2023"),
                                MakeCode("2024", "2024"), kUnknown})}),
      MakeDimension("place", "Place", DimensionKind::kPlace,
                    {MakeLevel("lad", "District", {})}),
      Population(),
  };
  Quantity days;
  days.variable = "days";
  data_set.quantities = {days};
  return data_set;
}

inline const DataSet& Data() {
  static const DataSet* const data_set = new DataSet(Offences());
  return *data_set;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_QUERY_FILTER_EXAMPLE_H_
