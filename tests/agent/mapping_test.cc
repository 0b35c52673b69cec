#include "agent/mapping.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/load_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Strings = std::vector<std::string>;

constexpr char kDate[] = R"(column { name: "When" occurred_at: true })";
constexpr char kNorth[] = R"(area { variable: "lad" code: "D1" })";

class RowMapperTest : public LoadTest {
 protected:
  // A mapping of `events` with a date column, and `columns`.
  absl::Status Make(const std::string& columns, const std::string& date = kDate,
                    const std::string& data_set = "events") {
    mapping_.Clear();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrCat("data_set: 'events' ", date, columns), &mapping_));
    mapping_.set_data_set("events");
    MappingInputs inputs;
    inputs.mapping = &mapping_;
    inputs.path = "map.textproto";
    inputs.data_set = &DataSetOf(data_set);
    inputs.places = places_.get();
    inputs.months = {"2024-01", "2024-02", "2024-05"};
    inputs.precision = precision_;
    auto mapper = RowMapper::Create(inputs, "key");
    if (!mapper.ok()) return mapper.status();
    mapper_ = *std::move(mapper);
    return absl::OkStatus();
  }
  std::string ErrorOf(const std::string& columns,
                      const std::string& date = kDate) {
    return std::string(Make(columns, date).message());
  }

  v1::ExtractDimension Held(const std::string& variable) const {
    for (const auto& dimension : mapper_->dimensions()) {
      if (dimension.variable() == variable) return dimension;
    }
    return {};
  }
  Strings Codes(const std::string& variable) const {
    const auto held = Held(variable);
    return {held.code().begin(), held.code().end()};
  }
  Strings RollUp(const std::string& variable, const std::string& to) const {
    const v1::ExtractDimension held = Held(variable);
    for (const auto& roll_up : held.roll_up()) {
      if (roll_up.variable() == to) {
        return {roll_up.code().begin(), roll_up.code().end()};
      }
    }
    return {};
  }

  // Maps one row of columns When and X: the stored value of `variable` as its
  // code, "PP+OW" for a mask, "outside", or "! why".
  std::string Map(const std::string& variable, const std::string& x,
                  const std::string& when = "2024-01-01T10:30") {
    EXPECT_TRUE(mapper_->Bind("f.csv", {"When", "X"}).ok());
    const std::vector<absl::string_view> fields = {when, x};
    RowProblem problem;
    switch (mapper_->Map(fields, &row_, &problem)) {
      case RowMapper::Outcome::kOutsidePeriod:
        return "outside";
      case RowMapper::Outcome::kBad:
        return absl::StrCat("! ", problem.column, ": ", problem.what);
      case RowMapper::Outcome::kStored:
        break;
    }
    for (size_t d = 0; d < mapper_->dimensions().size(); ++d) {
      const auto& held = mapper_->dimensions()[d];
      if (held.variable() != variable) continue;
      if (!held.multi_valued()) {
        return held.code(static_cast<int>(row_.values[d]));
      }
      Strings codes;
      for (int i = 0; i < held.code_size(); ++i) {
        if ((row_.values[d] >> i & 1) != 0) codes.push_back(held.code(i));
      }
      return absl::StrJoin(codes, "+");
    }
    return absl::StrCat(row_.values.back());
  }

  v1::Mapping mapping_;
  std::unique_ptr<Places> places_;
  std::unique_ptr<RowMapper> mapper_;
  MappedRow row_;
  Precision precision_ = Precision::kMinute;
};

TEST_F(RowMapperTest, HeldCodesComeFromTheMappingAlone) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "weapon"
      value { from: "other" to: "OTHER" } value { from: "k" to: "KNIFE" } })")
                  .ok());
  EXPECT_THAT(Codes("weapon"), ElementsAre("KNIFE", "OTHER"));
  ASSERT_TRUE(
      Make(R"(column { name: "X" variable: "weapon" identity: true })").ok());
  EXPECT_THAT(Codes("weapon"), ElementsAre("KNIFE", "GUN", "OTHER"));
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "weapon" identity: true
      empty: "U" })")
                  .ok());
  EXPECT_THAT(Codes("weapon"), ElementsAre("KNIFE", "GUN", "OTHER", "U"));
  EXPECT_EQ(Map("weapon", "gun"), "GUN");  // and the data change nothing
  EXPECT_THAT(Codes("weapon"), ElementsAre("KNIFE", "GUN", "OTHER", "U"));
}

TEST_F(RowMapperTest, IdentityTakesCodesAliasesAndLabelsInAnyCase) {
  ASSERT_TRUE(
      Make(R"(column { name: "X" variable: "weapon" identity: true })").ok());
  for (const char* text : {"KNIFE", "knife", " Knife or blade ", "BLADE"}) {
    EXPECT_EQ(Map("weapon", text), "KNIFE") << text;
  }
  // U is not held, so its alias is no value either.
  EXPECT_THAT(Map("weapon", "NS"), HasSubstr("! X: "));
}

TEST_F(RowMapperTest, AnExactValueGoesBeforeOneThatDiffersInCase) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "weapon"
      value { from: "ab" to: "KNIFE" } value { from: "AB" to: "GUN" }
      value { from: "c" to: "OTHER" } })")
                  .ok());
  EXPECT_EQ(Map("weapon", "ab"), "KNIFE");
  EXPECT_EQ(Map("weapon", "AB"), "GUN");
  EXPECT_EQ(Map("weapon", " C\t"), "OTHER");
  EXPECT_THAT(Map("weapon", "Ab"), HasSubstr("! X: "));  // undecided
}

TEST_F(RowMapperTest, CountsWhatDidNotMapAndWhereItWent) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "weapon"
      value { from: "k" to: "KNIFE" } unmapped: "OTHER" empty: "U" })")
                  .ok());
  for (const char* text : {"k", "axe", "axe", "rope", "", "  "}) {
    Map("weapon", text);
  }
  const std::vector<ColumnCounts> counts = mapper_->Counts();
  EXPECT_EQ(counts[1].column, "X");
  EXPECT_EQ(counts[1].unmapped_rows, 3u);
  EXPECT_EQ(counts[1].unmapped_values, 2u);
  EXPECT_EQ(counts[1].unmapped_to, "OTHER");
  EXPECT_EQ(counts[1].empty_rows, 2u);
  EXPECT_EQ(counts[1].empty_to, "U");
}

TEST_F(RowMapperTest, AnEmptyFieldGoesWhereUnmappedGoesUnlessToldOtherwise) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "weapon" identity: true
      unmapped: "OTHER" })")
                  .ok());
  EXPECT_EQ(Map("weapon", ""), "OTHER");
  EXPECT_EQ(mapper_->Counts()[1].empty_rows, 1u);
}

TEST_F(RowMapperTest, MultiValuedMask) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "reason" split: ";"
      identity: true empty: "U" })")
                  .ok());
  EXPECT_TRUE(Held("reason").multi_valued());
  EXPECT_EQ(Map("reason", "OW; pp;OW"), "PP+OW");
  EXPECT_EQ(row_.values.back(), 0b101);
  EXPECT_EQ(Map("reason", "PA;;"), "PA");
  EXPECT_EQ(Map("reason", ""), "U");
  EXPECT_EQ(Map("reason", " ; "), "U");
  EXPECT_THAT(Map("reason", "PP;ZZ"), HasSubstr("! X: "));
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "reason" split: ";"
      identity: true unmapped: "OW" })")
                  .ok());
  EXPECT_EQ(Map("reason", "PP;ZZ"), "PP+OW");
  EXPECT_EQ(mapper_->Counts()[1].unmapped_rows, 1u);
}

TEST_F(RowMapperTest, NumbersGoToTheBandThatHoldsThem) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "age_band"
      number_to_band: true unmapped: "U" })")
                  .ok());
  EXPECT_THAT(Codes("age_band"), ElementsAre("0-17", "18-24", "25+", "U"));
  EXPECT_THAT(RollUp("age_band", "adult"),
              ElementsAre("no", "yes", "yes", "U"));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"0", "0-17"},     {"17", "0-17"},
      {"17.99", "0-17"}, {"17.9999", "0-17"},
      {"018", "18-24"},  {"25", "25+"},
      {"104", "25+"},    {"-1", "U"},
      {"1e1", "U"},      {"NaN", "U"},
      {"12 years", "U"}, {"99999999999999999999999", "25+"}};
  for (const auto& [text, code] : cases) {
    EXPECT_EQ(Map("age_band", text), code) << text;
  }
}

TEST_F(RowMapperTest, AgeIsThatAtTheRecordsDate) {
  ASSERT_TRUE(Make(R"(column { name: "X" birth_date_of: "age_band"
      value { from: "refused" to: "U" } empty: "U" })")
                  .ok());
  EXPECT_EQ(Map("age_band", "02/01/2006", "2024-01-01 10:00"), "0-17");
  EXPECT_EQ(Map("age_band", "02/01/2006", "2024-01-02 10:00"), "18-24");
  EXPECT_EQ(Map("age_band", "Refused"), "U");
  EXPECT_EQ(Map("age_band", ""), "U");
  // Born after the event, or on no day at all.
  EXPECT_THAT(Map("age_band", "02/01/2025"), HasSubstr("! X: no age band"));
  EXPECT_THAT(Map("age_band", "30/02/2001"), HasSubstr("! X: no age band"));
}

TEST_F(RowMapperTest, ACoarserLevelCanBeStored) {
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "adult"
      value { from: "y" to: "yes" } value { from: "n" to: "no" } })")
                  .ok());
  EXPECT_THAT(Codes("adult"), ElementsAre("no", "yes"));
  EXPECT_EQ(Held("adult").dimension(), "age");
  EXPECT_EQ(Held("adult").roll_up_size(), 0);
}

TEST_F(RowMapperTest, ADateGivesMonthWeekdayAndHour) {
  ASSERT_TRUE(Make("").ok());
  EXPECT_THAT(Codes("month"), ElementsAre("2024-01", "2024-02", "2024-05"));
  EXPECT_THAT(RollUp("month", "quarter"),
              ElementsAre("2024-Q1", "2024-Q1", "2024-Q2"));
  EXPECT_THAT(Codes("weekday"), Not(Contains("U")));
  EXPECT_EQ(Map("month", "", "09/05/2024 23:15"), "2024-05");
  EXPECT_EQ(Map("weekday", "", "09/05/2024 23:15"), "THU");
  EXPECT_EQ(Map("hour", "", "09/05/2024 23:15"), "23");
}

TEST_F(RowMapperTest, MonthsThatAreNotCoveredAreLeftOut) {
  ASSERT_TRUE(Make("").ok());
  for (const char* when : {"2023-12-31T23:59", "2024-03-01T00:00",
                           "2024-06-01T00:00", "1999-05-01T00:00"}) {
    EXPECT_EQ(Map("month", "", when), "outside") << when;
  }
}

TEST_F(RowMapperTest, ADateThatIsCoarserThanTheSourceIsRefused) {
  precision_ = Precision::kDay;
  ASSERT_TRUE(Make("").ok());
  EXPECT_THAT(Codes("hour"), IsEmpty());
  EXPECT_EQ(Map("weekday", "", "2024-01-02"), "TUE");
  EXPECT_EQ(Map("weekday", "", "2024-01-02T10:00"), "TUE");  // finer is fine
  EXPECT_THAT(Map("month", "", "2024-01"), HasSubstr("less exactly"));
  // Where dates may be unknown, its month is known all the same.
  ASSERT_TRUE(
      Make("", R"(column { name: "When" occurred_at: true unmapped: "U" })")
          .ok());
  EXPECT_EQ(Map("month", "", "2024-01"), "2024-01");
  EXPECT_EQ(Map("weekday", "", "2024-01"), "U");
}

TEST_F(RowMapperTest, ADateMayBeUnknownOnlyIfTheMappingSaysSo) {
  ASSERT_TRUE(Make("").ok());
  EXPECT_THAT(Map("month", "", "30/02/2024"), HasSubstr("no such day"));
  EXPECT_THAT(Map("month", "", ""), HasSubstr("empty"));
  ASSERT_TRUE(Make("", R"(column { name: "When" occurred_at: true empty: "U"
      value { from: "01/01/1900" to: "U" } })")
                  .ok());
  EXPECT_THAT(Codes("month"), Contains("U"));
  EXPECT_THAT(RollUp("month", "quarter"), Contains("U"));
  EXPECT_EQ(Map("month", "", ""), "U");
  EXPECT_EQ(Map("hour", "", "01/01/1900"), "U");
  EXPECT_THAT(Map("month", "", "30/02/2024"), HasSubstr("no such day"));
}

TEST_F(RowMapperTest, PlacesOutsideTheAreaAreOut) {
  places_ = MakePlaces(kNorth);
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "lsoa" identity: true
      empty: "U" })")
                  .ok());
  EXPECT_THAT(Codes("lsoa"), ElementsAre("L1", "L2", "L3", "OUT", "U"));
  EXPECT_THAT(RollUp("lsoa", "ward"),
              ElementsAre("W1", "W1", "U.D1", "OUT", "U"));
  EXPECT_THAT(RollUp("lsoa", "lad"), ElementsAre("D1", "D1", "D1", "OUT", "U"));
  EXPECT_EQ(Map("lsoa", "l2"), "L2");
  EXPECT_EQ(Map("lsoa", "L9"), "OUT");
  EXPECT_EQ(Map("lsoa", "quay"), "OUT");
  EXPECT_EQ(Map("lsoa", "Park"), "L3");
  EXPECT_EQ(Map("lsoa", ""), "U");
  EXPECT_THAT(Map("lsoa", "L77"), HasSubstr("! X: "));
}

TEST_F(RowMapperTest, WithoutAnAreaThereIsNoOutsideUnlessDeclared) {
  places_ = MakePlaces();
  ASSERT_TRUE(Make(R"(column { name: "X" variable: "ward" })").ok());
  EXPECT_THAT(Codes("ward"), ElementsAre("U.D1", "W1", "W9"));
  EXPECT_THAT(RollUp("ward", "lad"), ElementsAre("D1", "D1", "D2"));
  ASSERT_TRUE(
      Make(R"(column { name: "X" variable: "ward" unmapped: "OUT" })").ok());
  EXPECT_THAT(Codes("ward"), ElementsAre("U.D1", "W1", "W9", "OUT"));
  EXPECT_EQ(Map("ward", "W5"), "OUT");
}

TEST_F(RowMapperTest, NumbersAreKeptWholeAndClipped) {
  ASSERT_TRUE(Make(R"(column { name: "X" quantity: "days"
      value { from: "half" to: "0.5" } empty: "0" })")
                  .ok());
  EXPECT_THAT(mapper_->Quantities(), ElementsAre("days"));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"2", "20"},    {"2.5", "25"},    {"2.25", "23"},
      {"2.24", "22"}, {"45.04", "450"}, {"46", "450"},
      {"", "0"},      {" HALF ", "5"},  {"99999999999999999999999999", "450"}};
  for (const auto& [text, amount] : cases) {
    EXPECT_EQ(Map("-", text), amount) << text;
  }
  for (const char* text : {"-1", "nan", "inf", "1e3", "1,000", "+1", ".", "5.",
                           ".5", "1.2.3", "0x10", "one"}) {
    EXPECT_THAT(Map("-", text), HasSubstr("! X: this is not a number")) << text;
  }
}

TEST_F(RowMapperTest, OnePersonHasOnePseudonym) {
  ASSERT_TRUE(Make(R"(column { name: "X" person_key: true
      value { from: "unknown" to: "U" } })")
                  .ok());
  EXPECT_TRUE(mapper_->has_person());
  Map("-", "A1");
  const auto person = row_.person;
  ASSERT_TRUE(person.has_value());
  EXPECT_EQ(*person, Pseudonymiser("key").Of("A1"));
  Map("-", " A1 ");
  EXPECT_EQ(row_.person, person);
  Map("-", "A2");
  EXPECT_NE(row_.person, person);
  for (const char* nobody : {"", "  ", "Unknown"}) {
    Map("-", nobody);
    EXPECT_FALSE(row_.person.has_value()) << nobody;
  }
}

TEST_F(RowMapperTest, AConstantHoldsOneCode) {
  places_ = MakePlaces(kNorth);
  ASSERT_TRUE(Make(R"(constant { variable: "weapon" code: "GUN" }
      constant { variable: "reason" code: "OW" }
      constant { variable: "lad" code: "D1" })")
                  .ok());
  EXPECT_THAT(Codes("weapon"), ElementsAre("GUN"));
  EXPECT_EQ(Map("weapon", ""), "GUN");
  EXPECT_EQ(Map("reason", ""), "OW");
  EXPECT_EQ(Map("lad", ""), "D1");
}

TEST_F(RowMapperTest, EveryMistakeNamesTheMappingAndTheColumn) {
  const std::vector<std::pair<std::string, Strings>> cases = {
      {R"(column { name: "X" variable: "wepon" identity: true })",
       {"did you mean weapon?"}},
      {R"(column { name: "X" variable: "weapon"
           value { from: "k" to: "KNIF" } })",
       {"'KNIF'", "did you mean KNIFE?"}},
      {R"(column { name: "X" variable: "weapon" identity: true
           unmapped: "NS" })",
       {"'NS' is not a code of weapon"}},
      {R"(column { name: "X" variable: "weapon" })", {"no text maps"}},
      {R"(column { name: "X" variable: "weapon"
           value { from: "k" to: "GUN" } value { from: "k" to: "KNIFE" } })",
       {"'k' is there twice"}},
      {R"(column { name: "X" variable: "weapon" value { to: "GUN" } })",
       {"'from'"}},
      {R"(column { name: "X" variable: "weapon" number_to_band: true })",
       {"say no numbers"}},
      {R"(column { name: "X" variable: "weapon" identity: true split: ";" })",
       {"'split'"}},
      {R"(column { name: "Y" variable: "age_band" number_to_band: true }
          column { name: "X" variable: "adult" identity: true })",
       {"given already, by column 'Y'", "age_band, adult"}},
      {R"(column { name: "X" variable: "armed" identity: true })",
       {"worked out from other variables"}},
      {R"(column { name: "X" variable: "weekday" identity: true })",
       {"comes from the record's date"}},
      {R"(column { name: "X" variable: "lsoa" identity: true })",
       {"needs the places file"}},
      {R"(column { name: "X" quantity: "day" })", {"did you mean days?"}},
      {R"(column { name: "X" quantity: "days" empty: "none" })",
       {"'none' is not a number"}},
      {R"(column { name: "Y" quantity: "days" }
          column { name: "X" quantity: "days" })",
       {"given already, by column 'Y'"}},
      {R"(column { name: "X" occurred_at: true })",
       {"given already, by column 'When'"}},
      {R"(column { name: "X" birth_date_of: "weapon" })", {"say no numbers"}},
      {R"(column { name: "X" person_key: true unmapped: "U" })",
       {"means nothing for a person's key"}},
      {R"(column { name: "X" })", {"says nothing about what it stands for"}},
  };
  for (const auto& [columns, parts] : cases) {
    const std::string error = ErrorOf(columns);
    EXPECT_THAT(error, HasSubstr("map.textproto: column 'X': ")) << columns;
    for (const std::string& part : parts) EXPECT_THAT(error, HasSubstr(part));
  }
  EXPECT_THAT(ErrorOf(R"(constant { variable: "weapon" code: "BOW" })"),
              AllOf(HasSubstr("constant 'weapon'"), HasSubstr("'BOW'")));
  EXPECT_THAT(ErrorOf("", ""), HasSubstr("no column has occurred_at: true"));
  EXPECT_THAT(std::string(Make("", kDate, "monthly").message()),
              HasSubstr("for data set 'events', not for 'monthly'"));
}

TEST_F(RowMapperTest, NamesTheNearestColumnOfTheFile) {
  ASSERT_TRUE(
      Make(R"(column { name: "X" variable: "weapon" identity: true })").ok());
  EXPECT_THAT(std::string(mapper_->Bind("f.csv", {"When", "x", "Q"}).message()),
              AllOf(HasSubstr("f.csv:1: "), HasSubstr("'X'"),
                    HasSubstr("did you mean x?")));
  EXPECT_TRUE(mapper_->Bind("f.csv", {" X ", "other", "When"}).ok());
}

TEST_F(RowMapperTest, AFileWithoutAHeaderShowsNothingOfItsFirstRecord) {
  ASSERT_TRUE(
      Make(R"(column { name: "X" variable: "weapon" identity: true })").ok());
  const std::string error(mapper_->Bind("f.csv", {"Wren", "x"}).message());
  EXPECT_THAT(error, AllOf(HasSubstr("header"), Not(HasSubstr("Wren"))));
}

}  // namespace
}  // namespace cairn
