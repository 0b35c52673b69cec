#include "agent/places.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/load_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kNorth[] = R"(area { variable: "lad" code: "D1" })";

class PlacesTest : public LoadTest {
 protected:
  std::string ErrorOf(const std::string& csv, const std::string& area = "") {
    const auto places = Places::Read(SourceOfPlaces(csv, area), *catalogue_);
    return places.ok() ? "" : std::string(places.status().message());
  }
};

TEST_F(PlacesTest, KnowsWhereEachPlaceLies) {
  const auto places = MakePlaces();
  EXPECT_THAT(places->variables(), ElementsAre("lsoa", "ward", "lad"));
  EXPECT_THAT(places->Codes(0), ElementsAre("L1", "L2", "L3", "L9"));
  EXPECT_THAT(places->Codes(1), ElementsAre("U.D1", "W1", "W9"));
  EXPECT_THAT(places->Codes(2), ElementsAre("D1", "D2"));
  EXPECT_EQ(places->Above(0, places->Find(0, "L2"), 1), "W1");
  EXPECT_EQ(places->Above(1, places->Find(1, "W9"), 2), "D2");
  EXPECT_EQ(places->Label(2, places->Find(2, "D1")), "Northtown");
  EXPECT_FALSE(places->has_area());
}

// An authority is the sum of its wards, so a place without a ward gets one of
// its own there.
TEST_F(PlacesTest, ABlankWardIsAnAreaOfItsOwnInItsAuthority) {
  const auto places = MakePlaces();
  EXPECT_EQ(places->Above(0, places->Find(0, "L3"), 1), "U.D1");
  EXPECT_EQ(places->Above(1, places->Find(1, "U.D1"), 2), "D1");
  EXPECT_EQ(places->Find(1, "U"), Places::kNotFound);
}

TEST_F(PlacesTest, AddsUpResidentsWhereAllAreKnown) {
  const auto places = MakePlaces();
  EXPECT_EQ(places->Population(1, places->Find(1, "W1")), 300);
  EXPECT_EQ(places->Population(0, places->Find(0, "L3")), -1);
  EXPECT_EQ(places->Population(2, places->Find(2, "D1")), -1);
  EXPECT_EQ(places->Population(2, places->Find(2, "D2")), 900);
}

TEST_F(PlacesTest, PlacesOutsideTheAreaAreOut) {
  const auto places = MakePlaces(kNorth);
  EXPECT_THAT(places->Codes(0), ElementsAre("L1", "L2", "L3"));
  EXPECT_THAT(places->Codes(2), ElementsAre("D1"));
  EXPECT_EQ(places->Find(0, "L9"), Places::kOutside);
  EXPECT_EQ(places->Find(1, "W9"), Places::kOutside);
  EXPECT_EQ(places->FindLabel(0, "quay"), Places::kOutside);
  EXPECT_EQ(places->Find(0, "L10"), Places::kNotFound);
  EXPECT_EQ(places->area(), "Northtown (lad D1)");
}

TEST_F(PlacesTest, AreasAreJoined) {
  const auto places = MakePlaces(
      R"(area { variable: "ward" code: "W9" }
         area { variable: "lsoa" code: "L3" })");
  EXPECT_THAT(places->Codes(0), ElementsAre("L3", "L9"));
}

TEST_F(PlacesTest, AnAreaThatIsNowhereIsAnError) {
  EXPECT_THAT(ErrorOf(kPlaces, R"(area { variable: "lad" code: "D7" })"),
              AllOf(HasSubstr("places.csv"), HasSubstr("lad D7")));
  EXPECT_THAT(ErrorOf(kPlaces, R"(area { variable: "region" code: "R" })"),
              HasSubstr("no column stands for region"));
}

TEST_F(PlacesTest, RefusesAPlaceWithTwoParents) {
  EXPECT_THAT(ErrorOf("code,name,ward,lad,lad_name,people\n"
                      "L1,,W1,D1,,1\nL2,,W1,D2,,1\n"),
              AllOf(HasSubstr("places.csv"), HasSubstr("ward W1"),
                    HasSubstr("D1"), HasSubstr("D2")));
  EXPECT_THAT(ErrorOf("code,name,ward,lad,lad_name,people\n"
                      "L1,,W1,D1,,1\nL1,,,D1,,1\n"),
              AllOf(HasSubstr("lsoa L1"), HasSubstr("W1"), HasSubstr("U")));
}

TEST_F(PlacesTest, AFinerFileThanItsColumnsIsSummedUp) {
  v1::PlacesSource source = SourceOfPlaces(kPlaces, "");
  source.mutable_column()->DeleteSubrange(0, 2);  // lad alone is left
  const auto places = Places::Read(source, *catalogue_);
  ASSERT_TRUE(places.ok()) << places.status();
  EXPECT_THAT((*places)->Codes(0), ElementsAre("D1", "D2"));
  EXPECT_EQ((*places)->Population(0, 1), 900);
}

TEST_F(PlacesTest, NamesTheNearestColumnAndLevel) {
  v1::PlacesSource source = SourceOfPlaces(kPlaces, "");
  source.mutable_column(1)->set_name("wards");
  EXPECT_THAT(std::string(Places::Read(source, *catalogue_).status().message()),
              AllOf(HasSubstr("'wards'"), HasSubstr("did you mean ward?")));
  source.mutable_column(1)->set_variable("wadr");
  EXPECT_THAT(std::string(Places::Read(source, *catalogue_).status().message()),
              AllOf(HasSubstr("'wadr'"), HasSubstr("did you mean ward?")));
}

TEST_F(PlacesTest, RefusesEmptyReservedAndUnreadableFields) {
  const std::string header = "code,name,ward,lad,lad_name,people\n";
  EXPECT_THAT(ErrorOf(header + ",,W1,D1,,1\n"), HasSubstr("places.csv:2"));
  EXPECT_THAT(ErrorOf(header + "L1,,OUT,D1,,1\n"), HasSubstr("'ward'"));
  EXPECT_THAT(ErrorOf(header + "L1,,W1,Total,,1\n"), HasSubstr("'lad'"));
  EXPECT_THAT(ErrorOf(header + "L1,,W1,D1,,many\n"), HasSubstr("'people'"));
  EXPECT_THAT(ErrorOf(header + "L1,,W1,D1,,-5\n"), HasSubstr("'people'"));
  EXPECT_THAT(ErrorOf(header), HasSubstr("no place"));
  EXPECT_THAT(ErrorOf(header + "L1,W1\n"), HasSubstr("places.csv:2"));
}

TEST_F(PlacesTest, ComesBackAsItWasSaved) {
  EXPECT_EQ(LoadPlaces(folder_).status().code(), absl::StatusCode::kNotFound);
  const auto places = MakePlaces(kNorth);
  ASSERT_TRUE(SavePlaces(*places, folder_).ok());
  ASSERT_TRUE(SavePlaces(*places, folder_).ok());  // over the first
  const auto again = LoadPlaces(folder_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->ToMeta().SerializeAsString(),
            places->ToMeta().SerializeAsString());
  EXPECT_EQ((*again)->Codes(1), places->Codes(1));
  EXPECT_EQ((*again)->area(), places->area());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/extract/places.db.new"));
}

TEST_F(PlacesTest, ADamagedFileIsNoPlaces) {
  std::filesystem::create_directory(folder_ + "/extract");
  Write("extract/places.db", std::string(5000, 'x'));
  EXPECT_EQ(LoadPlaces(folder_).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace cairn
