// The ties between tables of several epochs: LinkedTables with a timeline.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/disclosure/linked_tables.h"

namespace cairn {
namespace {

void Note(const EraSet& set, std::vector<EraSet>* sets) {
  if (set.empty()) return;
  if (std::find(sets->begin(), sets->end(), set) == sets->end()) {
    sets->push_back(set);
  }
}

}  // namespace

// False if there are too many.
bool LinkedTables::AddParts() {
  const std::set<EraSet> spans(spans_.begin(), spans_.end());
  if (spans.size() < 2) return true;
  for (size_t t = 0; t < shapes_.size(); ++t) NoteCrossings(t, true);
  // A crossing of one epoch may tell of margins of another.
  for (auto& [variables, crossing] : crossings_) {
    std::vector<EraSet> own = crossing.meanings[""];
    for (const EraSet& span : spans) {
      if (std::any_of(own.begin(), own.end(), [&span](const EraSet& set) {
            return !InBoth(set, span).empty();
          })) {
        Note(span, &crossing.others);
      }
    }
  }
  // Those of most variables first: their parts are crossed by fewer ones too.
  std::vector<std::vector<std::string>> order;
  for (const auto& [variables, crossing] : crossings_) {
    order.push_back(variables);
  }
  std::stable_sort(
      order.begin(), order.end(),
      [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return std::all_of(order.begin(), order.end(), [this](const auto& variables) {
    return AddPartsOf(variables);
  });
}

// `meant`: it says something of an epoch, or would.
void LinkedTables::NoteCrossings(size_t table, bool meant) {
  std::map<std::string, EraSet> meanings = {{"", spans_[table]}};
  std::vector<size_t> axes;
  for (size_t a = 0; a < shape(table).axes.size(); ++a) {
    if (!IsTimeAxis(table, a)) {
      axes.push_back(a);
      continue;
    }
    const TableAxis& axis = shape(table).axes[a];
    for (const std::string& code : axis.codes) {
      meanings[absl::StrCat(axis.variable, "=", code)] =
          InCode(timeline_.eras, spans_[table], axis.variable, code);
    }
  }
  for (size_t some = 0; some < size_t{1} << axes.size(); ++some) {
    TableShape crossed;
    std::vector<std::string> variables;
    for (size_t i = 0; i < axes.size(); ++i) {
      if ((some >> i & 1) == 0) continue;
      crossed.axes.push_back(shape(table).axes[axes[i]]);
      variables.push_back(crossed.axes.back().variable);
    }
    std::sort(variables.begin(), variables.end());
    Crossing& crossing = crossings_[variables];
    if (crossing.sets.empty()) crossing.shape = std::move(crossed);
    for (const auto& [code, eras] : meanings) {
      Note(eras, &crossing.sets);
      if (meant) Note(eras, &crossing.meanings[code]);
    }
  }
}

// Makes tables of the other epochs, of what one meaning has and another has
// not, and of the parts of all.
bool LinkedTables::AddPartsOf(const std::vector<std::string>& variables) {
  Crossing& crossing = crossings_[variables];
  std::vector<EraSet> made;
  for (const auto& [code, meanings] : crossing.meanings) {
    for (const EraSet& one : meanings) {
      for (const EraSet& other : meanings) {
        if (InBoth(one, other).empty()) continue;
        Note(InFirstOnly(one, other), &made);
      }
    }
  }
  for (const EraSet& span : crossing.others) Note(span, &made);
  if (made.empty()) return true;
  std::vector<EraSet> all = crossing.sets;
  for (const EraSet& set : made) Note(set, &all);
  crossing.parts = PartsOf(all);
  for (const EraSet& part : crossing.parts) Note(part, &made);
  for (const EraSet& set : made) {
    const auto& sets = crossing.sets;
    if (std::find(sets.begin(), sets.end(), set) != sets.end()) continue;
    if (!AddTable({crossing.shape, kNoTable, 0, {}}, set)) return false;
    NoteCrossings(shapes_.size() - 1, false);
  }
  return true;
}

// The set as a sum of its parts, where there are several.
void LinkedTables::AddPartSums(const Crossing& crossing) {
  struct Sum {
    int set;
    std::vector<int> parts;
  };
  std::vector<Sum> sums;
  for (const EraSet& set : crossing.sets) {
    Sum sum{FindNumber(set), {}};
    for (const EraSet& part : crossing.parts) {
      if (!InBoth(part, set).empty()) sum.parts.push_back(FindNumber(part));
    }
    if (sum.parts.size() > 1) sums.push_back(std::move(sum));
  }
  if (sums.empty()) return;
  const auto numbers = NumbersOf(crossing.shape, {});
  std::vector<int> children;
  for (size_t cell = 0; cell < crossing.shape.cells(); ++cell) {
    const std::vector<size_t> at = Positions(crossing.shape, cell);
    Key others;
    others.fill(-1);
    for (size_t a = 0; a < at.size(); ++a) {
      if (at[a] < numbers[a].size()) Add(numbers[a][at[a]], &others);
    }
    for (const Sum& sum : sums) {
      children.clear();
      for (const int part : sum.parts) {
        children.push_back(CellWith(others, part));
      }
      AddSum(CellWith(others, sum.set),
             additive_ ? CellSystem::Tie::kSum : CellSystem::Tie::kUnion,
             children);
    }
  }
}

int LinkedTables::FindNumber(const EraSet& eras) const {
  const auto found = numbers_.find(NameOf(eras));
  return found == numbers_.end() ? -1 : found->second;
}

int LinkedTables::CellWith(Key others, int number) const {
  return number >= 0 && Add(number, &others) ? CellOf(others) : -1;
}

// What the cells of one margin of a table, and one code of time, were before.
LinkedTables::Before LinkedTables::BeforeOf(size_t table,
                                            const std::vector<size_t>& at,
                                            const EraSet& earlier) const {
  EraSet now = spans_[table], then = earlier;
  for (size_t a = 0; a < at.size(); ++a) {
    const TableAxis& axis = shape(table).axes[a];
    if (at[a] == axis.margin() || !IsTimeAxis(table, a)) continue;
    now = InCode(timeline_.eras, now, axis.variable, axis.codes[at[a]]);
    then = InCode(timeline_.eras, then, axis.variable, axis.codes[at[a]]);
  }
  if (now == then || InBoth(now, then).empty()) return {};
  return {FindNumber(then), FindNumber(InFirstOnly(then, now)),
          FindNumber(InFirstOnly(now, then))};
}

std::vector<LinkedTables::Revision> LinkedTables::Revisions(
    size_t table, const EraSet& earlier) const {
  std::vector<Revision> revisions;
  const TableShape& own = shape(table);
  absl::flat_hash_map<size_t, Before> known;  // by code of time
  for (size_t cell = 0; cell < own.cells(); ++cell) {
    const std::vector<size_t> at = Positions(own, cell);
    std::vector<bool> skip(at.size(), false);
    size_t code = kNoTable;
    for (size_t a = 0; a < at.size(); ++a) {
      skip[a] = at[a] != own.axes[a].margin() && IsTimeAxis(table, a);
      if (skip[a]) code = at[a];
    }
    auto found = known.find(code);
    if (found == known.end()) {
      found = known.emplace(code, BeforeOf(table, at, earlier)).first;
    }
    const Before& before = found->second;
    const Key others = KeyOf(table, at, skip, /*timeless=*/true);
    const int then = CellWith(others, before.then);
    if (then < 0) continue;
    revisions.push_back({then, cells_of_[table][cell],
                         CellWith(others, before.went),
                         CellWith(others, before.came)});
  }
  return revisions;
}

}  // namespace cairn
