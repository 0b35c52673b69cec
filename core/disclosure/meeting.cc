#include "core/disclosure/meeting.h"

#include <algorithm>
#include <map>
#include <set>

namespace cairn {
namespace {

// By dimension, the level that a table is cut at.
using Cuts = std::map<int, int>;

Cuts CutsOf(const DataSet& data_set, const TableShape& table) {
  Cuts cuts;
  for (const TableAxis& axis : table.axes) {
    const auto variable = data_set.FindVariable(axis.variable);
    if (variable.ok()) cuts[variable->dimension] = variable->level;
  }
  return cuts;
}

bool Comparable(const Dimension& dimension, int a, int b) {
  return dimension.Nests(a, b) || dimension.Nests(b, a);
}

// The levels of a dimension that atoms are made of: all that some table is cut
// at, but those that lie in a line with every other.
std::vector<int> AtomLevels(const Dimension& dimension,
                            const std::set<int>& used) {
  std::vector<int> levels;
  for (const int level : used) {
    const bool apart = std::any_of(used.begin(), used.end(), [&](int other) {
      return !Comparable(dimension, level, other);
    });
    if (apart) levels.push_back(level);
  }
  return levels;
}

// Axes by dimension, each with its levels.
using Cut = std::map<int, std::vector<int>>;

// Whether a table's coarser forms take in the other table: for each of its axes
// there is one of the same dimension that tells all its levels apart.
bool Covers(const DataSet& data_set, const Cut& table, const Cut& other) {
  for (const auto& [d, levels] : other) {
    const auto own = table.find(d);
    if (own == table.end()) return false;
    const Dimension& dimension = data_set.dimensions[d];
    for (const int level : levels) {
      const bool told =
          std::any_of(own->second.begin(), own->second.end(),
                      [&](int finer) { return dimension.Nests(finer, level); });
      if (!told) return false;
    }
  }
  return true;
}

// Where two tables meet; none if all their levels nest.
Cut MeetingOf(const DataSet& data_set, const Cuts& one, const Cuts& other,
              const std::map<int, std::set<int>>& used) {
  Cut cut;
  bool apart = false;
  for (const auto& [d, level] : one) {
    const auto also = other.find(d);
    if (also == other.end()) continue;
    const Dimension& dimension = data_set.dimensions[d];
    if (!Comparable(dimension, level, also->second)) {
      apart = true;
      cut[d] = AtomLevels(dimension, used.at(d));
    } else {
      cut[d] = {dimension.Nests(level, also->second) ? also->second : level};
    }
  }
  return apart ? cut : Cut();
}

}  // namespace

std::vector<MeetingAxes> FindMeetings(
    const DataSet& data_set, const std::vector<const TableShape*>& tables) {
  std::vector<Cuts> cuts;
  std::map<int, std::set<int>> used;  // levels by dimension
  for (const TableShape* table : tables) {
    cuts.push_back(CutsOf(data_set, *table));
    for (const auto& [dimension, level] : cuts.back()) {
      used[dimension].insert(level);
    }
  }
  std::set<Cut> meetings;
  for (size_t i = 0; i < cuts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      Cut cut = MeetingOf(data_set, cuts[i], cuts[j], used);
      if (!cut.empty()) meetings.insert(std::move(cut));
    }
  }
  // What a given table or another meeting takes in need not be there.
  std::vector<Cut> covering;
  for (const Cuts& table : cuts) {
    Cut cut;
    for (const auto& [d, level] : table) cut[d] = {level};
    covering.push_back(std::move(cut));
  }
  std::vector<MeetingAxes> axes;
  for (const Cut& cut : meetings) {
    const bool taken_in =
        std::any_of(covering.begin(), covering.end(),
                    [&](const Cut& c) { return Covers(data_set, c, cut); }) ||
        std::any_of(meetings.begin(), meetings.end(), [&](const Cut& c) {
          // Of two that take in each other the first stays.
          return &c != &cut && Covers(data_set, c, cut) &&
                 (!Covers(data_set, cut, c) || c < cut);
        });
    if (taken_in) continue;
    axes.emplace_back();
    for (const auto& [d, levels] : cut) {
      axes.back().emplace_back();
      for (const int level : levels) {
        axes.back().back().push_back(
            data_set.dimensions[d].levels[level].variable);
      }
    }
  }
  return axes;
}

}  // namespace cairn
