#include "agent/load_rollup.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// Where the code of one level lies at a coarser one, by way of the finest.
absl::StatusOr<std::string> CodeAbove(const Dimension& dimension, int level,
                                      const std::string& code, int coarser) {
  const auto& codes = dimension.levels[level].codes;
  for (size_t i = 0; i < dimension.up[level].size(); ++i) {
    if (codes[dimension.up[level][i]].id == code) {
      return dimension.levels[coarser].codes[dimension.up[coarser][i]].id;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the catalogue does not say in which code of ",
                   dimension.levels[coarser].variable, " the code ", code,
                   " of ", dimension.levels[level].variable,
                   " lies: give it a code of ", dimension.levels[0].variable));
}

// Whether a place of the catalogue holds an area: 1, 0, or U where the area's
// own place at one of the levels is not known.
std::string InPlace(const Places& places, const Level& named, int level,
                    int area) {
  bool known = true;
  for (const Level::Area& part : named.areas) {
    const int coarser = places.FindVariable(part.variable);
    const std::string& code = coarser == level
                                  ? places.Codes(level)[area]
                                  : places.Above(level, area, coarser);
    if (code == part.code) return "1";
    known = known && code != kUnknownCode;
  }
  return known ? "0" : kUnknownCode;
}

// A place can be told where the agency's table has all levels it is made of.
void AddNamedPlace(const Places& places, const Level& named,
                   v1::ExtractDimension* out) {
  const int level = places.FindVariable(out->variable());
  for (const Level::Area& part : named.areas) {
    if (places.FindVariable(part.variable) < 0) return;
  }
  v1::ExtractDimension::RollUp* const roll_up = out->add_roll_up();
  roll_up->set_variable(named.variable);
  for (const std::string& code : out->code()) {
    const int index = places.Find(level, code);
    // OUT and U stay what they are.
    roll_up->add_code(index < 0 ? code : InPlace(places, named, level, index));
  }
}

void AddPlaceRollUps(const Places& places, const Dimension& dimension,
                     v1::ExtractDimension* out) {
  const int stored = dimension.FindLevel(out->variable());
  const int level = places.FindVariable(out->variable());
  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    const int coarse = static_cast<int>(l);
    const std::string& variable = dimension.levels[l].variable;
    if (!dimension.levels[l].areas.empty()) {
      if (dimension.Nests(stored, coarse)) {
        AddNamedPlace(places, dimension.levels[l], out);
      }
      continue;
    }
    const int coarser = places.FindVariable(variable);
    if (coarse == stored || !dimension.Nests(stored, coarse) || coarser < 0) {
      continue;
    }
    v1::ExtractDimension::RollUp* const roll_up = out->add_roll_up();
    roll_up->set_variable(variable);
    for (const std::string& code : out->code()) {
      const int index = places.Find(level, code);
      // OUT and U stay what they are.
      roll_up->add_code(index < 0 ? code : places.Above(level, index, coarser));
    }
  }
}

absl::Status AddListRollUps(const Dimension& dimension,
                            v1::ExtractDimension* out) {
  const int stored = dimension.FindLevel(out->variable());
  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    const int coarser = static_cast<int>(l);
    if (coarser == stored || !dimension.Nests(stored, coarser)) continue;
    v1::ExtractDimension::RollUp roll_up;
    roll_up.set_variable(dimension.levels[l].variable);
    for (const std::string& code : out->code()) {
      CAIRN_ASSIGN_OR_RETURN(*roll_up.add_code(),
                             CodeAbove(dimension, stored, code, coarser));
    }
    *out->add_roll_up() = std::move(roll_up);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ExtractDimension> DescribeHeld(const MappingInputs& inputs,
                                                  const LoadPlan::Held& held) {
  const Dimension& dimension = inputs.data_set->dimensions[held.dimension];
  v1::ExtractDimension out;
  out.set_dimension(dimension.id);
  out.set_variable(dimension.levels[held.level].variable);
  out.set_multi_valued(held.multi_valued);
  for (const std::string& code : held.codes) out.add_code(code);
  if (dimension.kind == DimensionKind::kPlace) {
    AddPlaceRollUps(*inputs.places, dimension, &out);
    return out;
  }
  const absl::Status added = AddListRollUps(dimension, &out);
  if (!added.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(inputs.path, ": ", added.message()));
  }
  return out;
}

}  // namespace cairn
