#include "core/disclosure/cell_names.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/query/selection.h"

namespace cairn {
namespace {

std::string Plain(const std::string& variable, const std::string& code) {
  return absl::StrCat(variable, "=", code);
}

// Codes of different levels with the same finest codes behind them get the name
// of the finest level's.
void NameCodes(const Dimension& dimension,
               absl::flat_hash_map<std::string, std::string>* names) {
  std::map<std::vector<bool>, std::string> first;
  for (size_t l = 0; l < dimension.up.size(); ++l) {
    const Level& level = dimension.levels[l];
    for (size_t code = 0; code < level.codes.size(); ++code) {
      std::vector<bool> leaves;
      for (const int above : dimension.up[l]) {
        leaves.push_back(above == static_cast<int>(code));
      }
      const std::string own = Plain(level.variable, level.codes[code].id);
      (*names)[own] = first.try_emplace(std::move(leaves), own).first->second;
    }
  }
}

// Areas are not in the catalogue, but "not known" and "outside" are the same
// people at every level.
void NamePlaces(const Dimension& dimension,
                absl::flat_hash_map<std::string, std::string>* names) {
  for (const Level& level : dimension.levels) {
    for (const char* code : {kUnknownCode, kOutsideCode}) {
      (*names)[Plain(level.variable, code)] =
          Plain(dimension.levels[0].variable, code);
    }
  }
}

absl::StatusOr<PopulationTie> TieOf(const DataSet& data_set,
                                    const Dimension& population) {
  PopulationTie tie;
  tie.variable = population.levels[0].variable;
  CAIRN_ASSIGN_OR_RETURN(const Selection selection,
                         Selection::Create(data_set, population.population));
  tie.admitted = selection.admitted();
  size_t stride = tie.admitted.size();
  for (const SelectionAxis& axis : selection.axes()) {
    const Dimension& used = data_set.dimensions[axis.dimension];
    stride /= axis.size();
    PopulationTie::Part part;
    part.stride = stride;
    part.multi_valued = used.multi_valued;
    for (size_t l = 0; l < used.levels.size(); ++l) {
      if (!used.Nests(static_cast<int>(l), axis.level)) continue;
      auto& position = part.position[used.levels[l].variable];
      for (size_t leaf = 0; leaf < used.up[l].size(); ++leaf) {
        position[used.levels[l].codes[used.up[l][leaf]].id] =
            static_cast<size_t>(used.up[axis.level][leaf]);
      }
    }
    tie.parts.push_back(std::move(part));
  }
  return tie;
}

}  // namespace

absl::StatusOr<CellNames> CellNames::Create(const DataSet& data_set) {
  CellNames names;
  for (const Dimension& dimension : data_set.dimensions) {
    if (dimension.kind == DimensionKind::kPlace) {
      NamePlaces(dimension, &names.names_);
    } else {
      NameCodes(dimension, &names.names_);
    }
    if (!dimension.population.has_value()) continue;
    CAIRN_ASSIGN_OR_RETURN(PopulationTie tie, TieOf(data_set, dimension));
    names.ties_.push_back(std::move(tie));
  }
  return names;
}

std::string CellNames::Of(const std::string& variable,
                          const std::string& code) const {
  std::string plain = Plain(variable, code);
  const auto found = names_.find(plain);
  return found == names_.end() ? plain : found->second;
}

}  // namespace cairn
