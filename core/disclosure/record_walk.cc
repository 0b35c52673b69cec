#include "core/disclosure/record_walk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/hash/hash.h"

namespace cairn {
namespace {

// A search that has not closed after so many changes is given up.
constexpr int kMaxChanges = 60;
// One that did close looks so much further for a cheaper one.
constexpr int kMoreChanges = 30;
// So many changes are weighed for each that is made.
constexpr int kProposals = 32;
// Of a cell with more records than this, some are looked at.
constexpr size_t kMaxIndexed = 64;
// What a cell that must be hidden counts against a unit out of bounds.
constexpr double kCostWeight = 0.15;
// Of a leaf that no table has a code for.
constexpr uint32_t kNoCode = UINT32_MAX;

}  // namespace

// ---- The records in terms of cells ----

std::unique_ptr<RecordWalk> RecordWalk::Create(
    const Microdata& data, const LinkedTables& linked,
    const std::vector<const TableShape*>& shapes, size_t told,
    absl::Span<const int64_t> figures) {
  auto walk = std::unique_ptr<RecordWalk>(new RecordWalk(data));
  if (data.records() == 0) return nullptr;
  const size_t cells = static_cast<size_t>(linked.system().cells());
  walk->place_.resize(cells);
  walk->bounds_.resize(cells);
  walk->is_touched_.assign(cells, 0);
  walk->is_broken_.assign(cells, 0);
  walk->is_changed_.assign(data.records(), 0);
  if (!walk->AddPatterns(linked, shapes, told)) return nullptr;
  walk->truth_ = walk->Counts();
  if (!figures.empty() &&
      !std::equal(figures.begin(), figures.end(), walk->truth_.begin())) {
    return nullptr;
  }
  walk->value_ = walk->truth_;
  return walk;
}

int RecordWalk::FindVariable(const std::string& name) const {
  for (size_t v = 0; v < data_.variables.size(); ++v) {
    if (data_.variables[v].name == name) return static_cast<int>(v);
  }
  return -1;
}

bool RecordWalk::AddPatterns(const LinkedTables& linked,
                             const std::vector<const TableShape*>& shapes,
                             size_t told) {
  FindOneCodes();
  const size_t tables = linked.given() + linked.unseen().size();
  for (size_t t = 0; t < tables; ++t) {
    const bool given = t < linked.given();
    const TableShape& shape =
        given ? *shapes[t] : linked.unseen()[t - linked.given()].shape;
    for (unsigned axes = 0; axes < 1u << shape.axes.size(); ++axes) {
      if (!AddPattern(shape, linked.cells_of(t), axes, linked.span(t),
                      t < told)) {
        return false;
      }
    }
  }
  visited_.assign(patterns_.size(), 0);
  patterns_of_.resize(data_.parts.size());
  for (size_t p = 0; p < patterns_.size(); ++p) {
    std::vector<bool> depends(data_.parts.size(), false);
    for (const size_t v : patterns_[p].variables) {
      for (const size_t part : data_.variables[v].parts) depends[part] = true;
    }
    if (!patterns_[p].eras.empty()) depends[data_.era_part] = true;
    for (size_t part = 0; part < depends.size(); ++part) {
      if (depends[part]) patterns_of_[part].push_back(static_cast<int>(p));
    }
  }
  return true;
}

void RecordWalk::FindOneCodes() {
  for (const Microdata::Variable& variable : data_.variables) {
    OneCode one;
    one.part = variable.parts[0];
    for (const std::vector<size_t>& codes : variable.codes) {
      if (codes.size() > 1) {
        one.code.clear();
        break;
      }
      one.code.push_back(codes.empty() ? kNoCode
                                       : static_cast<uint32_t>(codes[0]));
    }
    one_code_.push_back(std::move(one));
  }
}

// `axes`: a bit for each that is not at its margin.
bool RecordWalk::AddPattern(const TableShape& shape,
                            const std::vector<int>& cells, unsigned axes,
                            const EraSet& span, bool watched) {
  Pattern pattern;
  pattern.watched = watched;
  pattern.span = spans_.try_emplace(span, spans_.size()).first->second;
  if (!span.empty()) {
    pattern.eras.assign(data_.parts[data_.era_part].leaves.size(), false);
    for (const int era : span) pattern.eras[static_cast<size_t>(era)] = true;
  }
  std::vector<size_t> sizes;
  std::vector<std::vector<size_t>> steps;  // by variable's code: in the table
  size_t margin = 0, size = 1;
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    if ((axes >> a & 1) == 0) {
      margin += shape.axes[a].margin() * shape.stride(a);
      continue;
    }
    const int variable = FindVariable(shape.axes[a].variable);
    if (variable < 0) return false;
    pattern.variables.push_back(static_cast<size_t>(variable));
    // Tables may have the same codes in another order.
    steps.emplace_back();
    for (const std::string& name : data_.variables[variable].names) {
      const auto& codes = shape.axes[a].codes;
      const auto found = std::find(codes.begin(), codes.end(), name);
      steps.back().push_back(found == codes.end()
                                 ? kNoCell
                                 : static_cast<size_t>(found - codes.begin()) *
                                       shape.stride(a));
    }
    sizes.push_back(steps.back().size());
    size *= sizes.back();
  }
  std::vector<size_t> key = pattern.variables;
  std::sort(key.begin(), key.end());
  key.push_back(pattern.span);
  const auto [known, fresh] =
      by_variables_.try_emplace(key, static_cast<int>(patterns_.size()));
  if (!fresh) return true;
  pattern.one_code =
      std::all_of(pattern.variables.begin(), pattern.variables.end(),
                  [this](size_t v) { return !one_code_[v].code.empty(); });
  pattern.strides.assign(sizes.size(), 1);
  for (size_t a = sizes.size(); a-- > 1;) {
    pattern.strides[a - 1] = pattern.strides[a] * sizes[a];
  }
  pattern.cells.resize(size);
  for (size_t at = 0; at < size; ++at) {
    size_t cell = margin;
    bool has = true;
    for (size_t a = 0; a < sizes.size(); ++a) {
      const size_t step = steps[a][at / pattern.strides[a] % sizes[a]];
      has = has && step != kNoCell;
      if (has) cell += step;
    }
    pattern.cells[at] = kNowhere;
    if (!has) continue;
    Place& place = place_[static_cast<size_t>(cells[cell])];
    const bool own = place.pattern < 0;
    if (own) place = {known->second, at};
    if (own) pattern.cells[at] = cells[cell];
  }
  patterns_.push_back(std::move(pattern));
  return true;
}

bool RecordWalk::IsIn(const Place& place, const Leaf* record) const {
  bool in = false;
  ForCells(patterns_[place.pattern], record,
           [&](size_t at) { in = in || at == place.at; });
  return in;
}

void RecordWalk::IndexRecords(Pattern* pattern) const {
  std::vector<uint32_t> size(pattern->cells.size() + 1, 0);
  const auto each = [&](auto add) {
    for (size_t r = 0; r < data_.records(); ++r) {
      ForCells(*pattern, data_.record(r).data(),
               [&](size_t at) { add(at, static_cast<uint32_t>(r)); });
    }
  };
  each([&](size_t at, uint32_t) { ++size[at]; });
  pattern->begin.assign(size.size(), 0);
  for (size_t at = 0; at + 1 < size.size(); ++at) {
    const uint32_t kept =
        std::min(size[at], static_cast<uint32_t>(kMaxIndexed));
    pattern->begin[at + 1] = pattern->begin[at] + kept;
  }
  pattern->records.resize(pattern->begin.back());
  // Evenly spread ones of those that are too many.
  std::vector<uint32_t> seen(size.size(), 0);
  each([&](size_t at, uint32_t r) {
    const uint64_t kept = pattern->begin[at + 1] - pattern->begin[at];
    const uint64_t n = seen[at]++;
    const uint64_t slot = n * kept / size[at];
    if (n == (slot * size[at] + kept - 1) / kept) {
      pattern->records[pattern->begin[at] + slot] = r;
    }
  });
}

absl::Span<const uint32_t> RecordWalk::RecordsIn(int pattern, size_t at) {
  Pattern& of = patterns_[pattern];
  if (of.begin.empty()) IndexRecords(&of);
  return absl::MakeConstSpan(of.records)
      .subspan(of.begin[at], of.begin[at + 1] - of.begin[at]);
}

// ---- One search ----

void RecordWalk::SetBounds(int cell, const Range& now, const Range& if_hidden,
                           double cost) {
  const bool free = now.low <= 0 && now.high == kNoLimit;
  bounds_[cell] = {now, if_hidden, cost, free};
  // Of what nobody is told something may be known all the same: structural
  // zeros.
  const int pattern = place_[cell].pattern;
  if (!free && pattern != kNowhere) patterns_[pattern].watched = true;
}

uint64_t RecordWalk::Random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ >> 11;
}
double RecordWalk::Noise() { return static_cast<double>(Random()) * 0x1p-53; }

double RecordWalk::Penalty(int cell, int64_t at) const {
  const Bounds& bounds = bounds_[cell];
  const int64_t out = bounds.Out(at);
  if (out == 0) return 0;
  if (MayBe(cell, at)) return kCostWeight * (0.1 + bounds.cost / dearest_);
  return scale_ * static_cast<double>(out);
}

// Where every variable gives a record one code, it is in one cell.
size_t RecordWalk::CellOf(const Pattern& pattern, const Leaf* record) const {
  if (!Counted(pattern, record)) return kNoCell;
  size_t at = 0;
  for (size_t a = 0; a < pattern.variables.size(); ++a) {
    const OneCode& one = one_code_[pattern.variables[a]];
    const uint32_t code = one.code[record[one.part]];
    if (code == kNoCode) return kNoCell;
    at += code * pattern.strides[a];
  }
  return at;
}

// The pattern's cells in which a change counts, with how much.
template <typename Each>
void RecordWalk::ForChanged(const Pattern& pattern, const Change& change,
                            Each each) {
  --budget_;
  if (pattern.one_code && !change.from.empty() && !change.to.empty()) {
    const size_t from = CellOf(pattern, change.from.data());
    const size_t to = CellOf(pattern, change.to.data());
    if (from == to) return;
    const auto put = [&](size_t at, int by) {
      if (at != kNoCell && pattern.cells[at] != kNowhere) {
        each(pattern.cells[at], by);
      }
    };
    put(from, -1);
    put(to, 1);
    return;
  }
  shift_.clear();
  const auto put = [&](const std::vector<Leaf>& record, int by) {
    if (record.empty()) return;
    ForCells(pattern, record.data(), [&](size_t at) {
      const int cell = pattern.cells[at];
      if (cell == kNowhere) return;
      for (auto& [known, sum] : shift_) {
        if (known == cell) {
          sum += by;
          return;
        }
      }
      shift_.emplace_back(cell, by);
    });
  };
  put(change.from, -1);
  put(change.to, 1);
  for (const auto& [cell, by] : shift_) {
    if (by != 0) each(cell, by);
  }
}

// `all`: also in patterns that nobody watches.
template <typename Each>
void RecordWalk::ForChanged(const Change& change, bool all, Each each) {
  if (change.from.empty() || change.to.empty()) {
    for (const Pattern& p : patterns_) {
      if (all || p.watched) ForChanged(p, change, each);
    }
    return;
  }
  ++visit_;
  for (size_t part = 0; part < change.from.size(); ++part) {
    if (change.from[part] == change.to[part]) continue;
    for (const int p : patterns_of_[part]) {
      if (!all && !patterns_[p].watched) continue;
      if (std::exchange(visited_[p], visit_) == visit_) continue;
      ForChanged(patterns_[p], change, each);
    }
  }
}

double RecordWalk::Gain(const Change& change) {
  double gain = 0;
  ForChanged(change, false, [&](int cell, int by) {
    gain += Penalty(cell, value_[cell]) - Penalty(cell, value_[cell] + by);
  });
  return gain;
}

void RecordWalk::Shift(int cell, int64_t by) {
  value_[cell] += by;
  if (is_touched_[cell] == 0) {
    is_touched_[cell] = 1;
    touched_.push_back(cell);
  }
  if (bounds_[cell].Out(value_[cell]) > 0 && is_broken_[cell] == 0) {
    is_broken_[cell] = 1;
    broken_.push_back(cell);
  }
}

void RecordWalk::Apply(Change change) {
  ForChanged(change, false, [&](int cell, int by) { Shift(cell, by); });
  if (change.record >= 0) is_changed_[change.record] = 1;
  changes_.push_back(std::move(change));
}

// A record that is to be in the cell: one that is kept out by one variable
// only, or by as few as there are such records for; or a new one like it.
bool RecordWalk::Enter(const Place& place, Change* change) {
  const Pattern& pattern = patterns_[place.pattern];
  const size_t axes = pattern.variables.size();
  std::array<size_t, kMaxAxes> order;
  for (size_t a = 0; a < axes; ++a) order[a] = a;
  for (size_t a = axes; a-- > 1;) std::swap(order[a], order[Below(a + 1)]);
  absl::Span<const uint32_t> donors;
  size_t dropped = 0;
  while (donors.empty() && dropped < axes) {
    ++dropped;
    donors = RecordsWithout(place, order, dropped);
  }
  if (axes == 0) donors = RecordsIn(place.pattern, place.at);
  if (donors.empty()) return false;
  const uint32_t r = donors[Below(donors.size())];
  const auto record = data_.record(r);
  change->to.assign(record.begin(), record.end());
  for (size_t d = 0; d < dropped; ++d) {
    if (!SetCode(place, order[d], &change->to)) return false;
  }
  if (axes == 0 || Below(8) == 0) {
    change->record = -1;
    change->from.clear();
    return true;
  }
  if (is_changed_[r] != 0) return false;
  change->record = r;
  change->from.assign(record.begin(), record.end());
  return change->from != change->to;
}

// The records that are in the cell but for the first `dropped` axes of `order`.
absl::Span<const uint32_t> RecordWalk::RecordsWithout(
    const Place& place, const std::array<size_t, kMaxAxes>& order,
    size_t dropped) {
  const Pattern& pattern = patterns_[place.pattern];
  std::vector<size_t> key;
  for (size_t d = dropped; d < pattern.variables.size(); ++d) {
    key.push_back(pattern.variables[order[d]]);
  }
  std::sort(key.begin(), key.end());
  key.push_back(pattern.span);
  const int index = by_variables_.at(key);
  const Pattern& without = patterns_[index];
  size_t at = 0;
  for (size_t d = dropped; d < pattern.variables.size(); ++d) {
    const size_t variable = pattern.variables[order[d]];
    const size_t b =
        static_cast<size_t>(std::find(without.variables.begin(),
                                      without.variables.end(), variable) -
                            without.variables.begin());
    at += CodeAt(place, order[d]) * without.strides[b];
  }
  return RecordsIn(index, at);
}

size_t RecordWalk::CodeAt(const Place& place, size_t axis) const {
  const Pattern& pattern = patterns_[place.pattern];
  const size_t size =
      axis == 0 ? pattern.cells.size() : pattern.strides[axis - 1];
  return place.at % size / pattern.strides[axis];
}

// Gives a record the cell's code of one variable. Of a population, only by
// chance.
bool RecordWalk::SetCode(const Place& place, size_t axis,
                         std::vector<Leaf>* record) {
  const Microdata::Variable& v =
      data_.variables[patterns_[place.pattern].variables[axis]];
  if (v.code != nullptr) {
    const size_t any = v.parts[Below(v.parts.size())];
    (*record)[any] = data_.record(Below(data_.records()))[any];
    return true;
  }
  const size_t code = CodeAt(place, axis);
  const size_t leaves = v.codes.size();
  size_t leaf = Below(leaves);
  for (size_t n = 0; n < leaves; ++n) {
    if (v.codes[leaf].size() == 1 && v.codes[leaf][0] == code) {
      (*record)[v.parts[0]] = static_cast<Leaf>(leaf);
      return true;
    }
    if (++leaf == leaves) leaf = 0;
  }
  return false;
}

// A record that is to leave the cell, for a code that another record has, or
// for one that was taken from a record before.
bool RecordWalk::Exit(const Place& place, Change* change) {
  const absl::Span<const uint32_t> inside = RecordsIn(place.pattern, place.at);
  if (inside.empty()) return false;
  const uint32_t r = inside[Below(inside.size())];
  if (is_changed_[r] != 0) return false;
  const auto record = data_.record(r);
  change->record = r;
  change->from.assign(record.begin(), record.end());
  const Pattern& pattern = patterns_[place.pattern];
  if (pattern.variables.empty() || Below(8) == 0) {
    change->to.clear();
    return true;
  }
  const Microdata::Variable& v =
      data_.variables[pattern.variables[Below(pattern.variables.size())]];
  const size_t part = v.parts[Below(v.parts.size())];
  change->to = change->from;
  if (!changes_.empty() && Below(3) == 0) {
    const Change& before = changes_[Below(changes_.size())];
    if (before.from.empty()) return false;
    change->to[part] = before.from[part];
  } else if (Below(2) == 0) {
    change->to[part] = data_.record(Below(data_.records()))[part];
  } else {
    change->to[part] =
        static_cast<Leaf>(Below(data_.parts[part].leaves.size()));
  }
  return change->to[part] != change->from[part];
}

bool RecordWalk::Propose(const Place& place, bool more, Change* change) {
  if (more) {
    return Enter(place, change) && IsIn(place, change->to.data());
  }
  return Exit(place, change) &&
         (change->to.empty() || !IsIn(place, change->to.data()));
}

bool RecordWalk::Mend(int cell) {
  const Place place = place_[cell];
  const bool more = value_[cell] < bounds_[cell].now.low;
  Change best, change;
  double score = 0;
  bool any = false;
  for (int i = 0; i < kProposals; ++i) {
    budget_ -= 10;
    if (!Propose(place, more, &change)) continue;
    const double gain = Gain(change) + temperature_ * scale_ * Noise();
    if (any && gain <= score) continue;
    any = true;
    score = gain;
    std::swap(best, change);
  }
  if (any) Apply(std::move(best));
  return any;
}

// Of those out of bounds that must be mended, the one with the fewest records:
// there is the least choice.
int RecordWalk::NextBroken() {
  int next = -1;
  for (size_t i = 0; i < broken_.size();) {
    const int cell = broken_[i];
    if (bounds_[cell].Out(value_[cell]) == 0) {
      is_broken_[cell] = 0;
      broken_[i] = broken_.back();
      broken_.pop_back();
      continue;
    }
    ++i;
    if (MayBe(cell, value_[cell])) continue;
    if (next < 0 || value_[cell] < value_[next]) next = cell;
  }
  return next;
}

// From records that hold on: the dearest cells that left their bounds must go
// back, and so on, as in TableWalk. Leaves the cheapest.
bool RecordWalk::Search(double max_cost, int max_changes) {
  bool found = false;
  size_t kept = 0;  // changes
  int last = max_changes;
  for (int n = 0; n < last && budget_ > 0;) {
    const int next = NextBroken();
    if (next >= 0) {
      if (!Mend(next)) break;
      ++n;
      continue;
    }
    double cost = 0, most = 0;
    for (const int cell : broken_) {
      cost += bounds_[cell].cost;
      most = std::max(most, bounds_[cell].cost);
    }
    if (cost < max_cost || broken_.empty()) {
      found = true;
      kept = changes_.size();
      max_cost = cost;
      last = n + kMoreChanges;
    }
    if (broken_.empty() || !walks_on_) break;
    dearest_ = std::nextafter(most, 0);
  }
  if (!found) return false;
  for (; changes_.size() > kept; changes_.pop_back()) {
    if (changes_.back().record >= 0) is_changed_[changes_.back().record] = 0;
  }
  return true;
}

void RecordWalk::Hold(int cell, const Range& range) {
  held_.push_back({cell, bounds_[cell]});
  bounds_[cell] = {range, range, 0, false};
  if (bounds_[cell].Out(value_[cell]) == 0 || is_broken_[cell] != 0) return;
  is_broken_[cell] = 1;
  broken_.push_back(cell);
}

void RecordWalk::LetGo() {
  for (; !held_.empty(); held_.pop_back()) {
    bounds_[held_.back().cell] = held_.back().bounds;
  }
}

// With all that changed, watched or not.
RecordWalk::Found RecordWalk::Collect() {
  Found found;
  found.ok = true;
  for (const int cell : touched_) {
    value_[cell] = truth_[cell];
    is_touched_[cell] = 0;
  }
  touched_.clear();
  for (const Change& change : changes_) {
    ForChanged(change, true, [&](int cell, int by) { Shift(cell, by); });
    found.edits.push_back({change.from, change.to});
  }
  for (const int cell : touched_) {
    if (value_[cell] == truth_[cell]) continue;
    found.moved.emplace_back(cell, value_[cell]);
    if (bounds_[cell].Out(value_[cell]) == 0) continue;
    found.left.push_back(cell);
    found.cost += bounds_[cell].cost;
  }
  return found;
}

void RecordWalk::Undo() {
  for (const int cell : touched_) {
    value_[cell] = truth_[cell];
    is_touched_[cell] = 0;
  }
  for (const int cell : broken_) is_broken_[cell] = 0;
  for (const Change& change : changes_) {
    if (change.record >= 0) is_changed_[change.record] = 0;
  }
  touched_.clear();
  broken_.clear();
  changes_.clear();
}

RecordWalk::Found RecordWalk::Reach(int cell, int64_t value, double dearest,
                                    double max_cost, uint64_t seed) {
  const std::pair<int, int64_t> end = {cell, value};
  return Resume(Found(), absl::MakeConstSpan(&end, 1), dearest, max_cost, seed);
}

int64_t RecordWalk::FindRecord(const std::vector<Leaf>& leaves) {
  if (by_leaves_.empty()) {
    for (size_t r = 0; r < data_.records(); ++r) {
      by_leaves_[absl::HashOf(data_.record(r))].push_back(
          static_cast<uint32_t>(r));
    }
  }
  const auto found = by_leaves_.find(absl::HashOf(absl::MakeConstSpan(leaves)));
  if (found == by_leaves_.end()) return -1;
  for (const uint32_t r : found->second) {
    const auto record = data_.record(r);
    if (is_changed_[r] == 0 &&
        std::equal(record.begin(), record.end(), leaves.begin())) {
      return r;
    }
  }
  return -1;
}

// As far as there still are such records.
void RecordWalk::Redo(const std::vector<RecordEdit>& edits) {
  for (const RecordEdit& edit : edits) {
    Change change{-1, edit.from, edit.to};
    if (!edit.from.empty()) {
      change.record = FindRecord(edit.from);
      if (change.record < 0) continue;
    }
    Apply(std::move(change));
  }
}

RecordWalk::Found RecordWalk::Resume(const Found& start, Figures ends,
                                     double dearest, double max_cost,
                                     uint64_t seed) {
  Found found;
  if (budget_ <= 0 || ends.empty()) return found;
  int64_t most = 1;
  for (const auto& [cell, figure] : ends) {
    most = std::max(most, std::abs(figure - truth_[cell]));
  }
  dearest_ = dearest;
  scale_ = 1.0 / static_cast<double>(most);
  temperature_ = 0.3 + 0.4 * static_cast<double>(seed % 6);
  std::vector<int> unseen;  // patterns to be watched for now
  random_ = (seed + 1) * 0x9E3779B97F4A7C15u ^
            static_cast<uint64_t>(ends[0].first + 1) * 0xD1B54A32D192ED03u;
  for (const auto& [cell, figure] : ends) {
    const Range now = bounds_[cell].now;
    Hold(cell, figure > truth_[cell] ? Range{figure, now.high}
                                     : Range{now.low, figure});
    Pattern& pattern = patterns_[place_[cell].pattern];
    if (!pattern.watched) unseen.push_back(place_[cell].pattern);
    pattern.watched = true;
  }
  Redo(start.edits);
  const bool ok = Search(max_cost, kMaxChanges);
  LetGo();
  for (const int pattern : unseen) patterns_[pattern].watched = false;
  if (ok) found = Collect();
  Undo();
  return found;
}

std::vector<std::pair<int, int64_t>> RecordWalk::FiguresOf(const Found& found) {
  Redo(found.edits);
  std::vector<std::pair<int, int64_t>> moved = Collect().moved;
  Undo();
  return moved;
}

}  // namespace cairn
