#ifndef CAIRN_DEPLOY_SYNTHETIC_WORLD_H_
#define CAIRN_DEPLOY_SYNTHETIC_WORLD_H_

#include <cstdint>
#include <string>

#include "deploy/synthetic/calendar.h"
#include "deploy/synthetic/people.h"
#include "deploy/synthetic/random.h"
#include "deploy/synthetic/region.h"

namespace cairn::synthetic {

enum Offence {
  kHomicide,
  kInjury,
  kNoInjury,
  kStalking,
  kRape,
  kSexual,
  kRobbery,
  kWeaponPossession,
  kPublicOrder,
  kDrugs,
  kOtherOffence,
  kOffences
};
enum Weapon {
  kKnife,
  kGun,
  kBlunt,
  kBody,
  kSexualForce,
  kCorrosive,
  kFire,
  kStrangling,
  kVehicle,
  kOtherWeapon,
  kNoWeapon,
  kWeaponUnknown,
  kWeapons
};
enum Location {
  kHome,
  kStreet,
  kLicensed,
  kShop,
  kSchoolPlace,
  kTransport,
  kHealth,
  kWork,
  kSecure,
  kSport,
  kOnline,
  kOtherPlace,
  kLocations
};

// What happened, before any agency wrote it down.
struct Incident {
  Moment when;
  int lsoa;
  int person;  // first victim, or the suspect where there is none
  bool suspect;
  Offence offence;
  Weapon weapon;
  Location location;
  bool domestic;
  bool lone;  // the one event of the lone person
};

// How many rows each agency exports.
struct RowCounts {
  int64_t police, st_marys, queens, ambulance, council, schools, youth_justice,
      probation;
};
RowCounts ShareRows(int64_t total);

// One made-up year in one made-up region.
struct World {
  World(uint64_t seed, int64_t rows);

  // The incident that police row i of `rows.police` is about. Any agency can
  // ask for it again: that is how an attendance and a crime come to be one
  // event.
  Incident PoliceIncident(int64_t i) const;
  // One that the police do not know.
  Incident OtherIncident(Random& random, const Moment& when) const;

  const Lsoa& lsoa(int index) const {
    return region.lsoas[static_cast<size_t>(index)];
  }
  const std::string& LsoaCode(int index) const { return lsoa(index).area.code; }

  uint64_t seed;
  RowCounts rows;
  Region region;
  People people;
  Timetable violence;

 private:
  Incident MakeIncident(Random& random, const Moment& when,
                        bool prolific) const;
};

// Each writes the export of one agency into `dir`. Returns "" or what failed.
std::string WritePolice(const World& world, const std::string& dir);
std::string WriteStMarys(const World& world, const std::string& dir);
std::string WriteQueens(const World& world, const std::string& dir);
std::string WriteAmbulance(const World& world, const std::string& dir);
std::string WriteCouncil(const World& world, const std::string& dir);
std::string WriteSchools(const World& world, const std::string& dir);
std::string WriteYouthJustice(const World& world, const std::string& dir);
std::string WriteProbation(const World& world, const std::string& dir);

// The numbers of random streams, so that no two agencies share one.
enum Stream : uint64_t {
  kIncidents = 10,
  kPoliceRows,
  kStMarysRows,
  kQueensRows,
  kAmbulanceRows,
  kCouncilRows,
  kSchoolRows,
  kYouthRows,
  kProbationRows,
  kProbationPeople
};

// True where the last of `written` rows should follow once more: an exact
// duplicate, as in real exports. Never at the row in the middle, which some
// agencies keep for the lone person.
bool Repeats(Random& random, int64_t written, int64_t rows);
// 12 % have no age, as in real stop and search records.
inline constexpr uint32_t kNoAgeChance = 1200;

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_WORLD_H_
