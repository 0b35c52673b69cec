#ifndef CAIRN_TESTS_SUPPORT_LOADED_WORLD_H_
#define CAIRN_TESTS_SUPPORT_LOADED_WORLD_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "agent/config.h"
#include "agent/loader.h"
#include "agent/places.h"
#include "agent/sqlite_source.h"
#include "cairn/v1/catalogue.pb.h"
#include "cairn/v1/config.pb.h"
#include "core/link/catalogue_file.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/random_world.h"

namespace cairn {

// A random world in an agent's own hands: its file loaded by the real loader
// into a folder that goes away with it. Not usable if ok() is false; the test
// has failed then.
class LoadedWorld {
 public:
  explicit LoadedWorld(const WorldOptions& options)
      : world_(MakeWorld(options)) {
    folder_ = ::testing::TempDir() + "/world_XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) {
      ADD_FAILURE() << "cannot make a folder in " << ::testing::TempDir();
      return;
    }
    ok_ = Load();
  }
  ~LoadedWorld() {
    source_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  LoadedWorld(const LoadedWorld&) = delete;
  LoadedWorld& operator=(const LoadedWorld&) = delete;

  bool ok() const { return ok_; }
  const World& world() const { return world_; }
  const std::string& folder() const { return folder_; }
  const DataSet& data_set() const { return catalogue_->data_sets[0]; }
  const SqliteSource& source() const { return *source_; }
  // The same, but for that it never reads a snapshot.
  const SqliteSource& rows_source() const { return *rows_source_; }
  uint64_t rows() const { return rows_; }

  // The agent's settings, for the answerer.
  AgentSettings Settings() const {
    AgentSettings settings;
    settings.config.set_agency("police");
    settings.config.set_state_dir(folder_);
    settings.config.add_source()->set_data_set("events");
    settings.catalogue = catalogue_;
    return settings;
  }

 private:
  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path;
  }

  bool Load() {
    v1::Catalogue message;
    if (!google::protobuf::TextFormat::ParseFromString(world_.catalogue_text,
                                                       &message)) {
      ADD_FAILURE() << world_.catalogue_text;
      return false;
    }
    auto catalogue = MakeCatalogue(message);
    if (!catalogue.ok()) {
      ADD_FAILURE() << catalogue.status() << "\n" << world_.catalogue_text;
      return false;
    }
    catalogue_ = *std::move(catalogue);
    return LoadPlaces() && LoadRows();
  }

  bool LoadPlaces() {
    v1::PlacesSource source;
    source.set_file(Write("places.csv", world_.places_csv));
    for (const auto& [name, variable] :
         {std::pair{"code", "lsoa"}, std::pair{"ward", "ward"},
          std::pair{"lad", "lad"}}) {
      source.add_column()->set_name(name);
      source.mutable_column()->rbegin()->set_variable(variable);
    }
    for (const std::string& lad : world_.area_lads) {
      source.add_area()->set_variable("lad");
      source.mutable_area()->rbegin()->set_code(lad);
    }
    auto places = Places::Read(source, *catalogue_);
    EXPECT_TRUE(places.ok()) << places.status();
    if (!places.ok()) return false;
    places_ = *std::move(places);
    return true;
  }

  bool LoadRows() {
    LoadRequest request{*catalogue_, data_set(), {}};
    request.source.set_data_set("events");
    request.source.add_file(Write("events.csv", world_.csv));
    request.source.set_mapping(Write("map.textproto", world_.mapping_text));
    for (const auto& [from, to] : world_.covers) {
      request.source.add_covers()->set_from(from);
      request.source.mutable_covers()->rbegin()->set_to(to);
    }
    request.places = places_.get();
    request.state_dir = folder_;
    request.pseudonym_key = std::string(32, 'k');
    const auto report = LoadDataSet(request);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return false;
    rows_ = report->rows;
    auto source = SqliteSource::Open(folder_ + "/extract/events.db", data_set(),
                                     catalogue_->digest);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) return false;
    source_ = *std::move(source);
    source = SqliteSource::Open(folder_ + "/extract/events.db", data_set(),
                                catalogue_->digest);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) return false;
    rows_source_ = *std::move(source);
    rows_source_->ScanBy(SqliteSource::Scan::kRows);
    return true;
  }

  const World world_;
  std::string folder_;
  bool ok_ = false;
  uint64_t rows_ = 0;
  std::shared_ptr<const Catalogue> catalogue_;
  std::unique_ptr<Places> places_;
  std::unique_ptr<SqliteSource> source_, rows_source_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_LOADED_WORLD_H_
