#include "core/query/atom.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "tests/support/example_data_set.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Kind = Filter::Kind;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr Comparison kOrders[] = {Comparison::kLess, Comparison::kLessOrEqual,
                                  Comparison::kGreater,
                                  Comparison::kGreaterOrEqual};

Filter Compare(Comparison op, const Literal& value) {
  return {Kind::kCompare, "x", op, {value}, {}};
}

template <typename T>
bool Holds(const T& left, Comparison op, const T& right) {
  switch (op) {
    case Comparison::kEqual:
      return left == right;
    case Comparison::kNotEqual:
      return left != right;
    case Comparison::kLess:
      return left < right;
    case Comparison::kLessOrEqual:
      return left <= right;
    case Comparison::kGreater:
      return left > right;
    case Comparison::kGreaterOrEqual:
      return left >= right;
  }
  return false;
}

// What a condition is, value by value: none of a code's values hold, all of
// them, or some, and then there is no answer in codes.
struct Verdict {
  bool some = false;
  bool all = true;
  void Add(bool holds) {
    some = some || holds;
    all = all && holds;
  }
  bool cut() const { return some && !all; }
};

// Codes of one value, of several, and without an end.
Level Bands() {
  return ExampleLevel("band",
                      {ExampleCode("0", 0, 0), ExampleCode("1-4", 1, 4),
                       ExampleCode("five", 5, 5), ExampleCode("6-11", 6, 11),
                       ExampleCode("12+", 12), ExampleCode("U")});
}

TEST(AdmittedCodes, AnOrderOnBandsIsThatOfEachNumberInThem) {
  constexpr int64_t kFar = 200;  // as good as no end
  Level level = Bands();
  level.whole.assign(level.codes.size(), true);
  for (const Comparison op : kOrders) {
    for (int64_t number = -3; number < 40; ++number) {
      std::vector<bool> expected;
      bool cut = false;
      for (const Code& code : level.codes) {
        Verdict verdict;
        for (int64_t value = code.at_least.value_or(1);
             value <=
             (code.at_least.has_value() ? code.at_most.value_or(kFar) : 0);
             ++value) {
          verdict.Add(Holds(value, op, number));
        }
        cut = cut || verdict.cut();
        expected.push_back(verdict.some);
      }
      const auto read = AdmittedCodes(level, false, Compare(op, number));
      const std::string what =
          absl::StrFormat("operator %d and %d", static_cast<int>(op), number);
      if (cut) {
        EXPECT_THAT(read, StatusIs(kInvalid, HasSubstr("cuts through")))
            << what;
      } else {
        ASSERT_THAT(read, IsOk()) << what;
        EXPECT_EQ(*read, expected) << what;
      }
    }
  }
}

TEST(AdmittedCodes, ANumberIsACodeOnlyWhereTheCodeIsThatNumber) {
  Level level = Bands();
  level.whole.assign(level.codes.size(), true);
  for (int64_t number = -3; number < 40; ++number) {
    for (const Comparison op : {Comparison::kEqual, Comparison::kNotEqual}) {
      const auto read = AdmittedCodes(level, false, Compare(op, number));
      if (number != 0 && number != 5) {
        EXPECT_THAT(read, StatusIs(kInvalid, HasSubstr("kept in bands")));
        continue;
      }
      ASSERT_THAT(read, IsOk());
      for (size_t i = 0; i < level.codes.size(); ++i) {
        const bool is = i == (number == 0 ? 0u : 2u);
        EXPECT_EQ((*read)[i], is == (op == Comparison::kEqual));
      }
    }
  }
}

const Level& Months() { return ExampleDataSet().dimensions[0].levels[0]; }

std::chrono::sys_days FirstOf(int month_since_2023) {
  using namespace std::chrono;
  return sys_days(year(2023) / January / 1 + months(month_since_2023));
}

std::string TextOf(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return absl::StrFormat("%04d-%02u-%02u", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()),
                         static_cast<unsigned>(date.day()));
}

// The calendar is the library's; dates of one spelling sort as text.
TEST(AdmittedCodes, ADayCutsNoMonthOrIsRefused) {
  using std::chrono::days;
  constexpr int kMonthsLookedAt = 36;
  for (auto at = FirstOf(10); at < FirstOf(22); at += days(1)) {
    const std::string date = TextOf(at);
    for (const Comparison op : kOrders) {
      std::vector<bool> expected(Months().codes.size(), false);
      bool cut = false;
      for (int month = 0; month < kMonthsLookedAt; ++month) {
        Verdict verdict;
        for (auto day = FirstOf(month); day < FirstOf(month + 1);
             day += days(1)) {
          verdict.Add(Holds(TextOf(day), op, date));
        }
        cut = cut || verdict.cut();
        const int code = Months().Find(TextOf(FirstOf(month)).substr(0, 7));
        if (code >= 0) expected[static_cast<size_t>(code)] = verdict.some;
      }
      const auto read = AdmittedCodes(Months(), true, Compare(op, date));
      if (cut) {
        EXPECT_THAT(read, StatusIs(kInvalid, HasSubstr("cuts through")))
            << date;
      } else {
        ASSERT_THAT(read, IsOk()) << date;
        EXPECT_EQ(*read, expected) << date;
      }
    }
  }
}

TEST(AdmittedCodes, MonthsAreInTheirOrderAlsoBeyondThePeriod) {
  for (int month = 0; month < 36; ++month) {
    const std::string text = TextOf(FirstOf(month)).substr(0, 7);
    for (const Comparison op : kOrders) {
      const auto read = AdmittedCodes(Months(), true, Compare(op, text));
      ASSERT_THAT(read, IsOk()) << text;
      for (size_t i = 0; i < Months().codes.size(); ++i) {
        const std::string& code = Months().codes[i].id;
        EXPECT_EQ((*read)[i], code != "U" && Holds(code, op, text)) << text;
      }
    }
  }
}

TEST(AdmittedCodes, ADateThatTheCalendarDoesNotHaveIsRefused) {
  for (const char* date :
       {"2023-02-29", "2024-02-30", "2100-02-29", "2024-04-31", "2024-04-00",
        "2024-00-01", "2024-13-01", "x024-04-01", "2024-x4-01", "2024-04-x1",
        "2024/04/01", "0123456789", "          "}) {
    for (const Comparison op : kOrders) {
      EXPECT_THAT(AdmittedCodes(Months(), true, Compare(op, std::string(date))),
                  StatusIs(kInvalid))
          << date;
    }
  }
  for (const char* last : {"2024-02-29", "2000-02-29", "2023-02-28"}) {
    EXPECT_THAT(
        AdmittedCodes(Months(), true,
                      Compare(Comparison::kLessOrEqual, std::string(last))),
        IsOk())
        << last;
  }
}

// A question may come as a message that no reader of filter texts has seen.
TEST(AdmittedCodes, AConditionOfTheWrongShapeIsRefused) {
  const Level& sexes = ExampleDataSet().dimensions[2].levels[0];
  const Level& ages = ExampleDataSet().dimensions[1].levels[0];
  const Level& quarters = ExampleDataSet().dimensions[0].levels[1];
  const Literal text = std::string("M"), number = int64_t{18};
  struct Misfit {
    const Level& level;
    bool time;
    Filter atom;
    const char* why;
  };
  const std::vector<Misfit> misfits = {
      {sexes, false, {Kind::kCompare, "x", Comparison::kEqual, {}, {}}, "one"},
      {sexes,
       false,
       {Kind::kCompare, "x", Comparison::kEqual, {text, text}, {}},
       "one value"},
      {ages, false, {Kind::kBetween, "x", {}, {number}, {}}, "two values"},
      {ages,
       false,
       {Kind::kBetween, "x", {}, {number, number, number}, {}},
       "two values"},
      {ages, false, {Kind::kBetween, "x", {}, {text, number}, {}}, "no order"},
      {ages, false, {Kind::kBetween, "x", {}, {number, text}, {}}, "no order"},
      {sexes, false, Compare(Comparison::kLess, text), "no order"},
      {sexes, false, Compare(Comparison::kLess, number), "no order"},
      {sexes, false, Compare(Comparison::kEqual, number), "no code '18'"},
      {sexes, false, {Kind::kIn, "x", {}, {text, number}, {}}, "no code '18'"},
      {sexes, false, Compare(Comparison::kEqual, std::string(500, 'z')),
       "run from M to F"},
      {ages, false, Compare(Comparison::kEqual, std::string("10-71")),
       "did you mean '10-17'"},
      {ages, false,
       Compare(Comparison::kLess, std::numeric_limits<int64_t>::max()),
       "out of range"},
      {ages, false,
       Compare(Comparison::kLess, std::numeric_limits<int64_t>::min()),
       "out of range"},
      {Months(), true, Compare(Comparison::kLess, number), "text such as"},
      {Months(), true, Compare(Comparison::kLess, std::string("soon")),
       "no code 'soon'"},
      {Months(), true, Compare(Comparison::kEqual, std::string("2024-04-01")),
       "no code"},
      {quarters, true, Compare(Comparison::kLess, std::string("2024-04-01")),
       "no code"},
      {quarters, true, Compare(Comparison::kEqual, std::string("2024-Q1")),
       "beyond the period"},
  };
  for (const Misfit& misfit : misfits) {
    EXPECT_THAT(AdmittedCodes(misfit.level, misfit.time, misfit.atom),
                StatusIs(kInvalid, HasSubstr(misfit.why)))
        << misfit.why;
  }
}

TEST(AdmittedCodes, WhatIsNotKnownIsItsOwnCodeWhereThereIsOne) {
  const Level& sexes = ExampleDataSet().dimensions[2].levels[0];
  const Filter unknown{Kind::kIsNull, "x", {}, {}, {}};
  EXPECT_EQ(*AdmittedCodes(sexes, false, unknown),
            (std::vector<bool>{false, false, true}));
  Level all_known = ExampleLevel("flag", {ExampleCode("1"), ExampleCode("0")});
  all_known.whole = {true, true};
  EXPECT_EQ(*AdmittedCodes(all_known, false, unknown),
            (std::vector<bool>{false, false}));
}

}  // namespace
}  // namespace cairn
