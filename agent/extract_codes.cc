#include "agent/extract_codes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/disclosure/meeting.h"

namespace cairn {

std::vector<std::string> CodesAt(const v1::ExtractDimension& stored,
                                 const std::string& variable) {
  if (const size_t join = variable.find(kAtomJoin); join != variable.npos) {
    std::vector<std::string> first = CodesAt(stored, variable.substr(0, join));
    const std::vector<std::string> rest =
        CodesAt(stored, variable.substr(join + 1));
    if (first.empty() || rest.empty()) return {};
    for (size_t i = 0; i < first.size(); ++i) {
      absl::StrAppend(&first[i], std::string(1, kAtomCodeJoin), rest[i]);
    }
    return first;
  }
  if (stored.variable() == variable) {
    return {stored.code().begin(), stored.code().end()};
  }
  for (const auto& roll_up : stored.roll_up()) {
    if (roll_up.variable() == variable) {
      return {roll_up.code().begin(), roll_up.code().end()};
    }
  }
  return {};
}

TableAxis AtomAxis(const v1::ExtractDimension& stored,
                   const Dimension& dimension,
                   const std::vector<std::string>& variables) {
  TableAxis axis;
  axis.variable = absl::StrJoin(variables, std::string(1, kAtomJoin));
  const std::vector<std::string> codes = CodesAt(stored, axis.variable);
  std::map<std::string, size_t> index;
  for (const std::string& code : codes) {
    if (!index.try_emplace(code, axis.codes.size()).second) continue;
    axis.codes.push_back(code);
    axis.part.push_back(false);
  }
  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    const std::string& level = dimension.levels[l].variable;
    const bool above = std::any_of(
        variables.begin(), variables.end(), [&](const std::string& own) {
          return dimension.Nests(dimension.FindLevel(own), static_cast<int>(l));
        });
    const std::vector<std::string> up = CodesAt(stored, level);
    if (!above || up.empty()) continue;
    TableAxis::RollUp roll_up{level,
                              std::vector<std::string>(axis.codes.size())};
    for (size_t i = 0; i < codes.size(); ++i) {
      roll_up.codes[index[codes[i]]] = up[i];
    }
    axis.roll_ups.push_back(std::move(roll_up));
  }
  return axis;
}

}  // namespace cairn
