// Riverside Police: a records management system's crime export.

#include <cstdio>
#include <string>

#include "deploy/synthetic/csv_writer.h"
#include "deploy/synthetic/world.h"

namespace cairn::synthetic {
namespace {

constexpr const char* kHomicideCodes[] = {"001/01", "004/01"};
constexpr const char* kInjuryCodes[] = {"002/00", "005/01", "005/27", "008/06",
                                        "008/06", "008/06", "008/06"};
constexpr const char* kNoInjuryCodes[] = {"003/01", "104/23", "105/01",
                                          "105/01", "105/01"};
constexpr const char* kStalkingCodes[] = {"008/30", "008/66", "008/71"};
constexpr const char* kRapeCodes[] = {"019/08", "019/16"};
constexpr const char* kSexualCodes[] = {"017/15", "020/05", "088/09"};
constexpr const char* kRobberyCodes[] = {"034/01", "034/02", "034/02"};
constexpr const char* kPossessionCodes[] = {"010/11", "010/07", "081/01"};
constexpr const char* kPublicOrderCodes[] = {"009/01", "066/01", "125/09"};
constexpr const char* kDrugCodes[] = {"092/10", "092/60", "092/71"};
constexpr const char* kOtherCodes[] = {"028/01", "046/00", "048/02", "058/02"};

const char* LocalOffence(Random& random, Offence offence) {
  if (random.Chance(20)) return "";  // not yet classified
  switch (offence) {
    case kHomicide:
      return random.Pick(kHomicideCodes);
    case kInjury:
      return random.Pick(kInjuryCodes);
    case kNoInjury:
      return random.Pick(kNoInjuryCodes);
    case kStalking:
      return random.Pick(kStalkingCodes);
    case kRape:
      return random.Pick(kRapeCodes);
    case kSexual:
      return random.Pick(kSexualCodes);
    case kRobbery:
      return random.Pick(kRobberyCodes);
    case kWeaponPossession:
      return random.Pick(kPossessionCodes);
    case kPublicOrder:
      return random.Pick(kPublicOrderCodes);
    case kDrugs:
      return random.Pick(kDrugCodes);
    default:
      return random.Pick(kOtherCodes);
  }
}

constexpr const char* kKnifeTerms[] = {"KNIFE", "KNIFE",  "KNIFE",
                                       "Knife", "knife ", "BLADED ARTICLE"};
constexpr const char* kWeaponTerms[kWeapons] = {
    "KNIFE",          "FIREARM", "BLUNT INSTRUMENT", "PHYSICAL FORCE", "SEXUAL",
    "NOXIOUS SUBST.", "FIRE",    "STRANGULATION",    "MOTOR VEHICLE",  "OTHER",
    "NONE",           ""};

const char* LocalWeapon(Random& random, Weapon weapon) {
  return weapon == kKnife ? random.Pick(kKnifeTerms) : kWeaponTerms[weapon];
}

constexpr const char* kLocationTerms[kLocations] = {
    "Dwelling", "Street",   "Licensed premises", "Shop",   "School/College",
    "Bus/Rail", "Hospital", "Workplace",         "Prison", "Park/Sports",
    "Online",   "Other"};
// Typed by hand where no entry of the list fitted: no mapping can know them
// all.
constexpr const char* kTypedLocations[] = {"Car pk", "allotment", "Canal path",
                                           "roof of precinct"};

const char* LocalLocation(Random& random, Location location) {
  if (random.Chance(30)) return random.Pick(kTypedLocations);
  return random.Chance(500) ? "" : kLocationTerms[location];
}

constexpr const char* kOutcomes[] = {
    "Investigation complete; no suspect identified",
    "Unable to prosecute suspect",
    "Under investigation",
    "Suspect charged",
    "Awaiting court outcome",
    "Local resolution",
    "Offender given a caution",
    "Action to be taken by another organisation",
    "Further action is not in the public interest",
    ""};

const char* LocalOutcome(Random& random, const Incident& incident) {
  static const Weighted kWeights = {250, 390, 90, 60, 50, 30, 15, 25, 20, 70};
  static const Weighted kKnown = {60, 420, 100, 170, 120, 50, 30, 20, 20, 10};
  const bool known = incident.suspect || incident.domestic;
  return kOutcomes[(known ? kKnown : kWeights).Draw(random)];
}

// Home Office Research Report 99, 2015/16 prices, in pounds; a local estimate
// differs by up to a fifth.
constexpr int kUnitCost[kOffences] = {3217740, 14050, 5930, 900, 39360, 6520,
                                      11320,   300,   600,  250, 1350};

int64_t Cost(Random& random, Offence offence) {
  return int64_t{kUnitCost[offence]} * random.Between(80, 120) / 100;
}

constexpr const char* kMethods[] = {
    "Argument outside premises, known to each other",
    "Approached from behind, \"give me your phone\"",
    "Ongoing dispute between neighbours", "Refused entry, became violent",
    "Found during search"};

// With the rows that have no person at all, 12 % have no age.
constexpr uint32_t kNoBirthChance = 930;

class PoliceExport {
 public:
  PoliceExport(const World& world, const std::string& dir)
      : world_(world),
        random_(world.seed, kPoliceRows),
        csv_(dir + "/riverside-police.csv", CsvShape{},
             {"OccurrenceNo", "Recorded Date", "Committed From", "HO Class",
              "Weapon", "DA Flag", "Role", "PersonRef", "DOB", "Sex",
              "Self Defined Ethnicity", "LSOA21", "Location Type", "Outcome",
              "Harm Cost", "MO Text"}) {}

  std::string Write() {
    while (csv_.rows() < world_.rows.police) {
      WriteRow(world_.PoliceIncident(csv_.rows()));
      if (Repeats(random_, csv_.rows(), world_.rows.police)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  void WriteRow(const Incident& incident) {
    WriteNumberAndDates(incident);
    csv_.Field(LocalOffence(random_, incident.offence));
    csv_.Field(LocalWeapon(random_, incident.weapon));
    csv_.Field(random_.Chance(400) ? "" : incident.domestic ? "Y" : "N");
    WritePerson(incident);
    WritePlace(incident);
    csv_.Field(LocalLocation(random_, incident.location));
    csv_.Field(LocalOutcome(random_, incident));
    csv_.Field(Cost(random_, incident.offence));
    csv_.Field(random_.Pick(kMethods));
    csv_.EndRow();
  }

  void WriteNumberAndDates(const Incident& incident) {
    Moment when = incident.when;
    // Old offences, reported in the year, lie before the period.
    if (random_.Chance(50) && !incident.lone) {
      when.minute = -1 - random_.Between(0, 60 * 1440);
    }
    // Some numbers stand for two rows; some rows have none.
    if (!random_.Chance(10)) number_ = csv_.rows() + 1;
    char text[48];
    std::snprintf(text, sizeof(text), "RV/%07d/%02d", static_cast<int>(number_),
                  DateOf(incident.when.day()).year % 100);
    csv_.Field(random_.Chance(400) ? "" : text);
    const Moment recorded{incident.when.minute + random_.Between(5, 2880)};
    csv_.Field(UkDateTime(recorded)).Field(UkDateTime(when));
  }

  void WritePerson(const Incident& incident) {
    if (random_.Chance(300) && !incident.lone) {
      csv_.Field("").Field("").Field("").Field("").Field("");
      return;
    }
    const Person& person = world_.people.at(incident.person);
    csv_.Field(incident.suspect ? "SUS" : "VIC");
    csv_.Field(random_.Chance(900) && !incident.lone
                   ? ""
                   : People::Number(incident.person));
    csv_.Field(random_.Chance(kNoBirthChance) && !incident.lone
                   ? ""
                   : UkDate(person.birth));
    constexpr const char* kSexTerms[] = {"M", "F", "X"};
    csv_.Field(kSexTerms[person.sex]);
    csv_.Field(random_.Chance(1500)
                   ? ""
                   : kEthnicities[person.ethnicity].self_defined);
  }

  void WritePlace(const Incident& incident) {
    const bool lone = incident.lone;
    if (random_.Chance(250) && !lone) {
      csv_.Field("");
    } else if (random_.Chance(100) && !lone) {
      char text[32];  // over the border
      std::snprintf(text, sizeof(text), "NBL%04d", random_.Between(1, 40));
      csv_.Field(text);
    } else {
      csv_.Field(world_.LsoaCode(incident.lsoa));
    }
  }

  const World& world_;
  Random random_;
  CsvWriter csv_;
  int64_t number_ = 1;
};

}  // namespace

std::string WritePolice(const World& world, const std::string& dir) {
  return PoliceExport(world, dir).Write();
}

}  // namespace cairn::synthetic
