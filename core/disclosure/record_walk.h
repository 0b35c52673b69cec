#ifndef CAIRN_CORE_DISCLOSURE_RECORD_WALK_H_
#define CAIRN_CORE_DISCLOSURE_RECORD_WALK_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/disclosure/certificate_search.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/microdata.h"
#include "core/query/table.h"

namespace cairn {

// Certificates from the records: change one record's codes, and every table it
// is in changes as it would for real, so no sum of any table, seen or unseen,
// can fail to add up. What is left to search for is only that all that is shown
// stays within its rounding bin (data swapping, Dalenius and Reiss 1982, found
// by search). For many linked tables this closes where TableWalk, which has to
// keep every sum by itself, does not; and its certificates hold for any further
// table as they are, up to what that one shows.
//
//   hidden: 3 robberies with a knife in ward A      robberies in A: 20
//   reach 5: two robberies in A without a knife become two with one
//
// Counts of single records only.
class RecordWalk : public CertificateSearch {
 public:
  // `shapes`: the given tables of `linked`; of the first `told` of them
  // somebody is told. All must outlive the walk. Null if the tables have a
  // variable that the records have not, or do not count them: then the records
  // are not those of the tables.
  static std::unique_ptr<RecordWalk> Create(
      const Microdata& data, const LinkedTables& linked,
      const std::vector<const TableShape*>& shapes, size_t told,
      absl::Span<const int64_t> figures);

  // How many records each cell has.
  const std::vector<int64_t>& figures() const { return truth_; }

  // The records, some of them changed until every cell is within its bounds.
  // Nothing if that does not end within so many steps.
  struct Settled {
    std::vector<Microdata::Leaf> leaves;
    std::vector<int64_t> origin;  // by record: which it was; -1: it is new
  };
  std::optional<Settled> Settle(int64_t steps) const;

  // From now on a search goes on from what it found to cheaper ones, which
  // takes longer.
  void WalkOn() { walks_on_ = true; }

  // A step here is a pattern looked at, some five of the others.
  void SetBudget(int64_t steps) override { budget_ = steps / 5; }
  int64_t budget() const override { return budget_ * 5; }
  void SetBounds(int cell, const Range& now, const Range& if_hidden,
                 double cost) override;
  Found Reach(int cell, int64_t value, double dearest, double max_cost,
              uint64_t seed) override;
  Found Resume(const Found& start, Figures ends, double dearest,
               double max_cost, uint64_t seed) override;
  Found ReachAtLast(int cell, int64_t value) override;
  std::vector<std::pair<int, int64_t>> FiguresOf(const Found& found) override;

 private:
  class Settler;
  using Leaf = Microdata::Leaf;
  static constexpr int kNowhere = -1;
  static constexpr size_t kMaxAxes = 8;

  // The cells of one crossing of variables, without margins: {ward, weapon}.
  // Each cell of the system belongs to one pattern.
  struct Pattern {
    std::vector<size_t> variables;  // of the microdata
    size_t span = 0;                // number of its records' span
    std::vector<size_t> strides;
    std::vector<int> cells;  // of the system; kNowhere: another pattern's
    std::vector<bool> eras;  // whose records count; empty: all
    bool one_code = false;   // each record is in one of the cells
    bool watched = false;    // something is known of a cell, or looked for
    // Records by cell, some of each; made when first needed.
    std::vector<uint32_t> begin, records;
  };
  struct Place {
    int pattern = -1;
    size_t at = 0;
  };
  struct Bounds {
    Range now;
    Range if_hidden;
    double cost = 0;   // 0: it may not leave `now`
    bool free = true;  // nothing to watch

    int64_t Out(int64_t at) const {
      return at < now.low ? now.low - at : at > now.high ? at - now.high : 0;
    }
  };
  // A record as it is to be; -1: added.
  struct Change {
    int64_t record = -1;
    std::vector<Leaf> from, to;  // empty: not there
  };

  explicit RecordWalk(const Microdata& data) : data_(data) {}
  bool AddPatterns(const LinkedTables& linked,
                   const std::vector<const TableShape*>& shapes, size_t told);
  bool AddPattern(const TableShape& shape, const std::vector<int>& cells,
                  unsigned axes, const EraSet& span, bool watched);
  void FindOneCodes();
  std::vector<int64_t> Counts() const;
  bool AddsUpTo(const Pattern& fine, const Pattern& coarse) const;
  std::vector<int64_t> AddUp(const Pattern& fine,
                             const std::vector<int64_t>& counts,
                             const Pattern& coarse) const;
  int FindVariable(const std::string& name) const;

  // The pattern's cells that a record is in.
  template <typename Each>
  void ForCells(const Pattern& pattern, const Leaf* record, Each each) const;
  bool Counted(const Pattern& pattern, const Leaf* record) const {
    return pattern.eras.empty() || pattern.eras[record[data_.era_part]];
  }
  static constexpr size_t kNoCell = static_cast<size_t>(-1);
  // kNoCell: in none.
  size_t CellOf(const Pattern& pattern, const Leaf* record) const;
  bool IsIn(const Place& place, const Leaf* record) const;
  // Records in a pattern's cell.
  absl::Span<const uint32_t> RecordsIn(int pattern, size_t at);
  void IndexRecords(Pattern* pattern) const;

  bool MayBe(int cell, int64_t at) const {
    const Bounds& bounds = bounds_[cell];
    return bounds.cost > 0 && bounds.cost <= dearest_ &&
           bounds.if_hidden.Holds(at);
  }
  double Penalty(int cell, int64_t at) const;
  void Shift(int cell, int64_t by);
  template <typename Each>
  void ForChanged(const Change& change, bool all, Each each);
  template <typename Each>
  void ForChanged(const Pattern& pattern, const Change& change, Each each);
  double Gain(const Change& change);
  void Apply(Change change);
  void Redo(const std::vector<RecordEdit>& edits);
  bool Propose(const Place& place, bool more, Change* change);
  bool Enter(const Place& place, Change* change);
  bool Exit(const Place& place, Change* change);
  absl::Span<const uint32_t> RecordsWithout(
      const Place& place, const std::array<size_t, kMaxAxes>& order,
      size_t dropped);
  size_t CodeAt(const Place& place, size_t axis) const;
  bool SetCode(const Place& place, size_t axis, std::vector<Leaf>* record);
  bool Mend(int cell);
  int NextBroken();
  bool Search(double max_cost, int max_changes);
  void Hold(int cell, const Range& range);
  void LetGo();
  Found Collect();
  void Undo();
  uint64_t Random();
  double Noise();
  size_t Below(size_t n) { return static_cast<size_t>(Random() % n); }
  int64_t FindRecord(const std::vector<Leaf>& leaves);

  // By variable: its code by leaf; empty if that may be several.
  struct OneCode {
    size_t part = 0;
    std::vector<uint32_t> code;
  };

  const Microdata& data_;
  std::vector<OneCode> one_code_;
  std::vector<Pattern> patterns_;
  // By variables, sorted, and at last the span.
  absl::flat_hash_map<std::vector<size_t>, int> by_variables_;
  std::map<EraSet, size_t> spans_;             // each by number
  std::vector<std::vector<int>> patterns_of_;  // by part
  std::vector<Place> place_;                   // by cell
  std::vector<int64_t> truth_, value_;         // by cell
  std::vector<Bounds> bounds_;                 // by cell
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> by_leaves_;
  int64_t budget_ = INT64_MAX;
  // Of all searches by ReachAtLast, so that a table of which much cannot be
  // proved is answered in time.
  int64_t last_budget_ = 600'000;

  bool walks_on_ = false;

  // One search.
  double dearest_ = 0, scale_ = 1, temperature_ = 0;
  uint64_t random_ = 1;
  std::vector<Change> changes_;
  std::vector<uint8_t> is_changed_;  // by record
  std::vector<int> touched_, broken_;
  std::vector<uint8_t> is_touched_, is_broken_;  // by cell
  struct Held {
    int cell;
    Bounds bounds;
  };
  std::vector<Held> held_;
  // Scratch of ForChanged.
  std::vector<std::pair<int, int>> shift_;
  std::vector<uint64_t> visited_;  // by pattern
  uint64_t visit_ = 0;
};

template <typename Each>
void RecordWalk::ForCells(const Pattern& pattern, const Leaf* record,
                          Each each) const {
  if (!Counted(pattern, record)) return;
  if (pattern.one_code) {
    const size_t cell = CellOf(pattern, record);
    if (cell != kNoCell) each(cell);
    return;
  }
  size_t at = 0;
  for (size_t a = 0; a < pattern.variables.size(); ++a) {
    const Microdata::Variable& v = data_.variables[pattern.variables[a]];
    if (v.code != nullptr) {
      at += v.code(record) * pattern.strides[a];
      continue;
    }
    const std::vector<size_t>& codes = v.codes[record[v.parts[0]]];
    if (codes.size() == 1) {
      at += codes[0] * pattern.strides[a];
      continue;
    }
    // A multi-valued variable: all crossings of all codes.
    std::vector<size_t> all = {0};
    for (size_t b = 0; b < pattern.variables.size(); ++b) {
      const Microdata::Variable& w = data_.variables[pattern.variables[b]];
      const std::vector<size_t> one = w.code != nullptr
                                          ? std::vector<size_t>{w.code(record)}
                                          : w.codes[record[w.parts[0]]];
      std::vector<size_t> next;
      for (const size_t before : all) {
        for (const size_t code : one) {
          next.push_back(before + code * pattern.strides[b]);
        }
      }
      all = std::move(next);
    }
    for (const size_t cell : all) each(cell);
    return;
  }
  each(at);
}

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_RECORD_WALK_H_
