#include "deploy/synthetic/world.h"

#include <algorithm>

namespace cairn::synthetic {
namespace {

const Weighted& Offences() {
  static const Weighted kWeights = {4,   2000, 2600, 1500, 180, 320,
                                    330, 260,  1000, 500,  1300};
  return kWeights;
}

// In the order of Weapon: knife, gun, blunt, body, sexual, corrosive, fire,
// strangling, vehicle, other, none, unknown.
const Weighted& WeaponsOf(Offence offence) {
  static const Weighted kHomicides = {45, 5, 10, 20, 0, 0, 3, 6, 3, 3, 0, 5};
  static const Weighted kInjuries = {90, 4,  95, 620, 0, 6,
                                     4,  20, 14, 60,  0, 87};
  static const Weighted kThreats = {45, 6,  25, 430, 0,   2,
                                    3,  14, 10, 40,  345, 80};
  static const Weighted kSexualOffences = {3, 0, 1, 40, 850, 0,
                                           0, 6, 0, 10, 40,  50};
  static const Weighted kRobberies = {230, 25, 40, 290, 0,   4,
                                      0,   0,  8,  30,  300, 73};
  static const Weighted kPossession = {760, 70, 80, 0,  0, 20,
                                       0,   0,  0,  70, 0, 0};
  static const Weighted kNone = {6, 1, 4, 20, 0, 0, 2, 0, 3, 10, 930, 24};
  switch (offence) {
    case kHomicide:
      return kHomicides;
    case kInjury:
      return kInjuries;
    case kNoInjury:
      return kThreats;
    case kRape:
    case kSexual:
      return kSexualOffences;
    case kRobbery:
      return kRobberies;
    case kWeaponPossession:
      return kPossession;
    default:
      return kNone;
  }
}

uint32_t DomesticChance(Offence offence) {
  switch (offence) {
    case kHomicide:
      return 2000;
    case kInjury:
      return 3000;
    case kNoInjury:
      return 3800;
    case kStalking:
      return 3500;
    case kRape:
      return 2500;
    default:
      return 200;
  }
}

bool HasNoVictim(Random& random, Offence offence) {
  if (offence == kWeaponPossession || offence == kDrugs) return true;
  return offence == kPublicOrder && random.Chance(5000);
}

Location DrawLocation(Random& random, const Moment& when, bool domestic) {
  // Home, street, licensed, shop, school, transport, health, work, secure,
  // sport, online, other.
  static const Weighted kDomestic = {860, 80, 6, 5, 1, 4, 4, 4, 1, 3, 20, 12};
  static const Weighted kNight = {170, 440, 270, 25, 0, 40, 12, 8, 8, 4, 5, 18};
  static const Weighted kDay = {190, 380, 35, 110, 60, 60,
                                25,  30,  15, 30,  35, 30};
  if (domestic) return static_cast<Location>(kDomestic.Draw(random));
  const bool night = when.hour() >= 21 || when.hour() < 5;
  return static_cast<Location>((night ? kNight : kDay).Draw(random));
}

// Enough people that most are seen once or twice by somebody.
int PoolSize(int64_t rows) {
  return static_cast<int>(std::clamp<int64_t>(rows * 2 / 5, 2000, 240000));
}

}  // namespace

RowCounts ShareRows(int64_t total) {
  RowCounts rows{};
  rows.st_marys = total * 10 / 100;
  rows.queens = total * 8 / 100;
  rows.ambulance = total * 10 / 100;
  rows.council = total * 9 / 100;
  rows.schools = total * 9 / 100;
  rows.youth_justice = total * 3 / 100;
  rows.probation = total * 6 / 100;
  rows.police = total - rows.st_marys - rows.queens - rows.ambulance -
                rows.council - rows.schools - rows.youth_justice -
                rows.probation;
  return rows;
}

bool Repeats(Random& random, int64_t written, int64_t rows) {
  const bool drawn = random.Chance(40);
  const bool middle = written == rows / 2 || written == rows / 2 + 1;
  return drawn && !middle && written < rows;
}

World::World(uint64_t seed_in, int64_t total_rows)
    : seed(seed_in),
      rows(ShareRows(total_rows)),
      region(MakeRegion(seed)),
      people(seed, region, PoolSize(total_rows)),
      violence(Rhythm::kViolence, -1) {}

Incident World::MakeIncident(Random& random, const Moment& when,
                             bool prolific) const {
  Incident incident{};
  incident.when = when;
  incident.person = prolific ? kProlificPerson : people.AnyOne(random);
  incident.offence = static_cast<Offence>(Offences().Draw(random));
  incident.suspect = HasNoVictim(random, incident.offence);
  incident.domestic = random.Chance(DomesticChance(incident.offence));
  incident.weapon =
      static_cast<Weapon>(WeaponsOf(incident.offence).Draw(random));
  incident.location = DrawLocation(random, when, incident.domestic);
  const bool at_home = incident.domestic || random.Chance(2500);
  incident.lsoa = at_home ? people.at(incident.person).home
                          : region.by_events.Index(random);
  const int age = people.Age(incident.person, when.day());
  if (incident.lsoa == kLoneLsoa && age >= 16 && age <= 17) {
    incident.lsoa = kLoneLsoa - 1;
  }
  return incident;
}

Incident World::PoliceIncident(int64_t i) const {
  Random random(seed, kIncidents, static_cast<uint64_t>(i));
  const Moment when = violence.At(random, i, rows.police);
  Incident incident = MakeIncident(random, when, random.Chance(60));
  if (i != rows.police / 2) return incident;
  return {when,   kLoneLsoa, kLonePerson, false, kInjury,
          kKnife, kStreet,   false,       true};
}

Incident World::OtherIncident(Random& random, const Moment& when) const {
  return MakeIncident(random, when, random.Chance(30));
}

}  // namespace cairn::synthetic
