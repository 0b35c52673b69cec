#include "tests/simulation/partnership.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "agent/loader.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "core/link/translate.h"
#include "google/protobuf/text_format.h"
#include "tests/simulation/simulator.h"

namespace cairn::simulation {
namespace {

using google::protobuf::TextFormat;

constexpr char kCatalogue[] = R"pb(
  partnership: "simshire"
  version: 1
  purpose { id: "research" label: "Research" }
  code_list {
    id: "weapon"
    code { id: "KNIFE" }
    code { id: "GUN" }
    code { id: "U" }
  }
  code_list {
    id: "age_band"
    code { id: "0-17" at_least: 0 at_most: 17 }
    code { id: "18+" at_least: 18 }
    code { id: "U" }
  }
  data_set {
    id: "events"
    title: "Events"
    agencies: DISJOINT
    time_precision: MONTH
    period_from: "2026-01"
    period_to: "2026-03"
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
    dimension {
      id: "age"
      kind: CATEGORY
      level { variable: "age_band" code_list: "age_band" }
    }
  }
)pb";

constexpr char kMapping[] = R"pb(
  data_set: "events"
  version: 1
  column { name: "When" occurred_at: true }
  column { name: "Weapon" variable: "weapon" identity: true }
  column { name: "Age" variable: "age_band" number_to_band: true }
)pb";

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Partnership>> Partnership::Make() {
  std::unique_ptr<Partnership> made(new Partnership);
  // In memory, where that is: programs sync the folder itself.
  std::string folder = std::filesystem::exists("/dev/shm")
                           ? "/dev/shm/cairn_simulation_XXXXXX"
                           : std::filesystem::temp_directory_path().string() +
                                 "/cairn_simulation_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat(folder, ": cannot be made"));
  }
  made->folder_ = folder;
  Simulator::SetFolder(folder);
  if (!TextFormat::ParseFromString(kCatalogue, &made->catalogue_message_)) {
    return absl::InternalError("the catalogue cannot be read");
  }
  CAIRN_ASSIGN_OR_RETURN(made->catalogue_,
                         MakeCatalogue(made->catalogue_message_));
  std::filesystem::create_directories(folder + "/coordinator");
  Write(folder + "/nobody", "no certificate is looked at");
  for (int machine = 1; machine <= kAgencies; ++machine) {
    CAIRN_RETURN_IF_ERROR(made->Load(machine));
  }
  for (const char* by : {"weapon", "age_band", "month"}) {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = {by};
    CAIRN_ASSIGN_OR_RETURN(const Measure measure, ParseMeasure("count"));
    query.measures = {measure};
    made->questions_.push_back(ToProto(query).SerializeAsString());
  }
  return made;
}

Partnership::~Partnership() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

absl::Status Partnership::Load(int machine) {
  AgentSettings settings;
  settings.config.set_agency(absl::StrCat("a", machine));
  settings.config.set_state_dir(absl::StrCat(folder_, "/a", machine));
  settings.config.set_coordinator("simulated");
  settings.catalogue = catalogue_;
  // What is protected is not what is simulated: it is to be quick.
  settings.policy.rounding_base = 1;
  std::filesystem::create_directories(settings.config.state_dir());
  std::string csv = "When,Weapon,Age\n";
  for (int i = 0; i < 60 + machine; ++i) {
    absl::StrAppend(&csv, "2026-0", 1 + i % 3, ",",
                    i % 9 == 0 ? "GUN" : "KNIFE", ",", 10 + i % 30, "\n");
  }
  v1::Source& source = *settings.config.add_source();
  source.set_data_set("events");
  source.add_file(settings.config.state_dir() + ".csv");
  source.set_mapping(settings.config.state_dir() + ".textproto");
  Write(source.file(0), csv);
  Write(source.mapping(), kMapping);
  source.add_covers()->set_from("2026-01");
  source.mutable_covers(0)->set_to("2026-03");
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set, catalogue_->Find("events"));
  const LoadRequest request{.catalogue = *catalogue_,
                            .data_set = *data_set,
                            .source = source,
                            .state_dir = settings.config.state_dir(),
                            .pseudonym_key = std::string(32, 'k'),
                            .rule = settings.policy.ToWords()};
  CAIRN_RETURN_IF_ERROR(LoadDataSet(request).status());
  agents_.push_back(std::move(settings));
  return absl::OkStatus();
}

CoordinatorSettings Partnership::Coordinator(int agencies) const {
  CoordinatorSettings settings;
  settings.config.set_state_dir(folder_ + "/coordinator");
  settings.config.mutable_credentials()->set_authority(folder_ + "/nobody");
  settings.catalogue_message = catalogue_message_;
  settings.catalogue = catalogue_;
  for (int machine = 1; machine <= agencies; ++machine) {
    auto* member = settings.config.add_agency();
    member->set_id(absl::StrCat("a", machine));
    member->add_data_set("events");
  }
  return settings;
}

}  // namespace cairn::simulation
