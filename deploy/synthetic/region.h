#ifndef CAIRN_DEPLOY_SYNTHETIC_REGION_H_
#define CAIRN_DEPLOY_SYNTHETIC_REGION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/synthetic/random.h"

namespace cairn::synthetic {

struct Area {
  std::string code;
  std::string name;
};

struct Lsoa {
  Area area;
  int msoa;
  int ward;
  int lad;
  int imd_decile;  // 1 = most deprived
  int population;
  bool centre;  // shops, pubs and stations: many events, few residents
};

// A made-up region of four authorities and about 400,000 people. Its codes
// begin with RV: none is, or looks like, a code of the Office for National
// Statistics. MSOAs and wards are two partitions of each authority that cut
// across another.
struct Region {
  std::vector<Lsoa> lsoas;
  std::vector<Area> msoas;
  std::vector<Area> wards;
  std::vector<Area> lads;
  std::vector<Area> utlas;  // of each authority
  Weighted by_residents;    // LSOA indexes, poorer places weighted up
  Weighted by_events;       // the same, centres weighted up further
};

// Where nobody but one person of 16 or 17 is ever recorded.
inline constexpr int kLoneLsoa = 249;
// The ward where every injured patient had drunk or taken drugs.
inline constexpr int kHomogeneousWard = 30;
inline constexpr int kPortMerrow = 0;  // the city, an index of `lads`

Region MakeRegion(uint64_t seed);

// Writes places.csv. Returns what went wrong, or "".
std::string WritePlaces(const Region& region, const std::string& path);

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_REGION_H_
