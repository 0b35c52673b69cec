#include "deploy/synthetic/people.h"

#include <cstdio>

namespace cairn::synthetic {
namespace {

struct AgeGroup {
  int least;
  int most;
  uint32_t weight;
};
// People known to agencies for violence and harm are young.
constexpr AgeGroup kAges[] = {{0, 4, 40},    {5, 9, 50},    {10, 13, 90},
                              {14, 15, 90},  {16, 17, 100}, {18, 19, 90},
                              {20, 24, 140}, {25, 34, 190}, {35, 44, 110},
                              {45, 54, 60},  {55, 64, 25},  {65, 90, 15}};

const Weighted& CityEthnicities() {
  static const Weighted kWeights = {610, 12, 4,  60, 22, 9,  9, 12, 30, 62,
                                    24,  8,  26, 24, 40, 12, 8, 14, 24};
  return kWeights;
}
const Weighted& CountyEthnicities() {
  static const Weighted kWeights = {850, 9, 6,  40, 9, 4, 6, 6, 14, 10,
                                    5,   5, 10, 6,  8, 3, 2, 5, 22};
  return kWeights;
}

Date DrawBirth(Random& random) {
  static const Weighted kWeights = [] {
    std::vector<uint32_t> weights;
    for (const AgeGroup& group : kAges) weights.push_back(group.weight);
    return Weighted(weights);
  }();
  const AgeGroup& group = kAges[kWeights.Draw(random)];
  const int age = random.Between(group.least, group.most);
  return DateOf(-(age * 1461 / 4) - random.Between(1, 365));
}

Person DrawPerson(Random& random, const Region& region) {
  static const Weighted kSexes = {620, 376, 4};
  Person person{};
  person.birth = DrawBirth(random);
  person.sex = static_cast<Sex>(kSexes.Draw(random));
  person.home = region.by_residents.Index(random);
  const bool city =
      region.lsoas[static_cast<size_t>(person.home)].lad == kPortMerrow;
  person.ethnicity =
      (city ? CityEthnicities() : CountyEthnicities()).Index(random);
  // Nobody else of 16 or 17 lives where the lone person does.
  const bool turns =
      AgeAt(person.birth, kDays - 1) >= 16 && AgeAt(person.birth, 0) <= 17;
  if (person.home == kLoneLsoa && turns) person.home = kLoneLsoa - 1;
  return person;
}

}  // namespace

People::People(uint64_t seed, const Region& region, int count) {
  people_.push_back({{2007, 9, 15}, kMale, 0, 3});
  people_.push_back({{2007, 3, 10}, kMale, 14, kLoneLsoa});
  Random random(seed, 2);
  while (static_cast<int>(people_.size()) < count) {
    people_.push_back(DrawPerson(random, region));
  }
  for (int i = 0; i < count; ++i) {
    if (i == kLonePerson) continue;
    const int first = Age(i, 0);
    const int last = Age(i, kDays - 1);
    everyone_.push_back(i);
    if (first >= 0 && last <= 17) children_.push_back(i);
    if (first >= 5 && last <= 17) pupils_.push_back(i);
    if (first >= 10 && last <= 17) youths_.push_back(i);
    if (first >= 18 && last <= 24) care_leavers_.push_back(i);
    if (first >= 18) adults_.push_back(i);
  }
}

std::string People::Number(int person) {
  // A one-to-one scramble (7919 shares no factor with 10^7), so that the number
  // does not tell how active the person is.
  const int64_t number = (int64_t{person} * 7919 + 1234567) % 10000000;
  char text[32];
  std::snprintf(text, sizeof(text), "RP%07d", static_cast<int>(number));
  return text;
}

int People::Draw(Random& random, const std::vector<int>& list) {
  // The square of an even draw: the first of the list come up more often.
  const uint64_t u = random.Next() >> 32;
  const uint64_t squared = (u * u) >> 32;
  return list[static_cast<size_t>((squared * list.size()) >> 32)];
}

}  // namespace cairn::synthetic
