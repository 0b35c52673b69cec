// What the reader of filter texts says of texts that are nearly right
// (core/query/filter_text.h).
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/query/filter_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/query/filter_example.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

FilterError ErrorOf(absl::string_view text, const DataSet& data_set = Data()) {
  auto result = CheckFilterText(text, data_set);
  const bool is_error = std::holds_alternative<FilterError>(result);
  EXPECT_TRUE(is_error) << text << " was taken";
  return is_error ? std::get<FilterError>(result) : FilterError();
}

// Every form of condition; a space stands before each word of it and nowhere
// else outside quotes.
const std::vector<std::string>& Forms() {
  static const auto* const forms = new std::vector<std::string>{
      "sex = 'M' AND age < 25 OR NOT month >= '2024-04-01'",
      "sex NOT IN ( 'M' , 'F' ) AND ( age IS NULL OR age IS NOT NULL )",
      "age BETWEEN 10 AND 24 OR age NOT BETWEEN '10-17' AND '25+'",
      "NOT NOT ( ( offence_class <> 'KNIFE' ) ) AND knife_enabled = 1",
  };
  return *forms;
}

std::vector<size_t> Starts(const std::string& text) {
  std::vector<size_t> starts = {0};
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (text[i] == ' ' && !quoted) starts.push_back(i + 1);
  }
  return starts;
}

TEST(FilterRefusal, AStrayCharacterIsPointedAtWhereverItStands) {
  for (const std::string& form : Forms()) {
    ASSERT_TRUE(ParseFilter(form, Data()).ok()) << form;
    std::vector<size_t> places = Starts(form);
    places.push_back(form.size());
    for (const size_t at : places) {
      const std::string text =
          absl::StrCat(form.substr(0, at), "@", form.substr(at));
      const FilterError error = ErrorOf(text);
      EXPECT_EQ(error.position, at) << text << ": " << error.message;
      EXPECT_THAT(error.message, HasSubstr("the character @ ")) << text;
    }
  }
}

TEST(FilterRefusal, ATextThatBreaksOffIsPointedAtItsEnd) {
  int whole = 0;
  for (const std::string& form : Forms()) {
    for (const size_t start : Starts(form)) {
      if (start == 0) continue;
      const std::string text = form.substr(0, start - 1);
      if (ParseFilter(text, Data()).ok()) {
        ++whole;
        continue;
      }
      EXPECT_EQ(ErrorOf(text).position, text.size()) << text;
    }
  }
  // By hand: sex = 'M' | .. age < 25 | sex NOT IN (..) | age BETWEEN 10 AND 24
  // | NOT NOT (..)
  EXPECT_EQ(whole, 5);
}

TEST(FilterRefusal, QuotesAndDashesOfWordProcessorsAreNamed) {
  for (const char* quote : {"\"", "`", "\u00B4", "\u00AB", "\u00BB", "\u2018",
                            "\u201F", "\u2032", "\u2033"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("sex = ", quote, "M", quote)).message,
                HasSubstr("straight single quotes"))
        << quote;
  }
  for (const char* dash : {"\u2010", "\u2015", "\u2212"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("age > ", dash, "5")).message,
                HasSubstr("plain hyphen"))
        << dash;
  }
  // Their neighbours in Unicode are neither.
  for (const char* other :
       {"\u2016", "\u2017", "\u200F", "\u2020", "\u2031", "\u2034", "\u2211"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("age > ", other, "5")).message,
                HasSubstr("has no meaning"))
        << other;
  }
  EXPECT_THAT(ErrorOf("age > -").message, HasSubstr("after a minus sign"));
  EXPECT_EQ(ErrorOf("sex = 'M' || sex = 'F'").suggestion, "OR");
  EXPECT_EQ(ErrorOf("age \u2265 5").suggestion, ">=");
  EXPECT_EQ(ErrorOf("age \u2260 5").suggestion, "!=");
  EXPECT_EQ(ErrorOf("! age < 5").suggestion, "NOT");
}

TEST(FilterRefusal, AWordWhereAValueBelongsIsQuotedUnlessItIsOneOfTheLanguage) {
  for (const char* word : {"AND", "or", "NOT", "In", "between", "IS"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("sex = ", word)).message,
                HasSubstr("expected a value"))
        << word;
  }
  for (const char* number : {"nan", "INF", "Infinity"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("age < ", number)).message,
                HasSubstr("not infinity"))
        << number;
  }
  const std::string longest(40, 'x'), longer(41, 'x');
  EXPECT_THAT(ErrorOf("sex = " + longest).message,
              HasSubstr("'" + longest + "'"));
  EXPECT_THAT(ErrorOf("sex = " + longer).message, HasSubstr("'...'"));
  EXPECT_EQ(ErrorOf("sex ILIKE 'M%'").suggestion, "IN");
}

TEST(FilterRefusal, AListOfCodesIsShownWholeOnlyWhereItIsShort) {
  DataSet data_set = Offences();
  Level& level = data_set.dimensions[0].levels[0];
  level.codes = {kUnknown};
  for (int i = 9; i > 0; --i) {
    level.codes.insert(level.codes.begin(),
                       MakeCode(absl::StrCat("CODE", i), ""));
  }
  const FilterError far = ErrorOf("offence_class = 'zzzzzzzzzz'", data_set);
  EXPECT_THAT(far.message, HasSubstr("run from 'CODE1' to 'CODE9'"));
  EXPECT_EQ(far.suggestion, "");
  const FilterError near = ErrorOf("offence_class = 'CDOE4'", data_set);
  EXPECT_EQ(near.suggestion, "'CODE4'");
  EXPECT_EQ(near.message,
            "offence_class has no code 'CDOE4'; did you mean 'CODE4'?");
  // What was typed is shown, but no more of it than fits.
  const std::string typed(41, 'y');
  EXPECT_THAT(ErrorOf(absl::StrCat("sex = '", typed, "'")).message,
              HasSubstr(absl::StrCat("'", typed.substr(0, 40), "...'")));
}

TEST(FilterRefusal, NumbersOutsideEveryBandAreRefused) {
  EXPECT_THAT(ErrorOf("age = -1").message, HasSubstr("no band of age_band"));
  EXPECT_THAT(ErrorOf("age = 30").message, HasSubstr("inside '25+'"));
  EXPECT_THAT(ErrorOf("age = 'x'").message, HasSubstr("no code 'x'"));
}

// Places that a partnership names (docs/mapping.md): asked for by name.
class NamedPlacesTest : public ::testing::Test {
 protected:
  NamedPlacesTest() : data_set_(Offences()) {
    for (Dimension& dimension : data_set_.dimensions) {
      if (dimension.id != "place") continue;
      for (const char* name : {"city_centre", "station_area"}) {
        Level level = MakeLevel(
            name, name[0] == 'c' ? "City centre" : "Around the station",
            {MakeCode("1", "Yes"), MakeCode("0", "No")});
        level.areas = {{"lad", "E07000178"}};
        dimension.levels.push_back(level);
      }
    }
  }
  std::string Canonical(absl::string_view text) const {
    const auto filter = ParseFilter(text, data_set_);
    EXPECT_TRUE(filter.ok()) << text << "\n" << filter.status();
    return filter.ok() ? FilterToText(*filter) : "";
  }

  DataSet data_set_;
};

TEST_F(NamedPlacesTest, ANameOrATitleIsTheQuestionWhetherItLiesThere) {
  EXPECT_EQ(Canonical("place = 'city_centre'"), "city_centre = '1'");
  EXPECT_EQ(Canonical("PLACE = 'City Centre'"), "city_centre = '1'");
  EXPECT_EQ(Canonical("place <> 'station_area' AND sex = 'M'"),
            "station_area <> '1' AND sex = 'M'");
  EXPECT_EQ(Canonical("NOT place = 'around the station'"),
            "NOT station_area = '1'");
  EXPECT_EQ(Canonical("city_centre = 0"), "city_centre = '0'");
  EXPECT_EQ(Canonical("lad = 'E07000178'"), "lad = 'E07000178'");
}

TEST_F(NamedPlacesTest, AnythingElseOfAPlaceIsRefusedWithWhatWouldWork) {
  for (const char* text :
       {"place < 'city_centre'", "place IN ('city_centre')", "place IS NULL",
        "place BETWEEN 'a' AND 'b'", "place"}) {
    EXPECT_THAT(ErrorOf(text, data_set_).message,
                HasSubstr("write place = or place <>"))
        << text;
  }
  const FilterError near = ErrorOf("place = 'city_center'", data_set_);
  EXPECT_EQ(near.suggestion, "'city_centre'");
  EXPECT_EQ(near.position, 8u);
  const FilterError far = ErrorOf("place = 'E07000178'", data_set_);
  EXPECT_THAT(far.message, HasSubstr("such as lad = '..'"));
  EXPECT_EQ(far.suggestion, "");
  EXPECT_EQ(ErrorOf("place = @", data_set_).position, 8u);
  EXPECT_EQ(ErrorOf("place = 'city_centre' @", data_set_).position, 22u);
}

}  // namespace
}  // namespace cairn
