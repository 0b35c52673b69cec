// Riverside Youth Justice Service and Riverside Probation.

#include <cstdio>
#include <string>

#include "deploy/synthetic/csv_writer.h"
#include "deploy/synthetic/world.h"

namespace cairn::synthetic {
namespace {

// ---------------------------------------------------------- youth justice

constexpr const char* kCategories[] = {"Violence Against The Person",
                                       "Robbery",
                                       "Sexual Offences",
                                       "Possession Of Weapons",
                                       "Drugs",
                                       "Burglary",
                                       "Theft And Handling Stolen Goods",
                                       "Criminal Damage",
                                       "Public Order",
                                       "Motoring Offences",
                                       "Breach Of Statutory Order",
                                       "Other"};
constexpr const char* kOutcomes[] = {"Community Resolution",
                                     "Youth Caution",
                                     "Youth Conditional Caution",
                                     "Referral Order",
                                     "Fine",
                                     "Conditional Discharge",
                                     "Reparation Order",
                                     "Youth Rehabilitation Order",
                                     "YRO with ISS",
                                     "Detention and Training Order",
                                     "Section 250",
                                     "Remand to YDA"};
// The least and greatest gravity of each category, 1 to 8.
constexpr int kGravity[][2] = {{2, 7}, {5, 7}, {3, 8}, {3, 5}, {2, 5}, {3, 6},
                               {2, 4}, {2, 4}, {2, 5}, {1, 5}, {1, 3}, {1, 4}};

class YouthExport {
 public:
  YouthExport(const World& world, const std::string& dir)
      : world_(world),
        rows_(world.rows.youth_justice),
        random_(world.seed, kYouthRows),
        // Another program: semicolons, everything in quotes.
        csv_(dir + "/riverside-yjs.csv", {';', "\n", false, true},
             {"CaseRef", "PersonNo", "OffenceDate", "YJB Offence Category",
              "Seriousness", "Outcome", "First Time Entrant", "Age", "Gender",
              "Ethnicity", "Home LSOA"}) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      WriteRow();
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  void WriteRow() {
    const int day = world_.violence.At(random_, csv_.rows(), rows_).day();
    const bool prolific = random_.Chance(250);
    const int child = prolific ? kProlificPerson : world_.people.Youth(random_);
    const Person& person = world_.people.at(child);
    csv_.Field("Y" + std::to_string(5001 + csv_.rows()));
    csv_.Field(People::Number(child)).Field(IsoDate(DateOf(day)));
    WriteOffence(prolific);
    csv_.Field(random_.Chance(kNoAgeChance)
                   ? ""
                   : std::to_string(world_.people.Age(child, day)));
    constexpr const char* kGenders[] = {"Male", "Female", "Other"};
    csv_.Field(kGenders[person.sex]);
    csv_.Field(kEthnicities[person.ethnicity].label);
    csv_.Field(random_.Chance(250) ? "" : world_.LsoaCode(person.home));
    csv_.EndRow();
  }

  void WriteOffence(bool prolific) {
    static const Weighted kWeights = {34, 5, 4, 8, 9, 4, 10, 9, 7, 7, 3, 2};
    static const Weighted kOutcomeWeights = {24, 15, 14, 20, 2, 5,
                                             3,  11, 2,  2,  1, 1};
    const size_t category = kWeights.Draw(random_);
    std::string text = kCategories[category];
    if (random_.Chance(150)) text += " ";
    if (category == 0 && random_.Chance(300))
      text = "VIOLENCE AGAINST THE PERSON";
    csv_.Field(text);
    csv_.Field(random_.Between(kGravity[category][0], kGravity[category][1]));
    csv_.Field(kOutcomes[kOutcomeWeights.Draw(random_)]);
    csv_.Field(!prolific && random_.Chance(3800) ? "Yes" : "No");
  }

  const World& world_;
  const int64_t rows_;
  Random random_;
  CsvWriter csv_;
};

// ---------------------------------------------------------------- probation

// Main offence in the shape of a five-digit Home Office code.
constexpr const char* kMainOffences[] = {"00101", "00501", "00806", "10501",
                                         "00830", "01908", "02005", "03401",
                                         "01011", "12509", "09260", "04600"};
constexpr const char* kDisposals[] = {
    "ORA Community Order", "ORA Suspended Sentence Order",
    "Adult Custody - On Licence", "Post Sentence Supervision"};
constexpr const char* kUnits[] = {"Port Merrow PDU", "Ashmere PDU",
                                  "Kelbrook PDU", "Thornley Vale PDU"};

// One row is one person on the caseload at the end of one month. A place on the
// caseload is held for some months by one person, then by the next.
class ProbationExport {
 public:
  ProbationExport(const World& world, const std::string& dir)
      : world_(world),
        rows_(world.rows.probation),
        random_(world.seed, kProbationRows),
        csv_(dir + "/riverside-probation.csv", CsvShape{},
             {"CRN", "LinkNo", "Month", "PDU", "Main Offence", "Disposal Type",
              "RoSH", "MAPPA", "Breach", "Age Group", "Sex", "Ethnicity"}) {}

  std::string Write() {
    while (csv_.rows() < rows_) {
      const int64_t i = csv_.rows();
      const int month = static_cast<int>(i * 12 / rows_);
      WriteRow(i - (rows_ * month + 11) / 12, month);
      if (Repeats(random_, csv_.rows(), rows_)) csv_.RepeatRow();
    }
    return csv_.Close();
  }

 private:
  void WriteRow(int64_t slot, int month) {
    static const Weighted kOffenceWeights = {2,  14, 120, 90, 60,  14,
                                             40, 40, 40,  60, 110, 150};
    static const Weighted kDisposalWeights = {42, 26, 24, 8};
    static const Weighted kRisks = {22, 52, 23, 3};
    const auto place = static_cast<uint64_t>(slot);
    Random holder(world_.seed, kProbationPeople, place);
    const int months = holder.Between(6, 18);
    const int turn = (month + holder.Between(0, months - 1)) / months;
    Random random(world_.seed, kProbationPeople,
                  (place + 1) * 64 + static_cast<uint64_t>(turn));
    const int adult = world_.people.Adult(random);
    const Person& person = world_.people.at(adult);
    char crn[32];
    std::snprintf(crn, sizeof(crn), "X%06d", adult);
    csv_.Field(crn).Field(People::Number(adult));
    const Date date = DateOf(month * 30 + 15);
    csv_.Field(IsoDate(date).substr(0, 7));
    csv_.Field(kUnits[world_.lsoa(person.home).lad]);
    csv_.Field(kMainOffences[kOffenceWeights.Draw(random)]);
    csv_.Field(kDisposals[kDisposalWeights.Draw(random)]);
    WriteRisk(random, kRisks.Draw(random));
    WritePerson(random, person, world_.people.Age(adult, month * 30));
    csv_.EndRow();
  }

  void WriteRisk(Random& random, size_t risk) {
    constexpr const char* kTerms[] = {"L", "M", "H", "VH"};
    constexpr const char* kLevels[] = {"1", "2", "3"};
    static const Weighted kLevelWeights = {80, 17, 3};
    csv_.Field(random.Chance(200) ? "" : kTerms[risk]);
    const bool managed = risk >= 2 && random.Chance(5500);
    csv_.Field(managed ? kLevels[kLevelWeights.Draw(random)] : "");
    csv_.Field(random_.Chance(600) ? "Y" : "N");
  }

  void WritePerson(Random& random, const Person& person, int age) {
    csv_.Field(random.Chance(kNoAgeChance) ? ""
               : age < 25                  ? "18-24"
               : age < 35                  ? "25-34"
                                           : "35 and over");
    constexpr const char* kSexTerms[] = {"Male", "Female", "Other"};
    csv_.Field(kSexTerms[person.sex]);
    csv_.Field(kEthnicities[person.ethnicity].self_defined);
  }

  const World& world_;
  const int64_t rows_;
  Random random_;
  CsvWriter csv_;
};

}  // namespace

std::string WriteYouthJustice(const World& world, const std::string& dir) {
  return YouthExport(world, dir).Write();
}

std::string WriteProbation(const World& world, const std::string& dir) {
  return ProbationExport(world, dir).Write();
}

}  // namespace cairn::synthetic
