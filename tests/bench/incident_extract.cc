#include "tests/bench/incident_extract.h"

#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "agent/extract_writer.h"
#include "cairn/v1/catalogue.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"

namespace cairn {
namespace {

constexpr int kLsoas = 1500, kOffences = 12, kWeapons = 6, kSexes = 3,
              kAges = 100, kEthnicities = 6, kMostCost = 50'000;

std::string Month(int m) {
  return absl::StrFormat("%d-%02d", 2020 + m / 12, 1 + m % 12);
}

// U stands last in every list, as the catalogue wants it.
std::string CodeOf(absl::string_view name, int i, int codes) {
  return i + 1 == codes ? "U" : absl::StrCat(name, i);
}

void AddList(const std::string& name, int codes, v1::Catalogue* catalogue) {
  v1::CodeList* list = catalogue->add_code_list();
  list->set_id(name);
  for (int i = 0; i < codes; ++i) {
    v1::Code* code = list->add_code();
    code->set_id(CodeOf(name, i, codes));
    code->set_label(code->id());
    if (name != "age") continue;
    v1::Within* in = code->add_in();
    in->set_level("band");
    in->set_code(CodeOf(
        "band", i + 1 == codes ? kAges / kYearsPerBand : i / kYearsPerBand,
        kAges / kYearsPerBand + 1));
  }
}

v1::Dimension* AddDimension(const std::string& id, v1::DimensionKind kind,
                            const std::vector<std::string>& levels,
                            v1::DataSet* data_set) {
  v1::Dimension* dimension = data_set->add_dimension();
  dimension->set_id(id);
  dimension->set_kind(kind);
  for (size_t l = 0; l < levels.size(); ++l) {
    v1::Level* level = dimension->add_level();
    level->set_variable(levels[l]);
    if (kind == v1::CATEGORY) level->set_code_list(levels[l]);
    for (size_t above = l + 1; above < levels.size(); ++above) {
      level->add_nests_in(levels[above]);
    }
  }
  return dimension;
}

void AddStored(const std::string& dimension, const std::string& variable,
               std::vector<std::string> codes, v1::ExtractMeta* meta) {
  v1::ExtractDimension* stored = meta->add_dimension();
  stored->set_dimension(dimension);
  stored->set_variable(variable);
  for (std::string& code : codes) stored->add_code(std::move(code));
}

void AddStoredList(const std::string& name, int codes, v1::ExtractMeta* meta) {
  std::vector<std::string> list;
  for (int i = 0; i < codes; ++i) list.push_back(CodeOf(name, i, codes));
  AddStored(name, name, std::move(list), meta);
}

void RollUpInto(const std::string& variable, std::vector<std::string> codes,
                v1::ExtractMeta* meta) {
  auto* roll_up =
      meta->mutable_dimension(meta->dimension_size() - 1)->add_roll_up();
  roll_up->set_variable(variable);
  for (std::string& code : codes) roll_up->add_code(std::move(code));
}

v1::ExtractMeta MetaOf(const Catalogue& catalogue) {
  v1::ExtractMeta meta;
  meta.set_data_set("incidents");
  meta.set_epoch("bench");
  meta.set_catalogue_digest(catalogue.digest);
  meta.set_has_person(true);
  meta.set_sequence(1);
  meta.set_record_key_check("bench");
  meta.add_quantity("cost");
  std::vector<std::string> months, lsoas, wards, districts, bands;
  for (int m = 0; m < kIncidentMonths; ++m) {
    months.push_back(Month(m));
    meta.add_month(Month(m));
    v1::ExtractEra* era = meta.add_era();
    era->set_month(Month(m));
    era->add_bound(1);
    auto* in = era->add_in();
    in->set_variable("month");
    in->set_code(Month(m));
  }
  AddStored("occurred", "month", months, &meta);
  for (int i = 0; i < kLsoas; ++i) {
    lsoas.push_back(absl::StrFormat("L%04d", i));
    wards.push_back(absl::StrFormat("W%03d", i / kLsoasPerWard));
    districts.push_back(absl::StrFormat("D%02d", i / kLsoasPerDistrict));
  }
  AddStored("place", "lsoa", lsoas, &meta);
  RollUpInto("ward", wards, &meta);
  RollUpInto("district", districts, &meta);
  AddStoredList("offence", kOffences, &meta);
  AddStoredList("weapon", kWeapons, &meta);
  AddStoredList("sex", kSexes, &meta);
  std::vector<std::string> ages;
  for (int i = 0; i < kAges; ++i) {
    ages.push_back(absl::StrCat("age", i));
    bands.push_back(absl::StrCat("band", i / kYearsPerBand));
  }
  AddStored("age", "age", ages, &meta);
  RollUpInto("band", bands, &meta);
  AddStoredList("ethnicity", kEthnicities, &meta);
  return meta;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Catalogue>> IncidentCatalogue() {
  v1::Catalogue message;
  message.set_partnership("bench");
  message.set_version(1);
  v1::PurposeCode* purpose = message.add_purpose();
  purpose->set_id("research");
  purpose->set_label("Research");
  AddList("offence", kOffences, &message);
  AddList("weapon", kWeapons, &message);
  AddList("sex", kSexes, &message);
  AddList("age", kAges + 1, &message);
  AddList("band", kAges / kYearsPerBand + 1, &message);
  AddList("ethnicity", kEthnicities, &message);
  v1::DataSet* data_set = message.add_data_set();
  data_set->set_id("incidents");
  data_set->set_title("Incidents");
  data_set->set_agencies(v1::DISJOINT);
  data_set->set_time_precision(v1::MONTH);
  data_set->set_period_from(Month(0));
  data_set->set_period_to(Month(kIncidentMonths - 1));
  data_set->set_has_person_key(true);
  AddDimension("occurred", v1::TIME, {"month"}, data_set);
  AddDimension("place", v1::PLACE, {"lsoa", "ward", "district"}, data_set);
  for (const char* name : {"offence", "weapon", "sex"}) {
    AddDimension(name, v1::CATEGORY, {name}, data_set);
  }
  AddDimension("age", v1::CATEGORY, {"age", "band"}, data_set);
  AddDimension("ethnicity", v1::CATEGORY, {"ethnicity"}, data_set);
  v1::Population* population = data_set->add_population();
  population->set_variable("young_knife");
  population->set_title("Young, with a knife");
  population->set_version(1);
  std::vector<std::string> young;
  for (int i = 0; i < 25; ++i) young.push_back(absl::StrCat("'age", i, "'"));
  population->set_where(absl::StrCat("weapon = 'weapon0' AND age IN (",
                                     absl::StrJoin(young, ", "), ")"));
  v1::Quantity* quantity = data_set->add_quantity();
  quantity->set_variable("cost");
  quantity->set_title("Cost");
  quantity->set_unit("pounds");
  quantity->set_clip_high(kMostCost);
  return MakeCatalogue(message);
}

absl::Status WriteIncidents(const std::string& folder, uint64_t rows,
                            const Catalogue& catalogue) {
  v1::ExtractMeta meta = MetaOf(catalogue);
  CAIRN_ASSIGN_OR_RETURN(const auto writer,
                         ExtractWriter::Create(folder, "incidents",
                                               meta.dimension_size(), 1, true));
  std::mt19937_64 random(1);
  std::vector<int64_t> persons;
  persons.reserve(rows);
  const auto below = [&random](uint64_t n) {
    return static_cast<int64_t>(random() % n);
  };
  for (uint64_t r = 0; r < rows; ++r) {
    const bool repeats = !persons.empty() && random() % 5 == 0;
    persons.push_back(repeats ? persons[random() % persons.size()]
                              : static_cast<int64_t>(random() >> 1));
    const int64_t month = below(kIncidentMonths);
    CAIRN_RETURN_IF_ERROR(writer->Add(
        persons.back(),
        {month, below(kLsoas), below(kOffences), below(kWeapons), below(kSexes),
         below(kAges), below(kEthnicities), below(kMostCost + 1)},
        random(), static_cast<int>(month), 0));
  }
  ExtractWriter::Places places;
  for (int m = 0; m < kIncidentMonths; ++m) places.era_of_month.push_back(m);
  CAIRN_RETURN_IF_ERROR(writer->Settle(places).status());
  meta.set_rows(rows);
  return writer->Finish(meta, {});
}

}  // namespace cairn
