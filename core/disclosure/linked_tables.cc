#include "core/disclosure/linked_tables.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cairn {
namespace {

// The axis at a coarser level: each code once, in the order of the finer ones,
// and what these lie in further up, where that is one code each.
TableAxis Coarser(const TableAxis& axis, const TableAxis::RollUp& up,
                  std::vector<size_t>* code_of) {
  TableAxis coarse;
  coarse.variable = up.variable;
  coarse.multi_valued = axis.multi_valued;
  absl::flat_hash_map<std::string, size_t> index;
  for (size_t i = 0; i < up.codes.size(); ++i) {
    const auto [found, fresh] =
        index.try_emplace(up.codes[i], coarse.codes.size());
    if (fresh) {
      coarse.codes.push_back(up.codes[i]);
      coarse.part.push_back(false);
    }
    code_of->push_back(found->second);
    if (axis.part[i]) coarse.part[found->second] = true;
  }
  for (const TableAxis::RollUp& other : axis.roll_ups) {
    TableAxis::RollUp further{other.variable,
                              std::vector<std::string>(coarse.codes.size())};
    bool nests = other.variable != up.variable;
    for (size_t i = 0; i < axis.codes.size() && nests; ++i) {
      std::string& code = further.codes[(*code_of)[i]];
      nests = code.empty() || code == other.codes[i];
      code = other.codes[i];
    }
    if (nests) coarse.roll_ups.push_back(std::move(further));
  }
  return coarse;
}

// Variables and codes: tables of the same, and of the same records, have the
// same cells.
std::string Outline(const TableShape& shape, const EraSet& span) {
  std::string outline = NameOf(span);
  for (const TableAxis& axis : shape.axes) {
    absl::StrAppend(&outline, axis.variable, "\n",
                    absl::StrJoin(axis.codes, "\t"), "\n\n");
  }
  return outline;
}

}  // namespace

std::vector<size_t> LinkedTables::Positions(const TableShape& shape,
                                            size_t cell) {
  std::vector<size_t> at(shape.axes.size());
  for (size_t a = shape.axes.size(); a-- > 0;) {
    at[a] = cell % shape.axes[a].size();
    cell /= shape.axes[a].size();
  }
  return at;
}

absl::StatusOr<LinkedTables> LinkedTables::Create(
    const std::vector<const TableShape*>& tables, bool additive,
    const CellNames& names, const Timeline& timeline) {
  LinkedTables linked(tables, additive, names, timeline);
  if (!linked.AddUnseen() || !linked.AddParts()) {
    return absl::ResourceExhaustedError(
        "so much of these records was released already that a new table "
        "cannot be held against all of it");
  }
  for (size_t t = 0; t < linked.shapes_.size(); ++t) linked.AddCells(t);
  for (size_t t = 0; t < linked.shapes_.size(); ++t) {
    linked.AddMarginSums(t);
    linked.AddRollUpSums(t);
    for (const PopulationTie& tie : linked.names_.populations()) {
      linked.AddPopulationSums(t, tie);
    }
  }
  for (const auto& [variables, crossing] : linked.crossings_) {
    linked.AddPartSums(crossing);
  }
  return linked;
}

LinkedTables::LinkedTables(const std::vector<const TableShape*>& tables,
                           bool additive, const CellNames& names,
                           const Timeline& timeline)
    : names_(names),
      additive_(additive),
      given_(tables.size()),
      shapes_(tables),
      timeline_(timeline),
      spans_(timeline.spans) {
  spans_.resize(tables.size());
  for (const TableShape* table : tables) {
    for (const TableAxis& axis : table->axes) variables_.insert(axis.variable);
  }
}

// False if there are too many.
bool LinkedTables::AddUnseen() {
  absl::flat_hash_set<std::string> known;
  for (size_t t = 0; t < shapes_.size(); ++t) {
    known.insert(Outline(shape(t), spans_[t]));
    known_cells_ += shape(t).cells();
  }
  for (size_t t = 0; t < shapes_.size() && known_cells_ <= kMaxCells; ++t) {
    for (size_t a = 0; a < shape(t).axes.size(); ++a) {  // both grow
      for (const TableAxis::RollUp& up : shape(t).axes[a].roll_ups) {
        Unseen coarse{shape(t), t, a, {}};
        coarse.shape.axes[a] = Coarser(shape(t).axes[a], up, &coarse.code_of);
        if (!known.insert(Outline(coarse.shape, spans_[t])).second) continue;
        if (!AddTable(std::move(coarse), spans_[t])) return false;
      }
    }
  }
  return known_cells_ <= kMaxCells;
}

// False if there are too many.
bool LinkedTables::AddTable(Unseen table, const EraSet& span) {
  known_cells_ += table.shape.cells();
  if (known_cells_ > kMaxCells) return false;
  unseen_.push_back(std::move(table));
  shapes_.push_back(&unseen_.back().shape);
  spans_.push_back(EraSet(span));
  return true;
}

int LinkedTables::NumberOf(const std::string& variable, const std::string& code,
                           const EraSet& span) {
  if (IsTime(timeline_.eras, variable)) {
    return NumberOf(InCode(timeline_.eras, span, variable, code));
  }
  return numbers_
      .try_emplace(names_.Of(variable, code), static_cast<int>(numbers_.size()))
      .first->second;
}

int LinkedTables::NumberOf(const EraSet& eras) {
  return numbers_.try_emplace(NameOf(eras), static_cast<int>(numbers_.size()))
      .first->second;
}

std::vector<std::vector<int>> LinkedTables::NumbersOf(const TableShape& shape,
                                                      const EraSet& span) {
  std::vector<std::vector<int>> numbers;
  for (const TableAxis& axis : shape.axes) {
    numbers.emplace_back();
    for (const std::string& code : axis.codes) {
      numbers.back().push_back(NumberOf(axis.variable, code, span));
    }
  }
  return numbers;
}

bool LinkedTables::Add(int number, Key* key) {
  for (int& place : *key) {
    if (place < 0) {
      place = number;
      return true;
    }
  }
  return false;
}

LinkedTables::Key LinkedTables::KeyOf(size_t table,
                                      const std::vector<size_t>& at,
                                      const std::vector<bool>& skip,
                                      bool timeless) const {
  Key key;
  key.fill(-1);
  for (size_t a = 0; a < at.size(); ++a) {
    if (skip[a] || at[a] >= code_numbers_[table][a].size()) continue;
    Add(code_numbers_[table][a][at[a]], &key);
    timeless = timeless || IsTimeAxis(table, a);
  }
  if (!timeless && span_numbers_[table] >= 0) Add(span_numbers_[table], &key);
  return key;
}

int LinkedTables::CellOf(const Key& key) const {
  Key sorted = key;
  std::sort(sorted.begin(), sorted.end());
  const auto found = cells_.find(sorted);
  return found == cells_.end() ? -1 : found->second;
}

void LinkedTables::AddCells(size_t table) {
  code_numbers_.push_back(NumbersOf(shape(table), spans_[table]));
  span_numbers_.push_back(timeline_.eras.empty() ? -1
                                                 : NumberOf(spans_[table]));
  const std::vector<bool> none(shape(table).axes.size(), false);
  std::vector<int> cells(shape(table).cells());
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    Key key = KeyOf(table, Positions(shape(table), cell), none);
    std::sort(key.begin(), key.end());
    const auto [found, fresh] = cells_.try_emplace(key, system_.cells());
    if (fresh) system_.AddCell();
    cells[cell] = found->second;
  }
  cells_of_.push_back(std::move(cells));
}

void LinkedTables::AddSum(int parent, CellSystem::Tie tie,
                          const std::vector<int>& children) {
  if (children.size() == 1 && children[0] == parent) return;
  if (!sums_.insert(absl::HashOf(parent, children)).second) return;
  system_.AddRelation(parent, tie, children);
}

void LinkedTables::AddMarginSums(size_t table) {
  const TableShape& own = shape(table);
  const std::vector<int>& cells = cells_of_[table];
  std::vector<int> children;
  for (size_t a = 0; a < own.axes.size(); ++a) {
    const TableAxis& axis = own.axes[a];
    const size_t stride = own.stride(a);
    const auto tie = additive_ && !axis.multi_valued ? CellSystem::Tie::kSum
                                                     : CellSystem::Tie::kUnion;
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      if (own.at(cell, a) != axis.margin()) continue;
      children.clear();
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        children.push_back(cells[cell - (axis.margin() - code) * stride]);
      }
      AddSum(cells[cell], tie, children);
    }
  }
}

// One axis at a time: the other steps are there as coarser tables.
void LinkedTables::AddRollUpSums(size_t table) {
  const TableShape& own = shape(table);
  const std::vector<int>& cells = cells_of_[table];
  for (size_t a = 0; a < own.axes.size(); ++a) {
    const TableAxis& axis = own.axes[a];
    const size_t stride = own.stride(a);
    const auto tie = additive_ && !axis.multi_valued ? CellSystem::Tie::kSum
                                                     : CellSystem::Tie::kUnion;
    std::vector<bool> skip(own.axes.size(), false);
    skip[a] = true;
    for (const TableAxis::RollUp& up : axis.roll_ups) {
      std::vector<std::pair<int, std::vector<size_t>>> groups;
      absl::flat_hash_map<std::string, size_t> group_of;
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        const auto [found, fresh] =
            group_of.try_emplace(up.codes[code], groups.size());
        if (fresh)
          groups.push_back(
              {NumberOf(up.variable, up.codes[code], spans_[table]), {}});
        groups[found->second].second.push_back(code);
      }
      std::vector<int> children;
      for (size_t cell = 0; cell < cells.size(); ++cell) {
        if (own.at(cell, a) != axis.margin()) continue;
        const Key others =
            KeyOf(table, Positions(own, cell), skip, IsTimeAxis(table, a));
        for (const auto& [above, codes] : groups) {
          Key key = others;
          if (!Add(above, &key)) continue;
          const int parent = CellOf(key);
          if (parent < 0) continue;
          children.clear();
          for (const size_t code : codes) {
            children.push_back(cells[cell - (axis.margin() - code) * stride]);
          }
          AddSum(parent, tie, children);
        }
      }
    }
  }
}

// A population ties to every table that has all its variables fine enough.
void LinkedTables::AddPopulationSums(size_t table, const PopulationTie& tie) {
  if (!variables_.contains(tie.variable)) return;
  const TableShape& own = shape(table);
  std::vector<bool> skip(own.axes.size(), false);
  std::vector<size_t> axes;  // by part
  bool several = false;
  for (const PopulationTie::Part& part : tie.parts) {
    const size_t before = axes.size();
    for (size_t a = 0; a < own.axes.size(); ++a) {
      if (!part.position.contains(own.axes[a].variable)) continue;
      axes.push_back(a);
      skip[a] = true;
    }
    if (axes.size() != before + 1) return;
    several = several || part.multi_valued;
  }
  if (axes.empty()) return;
  const int numbers[] = {NumberOf(tie.variable, "0", spans_[table]),
                         NumberOf(tie.variable, "1", spans_[table])};
  // The cells by what they are a part of, each once: the only year there is and
  // all of time are one cell.
  struct Sum {
    int parent;
    CellSystem::Tie tie;
    std::vector<int> children;
  };
  std::vector<Sum> sums;
  absl::flat_hash_map<int, size_t> sum_of;
  absl::flat_hash_set<std::pair<int, int>> known;
  for (size_t cell = 0; cell < cells_of_[table].size(); ++cell) {
    const std::vector<size_t> at = Positions(own, cell);
    size_t offset = 0;
    bool margin = false;
    for (size_t p = 0; p < axes.size() && !margin; ++p) {
      const TableAxis& axis = own.axes[axes[p]];
      margin = at[axes[p]] == axis.margin();
      if (margin) break;
      const auto& position = tie.parts[p].position.at(axis.variable);
      const auto found = position.find(axis.codes[at[axes[p]]]);
      if (found == position.end()) return;  // not a code of the catalogue
      offset += found->second * tie.parts[p].stride;
    }
    if (margin) continue;
    Key key = KeyOf(table, at, skip);
    if (!Add(numbers[tie.admitted[offset] ? 1 : 0], &key)) continue;
    const int parent = CellOf(key);
    if (parent < 0) continue;
    const int child = cells_of_[table][cell];
    if (!known.emplace(parent, child).second) continue;
    const auto [found, fresh] = sum_of.try_emplace(parent, sums.size());
    // Of records with several values one that admits is enough: those that are
    // not in have none, and those of the other codes need not be out.
    const auto tie_of = [&](bool in) {
      if (several && !in) return CellSystem::Tie::kCover;
      return several || !additive_ ? CellSystem::Tie::kUnion
                                   : CellSystem::Tie::kSum;
    };
    if (fresh) sums.push_back({parent, tie_of(tie.admitted[offset]), {}});
    sums[found->second].children.push_back(child);
  }
  for (const Sum& sum : sums) AddSum(sum.parent, sum.tie, sum.children);
}

}  // namespace cairn
