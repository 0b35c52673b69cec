#include "core/link/place_entries.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace cairn {
namespace {

constexpr int kMaxAreas = 5000;
constexpr int kMaxPlaces = 1000;
constexpr size_t kMaxCode = 40;

absl::Status Invalid(const v1::Place& place, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("place ", place.id().substr(0, 64), " ", what));
}

// The variables that stand for places somewhere in the catalogue.
std::set<std::string> PlaceVariables(const v1::Catalogue& catalogue) {
  std::set<std::string> variables;
  const auto add = [&variables](const v1::Dimension& dimension) {
    if (dimension.kind() != v1::PLACE) return;
    for (const v1::Level& level : dimension.level()) {
      variables.insert(level.variable());
    }
  };
  for (const v1::Dimension& shared : catalogue.shared()) add(shared);
  for (const v1::DataSet& data_set : catalogue.data_set()) {
    for (const v1::Dimension& own : data_set.dimension()) add(own);
  }
  return variables;
}

absl::Status CheckAreas(const v1::Place& place,
                        const std::set<std::string>& variables) {
  if (place.area().empty() || place.area_size() > kMaxAreas) {
    return Invalid(place, absl::StrCat("needs 1 to ", kMaxAreas,
                                       " areas: area { variable: .. code: .. "
                                       "}"));
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (const v1::Place::Area& area : place.area()) {
    if (variables.count(area.variable()) == 0) {
      return Invalid(
          place, absl::StrCat("has an area of '", area.variable().substr(0, 64),
                              "', which is no level of a place"));
    }
    if (area.code().empty() || area.code().size() > kMaxCode ||
        area.code() == kUnknownCode || area.code() == kOutsideCode ||
        area.code() == kTotal) {
      return Invalid(place, absl::StrCat("has the area code '",
                                         area.code().substr(0, kMaxCode),
                                         "', which is empty, too long or "
                                         "reserved"));
    }
    if (!seen.emplace(area.variable(), area.code()).second) {
      return Invalid(place, absl::StrCat("names ", area.variable(), " ",
                                         area.code(), " twice"));
    }
  }
  return absl::OkStatus();
}

Code PlaceCode(const char* id, const char* label) {
  Code code;
  code.id = id;
  code.label = label;
  return code;
}

void AddPlace(const v1::Place& place, Dimension* dimension) {
  Level level;
  level.variable = place.id();
  level.title = place.label().empty() ? place.id() : place.label();
  level.codes = {PlaceCode("1", "Yes"), PlaceCode("0", "No"),
                 PlaceCode(kOutsideCode, "Outside the agency's area"),
                 PlaceCode(kUnknownCode, "Not known")};
  level.whole.assign(level.codes.size(), true);
  for (const v1::Place::Area& area : place.area()) {
    level.areas.push_back({area.variable(), area.code()});
  }
  for (size_t l = 0; l < dimension->levels.size(); ++l) {
    bool tells_apart = dimension->levels[l].areas.empty();
    for (const Level::Area& area : level.areas) {
      tells_apart =
          tells_apart && dimension->Nests(static_cast<int>(l),
                                          dimension->FindLevel(area.variable));
    }
    if (tells_apart) dimension->levels[l].nests_in.push_back(level.variable);
  }
  dimension->levels.push_back(std::move(level));
}

}  // namespace

absl::Status CheckPlaces(const v1::Catalogue& catalogue) {
  if (catalogue.place_size() > kMaxPlaces) {
    return absl::InvalidArgumentError(
        absl::StrCat("the catalogue has more than ", kMaxPlaces, " places"));
  }
  const std::set<std::string> variables = PlaceVariables(catalogue);
  std::set<std::string> ids;
  for (const v1::Place& place : catalogue.place()) {
    if (!ids.insert(place.id()).second) {
      return Invalid(place, "is there twice");
    }
    if (place.version() == 0) {
      return Invalid(place,
                     "has no version; write version: 1, and raise it with "
                     "each change of its areas");
    }
    const absl::Status areas = CheckAreas(place, variables);
    if (!areas.ok()) return areas;
  }
  return absl::OkStatus();
}

void AddPlaces(const v1::Catalogue& catalogue, DataSet* data_set) {
  for (Dimension& dimension : data_set->dimensions) {
    if (dimension.kind != DimensionKind::kPlace) continue;
    for (const v1::Place& place : catalogue.place()) {
      bool all = true;
      for (const v1::Place::Area& area : place.area()) {
        all = all && dimension.FindLevel(area.variable()) >= 0;
      }
      if (all) AddPlace(place, &dimension);
    }
  }
}

}  // namespace cairn
