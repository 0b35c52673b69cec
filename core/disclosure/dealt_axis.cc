#include "core/disclosure/dealt_axis.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

constexpr int kNone = DealtAxis::kNone;

void FindKeys(const std::vector<int>& classes, DealtAxis* axis) {
  const bool within = std::all_of(
      axis->leaves.begin(), axis->leaves.end(), [&](const auto& leaves) {
        return std::all_of(leaves.begin(), leaves.end(), [&](auto leaf) {
          return classes[leaf] == classes[leaves[0]];
        });
      });
  axis->within = within;
  absl::flat_hash_map<int, int> keys;
  axis->key_of.assign(axis->leaves.size(), kNone);
  for (size_t code = 0; code < axis->leaves.size(); ++code) {
    if (axis->leaves[code].empty()) continue;
    const int known =
        within ? classes[axis->leaves[code][0]] : static_cast<int>(code);
    const auto [key, fresh] =
        keys.try_emplace(known, static_cast<int>(keys.size()));
    axis->key_of[code] = key->second;
    axis->is_new = axis->is_new || !fresh;
  }
  axis->keys = static_cast<int>(keys.size());
  for (size_t leaf = 0; leaf < axis->code.size(); ++leaf) {
    const auto key = keys.find(within ? classes[leaf] : axis->code[leaf]);
    const bool has = key != keys.end();
    axis->key.push_back(has ? key->second : kNone);
    // Some of those that look like it have a code, and it has none.
    axis->is_new = axis->is_new || (has && axis->code[leaf] == kNone);
  }
}

}  // namespace

const Microdata::Variable* VariableOf(const Microdata& schema,
                                      const TableAxis& axis) {
  for (const Microdata::Variable& v : schema.variables) {
    if (v.name == axis.variable) return &v;
  }
  return nullptr;
}

std::optional<DealtAxis> DealtAxisOf(const Microdata& schema,
                                     const LeafClasses& classes,
                                     const TableAxis& given) {
  const Microdata::Variable* const variable = VariableOf(schema, given);
  if (variable == nullptr || variable->code != nullptr) return std::nullopt;
  absl::flat_hash_map<std::string, int> number;
  for (const std::string& code : given.codes) {
    number.try_emplace(code, static_cast<int>(number.size()));
  }
  DealtAxis axis;
  axis.part = variable->parts[0];
  axis.leaves.resize(given.codes.size());
  axis.code.assign(variable->codes.size(), kNone);
  for (size_t leaf = 0; leaf < variable->codes.size(); ++leaf) {
    if (variable->codes[leaf].size() != 1) return std::nullopt;
    const auto found = number.find(variable->names[variable->codes[leaf][0]]);
    if (found == number.end()) continue;
    axis.code[leaf] = found->second;
    axis.leaves[static_cast<size_t>(found->second)].push_back(
        static_cast<Microdata::Leaf>(leaf));
  }
  FindKeys(classes[axis.part], &axis);
  return axis;
}

}  // namespace cairn
