#include "core/query/selection.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/query/filter_text.h"
#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<Selection> Select(const std::string& text) {
  auto filter = ParseFilter(text, ExampleDataSet());
  EXPECT_THAT(filter, IsOk()) << text;
  if (!filter.ok()) return filter.status();
  return Selection::Create(ExampleDataSet(), *filter);
}

// One text for a selection: its axes, levels, codes and what is admitted.
std::string Describe(const Selection& selection) {
  std::string text;
  for (const SelectionAxis& axis : selection.axes()) {
    const Dimension& d =
        ExampleDataSet().dimensions[static_cast<size_t>(axis.dimension)];
    text += d.levels[static_cast<size_t>(axis.level)].variable + "(";
    for (const std::string& code : axis.codes) text += code + " ";
    text += axis.open ? "*) " : ") ";
  }
  for (const bool admitted : selection.admitted()) text += admitted ? "1" : "0";
  return text;
}

void ExpectSame(const std::string& a, const std::string& b) {
  const auto left = Select(a), right = Select(b);
  ASSERT_THAT(left, IsOk()) << a;
  ASSERT_THAT(right, IsOk()) << b;
  EXPECT_EQ(Describe(*left), Describe(*right)) << a << "  against  " << b;
}

TEST(Selection, TheSameQuestionInAnotherDressIsTheSame) {
  ExpectSame("sex = 'M'", "NOT (sex <> 'M')");
  ExpectSame("sex = 'M' OR sex = 'F'", "sex IN ('F', 'M', 'F')");
  ExpectSame("sex IN ('M','F')", "NOT sex IS NULL");
  ExpectSame("sex = 'M' AND age_band = '0-9'",
             "age_band = '0-9' AND sex = 'M'");
  ExpectSame("sex = 'M'",
             "sex = 'M' AND (age_band = '0-9' OR age_band <> '0-9')");
  ExpectSame("age_core = '0-17'", "age_band IN ('0-9', '10-17')");
  ExpectSame("age < 18", "age_core = '0-17'");
  ExpectSame("age >= 10 AND age < 25", "age_band IN ('10-17', '18-24')");
  ExpectSame("month BETWEEN '2024-04' AND '2024-06'", "quarter = '2024-Q2'");
  ExpectSame("lsoa IN ('A','B') OR lsoa = 'A'", "lsoa IN ('B','A')");
}

TEST(Selection, WhatAdmitsEverythingHasNoAxis) {
  EXPECT_EQ(Describe(*Selection::Create(ExampleDataSet(), std::nullopt)), "1");
  EXPECT_EQ(Describe(*Select("sex IN ('M','F','U')")), "1");
  EXPECT_EQ(Describe(*Select("sex = 'M' OR sex <> 'M'")), "1");
  EXPECT_EQ(Describe(*Select("sex = 'M' AND sex = 'F'")), "0");
}

TEST(Selection, TakesTheCoarsestLevelThatSaysTheSame) {
  EXPECT_EQ(Describe(*Select("age_band IN ('0-9','10-17')")),
            "age_core(0-17 18+ U ) 100");
  EXPECT_EQ(Describe(*Select("age_band = '0-9'")),
            "age_band(0-9 10-17 18-24 25+ U ) 10000");
  // 2024-Q3 reaches beyond the period, so July stays a month.
  EXPECT_THAT(Describe(*Select("month = '2024-07'")), HasSubstr("month("));
}

TEST(Selection, NotTakesInWhatIsNotKnownAndOrderNeverDoes) {
  ExpectSame("NOT sex = 'M'", "sex IN ('F', 'U')");
  ExpectSame("sex <> 'M'", "sex IN ('F', 'U')");
  ExpectSame("age >= 0", "age_band IN ('0-9','10-17','18-24','25+')");
  ExpectSame("age >= 0", "NOT age_band IS NULL");
}

TEST(Selection, AFilterThatCutsThroughABandIsRefusedWithTheNearestEdges) {
  EXPECT_THAT(Select("age < 15"), StatusIs(kInvalid, HasSubstr("10-17")));
  EXPECT_THAT(Select("month >= '2024-04-15'"),
              StatusIs(kInvalid, HasSubstr("'2024-04-01'")));
  EXPECT_THAT(Select("month <= '2024-04-15'"),
              StatusIs(kInvalid, HasSubstr("'2024-04-30'")));
  EXPECT_THAT(Select("month >= '2024-04-01' AND month <= '2024-05-31'"),
              IsOk());
}

TEST(Selection, AQuarterBeyondThePeriodIsRefused) {
  EXPECT_THAT(Select("quarter = '2024-Q1'"),
              StatusIs(kInvalid, HasSubstr("reaches beyond the period")));
}

TEST(Selection, PlacesOfTwoLevelsAndPlacesInOrderAreRefused) {
  EXPECT_THAT(Select("lsoa = 'A' OR ward = 'W'"),
              StatusIs(kInvalid, HasSubstr("two levels")));
  Filter less{Filter::Kind::kCompare,
              "lsoa",
              Comparison::kLess,
              {Literal(std::string("B"))},
              {}};
  EXPECT_THAT(Selection::Create(ExampleDataSet(), less),
              StatusIs(kInvalid, HasSubstr("no order")));
}

TEST(Selection, SeveralValuesARecordCanBeAskedForOnceAndPositively) {
  EXPECT_THAT(Select("reason IN ('PP','OW') AND sex = 'M'"), IsOk());
  for (const char* text :
       {"reason <> 'PP'", "NOT reason = 'PP'", "reason = 'PP' OR sex = 'M'",
        "reason = 'PP' AND reason = 'OW'", "reason IS NULL"}) {
    EXPECT_THAT(Select(text),
                StatusIs(kInvalid, HasSubstr("several values of reason")))
        << text;
  }
}

TEST(Selection, RefusesATreeThatIsTooDeepOrTooLarge) {
  const Filter atom{Filter::Kind::kIsNull, "sex", {}, {}, {}};
  Filter deep = atom;
  for (int i = 0; i < 200; ++i) {
    Filter outer;
    outer.kind = Filter::Kind::kNot;
    outer.parts.push_back(std::move(deep));
    deep = std::move(outer);
  }
  EXPECT_THAT(Selection::Create(ExampleDataSet(), deep),
              StatusIs(kInvalid, HasSubstr("64 deep")));
  Filter large;
  large.kind = Filter::Kind::kOr;
  large.parts.assign(2001, atom);
  EXPECT_THAT(Selection::Create(ExampleDataSet(), large),
              StatusIs(kInvalid, HasSubstr("2000")));
}

TEST(Selection, RefusesATreeThatIsNoFilter) {
  Filter nothing;  // AND of nothing
  EXPECT_THAT(Selection::Create(ExampleDataSet(), nothing), StatusIs(kInvalid));
  Filter valueless{Filter::Kind::kCompare, "sex", Comparison::kEqual, {}, {}};
  EXPECT_THAT(Selection::Create(ExampleDataSet(), valueless),
              StatusIs(kInvalid));
  Filter half{Filter::Kind::kBetween, "age", {}, {Literal(int64_t{0})}, {}};
  EXPECT_THAT(Selection::Create(ExampleDataSet(), half), StatusIs(kInvalid));
  Filter stranger{Filter::Kind::kIsNull, "colour", {}, {}, {}};
  EXPECT_FALSE(Selection::Create(ExampleDataSet(), stranger).ok());
  Filter number{Filter::Kind::kCompare,
                "sex",
                Comparison::kEqual,
                {Literal(int64_t{1})},
                {}};
  EXPECT_THAT(Selection::Create(ExampleDataSet(), number), StatusIs(kInvalid));
}

// A record, and the meaning of a filter on it, written down a second time.
struct Record {
  int band;  // 0..4, 4 not known
  int sex;   // 0..2
};
constexpr const char* kBands[] = {"0-9", "10-17", "18-24", "25+", "U"};
constexpr const char* kSexes[] = {"M", "F", "U"};
constexpr int64_t kEdges[] = {0, 10, 18, 25};

std::string RandomText(int depth, std::mt19937* random,
                       std::vector<bool>* truth) {
  // truth: one entry per (band, sex).
  const auto fill = [&](auto&& admits) {
    truth->assign(15, false);
    for (int band = 0; band < 5; ++band) {
      for (int sex = 0; sex < 3; ++sex) {
        (*truth)[static_cast<size_t>(band * 3 + sex)] =
            admits(Record{band, sex});
      }
    }
  };
  const unsigned kind = (*random)() % (depth > 0 ? 7 : 4);
  const int a = static_cast<int>((*random)() % 5);
  const int b = static_cast<int>((*random)() % 3);
  const int edge = static_cast<int>((*random)() % 4);
  switch (kind) {
    case 0:
      fill([&](Record r) { return r.sex == b; });
      return std::string("sex = '") + kSexes[b] + "'";
    case 1:
      fill([&](Record r) { return r.band != a; });
      return std::string("age_band <> '") + kBands[a] + "'";
    case 2:
      fill([&](Record r) { return r.band < 4 && r.band >= edge; });
      return "age >= " + std::to_string(kEdges[edge]);
    case 3:
      fill([&](Record r) { return r.band == a || r.band == 2; });
      return std::string("age_band IN ('18-24','") + kBands[a] + "')";
    default: {
      std::vector<bool> left, right;
      const std::string x = RandomText(depth - 1, random, &left);
      const std::string y = RandomText(depth - 1, random, &right);
      truth->resize(15);
      for (size_t i = 0; i < 15; ++i) {
        (*truth)[i] = kind == 4   ? left[i] && right[i]
                      : kind == 5 ? left[i] || right[i]
                                  : !left[i];
      }
      if (kind == 6) return "NOT (" + x + ")";
      return "(" + x + (kind == 4 ? ") AND (" : ") OR (") + y + ")";
    }
  }
}

TEST(Selection, AdmitsExactlyTheRecordsTheFilterAdmits) {
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    std::vector<bool> truth;
    const std::string text = RandomText(4, &random, &truth);
    const auto selection = Select(text);
    ASSERT_THAT(selection, IsOk()) << text;
    for (size_t record = 0; record < 15; ++record) {
      size_t at = 0;
      for (const SelectionAxis& axis : selection->axes()) {
        const Dimension& d =
            ExampleDataSet().dimensions[static_cast<size_t>(axis.dimension)];
        const size_t leaf = d.id == "age" ? record / 3 : record % 3;
        at = at * axis.size() +
             static_cast<size_t>(d.up[static_cast<size_t>(axis.level)][leaf]);
      }
      EXPECT_EQ(selection->admitted()[at], truth[record])
          << text << ": " << kBands[record / 3] << " " << kSexes[record % 3];
    }
  }
}

}  // namespace
}  // namespace cairn
