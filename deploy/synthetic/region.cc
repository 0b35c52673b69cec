#include "deploy/synthetic/region.h"

#include <algorithm>
#include <cstdio>

#include "deploy/synthetic/csv_writer.h"

namespace cairn::synthetic {
namespace {

struct LadPlan {
  const char* name;
  const char* utla_code;
  const char* utla_name;
  int lsoas;
  int msoas;
  int wards;
  int least_decile;  // deprivation of its MSOAs is drawn from least..most
  int most_decile;
};

constexpr LadPlan kLads[] = {
    {"Port Merrow", "RVU01", "Port Merrow", 100, 32, 24, 1, 7},
    {"Ashmere", "RVU02", "Riverside County", 60, 19, 15, 3, 10},
    {"Kelbrook", "RVU02", "Riverside County", 50, 16, 12, 2, 8},
    {"Thornley Vale", "RVU02", "Riverside County", 40, 13, 9, 5, 10},
};

constexpr const char* kWardFirst[] = {"Alder", "Birken", "Castle", "Dunn",
                                      "Elmer", "Fenn",   "Grange", "Hazel",
                                      "Irons", "Kings",  "Longs",  "Miller"};
constexpr const char* kWardLast[] = {"brook", "field", "gate", "holt", "wick"};

std::string Numbered(const char* prefix, int number, int width) {
  char text[32];
  std::snprintf(text, sizeof(text), "%s%0*d", prefix, width, number);
  return text;
}

int DrawDecile(Random& random, const LadPlan& plan) {
  // The lower of two draws: poor places are more common in this region.
  const int a = random.Between(plan.least_decile, plan.most_decile);
  const int b = random.Between(plan.least_decile, plan.most_decile);
  return std::min(a, b);
}

Lsoa MakeLsoa(Random& random, int base_decile) {
  Lsoa lsoa{};
  lsoa.imd_decile = std::clamp(base_decile + random.Between(-1, 1), 1, 10);
  lsoa.population = random.Between(1200, 2000);
  return lsoa;
}

void AddLad(Random& random, const LadPlan& plan, Region* region) {
  const int lad = static_cast<int>(region->lads.size());
  const int first_msoa = static_cast<int>(region->msoas.size());
  const int first_ward = static_cast<int>(region->wards.size());
  region->lads.push_back({Numbered("RVD", lad + 1, 2), plan.name});
  region->utlas.push_back({plan.utla_code, plan.utla_name});
  std::vector<int> decile(static_cast<size_t>(plan.msoas));
  for (int m = 0; m < plan.msoas; ++m) {
    decile[static_cast<size_t>(m)] = DrawDecile(random, plan);
    region->msoas.push_back({Numbered("RVM", first_msoa + m + 1, 3),
                             plan.name + Numbered(" ", m + 1, 3)});
  }
  for (int w = 0; w < plan.wards; ++w) {
    const size_t n = region->wards.size();
    region->wards.push_back(
        {Numbered("RVW", static_cast<int>(n) + 1, 2),
         std::string(kWardFirst[n % 12]) + kWardLast[n / 12]});
  }
  int letter = 0;
  int previous = -1;
  for (int i = 0; i < plan.lsoas; ++i) {
    const int m = i * plan.msoas / plan.lsoas;
    letter = m == previous ? letter + 1 : 0;
    previous = m;
    Lsoa lsoa = MakeLsoa(random, decile[static_cast<size_t>(m)]);
    const int number = static_cast<int>(region->lsoas.size()) + 1;
    lsoa.msoa = first_msoa + m;
    // Shifted by one, so that wards do not follow the bounds of MSOAs.
    lsoa.ward = first_ward + (i + 1) % plan.lsoas * plan.wards / plan.lsoas;
    lsoa.lad = lad;
    lsoa.centre = i % 50 == 7;
    lsoa.area.code = Numbered("RVL", number, 4);
    lsoa.area.name = region->msoas[static_cast<size_t>(lsoa.msoa)].name +
                     static_cast<char>('A' + letter);
    region->lsoas.push_back(lsoa);
  }
}

}  // namespace

Region MakeRegion(uint64_t seed) {
  Region region;
  Random random(seed, 1);
  for (const LadPlan& plan : kLads) AddLad(random, plan, &region);
  // A village, so that the lone 17-year-old is alone for a plain reason.
  region.lsoas[kLoneLsoa].population = 1003;
  region.lsoas[kLoneLsoa].imd_decile = 9;
  std::vector<uint32_t> residents;
  std::vector<uint32_t> events;
  for (const Lsoa& lsoa : region.lsoas) {
    const int factor = 24 - 2 * lsoa.imd_decile;  // 22 in the poorest, 4
    const auto weight = static_cast<uint32_t>(lsoa.population * factor);
    residents.push_back(weight);
    events.push_back(lsoa.centre ? weight * 9 : weight);
  }
  region.by_residents = Weighted(residents);
  region.by_events = Weighted(events);
  return region;
}

std::string WritePlaces(const Region& region, const std::string& path) {
  CsvWriter csv(path, CsvShape{},
                {"lsoa", "lsoa_name", "msoa", "msoa_name", "ward", "ward_name",
                 "lad", "lad_name", "imd_decile", "population", "utla",
                 "utla_name", "pfa", "pfa_name", "region", "region_name"});
  for (const Lsoa& lsoa : region.lsoas) {
    const Area& msoa = region.msoas[static_cast<size_t>(lsoa.msoa)];
    const Area& ward = region.wards[static_cast<size_t>(lsoa.ward)];
    const Area& lad = region.lads[static_cast<size_t>(lsoa.lad)];
    const Area& utla = region.utlas[static_cast<size_t>(lsoa.lad)];
    csv.Field(lsoa.area.code).Field(lsoa.area.name);
    csv.Field(msoa.code).Field(msoa.name).Field(ward.code).Field(ward.name);
    csv.Field(lad.code).Field(lad.name);
    csv.Field(lsoa.imd_decile).Field(lsoa.population);
    csv.Field(utla.code).Field(utla.name);
    csv.Field("RVP01").Field("Riverside Police area");
    csv.Field("RVR01").Field("Riverside");
    csv.EndRow();
  }
  return csv.Close();
}

}  // namespace cairn::synthetic
