#ifndef CAIRN_TESTS_AGENT_LOAD_FIXTURE_H_
#define CAIRN_TESTS_AGENT_LOAD_FIXTURE_H_

#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "agent/places.h"
#include "cairn/v1/catalogue.pb.h"
#include "cairn/v1/config.pb.h"
#include "core/link/catalogue_file.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace cairn {

inline std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A small partnership, its places, and a folder for one test's files.
class LoadTest : public ::testing::Test {
 protected:
  static constexpr char kCatalogue[] = R"pb(
    partnership: "testshire"
    version: 1
    purpose { id: "research" label: "Research" }
    code_list {
      id: "weapon"
      code { id: "KNIFE" label: "Knife or blade" alias: "blade" }
      code { id: "GUN" label: "Gun" }
      code { id: "OTHER" label: "Other" }
      code { id: "U" label: "Not known" alias: "NS" }
    }
    code_list {
      id: "age_band"
      code {
        id: "0-17"
        at_least: 0
        at_most: 17
        in { level: "adult" code: "no" }
      }
      code {
        id: "18-24"
        at_least: 18
        at_most: 24
        in { level: "adult" code: "yes" }
      }
      code {
        id: "25+"
        at_least: 25
        in { level: "adult" code: "yes" }
      }
      code {
        id: "U"
        in { level: "adult" code: "U" }
      }
    }
    code_list {
      id: "adult"
      code { id: "no" }
      code { id: "yes" }
      code { id: "U" }
    }
    code_list {
      id: "reason"
      code { id: "PP" }
      code { id: "PA" }
      code { id: "OW" }
      code { id: "U" }
    }
    data_set {
      id: "events"
      title: "Events"
      agencies: DISJOINT
      time_precision: MINUTE
      period_from: "2024-01"
      period_to: "2024-12"
      dimension {
        id: "occurred"
        kind: TIME
        level { variable: "month" nests_in: "quarter" }
        level { variable: "quarter" }
      }
      dimension {
        id: "weekday"
        kind: WEEKDAY
        level { variable: "weekday" }
      }
      dimension {
        id: "hour"
        kind: HOUR
        level { variable: "hour" }
      }
      dimension {
        id: "place"
        kind: PLACE
        level {
          variable: "lsoa"
          nests_in: [ "ward", "lad" ]
        }
        level { variable: "ward" nests_in: "lad" }
        level { variable: "lad" }
      }
      dimension {
        id: "weapon"
        kind: CATEGORY
        level { variable: "weapon" code_list: "weapon" }
      }
      dimension {
        id: "age"
        kind: CATEGORY
        level { variable: "age_band" code_list: "age_band" nests_in: "adult" }
        level { variable: "adult" code_list: "adult" }
      }
      dimension {
        id: "reason"
        kind: CATEGORY
        multi_valued: true
        level { variable: "reason" code_list: "reason" }
      }
      quantity {
        variable: "days"
        title: "Days"
        unit: "days"
        decimals: 1
        clip_low: 0
        clip_high: 45
      }
      population {
        variable: "armed"
        version: 1
        where: "weapon IN ('KNIFE', 'GUN')"
      }
      has_person_key: true
    }
    data_set {
      id: "monthly"
      title: "Monthly"
      agencies: OVERLAP
      time_precision: MONTH
      period_from: "2024-01"
      period_to: "2024-12"
      dimension {
        id: "occurred"
        kind: TIME
        level { variable: "month" }
      }
      dimension {
        id: "weapon"
        kind: CATEGORY
        level { variable: "weapon" code_list: "weapon" }
      }
    }
  )pb";

  static constexpr char kPlaces[] =
      "code,name,ward,lad,lad_name,people\n"
      "L1,Mill 1,W1,D1,Northtown,100\n"
      "L2,Mill 2,W1,D1,Northtown,200\n"
      "L3,Park,,D1,Northtown,\n"
      "L9,Quay,W9,D2,Southtown,900\n";

  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/load_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    v1::Catalogue message;
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(kCatalogue, &message));
    auto catalogue = MakeCatalogue(message);
    ASSERT_TRUE(catalogue.ok()) << catalogue.status();
    catalogue_ = *std::move(catalogue);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const DataSet& DataSetOf(const std::string& id) const {
    return **catalogue_->Find(id);
  }

  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path;
  }
  static std::string Slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file),
            std::istreambuf_iterator<char>()};
  }

  // `area` as a textproto of PlacesSource.Area, or nothing.
  v1::PlacesSource SourceOfPlaces(const std::string& csv,
                                  const std::string& area) const {
    v1::PlacesSource source;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
              column { name: "code" variable: "lsoa" label_column: "name" }
              column { name: "ward" variable: "ward" }
              column { name: "lad" variable: "lad" label_column: "lad_name" }
              population_column: "people"
        )pb" +
            area,
        &source));
    source.set_file(Write("places.csv", csv));
    return source;
  }
  std::unique_ptr<Places> MakePlaces(const std::string& area = "") const {
    auto places = Places::Read(SourceOfPlaces(kPlaces, area), *catalogue_);
    EXPECT_TRUE(places.ok()) << places.status();
    return places.ok() ? *std::move(places) : nullptr;
  }

  std::string folder_;
  std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_AGENT_LOAD_FIXTURE_H_
