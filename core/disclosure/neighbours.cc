#include "core/disclosure/neighbours.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cairn {
namespace {

// The canonical name of a cell: the names of its codes, sorted, margins left
// out.
std::string Join(std::vector<std::string> codes) {
  std::sort(codes.begin(), codes.end());
  return absl::StrJoin(codes, "\n");
}

// The codes of a cell, without those on the axes marked in `skip`.
std::vector<std::string> CodesOf(const TableShape& shape,
                                 const CellNames& names,
                                 const std::vector<size_t>& at,
                                 const std::vector<bool>& skip) {
  std::vector<std::string> codes;
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    if (skip[a] || at[a] >= shape.axes[a].codes.size()) continue;
    codes.push_back(
        names.Of(shape.axes[a].variable, shape.axes[a].codes[at[a]]));
  }
  return codes;
}

std::vector<size_t> Positions(const TableShape& shape, size_t cell) {
  std::vector<size_t> at(shape.axes.size());
  for (size_t a = shape.axes.size(); a-- > 0;) {
    at[a] = cell % shape.axes[a].size();
    cell /= shape.axes[a].size();
  }
  return at;
}

// The axis at a coarser level: each code once, in the order of the finer ones,
// and what these lie in further up, where that is one code each.
TableAxis Coarser(const TableAxis& axis, const TableAxis::RollUp& up) {
  TableAxis coarse;
  coarse.variable = up.variable;
  coarse.multi_valued = axis.multi_valued;
  absl::flat_hash_map<std::string, size_t> index;
  for (const std::string& code : up.codes) {
    if (index.try_emplace(code, coarse.codes.size()).second) {
      coarse.codes.push_back(code);
    }
  }
  coarse.part.assign(coarse.codes.size(), false);
  for (const TableAxis::RollUp& other : axis.roll_ups) {
    TableAxis::RollUp further{other.variable,
                              std::vector<std::string>(coarse.codes.size())};
    bool nests = other.variable != up.variable;
    for (size_t i = 0; i < axis.codes.size() && nests; ++i) {
      std::string& code = further.codes[index[up.codes[i]]];
      nests = code.empty() || code == other.codes[i];
      code = other.codes[i];
    }
    if (nests) coarse.roll_ups.push_back(std::move(further));
  }
  return coarse;
}

// Variables and codes: tables of the same have the same cells.
std::string Outline(const TableShape& shape) {
  std::string outline;
  for (const TableAxis& axis : shape.axes) {
    absl::StrAppend(&outline, axis.variable, "\n",
                    absl::StrJoin(axis.codes, "\t"), "\n\n");
  }
  return outline;
}

}  // namespace

ReleaseSystem::ReleaseSystem(const std::vector<const TableShape*>& tables,
                             bool additive, const CellNames& names)
    : names_(names), tables_(tables) {
  for (const TableShape* shape : tables) {
    for (const TableAxis& axis : shape->axes) variables_.insert(axis.variable);
  }
  for (size_t t = 0; t < tables_.size(); ++t) AddNodes(t);
  released_ = low_.size();
  AddCoarserTables();
  if (too_large_) return;
  for (size_t t = tables.size(); t < tables_.size(); ++t) AddNodes(t);
  for (size_t t = 0; t < tables_.size(); ++t) {
    AddMarginSums(t, additive);
    AddRollUpSums(t, additive);
    for (const PopulationTie& tie : names_.populations()) {
      AddPopulationSums(t, tie, additive);
    }
  }
}

void ReleaseSystem::AddNodes(size_t t) {
  const TableShape& shape = *tables_[t];
  const std::vector<bool> none(shape.axes.size(), false);
  std::vector<int> nodes(shape.cells());
  for (size_t cell = 0; cell < nodes.size(); ++cell) {
    nodes[cell] =
        NodeOf(Join(CodesOf(shape, names_, Positions(shape, cell), none)));
  }
  nodes_.push_back(std::move(nodes));
}

// Two tables may meet only in cells that neither shows: month x ward and
// quarter x district in quarter x district of the first. So every coarser form
// of a table, over the levels that occur, is a table of the system too.
void ReleaseSystem::AddCoarserTables() {
  absl::flat_hash_set<std::string> known;
  size_t cells = 0;
  for (const TableShape* shape : tables_) {
    known.insert(Outline(*shape));
    cells += shape->cells();
  }
  for (size_t t = 0; t < tables_.size(); ++t) {  // grows
    for (size_t a = 0; a < tables_[t]->axes.size(); ++a) {
      for (const TableAxis::RollUp& up : tables_[t]->axes[a].roll_ups) {
        if (!variables_.contains(up.variable)) continue;
        TableShape coarse = *tables_[t];
        coarse.axes[a] = Coarser(tables_[t]->axes[a], up);
        if (!known.insert(Outline(coarse)).second) continue;
        cells += coarse.cells();
        too_large_ = cells > kMaxCells;
        if (too_large_) return;
        coarser_.push_back(std::move(coarse));
        tables_.push_back(&coarser_.back());
      }
    }
  }
}

int ReleaseSystem::NodeOf(const std::string& key) {
  const auto [found, fresh] =
      ids_.try_emplace(key, static_cast<int>(low_.size()));
  if (fresh) {
    low_.push_back(0);
    high_.push_back(kNoLimit);
  }
  return found->second;
}

void ReleaseSystem::AddMarginSums(size_t t, bool additive) {
  const TableShape& shape = *tables_[t];
  const std::vector<int>& nodes = nodes_[t];
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const size_t stride = shape.stride(a);
    const TableAxis& axis = shape.axes[a];
    for (size_t cell = 0; cell < nodes.size(); ++cell) {
      if (shape.at(cell, a) != axis.margin()) continue;
      Sum sum{nodes[cell], {}, additive && !axis.multi_valued};
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        sum.children.push_back(nodes[cell - (axis.margin() - code) * stride]);
      }
      sums_.push_back(std::move(sum));
    }
  }
}

// One axis at a time: the other steps are there as coarser tables.
void ReleaseSystem::AddRollUpSums(size_t t, bool additive) {
  const TableShape& shape = *tables_[t];
  const std::vector<int>& nodes = nodes_[t];
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const TableAxis& axis = shape.axes[a];
    const size_t stride = shape.stride(a);
    for (const TableAxis::RollUp& roll_up : axis.roll_ups) {
      if (!variables_.contains(roll_up.variable)) continue;
      absl::flat_hash_map<std::string, std::vector<size_t>> groups;
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        groups[roll_up.codes[code]].push_back(code);
      }
      for (size_t cell = 0; cell < nodes.size(); ++cell) {
        if (shape.at(cell, a) != axis.margin()) continue;
        std::vector<bool> skip(shape.axes.size(), false);
        skip[a] = true;
        const std::vector<std::string> others =
            CodesOf(shape, names_, Positions(shape, cell), skip);
        for (const auto& [above, codes] : groups) {
          std::vector<std::string> key = others;
          key.push_back(names_.Of(roll_up.variable, above));
          const auto found = ids_.find(Join(std::move(key)));
          if (found == ids_.end()) continue;
          Sum sum{found->second, {}, additive && !axis.multi_valued};
          for (const size_t code : codes) {
            sum.children.push_back(
                nodes[cell - (axis.margin() - code) * stride]);
          }
          sums_.push_back(std::move(sum));
        }
      }
    }
  }
}

// A population ties to every table that has all its variables fine enough.
void ReleaseSystem::AddPopulationSums(size_t t, const PopulationTie& tie,
                                      bool additive) {
  if (!variables_.contains(tie.variable)) return;
  const TableShape& shape = *tables_[t];
  std::vector<bool> skip(shape.axes.size(), false);
  std::vector<size_t> axes;  // by part
  bool exact = additive;
  for (const PopulationTie::Part& part : tie.parts) {
    const size_t before = axes.size();
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      if (!part.position.contains(shape.axes[a].variable)) continue;
      axes.push_back(a);
      skip[a] = true;
    }
    if (axes.size() != before + 1) return;
    exact = exact && !part.multi_valued;
  }
  if (axes.empty()) return;
  // The cells by what stands on the other axes, and by in or out.
  absl::flat_hash_map<std::string, Sum> sums;
  for (size_t cell = 0; cell < nodes_[t].size(); ++cell) {
    const std::vector<size_t> at = Positions(shape, cell);
    size_t offset = 0;
    bool margin = false;
    for (size_t p = 0; p < axes.size() && !margin; ++p) {
      const TableAxis& axis = shape.axes[axes[p]];
      margin = at[axes[p]] == axis.margin();
      if (margin) break;
      const auto& position = tie.parts[p].position.at(axis.variable);
      const auto found = position.find(axis.codes[at[axes[p]]]);
      if (found == position.end()) return;  // not a code of the catalogue
      offset += found->second * tie.parts[p].stride;
    }
    if (margin) continue;
    std::vector<std::string> key = CodesOf(shape, names_, at, skip);
    key.push_back(names_.Of(tie.variable, tie.admitted[offset] ? "1" : "0"));
    const std::string name = Join(std::move(key));
    const auto parent = ids_.find(name);
    if (parent == ids_.end()) continue;
    Sum& sum =
        sums.try_emplace(name, Sum{parent->second, {}, exact}).first->second;
    sum.children.push_back(nodes_[t][cell]);
  }
  for (auto& [name, sum] : sums) sums_.push_back(std::move(sum));
}

void ReleaseSystem::Reset() {
  std::fill(low_.begin(), low_.end(), 0);
  std::fill(high_.begin(), high_.end(), kNoLimit);
}

void ReleaseSystem::SetBounds(int node, int64_t low, int64_t high) {
  low_[node] = std::max(low_[node], low);
  high_[node] = std::min(high_[node], high);
}

bool ReleaseSystem::Lower(int node, int64_t bound) {
  if (bound >= high_[node]) return false;
  high_[node] = bound;
  return true;
}

bool ReleaseSystem::Raise(int node, int64_t bound) {
  if (bound <= low_[node]) return false;
  low_[node] = bound;
  return true;
}

bool ReleaseSystem::Tighten(const Sum& sum) {
  int64_t low = 0, high = 0, largest_low = 0;
  int open = 0;
  for (const int child : sum.children) {
    low += low_[child];
    largest_low = std::max(largest_low, low_[child]);
    if (high_[child] == kNoLimit) {
      ++open;
    } else {
      high += high_[child];
    }
  }
  bool changed = Raise(sum.parent, sum.exact ? low : largest_low);
  if (open == 0) changed = Lower(sum.parent, high) || changed;
  const int64_t parent_low = low_[sum.parent];
  const int64_t parent_high = high_[sum.parent];
  for (const int child : sum.children) {
    if (parent_high != kNoLimit) {
      const int64_t others = sum.exact ? low - low_[child] : 0;
      changed = Lower(child, parent_high - others) || changed;
    }
    const bool child_open = high_[child] == kNoLimit;
    if (open - (child_open ? 1 : 0) == 0) {
      const int64_t others = high - (child_open ? 0 : high_[child]);
      // `high` may be stale by what this pass lowered: still a valid bound.
      changed = Raise(child, parent_low - others) || changed;
    }
  }
  return changed;
}

bool ReleaseSystem::Propagate(int max_passes) {
  for (int pass = 0; pass < max_passes; ++pass) {
    bool changed = false;
    for (const Sum& sum : sums_) changed = Tighten(sum) || changed;
    for (size_t node = 0; node < low_.size(); ++node) {
      if (low_[node] > high_[node]) return false;
    }
    if (!changed) return true;
  }
  return true;
}

std::vector<bool> ReleaseSystem::RelatedTo(
    const std::vector<bool>& marked) const {
  std::vector<bool> related = marked;
  // Through cells that nobody sees, on to those that can be hidden.
  std::vector<bool> reach = marked;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Sum& sum : sums_) {
      const bool touches =
          reach[sum.parent] ||
          std::any_of(sum.children.begin(), sum.children.end(),
                      [&reach](int child) { return reach[child]; });
      if (!touches) continue;
      const auto mark = [&](int node) {
        related[node] = true;
        if (static_cast<size_t>(node) < released_ || reach[node]) return;
        reach[node] = changed = true;
      };
      mark(sum.parent);
      for (const int child : sum.children) mark(child);
    }
  }
  return related;
}

}  // namespace cairn
