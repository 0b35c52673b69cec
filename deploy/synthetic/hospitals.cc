// Two emergency departments: one kind of record, two local shapes.

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deploy/synthetic/csv_writer.h"
#include "deploy/synthetic/world.h"

namespace cairn::synthetic {
namespace {

enum Intent { kAssault, kAccident, kSelfHarm, kIntentUnknown, kIntents };
enum Arrival { kByAmbulance, kWalkIn, kByPolice, kOtherArrival, kArrivals };

// What makes one department's export different from the other's.
struct Department {
  const char* file;
  CsvShape shape;
  std::vector<std::string_view> header;
  const char* id_prefix;
  uint64_t stream;
  int missing_month;  // -1: none
  uint32_t unplaced;  // of 10,000: free text that nobody could geocode
  std::string (*stamp)(const Moment&);
  const char* sexes[4];  // male, female, other, unknown
  const char* intents[kIntents];
  const char* methods[kWeapons];  // local two-digit codes
  const char* body_methods[4];    // fist, foot, head, pushed
  const char* glass;              // bottle or glass that cuts
  const char* locations[kLocations];
  const char* arrivals[kArrivals];
  const char* yes;
  const char* no;
  std::vector<std::string_view> descriptions;  // free text
};

Department StMarys() {
  return {
      "st-marys-ed.csv",
      // A Windows program: its own encoding, no byte order mark.
      {',', "\r\n", false, false},
      {"AttendanceNo", "Arrival", "AgeYrs", "Sex", "EthnicCat", "NHSPseudo",
       "Intent", "AssaultMethod", "AssaultLocationType", "AssaultLocDesc",
       "ArrivalMode", "PoliceInformed", "Admitted", "AlcoholDrug",
       "IncidentLSOA"},
      "SM",
      kStMarysRows,
      -1,
      3500,
      UkDateTime,
      {"1", "2", "9", "X"},
      {"Assault", "Accident", "Self harm", "Not known"},
      {"05", "08", "07", "01", "10", "11", "12", "13", "14", "09", "00", "99"},
      {"01", "02", "03", "04"},
      "06",
      {"01", "03", "06", "09", "11", "13", "15", "16", "17", "18", "19", "20"},
      // Windows-1252: 0x96 is an en dash, 0xE9 an e with an acute accent.
      {"Ambulance", "Walk-in \x96 own transport", "Police", "Other"},
      "Y",
      "N",
      {"outside Caf\xE9 Noir", "High St, by the bank", "not given",
       "taxi rank \x96 station side"}};
}

Department Queens() {
  return {
      "queens-ed.csv",
      {',', "\n", false, false},
      {"AttID", "ArrivalDateTime", "PatientAge", "PatientSex", "EthnicCategory",
       "PseudoID", "InjuryIntent", "MethodCode", "PlaceTypeCode", "PlaceText",
       "ArrivalModeCode", "PoliceAware", "AdmittedFlag", "AlcoholDrugFlag",
       "LSOA"},
      "Q",
      kQueensRows,
      8 /* December 2024 */,
      5000,
      MillisecondStamp,
      {"Male", "Female", "Indeterminate", ""},
      {"ASSAULT", "ACCIDENT", "SELFHARM", "UNKNOWN"},
      {"20", "30", "25", "10", "40", "50", "51", "52", "53", "60", "01", "90"},
      {"10", "11", "12", "13"},
      "21",
      {"A1", "B1", "C1", "D1", "E1", "F1", "G1", "H1", "J1", "K1", "L1", "Z1"},
      {"1", "2", "3", "4"},
      "1",
      "0",
      {"in the \"Anchor\"", "bus stop", "", "park, near gate"}};
}

struct Attendance {
  Incident incident;
  Intent intent;
  Moment arrival;
};

class EdExport {
 public:
  EdExport(const World& world, const std::string& dir, Department department,
           int64_t rows)
      : world_(world),
        department_(std::move(department)),
        rows_(rows),
        random_(world.seed, department_.stream),
        assaults_(Rhythm::kViolence, department_.missing_month),
        others_(Rhythm::kDaytime, department_.missing_month),
        csv_(dir + "/" + department_.file, department_.shape,
             department_.header) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      WriteRow(Draw());
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  Attendance Draw() {
    static const Weighted kIntentWeights = {58, 30, 10, 2};
    const int64_t i = csv_.rows();
    const bool lone = department_.stream == kStMarysRows && i == rows_ / 2;
    Attendance attendance{};
    attendance.intent =
        lone ? kAssault : static_cast<Intent>(kIntentWeights.Draw(random_));
    if (attendance.intent == kAssault) {
      attendance.incident =
          lone ? world_.PoliceIncident(world_.rows.police / 2) : DrawAssault(i);
    } else {
      attendance.incident =
          world_.OtherIncident(random_, others_.At(random_, i, rows_));
      attendance.incident.weapon = DrawOtherMeans(attendance.intent);
    }
    attendance.arrival = {attendance.incident.when.minute +
                          random_.Between(12, 180)};
    // A month without attendances stays empty past midnight, too.
    if (MonthIndex(attendance.arrival.day()) == department_.missing_month) {
      attendance.arrival = attendance.incident.when;
    }
    return attendance;
  }

  // Three in ten assaults are known to the police; the patient is the victim.
  Incident DrawAssault(int64_t i) {
    if (random_.Chance(3000)) {
      const int64_t near = i * world_.rows.police / rows_;
      for (int64_t step = 0; step < 12; ++step) {
        const int64_t at = (near + step) % world_.rows.police;
        Incident incident = world_.PoliceIncident(at);
        if (IsInjury(incident) && !incident.lone) return incident;
      }
    }
    Incident incident =
        world_.OtherIncident(random_, assaults_.At(random_, i, rows_));
    if (incident.weapon == kNoWeapon) incident.weapon = kBody;
    return incident;
  }

  bool IsInjury(const Incident& incident) const {
    if (MonthIndex(incident.when.day()) == department_.missing_month ||
        MonthIndex(incident.when.day() + 1) == department_.missing_month) {
      return false;
    }
    return incident.offence == kInjury || incident.offence == kRobbery ||
           incident.offence == kNoInjury;
  }

  Weapon DrawOtherMeans(Intent intent) {
    if (intent == kSelfHarm)
      return random_.Chance(5500) ? kKnife : kOtherWeapon;
    return random_.Chance(300) ? kKnife : kNoWeapon;
  }

  void WriteRow(const Attendance& attendance) {
    const Incident& incident = attendance.incident;
    const Person& person = world_.people.at(incident.person);
    // Some numbers stand for two attendances.
    if (!random_.Chance(10)) number_ = csv_.rows() + 1;
    csv_.Field(random_.Chance(50)
                   ? ""
                   : department_.id_prefix + std::to_string(700000 + number_));
    csv_.Field(department_.stamp(attendance.arrival));
    WriteAge(attendance);
    csv_.Field(LocalSex(person.sex));
    const char* ethnicity = kEthnicities[person.ethnicity].nhs;
    csv_.Field(random_.Chance(500) ? "99" : ethnicity);
    csv_.Field(random_.Chance(800) && !incident.lone
                   ? ""
                   : People::Number(incident.person));
    csv_.Field(department_.intents[attendance.intent]);
    csv_.Field(LocalMethod(incident));
    csv_.Field(random_.Chance(700) ? ""
                                   : department_.locations[incident.location]);
    csv_.Field(department_.descriptions[random_.Below(4)]);
    WriteFlags(attendance);
    WritePlace(incident);
    csv_.EndRow();
  }

  void WriteAge(const Attendance& attendance) {
    if (random_.Chance(kNoAgeChance) && !attendance.incident.lone) {
      csv_.Field("");
      return;
    }
    csv_.Field(world_.people.Age(attendance.incident.person,
                                 attendance.arrival.day()));
  }

  std::string LocalSex(Sex sex) {
    if (random_.Chance(100)) return department_.sexes[3];
    std::string text = department_.sexes[sex];
    // Typed at night: stray case and spaces.
    if (text.size() > 1 && random_.Chance(200)) text += " ";
    if (text == "Male" && random_.Chance(200)) text = "MALE";
    return text;
  }

  const char* LocalMethod(const Incident& incident) {
    if (random_.Chance(200)) return "";
    if (incident.weapon == kBody) return random_.Pick(department_.body_methods);
    if (incident.weapon == kKnife && random_.Chance(2500)) {
      return department_.glass;
    }
    return department_.methods[incident.weapon];
  }

  void WriteFlags(const Attendance& attendance) {
    static const Weighted kModes = {38, 54, 4, 4};
    const Incident& incident = attendance.incident;
    const bool assault = attendance.intent == kAssault;
    const bool grave = incident.weapon == kKnife || incident.weapon == kGun;
    csv_.Field(department_.arrivals[kModes.Draw(random_)]);
    Flag(assault && random_.Chance(4500), 1200);
    Flag(random_.Chance(grave && assault ? 5200 : 900), 0);
    if (world_.lsoa(incident.lsoa).ward == kHomogeneousWard) {
      Flag(true, 0);
    } else {
      Flag(random_.Chance(assault ? 4800 : 1700), 1500);
    }
  }

  void Flag(bool value, uint32_t blank) {
    csv_.Field(random_.Chance(blank) ? ""
               : value               ? department_.yes
                                     : department_.no);
  }

  void WritePlace(const Incident& incident) {
    const bool lone = incident.lone;
    // The homogeneous ward is well placed, so that it has a group to find.
    const bool known = world_.lsoa(incident.lsoa).ward == kHomogeneousWard;
    if (!lone && !known && random_.Chance(department_.unplaced)) {
      csv_.Field("");
    } else if (!lone && !known && random_.Chance(200)) {
      char text[32];
      std::snprintf(text, sizeof(text), "NBL%04d", random_.Between(1, 40));
      csv_.Field(text);
    } else {
      csv_.Field(world_.LsoaCode(incident.lsoa));
    }
  }

  const World& world_;
  const Department department_;
  const int64_t rows_;
  Random random_;
  const Timetable assaults_;
  const Timetable others_;
  CsvWriter csv_;
  int64_t number_ = 1;
};

}  // namespace

std::string WriteStMarys(const World& world, const std::string& dir) {
  return EdExport(world, dir, StMarys(), world.rows.st_marys).Write();
}

std::string WriteQueens(const World& world, const std::string& dir) {
  return EdExport(world, dir, Queens(), world.rows.queens).Write();
}

}  // namespace cairn::synthetic
