// RecordWalk::Settle.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/record_walk.h"

namespace cairn {
namespace {

// So many changes are weighed for each that is made, and so many records are
// looked at for them.
constexpr int kCandidates = 12;
constexpr size_t kLooked = 4096;
// One in so many changes may make things worse.
constexpr size_t kWorse = 4;
// One in so many changes of an inner cell adds a record or leaves one out:
// where all codes are at the edges of their bounds, nothing else helps.
constexpr size_t kWholeRecord = 16;
// How often each cell that is within its bounds is moved on.
constexpr size_t kLooksACell = 4;
// What a record too many counts, and what the edge of the bounds does.
constexpr int64_t kOut = 1000;
constexpr int64_t kOff = 16;
// Of a search for what nothing else found, at most.
constexpr int64_t kLastSteps = 200'000;

}  // namespace

// A cell that is out of its bounds is chosen, some changes of one record that
// mend it are weighed against all that they put out of bounds, and the best is
// made.
class RecordWalk::Settler {
 public:
  explicit Settler(const RecordWalk& walk)
      : walk_(walk),
        data_(walk.data_),
        parts_(data_.parts.size()),
        leaves_(data_.leaves),
        origin_(data_.records()),
        value_(walk.truth_),
        position_(value_.size(), kNowhere),
        watched_(walk.patterns_.size(), false),
        visited_(walk.patterns_.size(), 0),
        at_first_(walk.patterns_.size()) {
    for (size_t cell = 0; cell < value_.size(); ++cell) {
      const int pattern = walk.place_[cell].pattern;
      if (!walk.bounds_[cell].free) watched_[pattern] = true;
    }
    for (size_t cell = 0; cell < value_.size(); ++cell) {
      Shift(static_cast<int>(cell), 0);
    }
    for (const Microdata::Variable& v : data_.variables) {
      std::vector<std::vector<Leaf>> leaves(v.names.size());
      for (size_t leaf = 0; leaf < v.codes.size(); ++leaf) {
        if (v.codes[leaf].size() != 1) continue;
        leaves[v.codes[leaf][0]].push_back(static_cast<Leaf>(leaf));
      }
      leaves_of_.push_back(std::move(leaves));
    }
  }

  // `to_best`: and on to where certificates are found best. Takes from `steps`.
  std::optional<Settled> Run(bool to_best, int64_t* steps) {
    steps_ = *steps;
    std::optional<Settled> settled = Run(to_best);
    *steps = steps_;
    return settled;
  }

 private:
  std::optional<Settled> Run(bool to_best) {
    for (size_t r = 0; r < origin_.size(); ++r) {
      origin_[r] = static_cast<int64_t>(r);
    }
    while (!broken_.empty()) {
      if (steps_ <= 0) return std::nullopt;
      const int cell = broken_[Below(broken_.size())];
      Mend(cell, value_[cell] < walk_.bounds_[cell].now.low);
    }
    if (to_best) MoveToBest();
    return Settled{std::move(leaves_), std::move(origin_)};
  }

  // A record as it is to be.
  struct Move {
    bool adds = false;  // in addition to all others
    size_t record = 0;
    std::vector<Leaf> to;  // empty: left out
  };

  size_t records() const { return leaves_.size() / parts_; }
  const Leaf* record(size_t r) const { return &leaves_[r * parts_]; }
  uint64_t Random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_ >> 11;
  }
  size_t Below(size_t n) { return static_cast<size_t>(Random() % n); }
  int64_t Out(int cell) const { return walk_.bounds_[cell].Out(value_[cell]); }

  // Keeps the list of cells that are out of bounds.
  void Shift(int cell, int by) {
    value_[cell] += by;
    const bool out = Out(cell) > 0;
    if (out == (position_[cell] != kNowhere)) return;
    if (out) {
      position_[cell] = static_cast<int>(broken_.size());
      broken_.push_back(cell);
      return;
    }
    position_[broken_.back()] = position_[cell];
    broken_[position_[cell]] = broken_.back();
    position_[cell] = kNowhere;
    broken_.pop_back();
  }

  template <typename Each>
  void ForCells(int p, const Leaf* leaves, int by, Each each) {
    const Pattern& pattern = walk_.patterns_[p];
    --steps_;
    walk_.ForCells(pattern, leaves, [&](size_t at) {
      if (pattern.cells[at] != kNowhere) each(pattern.cells[at], by);
    });
  }

  // The cells that a move takes a record from or to.
  template <typename Each>
  void ForChanged(const Move& move, Each each) {
    if (move.adds || move.to.empty()) {
      const Leaf* leaves = move.adds ? move.to.data() : record(move.record);
      for (size_t p = 0; p < walk_.patterns_.size(); ++p) {
        if (!watched_[p]) continue;
        ForCells(static_cast<int>(p), leaves, move.adds ? 1 : -1, each);
      }
      return;
    }
    ++visit_;
    for (size_t part = 0; part < parts_; ++part) {
      if (record(move.record)[part] == move.to[part]) continue;
      for (const int p : walk_.patterns_of_[part]) {
        if (!watched_[p]) continue;
        if (std::exchange(visited_[p], visit_) == visit_) continue;
        ForCells(p, record(move.record), -1, each);
        ForCells(p, move.to.data(), 1, each);
      }
    }
  }

  int64_t Gain(const Move& move) {
    int64_t gain = 0;
    ForChanged(move, [&](int cell, int by) {
      gain += Penalty(cell);
      value_[cell] += by;
      gain -= Penalty(cell);
    });
    ForChanged(move, [&](int cell, int by) { value_[cell] -= by; });
    return gain;
  }

  void Make(const Move& move) {
    ForChanged(move, [&](int cell, int by) { Shift(cell, by); });
    if (move.adds) {
      leaves_.insert(leaves_.end(), move.to.begin(), move.to.end());
      origin_.push_back(-1);
      return;
    }
    const auto at =
        leaves_.begin() + static_cast<std::ptrdiff_t>(move.record * parts_);
    const auto part_count = static_cast<std::ptrdiff_t>(parts_);
    if (!move.to.empty()) {
      std::copy(move.to.begin(), move.to.end(), at);
      return;
    }
    std::copy(leaves_.end() - part_count, leaves_.end(), at);
    leaves_.resize(leaves_.size() - parts_);
    origin_[move.record] = origin_.back();
    origin_.pop_back();
  }

  bool HasCode(const Leaf* leaves, size_t variable, size_t code) const {
    const Microdata::Variable& v = data_.variables[variable];
    if (v.code != nullptr) return v.code(leaves) == code;
    const std::vector<size_t>& codes = v.codes[leaves[v.parts[0]]];
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  }

  // Gives the record the cell's code of a variable; of a population, only by
  // chance. False if no leaf has that code alone.
  bool SetCode(size_t variable, size_t code, std::vector<Leaf>* leaves) {
    const Microdata::Variable& v = data_.variables[variable];
    const size_t part = v.parts[Below(v.parts.size())];
    if (v.code != nullptr) {
      (*leaves)[part] = AnyLeaf(part);
      return true;
    }
    const std::vector<Leaf>& some = leaves_of_[variable][code];
    if (some.empty()) return false;
    (*leaves)[part] = some[Below(some.size())];
    return true;
  }
  Leaf AnyLeaf(size_t part) {
    return static_cast<Leaf>(Below(data_.parts[part].leaves.size()));
  }
  // An era whose records count in the pattern.
  void SetEra(const Pattern& pattern, std::vector<Leaf>* leaves) {
    if (pattern.eras.empty()) return;
    const size_t eras = pattern.eras.size();
    size_t era = Below(eras);
    for (size_t n = 0; n < eras && !pattern.eras[era]; ++n) {
      era = era + 1 == eras ? 0 : era + 1;
    }
    (*leaves)[data_.era_part] = static_cast<Leaf>(era);
  }

  // Those that were in the cell at first, some of a great one; others may be
  // there by now.
  absl::Span<const uint32_t> RecordsAtFirst(const Place& place) {
    std::unique_ptr<Pattern>& index = at_first_[place.pattern];
    if (index == nullptr) {
      index = std::make_unique<Pattern>(walk_.patterns_[place.pattern]);
      walk_.IndexRecords(index.get());
    }
    const uint32_t begin = index->begin[place.at];
    return absl::MakeConstSpan(index->records)
        .subspan(begin, index->begin[place.at + 1] - begin);
  }

  // The record is to be in the cell; not if more than `most` codes of it are
  // others'.
  bool Enter(const Place& place, size_t most, Move* move) {
    const Pattern& pattern = walk_.patterns_[place.pattern];
    const Leaf* leaves = record(move->record);
    size_t others = walk_.Counted(pattern, leaves) ? 0 : 1;
    for (size_t a = 0; a < pattern.variables.size() && others <= most; ++a) {
      if (!HasCode(leaves, pattern.variables[a], walk_.CodeAt(place, a))) {
        ++others;
      }
    }
    move->adds = pattern.variables.empty() ? others == 0 || Below(2) == 0
                                           : Below(kWholeRecord) == 0;
    if (!move->adds && (others == 0 || others > most)) return false;
    move->to.assign(leaves, leaves + parts_);
    if (!walk_.Counted(pattern, leaves)) SetEra(pattern, &move->to);
    for (size_t a = 0; a < pattern.variables.size(); ++a) {
      const size_t variable = pattern.variables[a],
                   code = walk_.CodeAt(place, a);
      if (!HasCode(leaves, variable, code) &&
          !SetCode(variable, code, &move->to)) {
        return false;
      }
    }
    return walk_.IsIn(place, move->to.data());
  }

  // The record is to leave the cell.
  bool Exit(const Place& place, Move* move) {
    const Pattern& pattern = walk_.patterns_[place.pattern];
    const Leaf* leaves = record(move->record);
    if (!walk_.IsIn(place, leaves)) return false;
    move->adds = false;
    const size_t ways =
        pattern.variables.size() + (pattern.eras.empty() ? 0 : 1);
    const size_t way = ways == 0 ? 0 : Below(ways);
    if (Below(pattern.variables.empty() ? 2 : kWholeRecord) == 0) {
      move->to.clear();
      return records() > 1;
    }
    if (ways == 0) return false;
    move->to.assign(leaves, leaves + parts_);
    size_t part = data_.era_part;
    if (way < pattern.variables.size()) {
      const auto& parts = data_.variables[pattern.variables[way]].parts;
      part = parts[Below(parts.size())];
    }
    // As others have it, too: else rare codes fill up, and nothing fits there.
    move->to[part] =
        Below(2) == 0 ? AnyLeaf(part) : record(Below(records()))[part];
    return !walk_.IsIn(place, move->to.data());
  }

  // The cells that are within their bounds, on to where certificates are found
  // best. A small cell is best at its low end, as most are for real: it needs
  // no certificate there. What is shown is best in the middle of its bin.
  void MoveToBest() {
    moves_to_best_ = true;
    std::vector<int> cells;
    for (size_t cell = 0; cell < value_.size(); ++cell) {
      const Range& now = walk_.bounds_[cell].now;
      if (now.high == kNoLimit || now.high <= now.low + 1) continue;
      cells.push_back(static_cast<int>(cell));
    }
    const size_t looks = cells.size() * kLooksACell;
    for (size_t n = 0; n < looks && steps_ > 0; ++n) {
      const int cell = cells[Below(cells.size())];
      const int64_t off = TwiceOff(cell);
      if (std::abs(off) >= 2) Mend(cell, off < 0);
    }
  }
  // How far from its best, in halves of a record.
  int64_t TwiceOff(int cell) const {
    const Range& now = walk_.bounds_[cell].now;
    const int64_t best = now.low <= 1 ? 2 * now.low : now.low + now.high;
    return 2 * value_[cell] - best;
  }
  int64_t Penalty(int cell) const {
    const Range& now = walk_.bounds_[cell].now;
    const int64_t out = kOut * Out(cell);
    if (!moves_to_best_ || now.high == kNoLimit || now.high == now.low) {
      return out;
    }
    const int64_t off = TwiceOff(cell), width = now.high - now.low;
    return out + kOff * off * off / (width * width);
  }

  void Mend(int cell, bool more) {
    const Place place = walk_.place_[cell];
    const size_t looked = std::min(records(), kLooked);
    const size_t axes = walk_.patterns_[place.pattern].variables.size() + 1;
    Move best, move;
    int64_t score = 0;
    int candidates = 0;
    size_t next = Below(records());
    // Few of all records are in a small cell.
    const absl::Span<const uint32_t> were =
        more ? absl::Span<const uint32_t>() : RecordsAtFirst(place);
    for (size_t n = 0; n < looked && candidates < kCandidates; ++n) {
      if (n % 8 == 0) --steps_;
      if (n < were.size()) {
        move.record = were[(next + n) % were.size()];
        if (move.record >= records()) continue;
      } else {
        // They are in no order: neighbours are as good as any, and at hand.
        next = next + 1 < records() ? next + 1 : 0;
        move.record = next;
      }
      // Records that are nearly in the cell first.
      const size_t most = candidates > 0 ? 1 : 1 + n * axes / looked;
      if (more ? !Enter(place, most, &move) : !Exit(place, &move)) continue;
      const int64_t gain = Gain(move);
      if (candidates++ > 0 && gain <= score) continue;
      score = gain;
      std::swap(best, move);
      move.record = best.record;
    }
    if (candidates == 0) return;
    if (moves_to_best_ ? score > 0 : score >= 0 || Below(kWorse) == 0)
      Make(best);
  }

  const RecordWalk& walk_;
  const Microdata& data_;
  const size_t parts_;
  std::vector<Leaf> leaves_;
  std::vector<int64_t> origin_;
  std::vector<int64_t> value_;  // by cell
  std::vector<int> broken_;     // cells out of bounds, in any order
  std::vector<int> position_;   // by cell: in `broken_`, or kNowhere
  std::vector<std::vector<std::vector<Leaf>>> leaves_of_;  // by variable, code
  std::vector<bool> watched_;      // by pattern: a cell of it has bounds
  std::vector<uint64_t> visited_;  // by pattern
  uint64_t visit_ = 0;
  std::vector<std::unique_ptr<Pattern>> at_first_;  // by pattern, with an index
  bool moves_to_best_ = false;
  int64_t steps_ = 0;
  uint64_t random_ = 0x9E3779B97F4A7C15u;
};

std::optional<RecordWalk::Settled> RecordWalk::Settle(int64_t steps) const {
  return Settler(*this).Run(/*to_best=*/true, &steps);
}

RecordWalk::Found RecordWalk::ReachAtLast(int cell, int64_t value) {
  int64_t steps = std::min({budget_, last_budget_, kLastSteps});
  if (steps <= 0) return Found();
  const Range now = bounds_[cell].now;
  Hold(cell,
       value > truth_[cell] ? Range{value, now.high} : Range{now.low, value});
  const int64_t given = steps;
  const std::optional<Settled> settled =
      Settler(*this).Run(/*to_best=*/false, &steps);
  const int64_t taken = given - std::max<int64_t>(steps, 0);
  budget_ -= taken;
  last_budget_ -= taken;
  LetGo();
  Undo();
  if (!settled.has_value()) return Found();
  const size_t parts = data_.parts.size();
  std::vector<bool> stays(data_.records(), false);
  for (size_t r = 0; r < settled->origin.size(); ++r) {
    const auto at =
        settled->leaves.begin() + static_cast<std::ptrdiff_t>(r * parts);
    Change change{
        settled->origin[r], {}, {at, at + static_cast<std::ptrdiff_t>(parts)}};
    if (change.record >= 0) {
      const auto record = data_.record(static_cast<size_t>(change.record));
      stays[static_cast<size_t>(change.record)] = true;
      change.from.assign(record.begin(), record.end());
    }
    if (change.from != change.to) changes_.push_back(std::move(change));
  }
  for (size_t r = 0; r < stays.size(); ++r) {
    if (stays[r]) continue;
    const auto record = data_.record(r);
    changes_.push_back(
        {static_cast<int64_t>(r), {record.begin(), record.end()}, {}});
  }
  Found found = Collect();
  Undo();
  return found;
}

}  // namespace cairn
