// Riverside Council (children's social care) and Riverside Schools.

#include <algorithm>
#include <cstdio>
#include <string>

#include "deploy/synthetic/csv_writer.h"
#include "deploy/synthetic/world.h"

namespace cairn::synthetic {
namespace {

const char* LocalSex(const Person& person) {
  constexpr const char* kTerms[] = {"M", "F", ""};
  return kTerms[person.sex];
}

const char* LocalEthnicity(Random& random, const Person& person) {
  return random.Chance(300) ? "NOBT" : kEthnicities[person.ethnicity].dfe;
}

// Draws 1 to `most` different codes, joined by `separator`.
template <size_t n>
std::string DrawCodes(Random& random, const char* const (&codes)[n],
                      const Weighted& weights, int most,
                      std::string_view separator) {
  std::string text;
  size_t taken[4] = {n, n, n, n};
  int count = 1;
  while (count < most && random.Chance(3500)) ++count;
  for (int i = 0; i < count; ++i) {
    const size_t drawn = weights.Draw(random);
    if (std::find(taken, taken + i, drawn) != taken + i) continue;
    taken[i] = drawn;
    if (!text.empty()) text += separator;
    text += codes[drawn];
  }
  return text;
}

// ---------------------------------------------------------------- council

constexpr const char* kStatuses[] = {"Contact", "Early help", "S17 CIN",
                                     "S47 CPP", "CLA",        "Care leaver"};
constexpr const char* kNeeds[] = {"N1", "N2", "N3", "N4", "N5",
                                  "N6", "N7", "N8", "N9", "N0"};
constexpr const char* kFactors[] = {
    "1A",  "1B",  "1C",  "2A",  "2B",  "2C",  "3A",  "3B",  "3C",
    "4A",  "4B",  "4C",  "5A",  "6A",  "7A",  "9A",  "10A", "11A",
    "12A", "13A", "14A", "15A", "16A", "17A", "18B", "18C", "19B",
    "19C", "20",  "21",  "22A", "23A", "24A"};
constexpr const char* kReferrers[] = {
    "Police", "School", "Health service", "LA services", "Individual",
    "Other",  ""};

class CouncilExport {
 public:
  CouncilExport(const World& world, const std::string& dir)
      : world_(world),
        rows_(world.rows.council),
        random_(world.seed, kCouncilRows),
        times_(Rhythm::kOffice, -1),
        csv_(dir + "/riverside-council.csv", CsvShape{},
             {"cine_id", "pers_link_no", "cine_referral_date", "status",
              "cine_cin_primary_need_code", "cinf_assessment_factors",
              "pers_sex", "pers_ethnicity", "age_at_referral",
              "cine_referral_source", "missing_flag", "home_lsoa"}) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      WriteRow();
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  void WriteRow() {
    static const Weighted kStatusWeights = {38, 17, 25, 8, 8, 4};
    const int day = times_.At(random_, csv_.rows(), rows_).day();
    const size_t status = kStatusWeights.Draw(random_);
    const int child = status == 5 ? world_.people.CareLeaver(random_)
                                  : world_.people.Child(random_);
    const Person& person = world_.people.at(child);
    csv_.Field("CIN" + std::to_string(100001 + csv_.rows()));
    csv_.Field(People::Number(child));
    csv_.Field(IsoDate(DateOf(day))).Field(kStatuses[status]);
    WriteNeedAndFactors(status);
    csv_.Field(LocalSex(person)).Field(LocalEthnicity(random_, person));
    csv_.Field(random_.Chance(kNoAgeChance)
                   ? ""
                   : std::to_string(world_.people.Age(child, day)));
    WriteSource(status);
    csv_.Field(random_.Chance(250) ? "" : world_.LsoaCode(person.home));
    csv_.EndRow();
  }

  void WriteNeedAndFactors(size_t status) {
    static const Weighted kNeedWeights = {56, 9, 3, 8, 13, 3, 1, 3, 1, 3};
    static const Weighted kFactorWeights = {
        8, 40, 6,  14, 38, 6,  14, 70, 8,  30, 62, 8,  18, 12, 9, 4, 20,
        9, 5,  11, 22, 16, 40, 56, 8,  30, 5,  12, 30, 12, 1,  1, 16};
    csv_.Field(status < 2 ? "" : kNeeds[kNeedWeights.Draw(random_)]);
    // Nobody has been assessed yet at a contact.
    csv_.Field(
        status < 2 ? "" : DrawCodes(random_, kFactors, kFactorWeights, 4, "|"));
  }

  void WriteSource(size_t status) {
    static const Weighted kSourceWeights = {29, 20, 15, 13, 8, 12, 3};
    csv_.Field(kReferrers[kSourceWeights.Draw(random_)]);
    csv_.Field(random_.Chance(status == 4 ? 1100 : 250) ? "true" : "false");
  }

  const World& world_;
  const int64_t rows_;
  Random random_;
  const Timetable times_;
  CsvWriter csv_;
};

// ---------------------------------------------------------------- schools

constexpr const char* kReasons[] = {"PP", "PA", "VP", "VA", "OW", "BU",
                                    "RA", "LG", "DS", "SM", "DA", "DM",
                                    "TH", "MT", "PH", "DB"};

class SchoolsExport {
 public:
  SchoolsExport(const World& world, const std::string& dir)
      : world_(world),
        rows_(world.rows.schools),
        random_(world.seed, kSchoolRows),
        times_(Rhythm::kSchool, -1),
        // Saved by a spreadsheet: UTF-8 with a byte order mark.
        csv_(dir + "/riverside-schools.csv", {',', "\r\n", true, false},
             {"UPN", "LinkNo", "ExclusionRef", "StartDate", "Category",
              "Reasons", "Days", "NCYear", "Age", "Sex", "Ethnicity", "FSM",
              "SEN", "Phase", "HomeLSOA"}) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      WriteRow();
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  // Most are 11 to 15.
  int DrawPupil(int day) {
    for (;;) {
      const int pupil = world_.people.Pupil(random_);
      const int age = world_.people.Age(pupil, day);
      if ((age >= 11 && age <= 15) || random_.Chance(1800)) return pupil;
    }
  }

  void WriteRow() {
    const int day = times_.At(random_, csv_.rows(), rows_).day();
    const int pupil = DrawPupil(day);
    const Person& person = world_.people.at(pupil);
    char upn[48];
    std::snprintf(upn, sizeof(upn), "Z99920%07d", pupil);
    csv_.Field(upn).Field(random_.Chance(200) ? "" : People::Number(pupil));
    csv_.Field("EX" + std::to_string(20001 + csv_.rows()));
    csv_.Field(UkDate(DateOf(day)));
    WriteExclusion();
    WritePupil(pupil, day);
    csv_.Field(random_.Chance(250) ? "" : world_.LsoaCode(person.home));
    csv_.EndRow();
  }

  void WriteExclusion() {
    static const Weighted kCategories = {940, 30, 14, 16};
    static const Weighted kReasonWeights = {170, 62, 34, 170, 42, 12, 10, 8,
                                            3,   12, 56, 40,  14, 22, 4,  480};
    constexpr const char* kTerms[] = {"SUSP", "FIXD", "PERM", "LNCH"};
    const size_t category = kCategories.Draw(random_);
    csv_.Field(kTerms[category]);
    csv_.Field(random_.Chance(50)
                   ? ""
                   : DrawCodes(random_, kReasons, kReasonWeights, 3, ";"));
    if (category == 2) {
      csv_.Field("0");
    } else if (category == 3) {
      csv_.Field("0.5");
    } else {
      const int sessions = random_.Between(1, random_.Chance(8500) ? 7 : 30);
      csv_.Field(std::to_string(sessions / 2) + (sessions % 2 ? ".5" : ".0"));
    }
  }

  void WritePupil(int pupil, int day) {
    static const Weighted kSupport = {52, 36, 12};
    constexpr const char* kTerms[] = {"N", "K", "E"};
    const Person& person = world_.people.at(pupil);
    // The year of school follows from the age at the end of last August.
    const Date now = DateOf(day);
    const int august = now.month >= 9 ? now.year : now.year - 1;
    const int year = AgeAt(person.birth, DayOf({august, 8, 31})) - 4;
    csv_.Field(year == 0 ? "R" : std::to_string(year));
    csv_.Field(random_.Chance(kNoAgeChance)
                   ? ""
                   : std::to_string(world_.people.Age(pupil, day)));
    csv_.Field(LocalSex(person)).Field(LocalEthnicity(random_, person));
    const int decile = world_.lsoa(person.home).imd_decile;
    csv_.Field(
        random_.Chance(static_cast<uint32_t>(6200 - 450 * decile)) ? "Y" : "N");
    csv_.Field(kTerms[kSupport.Draw(random_)]);
    csv_.Field(random_.Chance(500)   ? "PRU"
               : random_.Chance(300) ? "Special"
               : year >= 7           ? "Secondary"
                                     : "Primary");
  }

  const World& world_;
  const int64_t rows_;
  Random random_;
  const Timetable times_;
  CsvWriter csv_;
};

}  // namespace

std::string WriteCouncil(const World& world, const std::string& dir) {
  return CouncilExport(world, dir).Write();
}

std::string WriteSchools(const World& world, const std::string& dir) {
  return SchoolsExport(world, dir).Write();
}

}  // namespace cairn::synthetic
