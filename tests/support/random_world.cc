#include "tests/support/random_world.h"

#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cairn {
namespace {

int YearOf(const std::string& month) { return std::atoi(month.c_str()); }
int MonthOf(const std::string& month) { return std::atoi(&month[5]); }

std::string MonthText(int number) {  // 12 * year + month - 1
  return absl::StrFormat("%04d-%02d", number / 12, number % 12 + 1);
}
int MonthNumber(const std::string& month) {
  return 12 * YearOf(month) + MonthOf(month) - 1;
}

WorldCode Plain(const std::string& id, const std::string& label = "",
                const std::string& alias = "") {
  return {id, label.empty() ? id : label, alias, {}, {}};
}
WorldCode Band(int64_t low, int64_t high) {
  std::string id =
      high == kOpen ? absl::StrCat(low, "+") : absl::StrCat(low, "-", high);
  return {id, absl::StrCat("aged ", id), "", low, high};
}

class Maker {
 public:
  explicit Maker(const WorldOptions& options) : rng_(options.seed) {
    world_.options = options;
  }

  World Make() {
    MakePeriod();
    AddTime();
    AddClock();
    AddPlaces();
    AddWeapon();
    AddAge();
    AddSex();
    AddReason();
    AddPopulation();
    WriteFiles(&rng_, &world_);
    return std::move(world_);
  }

 private:
  const WorldOptions& options() const { return world_.options; }

  void MakePeriod() {
    const int first = 12 * 2023 + rng_.Between(0, 11);
    const int count = rng_.Between(13, 22);
    for (int i = 0; i < count; ++i)
      world_.period.push_back(MonthText(first + i));
    int from = first, to = first + count - 1;
    if (options().short_cover) {
      from += rng_.Between(1, 2);
      to -= rng_.Between(0, 2);
    }
    if (options().gap) {
      const int hole = rng_.Between(from + 2, to - 4);
      const int wide = rng_.Between(1, 2);
      AddCover(from, hole - 1);
      AddCover(hole + wide, to);
    } else {
      AddCover(from, to);
    }
  }
  void AddCover(int from, int to) {
    world_.covers.emplace_back(MonthText(from), MonthText(to));
    for (int m = from; m <= to; ++m) world_.covered.push_back(MonthText(m));
  }

  void AddTime() {
    WorldDimension time;
    time.id = "occurred";
    time.kind = WorldKind::kTime;
    const std::vector<std::pair<const char*, std::vector<int>>> kLevels = {
        {"month", {1, 2, 3, 4}},
        {"quarter", {2, 3}},
        {"calendar_year", {}},
        {"financial_year", {}},
        {"academic_year", {}}};
    for (const auto& [variable, nests_in] : kLevels) {
      WorldLevel level{variable, {}, {}, nests_in};
      for (const std::string& month : world_.period) {
        const std::string code = TimeCode(month, variable);
        if (!level.codes.empty() && level.codes.back().id == code) continue;
        level.codes.push_back(Plain(code));
      }
      // Whole if the months next to the period lie in other codes.
      const int first = MonthNumber(world_.period.front());
      const int last = MonthNumber(world_.period.back());
      level.whole.assign(level.codes.size(), true);
      if (TimeCode(MonthText(first - 1), variable) == level.codes.front().id) {
        level.whole.front() = false;
      }
      if (TimeCode(MonthText(last + 1), variable) == level.codes.back().id) {
        level.whole.back() = false;
      }
      level.codes.push_back(Plain("U", "Not known"));
      level.whole.push_back(true);
      time.levels.push_back(std::move(level));
    }
    world_.dimensions.push_back(std::move(time));
  }

  void AddClock() {
    WorldDimension weekday;
    weekday.id = "weekday";
    weekday.kind = WorldKind::kWeekday;
    weekday.levels = {{"weekday",
                       {Plain("MON", "Monday"), Plain("TUE", "Tuesday"),
                        Plain("WED", "Wednesday"), Plain("THU", "Thursday"),
                        Plain("FRI", "Friday"), Plain("SAT", "Saturday"),
                        Plain("SUN", "Sunday"), Plain("U", "Not known")},
                       {},
                       {}}};
    WorldDimension hour;
    hour.id = "hour";
    hour.kind = WorldKind::kHour;
    hour.levels = {{"hour", {}, {}, {}}};
    for (int h = 0; h < 24; ++h) {
      hour.levels[0].codes.push_back(Plain(absl::StrFormat("%02d", h)));
      hour.levels[0].codes.back().low = hour.levels[0].codes.back().high = h;
    }
    hour.levels[0].codes.push_back(Plain("U", "Not known"));
    // How finely dates are known shows in the first one; no row, no date.
    if (options().rows == 0) weekday.held = -1;
    if (options().rows == 0 || options().day_dates) hour.held = -1;
    world_.dimensions.push_back(std::move(weekday));
    world_.dimensions.push_back(std::move(hour));
  }

  void AddPlaces() {
    const int lads = rng_.Between(2, 3);
    int number = 0;
    for (int d = 1; d <= lads; ++d) {
      const int wards = rng_.Between(2, 3);
      for (int w = 1; w <= wards; ++w) {
        const int lsoas = rng_.Between(1, 3);
        for (int l = 0; l < lsoas; ++l) {
          world_.places.push_back({absl::StrFormat("L%02d", ++number),
                                   absl::StrCat("W", d, w),
                                   absl::StrCat("D", d)});
        }
      }
      if (options().no_ward) {
        world_.places.push_back(
            {absl::StrFormat("L%02d", ++number), "", absl::StrCat("D", d)});
      }
    }
    if (rng_.Chance(70)) {
      for (int d = 1; d < lads; ++d) {
        world_.area_lads.push_back(absl::StrCat("D", d));
      }
      for (WorldPlace& place : world_.places) {
        place.inside = place.lad != absl::StrCat("D", lads);
      }
    }
    world_.place_unmapped = rng_.Chance(50) ? "U" : "OUT";
    WorldDimension dimension;
    dimension.id = "place";
    dimension.kind = WorldKind::kPlace;
    dimension.held = options().coarse ? rng_.Between(0, 1) : 0;
    dimension.levels = {
        {"lsoa", {}, {}, {1, 2}}, {"ward", {}, {}, {2}}, {"lad", {}, {}, {}}};
    std::set<std::string> seen[3];
    for (const WorldPlace& place : world_.places) {
      if (!place.inside) continue;
      seen[0].insert(place.lsoa);
      seen[1].insert(place.ward.empty() ? "U." + place.lad : place.ward);
      seen[2].insert(place.lad);
    }
    for (int l = 0; l < 3; ++l) {
      auto& codes = dimension.levels[static_cast<size_t>(l)].codes;
      for (const std::string& code : seen[l]) codes.push_back(Plain(code));
      codes.push_back(Plain("OUT"));
      codes.push_back(Plain("U"));
    }
    world_.dimensions.push_back(std::move(dimension));
  }

  // The codes of the finest level that lie in each other, by index.
  static void Finish(WorldDimension* dimension) {
    const auto level = static_cast<size_t>(std::max(0, dimension->held));
    if (!dimension->held_codes.empty()) return;
    for (size_t i = 0; i < dimension->levels[level].codes.size(); ++i) {
      dimension->held_codes.push_back(static_cast<int>(i));
    }
  }

  void AddWeapon() {
    WorldDimension weapon;
    weapon.id = "weapon";
    weapon.levels = {
        {"weapon",
         {Plain("KNIFE", "Knife or blade", "blade"), Plain("GUN", "Firearm"),
          Plain("ACID", "Acid", "corrosive substance"),
          Plain("BAT", "Bat, club or stick"), Plain("NONE", "No weapon"),
          Plain("OTHER", "Another weapon"),
          Plain("U", "Not known", "not stated")},
         {},
         {1}},
        {"weapon_group",
         {Plain("SHARP", "Sharp"), Plain("FIRE", "Fire"),
          Plain("REST", "The rest, with 'none'"), Plain("U", "Not known")},
         {},
         {}}};
    weapon.up = {{0, 1, 2, 3, 4, 5, 6}, {0, 1, rng_.Between(0, 2), 2, 2, 2, 3}};
    world_.weapon_map = {{"k", "KNIFE"},        {"Knife/sharp", "KNIFE"},
                         {"firearm", "GUN"},    {"acid", "ACID"},
                         {"blunt", "BAT"},      {"no weapon", "NONE"},
                         {"not recorded", "U"}, {"misc", "OTHER"}};
    world_.weapon_unmapped = "OTHER";
    world_.weapon_empty = "U";
    if (options().missing_codes && !options().coarse) {
      weapon.holds_all = false;
      weapon.held_codes = {0, 1, 3, 5, 6};  // neither ACID nor NONE
      world_.weapon_map.erase(world_.weapon_map.begin() + 5);
      world_.weapon_map.erase(world_.weapon_map.begin() + 3);
    }
    if (options().coarse) {
      weapon.held = 1;
      world_.weapon_unmapped = "REST";
      for (auto& [local, code] : world_.weapon_map) {
        const bool sharp = code == "KNIFE";
        if (code != "U")
          code = sharp ? "SHARP" : code == "GUN" ? "FIRE" : "REST";
      }
    }
    Finish(&weapon);
    world_.dimensions.push_back(std::move(weapon));
  }

  void AddAge() {
    WorldDimension age;
    age.id = "age";
    const std::vector<std::pair<int, int>> kBands = {
        {0, 4},   {5, 9},   {10, 13}, {14, 17},   {18, 20},
        {21, 24}, {25, 34}, {35, 64}, {65, kOpen}};
    WorldLevel band{"age_band", {}, {}, {1, 2}}, core{"age_core", {}, {}, {2}},
        adult{"adult", {}, {}, {}};
    for (const auto& [low, high] : kBands)
      band.codes.push_back(Band(low, high));
    band.codes.push_back(Plain("U", "Not known"));
    age.up.resize(3);
    for (int i = 0; i <= 9; ++i) age.up[0].push_back(i);
    if (options().two_trees) {  // 14-20 crosses the edge of adult
      core.codes = {Band(0, 13), Band(14, 20), Band(21, 34), Band(35, kOpen)};
      age.up[1] = {0, 0, 0, 1, 1, 2, 2, 3, 3, 4};
      core.nests_in.clear();
    } else {
      core.codes = {Band(0, 9), Band(10, 17), Band(18, 24), Band(25, kOpen)};
      age.up[1] = {0, 0, 1, 1, 2, 2, 3, 3, 3, 4};
    }
    core.codes.push_back(Plain("U", "Not known"));
    adult.codes = {Plain("no", "Child"), Plain("yes", "Adult", "grown-up"),
                   Plain("U", "Not known")};
    age.up[2] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2};
    age.levels = {std::move(band), std::move(core), std::move(adult)};
    age.held = options().coarse && !options().two_trees ? 1 : 0;
    Finish(&age);
    world_.dimensions.push_back(std::move(age));
  }

  void AddSex() {
    WorldDimension sex;
    sex.id = "sex";
    sex.levels = {{"sex",
                   {Plain("M", "Male", "man"), Plain("F", "Female", "woman"),
                    Plain("X", "Other"), Plain("U", "Not known")},
                   {},
                   {}}};
    sex.up = {{0, 1, 2, 3}};
    Finish(&sex);
    world_.dimensions.push_back(std::move(sex));
  }

  void AddReason() {
    WorldDimension reason;
    reason.id = "reason";
    reason.multi = true;
    reason.levels = {{"reason",
                      {Plain("PP", "Assault of a pupil", "pupil"), Plain("PA"),
                       Plain("OW", "Offensive weapon"), Plain("DM"),
                       Plain("OTH", "Other reason"), Plain("U", "Not known")},
                      {},
                      {}}};
    reason.up = {{0, 1, 2, 3, 4, 5}};
    Finish(&reason);
    world_.dimensions.push_back(std::move(reason));
  }

  void AddPopulation() {
    WorldDimension armed;
    armed.id = "armed";
    armed.kind = WorldKind::kPopulation;
    armed.levels = {{"armed", {Plain("1", "Yes"), Plain("0", "No")}, {}, {}}};
    const bool groups = options().coarse;
    world_.population_weapons = groups
                                    ? std::vector<std::string>{"SHARP"}
                                    : std::vector<std::string>{"KNIFE", "GUN"};
    world_.population_adults = rng_.Chance(50);
    world_.population_reasons = rng_.Chance(30);
    world_.dimensions.push_back(std::move(armed));
  }

  Rng rng_;
  World world_;
};

}  // namespace

bool WorldDimension::Askable(int level) const {
  if (held < 0) return false;
  if (held == level) return true;
  const auto& above = levels[static_cast<size_t>(held)].nests_in;
  return std::find(above.begin(), above.end(), level) != above.end();
}

int World::FindIndex(const std::string& id) const {
  for (size_t d = 0; d < dimensions.size(); ++d) {
    if (dimensions[d].id == id) return static_cast<int>(d);
  }
  return -1;
}

const WorldDimension& World::Find(const std::string& id) const {
  return dimensions[static_cast<size_t>(FindIndex(id))];
}

World MakeWorld(const WorldOptions& options) { return Maker(options).Make(); }

std::string TimeCode(const std::string& month, const std::string& variable) {
  const int year = YearOf(month), number = MonthOf(month);
  if (variable == "quarter") {
    return absl::StrCat(year, "-Q", (number - 1) / 3 + 1);
  }
  if (variable == "calendar_year") return absl::StrCat(year);
  if (variable == "month") return month;
  const int from = variable == "financial_year" ? 4 : 9;
  const int start = number < from ? year - 1 : year;
  return absl::StrFormat("%04d/%02d", start, (start + 1) % 100);
}

}  // namespace cairn
