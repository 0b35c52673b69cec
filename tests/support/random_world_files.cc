// What a random world looks like as text: its catalogue, and an agency's files.

#include <cctype>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/support/random_world.h"

namespace cairn {
namespace {

std::string MonthText(int number) {  // 12 * year + month - 1
  return absl::StrFormat("%04d-%02d", number / 12, number % 12 + 1);
}
int MonthNumber(const std::string& month) {
  return 12 * std::atoi(month.c_str()) + std::atoi(&month[5]) - 1;
}

class Writer {
 public:
  Writer(Rng* rng, World* world) : rng_(*rng), world_(*world) {}

  void Write() {
    WriteCatalogue();
    WriteMapping();
    WritePlaces();
    WriteRows();
  }

 private:
  const WorldOptions& options() const { return world_.options; }
  void WriteCatalogue();
  void WriteMapping();
  void WritePlaces();
  void WriteRows();
  std::string RandomDate(bool first);
  std::string RandomRow(bool first);

  Rng& rng_;
  World& world_;
};

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", text, "\"");
}

void Writer::WriteCatalogue() {
  std::string lists, dimensions;
  for (const WorldDimension& d : world_.dimensions) {
    if (d.kind == WorldKind::kPopulation) continue;
    static constexpr const char* kKinds[] = {"TIME", "WEEKDAY", "HOUR", "PLACE",
                                             "CATEGORY"};
    absl::StrAppend(&dimensions, "dimension { id: ", Quoted(d.id),
                    " kind: ", kKinds[static_cast<int>(d.kind)],
                    d.multi ? " multi_valued: true" : "");
    for (size_t l = 0; l < d.levels.size(); ++l) {
      const WorldLevel& level = d.levels[l];
      absl::StrAppend(&dimensions,
                      " level { variable: ", Quoted(level.variable));
      for (const int above : level.nests_in) {
        absl::StrAppend(&dimensions, " nests_in: ",
                        Quoted(d.levels[static_cast<size_t>(above)].variable));
      }
      if (d.kind == WorldKind::kCategory) {
        absl::StrAppend(&dimensions, " code_list: ", Quoted(level.variable));
        absl::StrAppend(&lists, "code_list { id: ", Quoted(level.variable));
        for (size_t i = 0; i < level.codes.size(); ++i) {
          const WorldCode& c = level.codes[i];
          absl::StrAppend(&lists, " code { id: ", Quoted(c.id),
                          " label: ", Quoted(c.label));
          if (!c.alias.empty()) {
            absl::StrAppend(&lists, " alias: ", Quoted(c.alias));
          }
          if (c.low) absl::StrAppend(&lists, " at_least: ", *c.low);
          if (c.high && *c.high != kOpen) {
            absl::StrAppend(&lists, " at_most: ", *c.high);
          }
          for (size_t u = 1; l == 0 && u < d.levels.size(); ++u) {
            absl::StrAppend(
                &lists, " in { level: ", Quoted(d.levels[u].variable),
                " code: ",
                Quoted(d.levels[u].codes[static_cast<size_t>(d.up[u][i])].id),
                " }");
          }
          absl::StrAppend(&lists, " }");
        }
        absl::StrAppend(&lists, " }\n");
      }
      absl::StrAppend(&dimensions, " }");
    }
    absl::StrAppend(&dimensions, " }\n");
  }
  const std::string where = absl::StrCat(
      options().coarse ? "weapon_group" : "weapon", " IN ('",
      absl::StrJoin(world_.population_weapons, "','"), "')",
      world_.population_adults ? " AND adult = 'yes'" : "",
      world_.population_reasons ? " AND reason IN ('PP', 'OW')" : "");
  world_.days_low = rng_.Between(0, 1);
  world_.catalogue_text = absl::StrCat(
      "partnership: \"testshire\" version: 1 "
      "purpose { id: \"research\" label: \"Research\" }\n",
      lists,
      "data_set { id: \"events\" title: \"Events\" agencies: DISJOINT "
      "time_precision: MINUTE period_from: ",
      Quoted(world_.period.front()),
      " period_to: ", Quoted(world_.period.back()), " has_person_key: true\n",
      dimensions,
      "quantity { variable: \"days\" unit: \"days\" decimals: 1 clip_low: ",
      world_.days_low,
      " clip_high: 45 }\n"
      "quantity { variable: \"cost\" unit: \"pounds\" clip_high: 1000 }\n"
      "population { variable: \"armed\" version: 1 where: ",
      Quoted(where), " } }\n");
}

void Writer::WriteMapping() {
  const bool coarse = options().coarse;
  std::string& out = world_.mapping_text;
  absl::StrAppend(&out, "data_set: \"events\" version: 1\n",
                  "column { name: \"When\" occurred_at: true",
                  options().tidy_dates ? "" : " unmapped: \"U\"", " }\n",
                  "column { name: \"Who\" person_key: true "
                  "value { from: \"anon\" to: \"U\" } }\n",
                  "column { name: \"Weapon\" variable: ",
                  coarse ? "\"weapon_group\"" : "\"weapon\"",
                  " unmapped: ", Quoted(world_.weapon_unmapped),
                  " empty: ", Quoted(world_.weapon_empty));
  for (const auto& [local, code] : world_.weapon_map) {
    absl::StrAppend(&out, " value { from: ", Quoted(local),
                    " to: ", Quoted(code), " }");
  }
  const auto& age = world_.Find("age");
  const auto& place = world_.Find("place");
  absl::StrAppend(
      &out, " }\ncolumn { name: \"Age\" variable: ",
      Quoted(age.levels[static_cast<size_t>(age.held)].variable),
      " number_to_band: true unmapped: \"U\" }\n"
      "column { name: \"Sex\" variable: \"sex\" identity: true "
      "unmapped: \"U\" }\n",
      "column { name: \"Place\" variable: ",
      Quoted(place.levels[static_cast<size_t>(place.held)].variable),
      " unmapped: ", Quoted(world_.place_unmapped), " empty: \"U\" }\n",
      "column { name: \"Why\" variable: \"reason\" identity: true split: \";\" "
      "unmapped: \"OTH\" empty: \"U\" }\n"
      "column { name: \"Days\" quantity: \"days\" empty: \"0\" }\n"
      "column { name: \"Cost\" quantity: \"cost\" empty: \"0\" }\n");
}

void Writer::WritePlaces() {
  world_.places_csv = "code,ward,lad\n";
  for (const WorldPlace& place : world_.places) {
    absl::StrAppend(&world_.places_csv, place.lsoa, ",", place.ward, ",",
                    place.lad, "\n");
  }
}

std::string Writer::RandomDate(bool first) {
  const bool tidy = first || options().tidy_dates;
  if (!tidy && rng_.Chance(3)) return rng_.Chance(50) ? "" : "no idea";
  // A few lie before or after the period, or in the gap.
  const int month = MonthNumber(world_.period.front()) +
                    rng_.Between(-1, static_cast<int>(world_.period.size()));
  if (!tidy && rng_.Chance(3)) return MonthText(month);
  const int day = rng_.Between(1, 28);
  std::string date = absl::StrFormat("%s-%02d", MonthText(month), day);
  if (rng_.Chance(30)) {
    date = absl::StrFormat("%02d/%02d/%04d", day, month % 12 + 1, month / 12);
  }
  if (options().day_dates || (!tidy && rng_.Chance(3))) return date;
  // More at night.
  const int hour = rng_.Chance(40) ? rng_.Between(20, 23) : rng_.Between(0, 23);
  return absl::StrFormat("%s %02d:%02d", date, hour, rng_.Between(0, 59));
}

std::string Writer::RandomRow(bool first) {
  std::string who;
  if (rng_.Chance(20)) {
    who = rng_.Chance(70) ? "" : "ANON";
  } else {
    who = rng_.Chance(12) ? "prolific"
                          : absl::StrCat("p", rng_.Between(1, options().rows));
  }
  std::string weapon = rng_.Pick(world_.weapon_map).first;
  if (rng_.Chance(30)) weapon = "k";
  if (rng_.Chance(10)) weapon = rng_.Chance(50) ? "" : "spoon";
  if (rng_.Chance(10)) weapon = absl::StrCat(" ", weapon, " ");
  if (rng_.Chance(10)) {
    for (char& c : weapon) c = static_cast<char>(std::toupper(c));
  }
  std::string age = absl::StrCat(rng_.Between(0, rng_.Chance(70) ? 30 : 99));
  if (rng_.Chance(5)) age += ".9";
  if (rng_.Chance(8)) age = rng_.Chance(50) ? "" : "n/k";
  static const std::vector<std::string> kSexes = {
      "M", "M", "M", "F", "f", "male", "Woman", "x", "", "?", "u"};
  const auto& held = world_.Find("place").held;
  const WorldPlace& place = rng_.Pick(world_.places);
  std::string where = held == 0 ? place.lsoa : place.ward;
  if (rng_.Chance(8)) where = rng_.Chance(50) ? "" : "elsewhere";
  static const std::vector<std::string> kReasons = {
      "PP", "PP", "PA", "OW", "pupil", "dm", "zz", "", "OTH", "U"};
  std::string why = rng_.Pick(kReasons);
  while (rng_.Chance(35)) absl::StrAppend(&why, ";", rng_.Pick(kReasons));
  static constexpr const char* kParts[] = {"", ".5", ".25", ".75", ".1"};
  std::string days = absl::StrCat(rng_.Between(0, rng_.Chance(90) ? 9 : 60),
                                  kParts[rng_.Below(5)]);
  if (rng_.Chance(10)) days = "";
  std::string cost =
      absl::StrCat(rng_.Chance(95) ? rng_.Between(0, 300) : 5000);
  if (rng_.Chance(10)) cost = "";
  return absl::StrCat(RandomDate(first), ",", who, ",", weapon, ",", age, ",",
                      rng_.Pick(kSexes), ",", where, ",", why, ",", days, ",",
                      cost, "\n");
}

void Writer::WriteRows() {
  world_.csv = "When,Who,Weapon,Age,Sex,Place,Why,Days,Cost\n";
  std::vector<std::string> rows;
  for (int i = 0; i < options().rows; ++i) {
    rows.push_back(!rows.empty() && rng_.Chance(options().duplicates)
                       ? rows[rng_.Below(rows.size())]
                       : RandomRow(rows.empty()));
  }
  for (const std::string& row : rows) world_.csv += row;
}

}  // namespace

void WriteFiles(Rng* rng, World* world) { Writer(rng, world).Write(); }

}  // namespace cairn
