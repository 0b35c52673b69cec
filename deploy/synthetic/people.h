#ifndef CAIRN_DEPLOY_SYNTHETIC_PEOPLE_H_
#define CAIRN_DEPLOY_SYNTHETIC_PEOPLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/synthetic/calendar.h"
#include "deploy/synthetic/random.h"
#include "deploy/synthetic/region.h"

namespace cairn::synthetic {

enum Sex { kMale, kFemale, kOtherSex };

// One ethnic group as the systems of different agencies write it. The last is
// "not stated".
struct Ethnicity {
  const char* self_defined;  // police and probation, 18 + 1
  const char* nhs;           // NHS ethnic category (2001)
  const char* dfe;           // Department for Education
  const char* label;         // youth justice, five groups
};
inline constexpr Ethnicity kEthnicities[] = {
    {"W1", "A", "WBRI", "White"},     {"W2", "B", "WIRI", "White"},
    {"W3", "C", "WIRT", "White"},     {"W9", "C", "WOTH", "White"},
    {"M1", "D", "MWBC", "Mixed"},     {"M2", "E", "MWBA", "Mixed"},
    {"M3", "F", "MWAS", "Mixed"},     {"M9", "G", "MOTH", "Mixed"},
    {"A1", "H", "AIND", "Asian"},     {"A2", "J", "APKN", "Asian"},
    {"A3", "K", "ABAN", "Asian"},     {"A4", "R", "CHNE", "Asian"},
    {"A9", "L", "AOTH", "Asian"},     {"B1", "M", "BCRB", "Black"},
    {"B2", "N", "BAFR", "Black"},     {"B9", "P", "BOTH", "Black"},
    {"O2", "S", "OOTH", "Other"},     {"O9", "S", "OOTH", "Other"},
    {"NS", "Z", "REFU", "Not known"},
};

struct Person {
  Date birth;
  Sex sex;
  int ethnicity;  // index of kEthnicities
  int home;       // index of Region::lsoas
};

inline constexpr int kProlificPerson = 0;
inline constexpr int kLonePerson = 1;

// The people who come to the notice of some agency in the year, one pool for
// all agencies, so that the same person turns up in several. A few come up
// often.
class People {
 public:
  People(uint64_t seed, const Region& region, int count);

  const Person& at(int person) const {
    return people_[static_cast<size_t>(person)];
  }
  int Age(int person, int day) const { return AgeAt(at(person).birth, day); }
  // The pseudonymous number that all agencies of the partnership share.
  static std::string Number(int person);

  // Each draws a person who is of that age all year; never the lone person.
  int AnyOne(Random& random) const { return Draw(random, everyone_); }
  int Child(Random& random) const { return Draw(random, children_); }
  int Pupil(Random& random) const { return Draw(random, pupils_); }
  int Youth(Random& random) const { return Draw(random, youths_); }
  int CareLeaver(Random& random) const { return Draw(random, care_leavers_); }
  int Adult(Random& random) const { return Draw(random, adults_); }

 private:
  static int Draw(Random& random, const std::vector<int>& list);

  std::vector<Person> people_;
  std::vector<int> everyone_, children_, pupils_, youths_, care_leavers_,
      adults_;
};

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_PEOPLE_H_
