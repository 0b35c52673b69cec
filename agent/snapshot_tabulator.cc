#include "agent/snapshot_tabulator.h"

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "agent/cell_finder.h"
#include "agent/overlap.h"
#include "agent/person_runs.h"
#include "agent/shares.h"
#include "agent/tabulator.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr uint64_t kRowsForThreads = 2'000'000;
constexpr unsigned kMostThreads = 4;
// Records of the same cell after one another would wait for one another's
// count; with few cells they take turns in this many tables.
constexpr size_t kCopies = 4;
constexpr size_t kFewCells = 8192;

absl::Status BadRecord() {
  return absl::DataLossError("a record is damaged; load again");
}

// What is read, by all threads.
struct Input {
  const CellFinder& finder;
  const TableShape& shape;
  uint64_t rows = 0;
  uint64_t keyless = 0;
  const char* starts = nullptr;  // null: there are no persons
  Snapshot::Column key = {};     // no data: not asked for
  std::vector<Snapshot::Column> quantities = {};
};

// The figures of a stretch of rows.
class Part {
 public:
  explicit Part(const Input& input)
      : in_(input),
        starts_(input.starts),
        cells_(input.shape.cells()),
        copies_(cells_ < kFewCells ? kCopies : 1),
        counts_(copies_ * (cells_ + 1), 0),
        overlap_(input.starts != nullptr ? input.shape : TableShape()) {
    if (in_.starts != nullptr) keyless_.assign(counts_.size(), 0);
    if (in_.key.data != nullptr) keys_.assign(cells_ + 1, 0);
    for (const Snapshot::Column& column : in_.quantities) {
      shares_.emplace_back(column, cells_, in_.starts != nullptr);
    }
    person_values_.resize(shares_.size());
  }

  // Rows from where a person begins to where one does.
  void Run(uint64_t from, uint64_t to) {
    while (from < to && sound_) {
      const bool keyless = in_.starts != nullptr && from < in_.keyless;
      const uint64_t end = keyless ? std::min(to, in_.keyless) : to;
      const size_t rows =
          std::min<uint64_t>(end - from, CellFinder::kBlockRows);
      AddBlock(from, rows, keyless ? &keyless_ : &counts_);
      from += rows;
    }
    ClosePerson();
  }

  void Merge(const Part& other);
  absl::StatusOr<FrequencyTable> Finish(const ScanPlan& scan);

 private:
  void AddBlock(uint64_t from, size_t rows, std::vector<uint32_t>* counts);
  void Count(const uint32_t* cells, size_t rows,
             std::vector<uint32_t>* counts) const;
  void AddPersons(uint64_t from, size_t rows);
  void Gather(uint64_t w, uint64_t bits, int64_t row);
  // -1: of the last row of the block before.
  uint32_t CellAt(int64_t row) const {
    return block_[static_cast<size_t>(row + 1)];
  }
  void ClosePerson();
  void CloseShares();
  std::vector<int64_t> RolledUp(const std::vector<uint32_t>& counts) const;

  const Input& in_;
  const Starts starts_;
  const size_t cells_;
  const size_t copies_;
  bool sound_ = true;
  // The cells of a block, after the last one of the block before.
  uint32_t block_[1 + CellFinder::kBlockRows] = {};
  // Records of finest cells, and of one behind the last; `copies_` times. Of
  // records without a person where others have one; of the rest.
  std::vector<uint32_t> counts_, keyless_;
  std::vector<uint64_t> keys_;
  std::vector<Shares> shares_;
  Overlap overlap_;
  // The records so far of a person who has several: cells, and of each sum the
  // values.
  std::vector<uint32_t> person_cells_;
  std::vector<std::vector<int64_t>> person_values_;
  std::vector<uint32_t> places_, touched_;  // scratch
};

void Part::AddBlock(uint64_t from, size_t rows, std::vector<uint32_t>* counts) {
  uint32_t* const cells = block_ + 1;
  if (!in_.finder.Find(from, rows, cells)) sound_ = false;
  Count(cells, rows, counts);
  if (!keys_.empty()) {
    const auto* const keys =
        reinterpret_cast<const uint64_t*>(in_.key.data) + from;
    for (size_t i = 0; i < rows; ++i) keys_[cells[i]] += keys[i];
  }
  for (Shares& shares : shares_) {
    shares.Read(from, rows);
    shares.AddTotals(cells, rows);
  }
  if (in_.starts != nullptr) {
    AddPersons(from, rows);
  } else {
    for (Shares& shares : shares_) {
      for (size_t i = 0; i < rows; ++i) {
        shares.AddSingle(cells[i], shares.value(i));
      }
    }
  }
  block_[0] = cells[rows - 1];
}

void Part::Count(const uint32_t* cells, size_t rows,
                 std::vector<uint32_t>* counts) const {
  uint32_t* const table = counts->data();
  size_t i = 0;
  if (copies_ == kCopies) {
    const size_t size = cells_ + 1;
    for (; i + kCopies <= rows; i += kCopies) {
      ++table[cells[i]];
      ++table[size + cells[i + 1]];
      ++table[2 * size + cells[i + 2]];
      ++table[3 * size + cells[i + 3]];
    }
  }
  for (; i < rows; ++i) ++table[cells[i]];
}

// Gathers the records of persons who have several, whichever blocks they are
// in.
void Part::AddPersons(uint64_t from, size_t rows) {
  const uint64_t to = from + rows;
  for (uint64_t w = from / 64; w * 64 < to; ++w) {
    uint64_t mask = ~uint64_t{0};
    if (w * 64 < from) mask <<= from % 64;
    if (to - w * 64 < 64) mask &= (uint64_t{1} << (to - w * 64)) - 1;
    const Starts::Runs runs = starts_.Of(w, in_.rows);
    // Where in the block the word's first row is, or would be.
    const int64_t row =
        static_cast<int64_t>(w * 64) - static_cast<int64_t>(from);
    if (shares_.empty()) {
      ForBits(runs.second & mask, [&](int bit) {
        const uint32_t earlier = CellAt(row + bit - 1),
                       later = CellAt(row + bit);
        if (earlier == cells_ || later == cells_) return;
        overlap_.AddPair(earlier, later);
      });
      Gather(w, runs.many & mask, row);
      continue;
    }
    for (Shares& shares : shares_) {
      ForBits(runs.single & mask, [&](int bit) {
        shares.AddSingle(CellAt(row + bit),
                         shares.value(static_cast<size_t>(row + bit)));
      });
    }
    Gather(w, ~runs.single & mask, row);
  }
}

void Part::Gather(uint64_t w, uint64_t bits, int64_t row) {
  const uint64_t starts = starts_.Word(w);
  ForBits(bits, [&](int bit) {
    if ((starts >> bit & 1) != 0) ClosePerson();
    const uint32_t cell = CellAt(row + bit);
    if (cell == cells_) return;  // not of the span
    person_cells_.push_back(cell);
    for (size_t s = 0; s < shares_.size(); ++s) {
      person_values_[s].push_back(
          shares_[s].value(static_cast<size_t>(row + bit)));
    }
  });
}

void Part::ClosePerson() {
  if (person_cells_.size() > 1) overlap_.Add(person_cells_);
  if (!shares_.empty() && !person_cells_.empty()) CloseShares();
  person_cells_.clear();
}

void Part::CloseShares() {
  const std::vector<uint32_t>& cells = person_cells_;
  const bool one_cell =
      std::all_of(cells.begin(), cells.end(),
                  [&cells](uint32_t cell) { return cell == cells[0]; });
  if (one_cell) {
    for (size_t s = 0; s < shares_.size(); ++s) {
      const std::vector<int64_t>& values = person_values_[s];
      shares_[s].AddSingle(
          cells[0], std::accumulate(values.begin(), values.end(), int64_t{0}));
    }
  } else if (cells.size() == 2) {
    overlap_.PlacesOf(cells[0], &places_);
    overlap_.PlacesOf(cells[1], &touched_);
    for (size_t s = 0; s < shares_.size(); ++s) {
      shares_[s].AddTwo(places_, person_values_[s][0], touched_,
                        person_values_[s][1]);
    }
  } else {
    touched_.clear();
    for (size_t r = 0; r < cells.size(); ++r) {
      overlap_.PlacesOf(cells[r], &places_);
      touched_.insert(touched_.end(), places_.begin(), places_.end());
      for (size_t s = 0; s < shares_.size(); ++s) {
        shares_[s].AddShare(places_, person_values_[s][r]);
      }
    }
    // A place that was touched twice is 0 the second time, and 0 is no share.
    for (Shares& shares : shares_) {
      for (const uint32_t place : touched_) shares.ClosePlace(place);
    }
  }
  for (std::vector<int64_t>& values : person_values_) values.clear();
}

void Part::Merge(const Part& other) {
  sound_ = sound_ && other.sound_;
  const auto add = [](auto* to, const auto& from) {
    for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
  };
  add(&counts_, other.counts_);
  add(&keyless_, other.keyless_);
  add(&keys_, other.keys_);
  for (size_t s = 0; s < shares_.size(); ++s)
    shares_[s].Merge(other.shares_[s]);
  overlap_.Merge(other.overlap_);
}

std::vector<int64_t> Part::RolledUp(const std::vector<uint32_t>& counts) const {
  std::vector<int64_t> rolled(cells_, 0);
  for (size_t from = 0; from < counts.size(); from += cells_ + 1) {
    for (size_t c = 0; c < cells_; ++c) rolled[c] += counts[from + c];
  }
  RollUpMargins(in_.shape, &rolled);
  return rolled;
}

absl::StatusOr<FrequencyTable> Part::Finish(const ScanPlan& scan) {
  if (!sound_) return BadRecord();
  FrequencyTable table;
  table.shape = in_.shape;
  table.counts = RolledUp(counts_);
  if (in_.starts != nullptr) {
    const std::vector<int64_t> too_many = overlap_.Finish(in_.shape);
    const std::vector<int64_t> keyless = RolledUp(keyless_);
    for (size_t c = 0; c < cells_; ++c) {
      const int64_t persons = table.counts[c] - too_many[c];
      table.keyed_persons.push_back(persons);
      table.persons.push_back(persons + (keyless[c] > 0 ? 1 : 0));
      table.counts[c] += keyless[c];
    }
  }
  if (!keys_.empty()) {
    keys_.resize(cells_);
    RollUpMargins(in_.shape, &keys_);
    table.keys = std::move(keys_);
  }
  table.sums = scan.options.sums;
  for (size_t s = 0; s < shares_.size(); ++s) {
    shares_[s].Finish(in_.shape, &table.sums[s]);
  }
  return table;
}

absl::StatusOr<Input> InputOf(Snapshot* snapshot, const ScanPlan& scan,
                              const TableShape& shape,
                              const CellFinder& finder) {
  Input input{finder, shape, snapshot->rows(), snapshot->keyless()};
  if (scan.options.persons) {
    CAIRN_ASSIGN_OR_RETURN(const Snapshot::Column starts,
                           snapshot->Find(ColumnKind::kStart));
    input.starts = starts.data;
  }
  if (scan.options.keys) {
    CAIRN_ASSIGN_OR_RETURN(input.key, snapshot->Find(ColumnKind::kKey));
  }
  for (const int quantity : scan.quantities) {
    CAIRN_ASSIGN_OR_RETURN(
        const Snapshot::Column column,
        snapshot->Find(ColumnKind::kQuantity, static_cast<uint32_t>(quantity)));
    input.quantities.push_back(column);
  }
  return input;
}

// Each thread takes a stretch, and no person is in two of them.
absl::StatusOr<FrequencyTable> RunThreads(const Input& input,
                                          const ScanPlan& scan, int threads) {
  const Starts starts(input.starts);
  std::vector<Part> parts;
  parts.reserve(static_cast<size_t>(threads));
  std::vector<std::thread> others;
  uint64_t from = 0;
  for (int t = 0; t < threads; ++t) {
    uint64_t to = input.rows * static_cast<uint64_t>(t + 1) /
                  static_cast<uint64_t>(threads);
    to = std::max(to, from);
    if (input.starts != nullptr) to = starts.Next(to, input.rows);
    Part& part = parts.emplace_back(input);
    if (t + 1 == threads) {
      part.Run(from, input.rows);
    } else {
      others.emplace_back([&part, from, to] { part.Run(from, to); });
    }
    from = to;
  }
  for (std::thread& other : others) other.join();
  for (size_t t = 1; t < parts.size(); ++t) parts[0].Merge(parts[t]);
  return parts[0].Finish(scan);
}

// The rows one by one, where a record may lie in several cells.
absl::StatusOr<FrequencyTable> RunRows(const Input& input, const ScanPlan& scan,
                                       const std::vector<Snapshot::Column>& in,
                                       const Snapshot::Column& era) {
  Tabulator tabulator(input.shape, scan.options);
  const Starts starts(input.starts);
  std::vector<int64_t> row(in.size()), codes, values(input.quantities.size());
  int64_t person = -1;
  for (uint64_t r = 0; r < input.rows; ++r) {
    if (input.starts != nullptr && r >= input.keyless && starts.At(r)) ++person;
    int64_t at = 0;
    Widen(era, r, 1, &at);
    if (static_cast<size_t>(at) >= scan.chosen.size()) return BadRecord();
    if (!scan.chosen[static_cast<size_t>(at)]) continue;
    for (size_t i = 0; i < in.size(); ++i) Widen(in[i], r, 1, &row[i]);
    for (size_t i = 0; i < values.size(); ++i) {
      Widen(input.quantities[i], r, 1, &values[i]);
    }
    if (!FindCodes(scan, row, &codes)) return BadRecord();
    int64_t key = 0;
    if (input.key.data != nullptr) Widen(input.key, r, 1, &key);
    tabulator.Add(codes, person, values, static_cast<uint64_t>(key));
  }
  return tabulator.Finish();
}

absl::StatusOr<FrequencyTable> TabulateRows(Snapshot* snapshot,
                                            const ScanPlan& scan,
                                            const Input& input) {
  std::vector<Snapshot::Column> columns;
  CAIRN_ASSIGN_OR_RETURN(const Snapshot::Column era,
                         snapshot->Find(ColumnKind::kEra));
  for (const int at : scan.stored) {
    columns.push_back(era);
    if (at == scan.time) continue;
    CAIRN_ASSIGN_OR_RETURN(
        columns.back(),
        snapshot->Find(ColumnKind::kDimension, static_cast<uint32_t>(at)));
  }
  return RunRows(input, scan, columns, era);
}

}  // namespace

int ThreadsFor(uint64_t rows) {
  if (rows <= kRowsForThreads) return 1;
  return static_cast<int>(
      std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads));
}

absl::StatusOr<FrequencyTable> TabulateSnapshot(Snapshot* snapshot,
                                                const ScanPlan& scan,
                                                const TableShape& shape,
                                                int threads) {
  CellFinder finder;
  if (CellFinder::CanServe(scan)) {
    CAIRN_ASSIGN_OR_RETURN(finder, CellFinder::Create(snapshot, scan, shape));
    CAIRN_ASSIGN_OR_RETURN(const Input input,
                           InputOf(snapshot, scan, shape, finder));
    return RunThreads(input, scan, threads);
  }
  CAIRN_ASSIGN_OR_RETURN(const Input input,
                         InputOf(snapshot, scan, shape, finder));
  return TabulateRows(snapshot, scan, input);
}

}  // namespace cairn
