#ifndef CAIRN_TESTS_SUPPORT_RANDOM_WORLD_H_
#define CAIRN_TESTS_SUPPORT_RANDOM_WORLD_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace cairn {

// The same numbers on every standard library: no std distributions.
class Rng {
 public:
  explicit Rng(uint64_t seed) : engine_(seed) {}

  size_t Below(size_t n) { return static_cast<size_t>(engine_() % n); }
  int Between(int low, int high) {
    return low + static_cast<int>(Below(static_cast<size_t>(high - low + 1)));
  }
  bool Chance(int percent) { return Below(100) < static_cast<size_t>(percent); }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  template <typename T>
  void Shuffle(std::vector<T>* items) {
    for (size_t i = items->size(); i > 1; --i) {
      std::swap((*items)[i - 1], (*items)[Below(i)]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

// A data set that was made up: its catalogue, one agency's mapping, places and
// files, as text for our own loader; and the same facts as plain lists, from
// which the oracle's SQL and the questions are written. Nothing here includes a
// header of the rooms under test.
struct WorldCode {
  std::string id;
  std::string label;
  std::string alias;  // may be empty
  // Bands only. kOpen: no end.
  std::optional<int64_t> low, high;
};

inline constexpr int64_t kOpen = 1'000'000;

struct WorldLevel {
  std::string variable;
  std::vector<WorldCode> codes;  // U last; of places: as the agency has them
  std::vector<bool> whole;       // TIME: the period covers the code whole
  std::vector<int> nests_in;     // levels
  bool numbers() const { return codes.front().low.has_value(); }
};

enum class WorldKind { kTime, kWeekday, kHour, kPlace, kCategory, kPopulation };

struct WorldDimension {
  std::string id;
  WorldKind kind = WorldKind::kCategory;
  bool multi = false;
  std::vector<WorldLevel> levels;
  // up[l][i]: code of level l in which finest code i lies. Categories only.
  std::vector<std::vector<int>> up;
  // The level the agency keeps; -1: it does not hold the dimension.
  int held = 0;
  // Indices of the codes at the held level that its mapping can produce.
  std::vector<int> held_codes;
  bool holds_all = true;

  // Can the agency give this level?
  bool Askable(int level) const;
};

struct WorldPlace {
  std::string lsoa, ward, lad;  // ward may be empty
  bool inside = true;
};

struct WorldOptions {
  uint64_t seed = 0;
  int rows = 0;
  bool gap = false;            // months in the middle that are not covered
  bool short_cover = false;    // the period's ends are not covered
  bool missing_codes = false;  // codes that the mapping never produces
  bool coarse = false;         // the source is coarser than the catalogue
  bool two_trees = false;      // levels of age that do not nest in each other
  bool no_ward = false;        // places without a ward
  bool day_dates = false;      // no hour
  bool tidy_dates = false;     // no date is unknown
  int duplicates = 0;          // percent of rows that repeat an earlier one
};

// What GoogleTest calls it.
inline void PrintTo(const WorldOptions& options, std::ostream* out) {
  *out << "seed " << options.seed;
}

struct World {
  WorldOptions options;
  std::vector<WorldDimension> dimensions;
  std::vector<std::string> period, covered;  // months
  std::vector<std::pair<std::string, std::string>> covers;
  std::vector<WorldPlace> places;
  std::vector<std::string> area_lads;  // empty: no area
  std::string place_unmapped;          // U or OUT
  std::vector<std::pair<std::string, std::string>> weapon_map;  // local, code
  std::string weapon_unmapped;
  std::string weapon_empty;
  std::vector<std::string> population_weapons;
  bool population_adults = false;   // AND adult = 'yes'
  bool population_reasons = false;  // AND reason IN ('PP', 'OW')
  int64_t days_low = 0;             // clip, in days

  std::string catalogue_text;
  std::string mapping_text;
  std::string places_csv;
  std::string csv;  // the agency's file

  const WorldDimension& Find(const std::string& id) const;
  int FindIndex(const std::string& id) const;
};

World MakeWorld(const WorldOptions& options);
// Its last step: fills the texts of a world whose facts are settled.
void WriteFiles(Rng* rng, World* world);

// The code of month YYYY-MM at a level of time, worked out for the tests.
std::string TimeCode(const std::string& month, const std::string& variable);

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_RANDOM_WORLD_H_
