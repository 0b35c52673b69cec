#include "core/disclosure/meeting.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"

namespace cairn {
namespace {

// Places of which two pairs cross, and wards in districts; bands in groups.
DataSet Levels() {
  const auto level = [](const char* name, std::vector<std::string> nests_in) {
    return ExampleLevel(name, {}, std::move(nests_in));
  };
  DataSet data_set;
  data_set.id = "events";
  Dimension place;
  place.id = "place";
  place.levels = {level("area", {"ward", "district", "p", "q"}),
                  level("ward", {"district"}), level("district", {}),
                  level("p", {}), level("q", {})};
  Dimension age;
  age.id = "age";
  age.levels = {level("band", {"group"}), level("group", {})};
  Dimension sex;
  sex.id = "sex";
  sex.levels = {level("sex", {})};
  data_set.dimensions = {place, age, sex};
  return data_set;
}

using Axes = MeetingAxes;

// What nests in what, written down again: finer to coarser.
bool Tells(const std::string& finer, const std::string& coarser) {
  static const std::set<std::pair<std::string, std::string>> nests = {
      {"area", "ward"}, {"area", "district"}, {"area", "p"},
      {"area", "q"},    {"ward", "district"}, {"band", "group"}};
  return finer == coarser || nests.count({finer, coarser}) > 0;
}
bool Crossing(const std::string& a, const std::string& b) {
  return !Tells(a, b) && !Tells(b, a);
}
int DimensionOf(const std::string& variable) {
  return variable == "sex" ? 2 : variable == "band" || variable == "group";
}

// Whether a table so cut says each count of a variable's codes, whatever the
// other axes.
bool Has(const Axes& table, const std::string& variable) {
  return std::any_of(table.begin(), table.end(), [&](const auto& axis) {
    return std::any_of(axis.begin(), axis.end(), [&](const std::string& own) {
      return Tells(own, variable);
    });
  });
}

// Where two tables cross in some dimension: all variables whose codes have to
// be told together; of a dimension that both are cut by and do not cross in,
// the coarser.
std::set<std::string> ToTell(const Axes& one, const Axes& other) {
  std::set<std::string> variables;
  bool crosses = false;
  for (const auto& a : one) {
    for (const auto& b : other) {
      if (DimensionOf(a[0]) != DimensionOf(b[0])) continue;
      if (Crossing(a[0], b[0])) {
        crosses = true;
        variables.insert({a[0], b[0]});
      } else {
        variables.insert(Tells(a[0], b[0]) ? b[0] : a[0]);
      }
    }
  }
  return crosses ? variables : std::set<std::string>();
}

bool TellsAll(const Axes& table, const std::set<std::string>& variables) {
  return std::all_of(variables.begin(), variables.end(),
                     [&](const std::string& v) { return Has(table, v); });
}

std::vector<Axes> Meetings(const std::vector<Axes>& tables) {
  std::vector<TableShape> shapes;
  for (const Axes& table : tables) {
    shapes.emplace_back();
    for (const auto& axis : table) {
      shapes.back().axes.emplace_back();
      shapes.back().axes.back().variable = axis[0];
    }
  }
  std::vector<const TableShape*> given;
  for (const TableShape& shape : shapes) given.push_back(&shape);
  static const DataSet& data_set = *new DataSet(Levels());
  return FindMeetings(data_set, given);
}

TEST(FindMeetings, TwoPlacesThatCrossMeetInWhatLiesInBothOrOne) {
  EXPECT_EQ(Meetings({{{"p"}}, {{"q"}}}), (std::vector<Axes>{{{"p", "q"}}}));
  // By whatever both are cut by; of bands and groups, the groups.
  EXPECT_EQ(Meetings({{{"p"}, {"band"}, {"sex"}}, {{"q"}, {"group"}}}),
            (std::vector<Axes>{{{"p", "q"}, {"group"}}}));
  EXPECT_EQ(Meetings({{{"p"}}, {{"q"}}, {{"area"}}}), std::vector<Axes>());
  EXPECT_EQ(Meetings({{{"ward"}}, {{"district"}}, {{"sex"}}}),
            std::vector<Axes>());
  // What the data set does not have does not matter.
  EXPECT_EQ(Meetings({{{"p"}, {"gone"}}, {{"gone"}}}), std::vector<Axes>());
  EXPECT_EQ(Meetings({}), std::vector<Axes>());
}

TEST(FindMeetings, EachPairThatCrossesMeetsSomewhereAndNoMeetingIsIdle) {
  const std::vector<std::vector<std::string>> levels = {
      {"", "area", "ward", "district", "p", "q"},
      {"", "band", "group"},
      {"", "sex"}};
  std::mt19937 random(3);
  int met = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<Axes> tables(2 + random() % 4);
    for (Axes& table : tables) {
      for (const auto& choice : levels) {
        const std::string& level = choice[random() % choice.size()];
        if (!level.empty()) table.push_back({level});
      }
    }
    const std::vector<Axes> meetings = Meetings(tables);
    std::vector<Axes> all = tables;
    all.insert(all.end(), meetings.begin(), meetings.end());
    std::vector<bool> needed(meetings.size(), false);
    for (size_t i = 0; i < tables.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const std::set<std::string> variables = ToTell(tables[i], tables[j]);
        if (variables.empty()) continue;
        ++met;
        int where = 0;
        size_t last = 0;
        for (size_t t = 0; t < all.size(); ++t) {
          if (!TellsAll(all[t], variables)) continue;
          ++where;
          last = t;
        }
        EXPECT_GE(where, 1) << ::testing::PrintToString(tables);
        if (where == 1 && last >= tables.size()) {
          needed[last - tables.size()] = true;
        }
      }
    }
    for (size_t m = 0; m < meetings.size(); ++m) {
      EXPECT_TRUE(needed[m]) << ::testing::PrintToString(tables) << " meet in "
                             << ::testing::PrintToString(meetings[m]);
    }
  }
  EXPECT_GT(met, 1000);
}

// --- Structural zeros --------------------------------------------------------

TableShape CutBy(const std::vector<std::string>& variables) {
  TableShape shape;
  for (const std::string& variable : variables) {
    shape.axes.emplace_back();
    shape.axes.back().variable = variable;
  }
  return shape;
}

// Where tables of the example data set meet if no M is of these ages.
Axes MeetingsOf(const std::vector<bool>& ages,
                const std::vector<std::vector<std::string>>& tables) {
  DataSet data = MakeExampleDataSet();
  StructuralZero zero;
  zero.parts = {{data.FindVariable("age_band")->dimension, ages},
                {data.FindVariable("sex")->dimension, {true, false, false}}};
  data.structural_zeros = {zero};
  std::vector<TableShape> shapes;
  for (const auto& variables : tables) shapes.push_back(CutBy(variables));
  std::vector<const TableShape*> all;
  for (const TableShape& shape : shapes) all.push_back(&shape);
  Axes joined;  // a line for each meeting
  for (const Axes& meeting : FindMeetings(data, all)) {
    joined.emplace_back();
    for (const auto& axis : meeting) {
      EXPECT_EQ(axis.size(), 1u);
      joined.back().push_back(axis[0]);
    }
  }
  return joined;
}

TEST(StructuralZeroMeeting, CrossesTheVariablesThatTablesHaveOnlyTogether) {
  const std::vector<bool> young = {true, true, false, false, false};
  EXPECT_EQ(MeetingsOf(young, {{"age_band", "month"}, {"sex", "month"}}),
            (Axes{{"month", "age_band", "sex"}}));
  EXPECT_EQ(MeetingsOf(young, {{"month", "age_core"}, {"sex", "quarter"}}),
            (Axes{{"quarter", "age_core", "sex"}}));
  EXPECT_EQ(MeetingsOf(young, {{"age_band", "month"}, {"sex", "ward"}}),
            (Axes{{"age_band", "sex"}}));
  // One table has both, or none has one of them.
  EXPECT_EQ(MeetingsOf(young, {{"age_band", "sex"}, {"sex", "age_core"}}),
            Axes());
  EXPECT_EQ(MeetingsOf(young, {{"age_band", "sex"}, {"age_core"}, {"sex"}}),
            Axes());
  EXPECT_EQ(MeetingsOf(young, {{"age_band", "month"}, {"ward", "month"}}),
            Axes());
  EXPECT_EQ(MeetingsOf(young, {{"age_band"}}), Axes());
}

TEST(StructuralZeroMeeting, IsNotMadeOfCodesThatAreTooCoarseToTell) {
  const std::vector<bool> youngest = {true, false, false, false, false};
  EXPECT_EQ(MeetingsOf(youngest, {{"age_core", "month"}, {"sex", "month"}}),
            Axes());
  EXPECT_EQ(MeetingsOf(youngest, {{"age_core", "sex"}, {"age_band"}}),
            (Axes{{"age_band", "sex"}}));
}

}  // namespace
}  // namespace cairn
