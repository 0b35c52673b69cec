#include "agent/snapshot_tabulator.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "agent/cell_finder.h"
#include "agent/overlap.h"
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

// The bits that say where a person begins; kStart.
class Starts {
 public:
  explicit Starts(const char* bits) : bits_(bits) {}

  bool At(uint64_t row) const {
    return (static_cast<uint8_t>(bits_[row / 8]) >> (row % 8) & 1) != 0;
  }
  uint64_t Word(uint64_t w) const {
    uint64_t word = 0;
    std::memcpy(&word, bits_ + w * 8, sizeof(word));
    return word;
  }
  // Of word w: the rows, below `rows`, of persons who have several.
  uint64_t Several(uint64_t w, uint64_t rows) const {
    const uint64_t word = Word(w);
    const uint64_t after = (w + 1) * 64 <= rows ? Word(w + 1) & 1 : 0;
    return ~(word & (word >> 1 | after << 63));
  }
  // The first row from `row` on where a person begins, or that is the last.
  uint64_t Next(uint64_t row, uint64_t rows) const {
    while (row < rows && !At(row)) ++row;
    return row;
  }

 private:
  const char* const bits_;
};

template <typename T>
void Widen(const T* from, int64_t base, size_t rows, int64_t* to) {
  for (size_t i = 0; i < rows; ++i) {
    to[i] = static_cast<int64_t>(static_cast<uint64_t>(base) + from[i]);
  }
}

void Decode(const Snapshot::Column& column, uint64_t first_row, size_t rows,
            int64_t* to) {
  const char* const from = column.data + first_row * column.width;
  switch (column.width) {
    case 1:
      return Widen(reinterpret_cast<const uint8_t*>(from), column.base, rows,
                   to);
    case 2:
      return Widen(reinterpret_cast<const uint16_t*>(from), column.base, rows,
                   to);
    case 4:
      return Widen(reinterpret_cast<const uint32_t*>(from), column.base, rows,
                   to);
    default:
      return Widen(reinterpret_cast<const uint64_t*>(from), column.base, rows,
                   to);
  }
}

// The largest share of one contributor of a cell, and the second largest.
struct Top {
  int64_t largest = 0;
  int64_t second = 0;

  void Add(int64_t share) {
    if (share > largest) {
      second = largest;
      largest = share;
    } else if (share > second) {
      second = share;
    }
  }
  void Merge(const Top& other) {
    Add(other.largest);
    Add(other.second);
  }
};

// Sums of one quantity, and who contributes most to each cell.
class Shares {
 public:
  Shares(Snapshot::Column column, size_t cells, bool persons)
      : column_(column), total_(cells + 1), single_(cells + 1) {
    if (!persons) return;
    several_.resize(cells);
    share_.resize(cells);
  }

  void Read(uint64_t from, size_t rows) {
    values_.resize(CellFinder::kBlockRows);
    Decode(column_, from, rows, values_.data());
  }
  int64_t value(size_t row) const { return values_[row]; }
  // Rows of the block that was read; `single`: of nobody else's.
  void AddTotals(const uint32_t* cells, size_t rows) {
    for (size_t i = 0; i < rows; ++i) total_[cells[i]] += values_[i];
  }
  void AddSingle(uint32_t cell, int64_t value) { single_[cell].Add(value); }

  // A record of a person with several, by the cells it counts in; then the
  // person's end.
  void AddShare(const std::vector<uint32_t>& places, int64_t value) {
    for (const uint32_t place : places) share_[place] += value;
  }
  void ClosePlace(uint32_t place) {
    several_[place].Add(std::exchange(share_[place], 0));
  }

  void Merge(const Shares& other) {
    for (size_t c = 0; c < total_.size(); ++c) total_[c] += other.total_[c];
    for (size_t c = 0; c < single_.size(); ++c) {
      single_[c].Merge(other.single_[c]);
    }
    for (size_t c = 0; c < several_.size(); ++c) {
      several_[c].Merge(other.several_[c]);
    }
  }

  void Finish(const TableShape& shape, FrequencyTable::Sum* to) {
    total_.resize(shape.cells());
    single_.resize(shape.cells());
    RollUpMargins(shape, &total_);
    // Nobody with one record is in two cells.
    RollUpMargins(shape, &single_,
                  [](Top& margin, const Top& cell) { margin.Merge(cell); });
    for (size_t c = 0; c < several_.size(); ++c) single_[c].Merge(several_[c]);
    to->total = std::move(total_);
    for (const Top& top : single_) {
      to->largest.push_back(top.largest);
      to->second.push_back(top.second);
    }
  }

 private:
  Snapshot::Column column_;
  std::vector<int64_t> values_;  // of a block
  std::vector<int64_t> total_;   // of finest cells
  std::vector<Top> single_;      // of finest cells: who has one record
  std::vector<Top> several_;     // of every cell: the others
  std::vector<int64_t> share_;   // of the person at hand; else 0
};

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
  void AddSums(uint64_t from, size_t rows, const uint32_t* cells);
  void AddPersons(uint64_t from, size_t rows, const uint32_t* cells);
  void ClosePerson();
  std::vector<int64_t> RolledUp(const std::vector<uint32_t>& counts) const;

  const Input& in_;
  const Starts starts_;
  const size_t cells_;
  const size_t copies_;
  bool sound_ = true;
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
  uint32_t cells[CellFinder::kBlockRows];
  if (!in_.finder.Find(from, rows, cells)) sound_ = false;
  Count(cells, rows, counts);
  if (!keys_.empty()) {
    const auto* const keys =
        reinterpret_cast<const uint64_t*>(in_.key.data) + from;
    for (size_t i = 0; i < rows; ++i) keys_[cells[i]] += keys[i];
  }
  if (!shares_.empty()) AddSums(from, rows, cells);
  if (in_.starts != nullptr) AddPersons(from, rows, cells);
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

void Part::AddSums(uint64_t from, size_t rows, const uint32_t* cells) {
  for (Shares& shares : shares_) {
    shares.Read(from, rows);
    shares.AddTotals(cells, rows);
    for (size_t i = 0; i < rows; ++i) {
      const uint64_t row = from + i;
      const bool single =
          in_.starts == nullptr || (starts_.At(row) && starts_.At(row + 1));
      if (single) shares.AddSingle(cells[i], shares.value(i));
    }
  }
}

// Gathers the records of persons who have several, whichever blocks they are
// in.
void Part::AddPersons(uint64_t from, size_t rows, const uint32_t* cells) {
  const uint64_t to = from + rows;
  for (uint64_t w = from / 64; w * 64 < to; ++w) {
    uint64_t several = starts_.Several(w, in_.rows);
    if (w * 64 < from) several &= ~uint64_t{0} << (from % 64);
    if (to - w * 64 < 64) several &= (uint64_t{1} << (to - w * 64)) - 1;
    const uint64_t starts = starts_.Word(w);
    for (; several != 0; several &= several - 1) {
      const int bit = std::countr_zero(several);
      if ((starts >> bit & 1) != 0) ClosePerson();
      const size_t i = w * 64 + static_cast<uint64_t>(bit) - from;
      if (cells[i] == cells_) continue;  // not of the span
      person_cells_.push_back(cells[i]);
      for (size_t s = 0; s < shares_.size(); ++s) {
        person_values_[s].push_back(shares_[s].value(i));
      }
    }
  }
}

void Part::ClosePerson() {
  if (person_cells_.size() > 1) overlap_.Add(person_cells_);
  if (!shares_.empty() && !person_cells_.empty()) {
    touched_.clear();
    for (size_t r = 0; r < person_cells_.size(); ++r) {
      overlap_.PlacesOf(person_cells_[r], &places_);
      touched_.insert(touched_.end(), places_.begin(), places_.end());
      for (size_t s = 0; s < shares_.size(); ++s) {
        shares_[s].AddShare(places_, person_values_[s][r]);
      }
    }
    // A place that was touched twice is 0 the second time, and 0 is no share.
    for (size_t s = 0; s < shares_.size(); ++s) {
      for (const uint32_t place : touched_) shares_[s].ClosePlace(place);
      person_values_[s].clear();
    }
  }
  person_cells_.clear();
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
    Decode(era, r, 1, &at);
    if (static_cast<size_t>(at) >= scan.chosen.size()) return BadRecord();
    if (!scan.chosen[static_cast<size_t>(at)]) continue;
    for (size_t i = 0; i < in.size(); ++i) Decode(in[i], r, 1, &row[i]);
    for (size_t i = 0; i < values.size(); ++i) {
      Decode(input.quantities[i], r, 1, &values[i]);
    }
    if (!FindCodes(scan, row, &codes)) return BadRecord();
    int64_t key = 0;
    if (input.key.data != nullptr) Decode(input.key, r, 1, &key);
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
