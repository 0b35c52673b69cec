#include "core/disclosure/meeting.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/query/structural_zeros.h"

namespace cairn {
namespace {

// Of a table in which others meet, for structural zeros: its cells are known by
// so many codes and a span (LinkedTables::Key). What more it would be cut by is
// left out.
constexpr size_t kMeetingAxes = 7;

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

// ---- Structural zeros ----

// A level of a dimension that two tables are cut at, in terms of both.
std::vector<int> BothLevels(const DataSet& data_set, int d,
                            const std::vector<int>& levels, int other,
                            const std::map<int, std::set<int>>& used) {
  const Dimension& dimension = data_set.dimensions[static_cast<size_t>(d)];
  if (levels.size() > 1 || !Comparable(dimension, levels[0], other)) {
    return AtomLevels(dimension, used.at(d));
  }
  return dimension.Nests(levels[0], other) ? std::vector<int>{other} : levels;
}

// Some cell of a table cut so is a structural zero.
bool HasStructuralZero(const DataSet& data_set, const Cuts& cuts) {
  TableShape shape;
  for (const auto& [d, level] : cuts) {
    const Level& cut = data_set.dimensions[static_cast<size_t>(d)]
                           .levels[static_cast<size_t>(level)];
    TableAxis axis;
    axis.variable = cut.variable;
    for (const Code& code : cut.codes) axis.codes.push_back(code.id);
    shape.axes.push_back(std::move(axis));
  }
  return !StructuralZeroCells(data_set, shape).empty();
}

// Where tables meet that have the dimensions of some structural zero only
// together: in these, and in whatever else all of them are cut by.
//
//   age x month: in May 12, of them young 9    offence x month: driving hidden
//   no one young drives    ->    at most 3 drove in May
std::set<Cut> ZeroMeetings(const DataSet& data_set,
                           const std::vector<int>& dimensions,
                           const std::set<Cuts>& tables,
                           const std::map<int, std::set<int>>& used) {
  // The variables so far, each from a table, and what all those have.
  std::set<std::pair<Cuts, Cut>> ways = {{}};
  for (const int dimension : dimensions) {
    std::set<std::pair<Cuts, Cut>> next;
    for (const auto& [own, common] : ways) {
      for (const Cuts& table : tables) {
        const auto found = table.find(dimension);
        if (found == table.end()) continue;
        std::pair<Cuts, Cut> way = {own, {}};
        way.first[dimension] = found->second;
        for (const auto& [d, level] : table) {
          const auto also = common.find(d);
          if (own.empty()) {
            way.second[d] = {level};
          } else if (also != common.end()) {
            way.second[d] = BothLevels(data_set, d, also->second, level, used);
          }
        }
        next.insert(std::move(way));
      }
    }
    ways = std::move(next);
  }
  std::set<Cut> meetings;
  std::map<Cuts, bool> known;
  for (const auto& [structural, common] : ways) {
    const Cuts& own = structural;  // clang captures no structured binding
    const auto [found, fresh] = known.try_emplace(own, false);
    if (fresh) found->second = HasStructuralZero(data_set, own);
    if (!found->second) continue;
    Cut cut = common;
    for (const auto& [d, level] : own) cut[d] = {level};
    while (cut.size() > kMeetingAxes) {
      cut.erase(std::find_if(cut.begin(), cut.end(), [&own](const auto& axis) {
        return own.count(axis.first) == 0;
      }));
    }
    meetings.insert(std::move(cut));
  }
  return meetings;
}

// The dimensions of each structural zero, and of those that hang together by
// dimensions of which each record is known to have a code.
std::set<std::vector<int>> TiedDimensions(const DataSet& data_set,
                                          const std::set<int>& told) {
  std::set<std::vector<int>> tied;
  for (const StructuralZero& zero : data_set.structural_zeros) {
    std::vector<int> dimensions;
    for (const auto& part : zero.parts) dimensions.push_back(part.dimension);
    std::sort(dimensions.begin(), dimensions.end());
    tied.insert(std::move(dimensions));
  }
  std::vector<std::vector<int>> open(tied.begin(), tied.end());
  while (!open.empty()) {
    const std::vector<int> one = std::move(open.back());
    open.pop_back();
    for (const std::vector<int>& other : std::set<std::vector<int>>(tied)) {
      std::vector<int> both, all;
      std::set_intersection(one.begin(), one.end(), other.begin(), other.end(),
                            std::back_inserter(both));
      std::set_union(one.begin(), one.end(), other.begin(), other.end(),
                     std::back_inserter(all));
      const bool hang = std::any_of(both.begin(), both.end(), [&told](int d) {
        return told.count(d) > 0;
      });
      if (!hang || all.size() > kMeetingAxes) continue;
      if (tied.insert(all).second) open.push_back(std::move(all));
    }
  }
  return tied;
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
    const DataSet& data_set, const std::vector<const TableShape*>& tables,
    const std::vector<TableShape>& told) {
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
  std::set<Cuts> with_told(cuts.begin(), cuts.end());
  std::set<int> told_dimensions;
  for (const TableShape& table : told) {
    const Cuts own = CutsOf(data_set, table);
    for (const auto& [d, level] : own) {
      told_dimensions.insert(d);
      used[d].insert(level);
    }
    with_told.insert(own);
  }
  for (const auto& dimensions : TiedDimensions(data_set, told_dimensions)) {
    meetings.merge(ZeroMeetings(data_set, dimensions, with_told, used));
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
