// Printing: FilterToText and FilterToWords, of core/query/filter_text.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/query/filter_text.h"
#include "tests/core/query/filter_example.h"

namespace cairn {
namespace {

// Removes what two groupings of the same filter may differ in.
Filter Flat(const Filter& filter) {
  Filter out = filter;
  out.parts.clear();
  const bool list =
      filter.kind == Filter::Kind::kAnd || filter.kind == Filter::Kind::kOr;
  for (const Filter& part : filter.parts) {
    Filter flat = Flat(part);
    if (list && flat.kind == filter.kind) {
      for (Filter& inner : flat.parts) out.parts.push_back(std::move(inner));
    } else {
      out.parts.push_back(std::move(flat));
    }
  }
  if (list && out.parts.size() == 1) return Filter(out.parts[0]);
  return out;
}

bool Same(const Filter& a, const Filter& b) {
  return a.kind == b.kind && a.variable == b.variable && a.values == b.values &&
         (a.kind != Filter::Kind::kCompare || a.op == b.op) &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(),
                    b.parts.end(), Same);
}

// A filter of the right types, by chance.
class RandomFilter {
 public:
  explicit RandomFilter(unsigned seed) : random_(seed) {}

  Filter Make(int depth) {
    Filter filter;
    const int kind = depth == 0 ? Pick(4) : Pick(7);
    filter.kind = static_cast<Filter::Kind>(kind);
    if (kind >= 4) {
      const int parts = filter.kind == Filter::Kind::kNot ? 1 : 1 + Pick(3);
      for (int i = 0; i < parts; ++i) filter.parts.push_back(Make(depth - 1));
      return filter;
    }
    filter.variable = "age";
    filter.op = static_cast<Comparison>(2 + Pick(4));
    if (filter.kind == Filter::Kind::kIn) {
      filter.variable = "lad";
      for (int i = 0; i <= Pick(3); ++i) filter.values.push_back(Place());
    } else if (filter.kind == Filter::Kind::kBetween) {
      filter.values = {int64_t{Pick(50)}, int64_t{50 + Pick(50)}};
    } else if (filter.kind == Filter::Kind::kCompare) {
      filter.values = {int64_t{Pick(200) - 100}};
    }
    return filter;
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % below); }
  Literal Place() {
    const char* const kParts[] = {"'",  "E0", "\u00E9", " AND ",
                                  "''", "--", ")"};
    std::string text = "x";
    for (int i = 0; i < Pick(4); ++i) text += kParts[Pick(7)];
    return text;
  }
  std::mt19937 random_;
};

TEST(FilterPrint, ParsesBackWhatItPrints) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const Filter filter = RandomFilter(seed).Make(5);
    const std::string text = FilterToText(filter);
    const absl::StatusOr<Filter> back = ParseFilter(text, Data());
    ASSERT_TRUE(back.ok()) << text << "\n" << back.status();
    ASSERT_TRUE(Same(Flat(*back), Flat(filter))) << text;
  }
}

TEST(FilterPrint, SpeaksOfAFilterInWords) {
  const auto words = [](absl::string_view text) {
    return FilterToWords(ParseFilter(text, Data()).value(), Data());
  };
  EXPECT_EQ(words("knife_enabled = 1 AND age < 25"),
            "knife-enabled offences and age under 25");
  EXPECT_EQ(words("knife_enabled = 0"), "not knife-enabled offences");
  EXPECT_EQ(words("offence_class IN ('KNIFE', 'GUN', 'ROBBERY')"),
            "offence class is Knife or sharp instrument, Firearm or Robbery");
  EXPECT_EQ(words("month BETWEEN '2023-04' AND '2024-03'"),
            "month from April 2023 to March 2024");
  EXPECT_EQ(words("occurred >= '2024-04-01'"), "occurred from 1 April 2024");
  EXPECT_EQ(words("(sex = 'M' OR sex IS NULL) AND lad <> 'E07000178'"),
            "(sex is Male or sex not known) and district is not E07000178");
  EXPECT_EQ(words("age IS NOT NULL AND NOT age BETWEEN 10 AND 17"),
            "age known and not (age from 10 to 17)");
  EXPECT_EQ(words("age >= 18"), "age 18 or over");
}

TEST(FilterPrint, HasWordsForEveryOperatorOnNumbersTimesAndPopulations) {
  const auto words = [](absl::string_view text) {
    return FilterToWords(ParseFilter(text, Data()).value(), Data());
  };
  EXPECT_EQ(words("age <= 24"), "age 24 or under");
  EXPECT_EQ(words("age > 24"), "age over 24");
  EXPECT_EQ(words("month < '2024-04'"), "month before April 2024");
  EXPECT_EQ(words("month <= '2024-04'"), "month up to April 2024");
  EXPECT_EQ(words("month > '2024-12-31'"), "month after 31 December 2024");
  EXPECT_EQ(words("month = '2024-01'"), "month is January 2024");
  EXPECT_EQ(words("month <> '2024-01'"), "month is not January 2024");
  EXPECT_EQ(words("knife_enabled <> 0"), "knife-enabled offences");
  EXPECT_EQ(words("knife_enabled <> 1"), "not knife-enabled offences");
  EXPECT_EQ(words("knife_enabled IN (1)"), "knife-enabled offences is Yes");
}

// What an earlier version asks of a later catalogue, or the reverse.
TEST(FilterPrint, SaysWhatItDoesNotKnowAsItStands) {
  DataSet data_set = Offences();
  for (Dimension& dimension : data_set.dimensions) {
    if (dimension.id == "place") dimension.levels[0].title = "LSOA";
    if (dimension.id == "sex") dimension.levels[0].title.clear();
    if (dimension.id == "occurred") dimension.title.clear();
  }
  const auto words = [&](const std::string& variable, const Literal& value) {
    return FilterToWords(
        {Filter::Kind::kCompare, variable, Comparison::kEqual, {value}, {}},
        data_set);
  };
  EXPECT_EQ(words("later", std::string("X")), "later is X");
  EXPECT_EQ(words("later", int64_t{-3}), "later is -3");
  EXPECT_EQ(words("lad", std::string("E07")), "LSOA is E07");
  EXPECT_EQ(words("sex", std::string("X")), "sex is X");
  for (const char* text : {"2024-13", "2024-00", "2024/04", "2024-0x", "soon",
                           "2024-04-0", "2024-1x-01"}) {
    EXPECT_EQ(words("occurred", std::string(text)),
              std::string("occurred is ") + text);
  }
}

TEST(FilterPrint, SeesThroughListsOfOne) {
  Filter either;
  either.kind = Filter::Kind::kOr;
  either.parts = {*ParseFilter("sex = 'M'", Data()),
                  *ParseFilter("age < 25", Data())};
  Filter one;
  one.kind = Filter::Kind::kAnd;
  one.parts = {either};
  Filter negated;
  negated.kind = Filter::Kind::kNot;
  negated.parts = {one};
  EXPECT_EQ(FilterToText(negated), "NOT (sex = 'M' OR age < 25)");
  EXPECT_EQ(FilterToWords(negated, Data()),
            "not (sex is Male or age under 25)");
}

}  // namespace
}  // namespace cairn
