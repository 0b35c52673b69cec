#include "core/query/structural_zeros.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"

namespace cairn {
namespace {

int DimensionOf(const DataSet& data, const std::string& variable) {
  return data.FindVariable(variable)->dimension;
}

// The codes are of the finest level.
StructuralZero::Part PartOf(const DataSet& data, const std::string& variable,
                            const std::vector<std::string>& codes) {
  StructuralZero::Part part;
  part.dimension = DimensionOf(data, variable);
  for (const Code& code :
       data.dimensions[static_cast<size_t>(part.dimension)].levels[0].codes) {
    part.leaves.push_back(std::count(codes.begin(), codes.end(), code.id) > 0);
  }
  return part;
}

DataSet WithZeros(
    const std::vector<
        std::vector<std::pair<std::string, std::vector<std::string>>>>& zeros) {
  DataSet data = MakeExampleDataSet();
  for (const auto& parts : zeros) {
    StructuralZero zero;
    for (const auto& [variable, codes] : parts) {
      zero.parts.push_back(PartOf(data, variable, codes));
    }
    data.structural_zeros.push_back(std::move(zero));
  }
  return data;
}

TableAxis AxisOf(const std::string& variable,
                 const std::vector<std::string>& codes) {
  TableAxis axis;
  axis.variable = variable;
  axis.codes = codes;
  axis.part.assign(codes.size(), false);
  return axis;
}

int Find(const DataSet& data, const std::vector<TableAxis>& axes,
         const std::vector<size_t>& at) {
  return StructuralZeros(data, axes).Find(at);
}

constexpr int kNone = StructuralZeros::kNone;

TEST(StructuralZeros, AreCellsOfThatCodeOrOfCoarserOnesThatTheyFill) {
  const DataSet data =
      WithZeros({{{"age_band", {"0-9", "10-17"}}, {"sex", {"M"}}}});
  const TableAxis band = AxisOf("age_band", {"0-9", "25+", "U"});
  const TableAxis core = AxisOf("age_core", {"0-17", "18+", "U"});
  const TableAxis sex = AxisOf("sex", {"M", "F", "U"});
  EXPECT_EQ(Find(data, {band, sex}, {0, 0}), 0);
  EXPECT_EQ(Find(data, {sex, band}, {0, 0}), 0);
  EXPECT_EQ(Find(data, {core, sex}, {0, 0}), 0);
  EXPECT_EQ(Find(data, {core, AxisOf("month", {"2024-02"}), sex}, {0, 1, 0}),
            0);
  EXPECT_EQ(Find(data, {band, sex}, {1, 0}), kNone);  // another age
  EXPECT_EQ(Find(data, {band, sex}, {2, 0}), kNone);  // not known
  EXPECT_EQ(Find(data, {band, sex}, {0, 1}), kNone);  // another sex
  EXPECT_EQ(Find(data, {band, sex}, {0, 3}), kNone);  // its margins
  EXPECT_EQ(Find(data, {band, sex}, {3, 0}), kNone);
  EXPECT_TRUE(StructuralZeros(data, {band}).empty());
  EXPECT_TRUE(StructuralZeroCells(data, {{sex}}).empty());
}

TEST(StructuralZeros, AreNotACoarserCodeThatHasMore) {
  const DataSet data = WithZeros({{{"age_band", {"0-9"}}, {"sex", {"M"}}}});
  const TableAxis core = AxisOf("age_core", {"0-17", "18+", "U"});
  const TableAxis sex = AxisOf("sex", {"M", "F", "U"});
  EXPECT_EQ(Find(data, {core, sex}, {0, 0}), kNone);
}

TEST(StructuralZeros, MayMakeUpACellTogether) {
  const DataSet data = WithZeros({{{"age_band", {"25+"}}, {"sex", {"F"}}},
                                  {{"age_band", {"10-17"}}, {"sex", {"M"}}},
                                  {{"age_band", {"0-9"}}, {"sex", {"M"}}}});
  const TableAxis core = AxisOf("age_core", {"0-17", "18+", "U"});
  const TableAxis sex = AxisOf("sex", {"M", "F", "U"});
  EXPECT_NE(Find(data, {core, sex}, {0, 0}), kNone);
  EXPECT_EQ(Find(data, {core, sex}, {1, 1}), kNone);  // 18-24 is no such
}

TEST(StructuralZeros, KnowTheCodesOfSeveralLevelsAtOnce) {
  const DataSet data = WithZeros({{{"age_band", {"0-9"}}, {"sex", {"M"}}}});
  const std::string join(1, kAtomCodeJoin);
  const TableAxis atoms =
      AxisOf("age_core+age_band", {"0-17" + join + "0-9", "18+" + join + "25+",
                                   "0-17", "nowhere" + join + "0-9"});
  const TableAxis sex = AxisOf("sex", {"M", "F", "U"});
  EXPECT_EQ(Find(data, {atoms, sex}, {0, 0}), 0);
  for (const size_t other : {1, 2, 3, 4}) {
    EXPECT_EQ(Find(data, {atoms, sex}, {other, 0}), kNone) << other;
  }
}

TEST(StructuralZeros, OfACodeThatTheCatalogueDoesNotHaveNothingIsKnown) {
  const DataSet data = WithZeros({{{"age_band", {"0-9"}}, {"sex", {"M"}}}});
  const TableAxis band = AxisOf("age_band", {"0-9", "other"});
  const TableAxis sex = AxisOf("sex", {"other", "M"});
  EXPECT_EQ(Find(data, {band, sex}, {0, 1}), 0);
  EXPECT_EQ(Find(data, {band, sex}, {1, 1}), kNone);
  EXPECT_EQ(Find(data, {band, sex}, {0, 0}), kNone);
}

TEST(StructuralZeros, AreNamedByNumberAndVariablesNotByCodes) {
  DataSet data = WithZeros({{{"age_band", {"0-9"}}, {"sex", {"M"}}}});
  EXPECT_EQ(StructuralZeroInWords(data, 0),
            "structural_zero 1 of events (age_band, sex)");
  data.structural_zeros[0].reason = "by law";
  EXPECT_EQ(StructuralZeroInWords(data, 0),
            "structural_zero 1 of events (age_band, sex): by law");
}

// Counted record by record: a cell is one exactly if no record that may be is
// in it.
TEST(StructuralZeros, AreTheCellsThatNoPossibleRecordIsIn) {
  std::mt19937 random(5);
  const std::vector<std::string> ages = {"0-9", "10-17", "18-24", "25+", "U"};
  const std::vector<std::string> core_of = {"0-17", "0-17", "18+", "18+", "U"};
  const std::vector<std::string> sexes = {"M", "F", "U"};
  size_t found = 0, together = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::vector<bool>> never(5, std::vector<bool>(3, false));
    DataSet data = MakeExampleDataSet();
    const size_t zeros = 1 + random() % 4;
    for (size_t z = 0; z < zeros; ++z) {
      std::vector<std::string> some_ages, some_sexes;
      for (size_t a = 0; a < 4; ++a) {
        if (random() % 2 == 0) some_ages.push_back(ages[a]);
      }
      for (size_t s = 0; s < 2; ++s) {
        if (random() % 2 == 0) some_sexes.push_back(sexes[s]);
      }
      if (some_ages.empty() || some_sexes.empty()) continue;
      StructuralZero zero;
      zero.parts = {PartOf(data, "age_band", some_ages),
                    PartOf(data, "sex", some_sexes)};
      data.structural_zeros.push_back(zero);
      for (size_t a = 0; a < 5; ++a) {
        for (size_t s = 0; s < 3; ++s) {
          never[a][s] = never[a][s] ||
                        (zero.parts[0].leaves[a] && zero.parts[1].leaves[s]);
        }
      }
    }
    for (const bool coarse : {false, true}) {
      const TableAxis age = coarse ? AxisOf("age_core", {"U", "18+", "0-17"})
                                   : AxisOf("age_band", ages);
      const TableShape shape = {{age, AxisOf("sex", {"F", "M", "U"})}};
      const std::vector<bool> cells = StructuralZeroCells(data, shape);
      for (size_t cell = 0; cell < shape.cells(); ++cell) {
        bool possible = false;
        for (size_t a = 0; a < 5; ++a) {
          for (size_t s = 0; s < 3; ++s) {
            const size_t at_age = shape.at(cell, 0), at_sex = shape.at(cell, 1);
            const bool in =
                (at_age == age.margin() ||
                 age.codes[at_age] == (coarse ? core_of : ages)[a]) &&
                (at_sex == 3 || shape.axes[1].codes[at_sex] == sexes[s]);
            possible = possible || (in && !never[a][s]);
          }
        }
        EXPECT_EQ(!cells.empty() && cells[cell], !possible) << i << " " << cell;
        found += possible ? 0 : 1;
        together += !possible && coarse ? 1 : 0;
      }
    }
  }
  EXPECT_GT(found, 1000u);
  EXPECT_GT(together, 100u);
}

}  // namespace
}  // namespace cairn
