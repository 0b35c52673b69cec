// Riverside Ambulance: call-outs from a computer-aided dispatch system.

#include <cstdio>
#include <string>

#include "deploy/synthetic/csv_writer.h"
#include "deploy/synthetic/world.h"

namespace cairn::synthetic {
namespace {

// Codes in the shape of AMPDS: card, priority, number, suffix (S stab or
// sexual, G gunshot, P penetrating, X and Y the same self-inflicted). Card 4 is
// 77 % and card 27 is 23 % of violence call-outs (Quigg et al., North West
// England).
constexpr const char* kAssaultCodes[] = {
    "04A01A", "04A02A", "04B01A", "04B01A", "04B02A", "04B03A", "04D01A",
    "04D02A", "04D03A", "04B01A", "04A01A", "04B01S", "04D02S"};
constexpr const char* kStabCodes[] = {"27A01S", "27B01S", "27B02S", "27D01S",
                                      "27D02S", "27D03S", "27D03S", "27E01S"};
constexpr const char* kGunCodes[] = {"27B03G", "27D03G", "27D04G"};
constexpr const char* kPenetratingCodes[] = {"27A01P", "27B01P", "27D03P"};
constexpr const char* kSelfCodes[] = {"27A01X", "27B01X", "27D03X", "27D04Y"};

class AmbulanceExport {
 public:
  AmbulanceExport(const World& world, const std::string& dir)
      : world_(world),
        rows_(world.rows.ambulance),
        random_(world.seed, kAmbulanceRows),
        csv_(dir + "/riverside-ambulance.csv", CsvShape{},
             {"CADNo", "CallConnectTime", "DispatchCode", "ResponseCategory",
              "PatientAge", "PatientSex", "PatientRef", "IncidentLSOA",
              "GridRef", "Conveyed"}) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      WriteRow(Draw(csv_.rows()));
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  // A quarter of the incidents are in police data too (RAND RR2216: 66-90 % of
  // West Midlands call-outs are not).
  Incident Draw(int64_t i) {
    if (i == rows_ / 2) return world_.PoliceIncident(world_.rows.police / 2);
    if (random_.Chance(2500)) {
      const int64_t near = i * world_.rows.police / rows_;
      for (int64_t step = 0; step < 12; ++step) {
        const Incident incident =
            world_.PoliceIncident((near + step) % world_.rows.police);
        if (incident.offence == kInjury && !incident.lone) return incident;
      }
    }
    return world_.OtherIncident(random_, world_.violence.At(random_, i, rows_));
  }

  const char* LocalCode(const Incident& incident) {
    static const Weighted kKinds = {770, 138, 14, 34, 44};
    if (incident.lone) return "27D03S";
    switch (kKinds.Draw(random_)) {
      case 0:
        return random_.Pick(kAssaultCodes);
      case 1:
        return random_.Pick(kStabCodes);
      case 2:
        return random_.Pick(kGunCodes);
      case 3:
        return random_.Pick(kPenetratingCodes);
      default:
        return random_.Pick(kSelfCodes);
    }
  }

  void WriteRow(const Incident& incident) {
    const bool lone = incident.lone;
    const Person& person = world_.people.at(incident.person);
    char number[48];
    std::snprintf(number, sizeof(number), "RA%08d",
                  static_cast<int>(csv_.rows() + 1));
    csv_.Field(random_.Chance(100) ? "" : number);
    const Moment call{incident.when.minute + random_.Between(1, 20)};
    csv_.Field(CompactStamp(call, random_.Between(0, 59)));
    const std::string code = LocalCode(incident);
    csv_.Field(code);
    WriteCategory(code);
    csv_.Field(
        random_.Chance(kNoAgeChance) && !lone
            ? ""
            : std::to_string(world_.people.Age(incident.person, call.day())));
    constexpr const char* kSexTerms[] = {"Male", "Female", "Unknown"};
    csv_.Field(random_.Chance(200) ? "" : kSexTerms[person.sex]);
    csv_.Field(random_.Chance(2500) && !lone ? ""
                                             : People::Number(incident.person));
    WritePlace(incident);
    csv_.Field(random_.Chance(6200) || code[2] == 'E' ? "Y" : "N");
    csv_.EndRow();
  }

  void WriteCategory(const std::string& code) {
    const int fastest = code[2] == 'E' ? 1 : code[2] == 'D' ? 1 : 2;
    csv_.Field(code[2] == 'A' ? random_.Between(3, 4)
                              : fastest + random_.Between(0, 1));
  }

  void WritePlace(const Incident& incident) {
    const int easting = random_.Between(0, 9999);
    const int northing = random_.Between(0, 9999);
    char grid[64];
    std::snprintf(grid, sizeof(grid), "ZZ %04d %04d", easting, northing);
    if (random_.Chance(60) && !incident.lone) {
      csv_.Field("").Field("");
      return;
    }
    if (random_.Chance(150) && !incident.lone) {
      char text[32];
      std::snprintf(text, sizeof(text), "NBL%04d", random_.Between(1, 40));
      csv_.Field(text).Field(grid);
      return;
    }
    csv_.Field(world_.LsoaCode(incident.lsoa)).Field(grid);
  }

  const World& world_;
  const int64_t rows_;
  Random random_;
  CsvWriter csv_;
};

}  // namespace

std::string WriteAmbulance(const World& world, const std::string& dir) {
  return AmbulanceExport(world, dir).Write();
}

}  // namespace cairn::synthetic
