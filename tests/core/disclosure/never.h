#ifndef CAIRN_TESTS_CORE_DISCLOSURE_NEVER_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_NEVER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/query/catalogue.h"
#include "tests/core/disclosure/atom_world.h"
#include "tests/support/example_data_set.h"

namespace cairn {

// The catalogue of a world: the fine codes of each dimension and U, which no
// record of the world has.
inline DataSet DataSetOf(const AtomWorld& world) {
  DataSet data;
  data.id = "world";
  data.months = {"2024-01"};
  for (const AtomDimension& own : world.dimensions()) {
    const std::string upper(1, static_cast<char>(own.name[0] - 'a' + 'A'));
    std::vector<Code> fine, coarse;
    std::vector<Within> within;
    for (size_t i = 0; i < own.up.size(); ++i) {
      fine.push_back(ExampleCode(own.name + std::to_string(i)));
      within.push_back({{upper, upper + std::to_string(own.up[i])}});
    }
    for (int i = 0; i <= own.up.back(); ++i) {
      coarse.push_back(ExampleCode(upper + std::to_string(i)));
    }
    fine.push_back(ExampleCode("U"));
    coarse.push_back(ExampleCode("U"));
    within.emplace_back();
    data.dimensions.push_back(ExampleDimension(
        data.months, own.name, DimensionKind::kCategory,
        {ExampleLevel(own.name, fine, {upper}), ExampleLevel(upper, coarse)},
        within));
  }
  return data;
}

// For some dimensions the codes that cannot go together.
struct Never {
  size_t dimension;
  std::vector<size_t> codes;
};

inline void AddZero(const std::vector<Never>& parts, DataSet* data) {
  StructuralZero zero;
  for (const Never& never : parts) {
    StructuralZero::Part part;
    part.dimension = static_cast<int>(never.dimension);
    part.leaves.assign(data->dimensions[never.dimension].levels[0].codes.size(),
                       false);
    for (const size_t code : never.codes) part.leaves[code] = true;
    zero.parts.push_back(std::move(part));
  }
  data->structural_zeros.push_back(std::move(zero));
}

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_NEVER_H_
