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
std::vector<std::string> AtomLevels(const Dimension& dimension,
                                    const std::set<int>& used) {
  std::vector<std::string> names;
  for (const int level : used) {
    const bool apart = std::any_of(used.begin(), used.end(), [&](int other) {
      return !Comparable(dimension, level, other);
    });
    if (apart) names.push_back(dimension.levels[level].variable);
  }
  return names;
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
  std::set<MeetingAxes> meetings;
  for (size_t i = 0; i < cuts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      MeetingAxes axes;
      bool apart = false;
      for (const auto& [d, level] : cuts[i]) {
        const auto other = cuts[j].find(d);
        if (other == cuts[j].end()) continue;
        const Dimension& dimension = data_set.dimensions[d];
        if (!Comparable(dimension, level, other->second)) {
          apart = true;
          axes.push_back(AtomLevels(dimension, used[d]));
          continue;
        }
        const int coarser =
            dimension.Nests(level, other->second) ? other->second : level;
        axes.push_back({dimension.levels[coarser].variable});
      }
      if (apart) meetings.insert(std::move(axes));
    }
  }
  return {meetings.begin(), meetings.end()};
}

}  // namespace cairn
