#include "core/disclosure/elimination.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

// --- Numbers modulo the prime 2^61 - 1 ---------------------------------------

using Residue = uint64_t;
constexpr Residue kPrime = (uint64_t{1} << 61) - 1;
constexpr Residue kMinusOne = kPrime - 1;

Residue Plus(Residue a, Residue b) {
  const Residue sum = a + b;
  return sum >= kPrime ? sum - kPrime : sum;
}

Residue Minus(Residue a) { return a == 0 ? 0 : kPrime - a; }

Residue Times(Residue a, Residue b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return Plus(static_cast<Residue>(product & kPrime),
              static_cast<Residue>(product >> 61));
}

Residue Inverse(Residue a) {
  if (a == 1 || a == kMinusOne) return a;
  Residue power = 1;  // a^(p-2)
  for (uint64_t e = kPrime - 2; e > 0; e >>= 1) {
    if (e & 1) power = Times(power, a);
    a = Times(a, a);
  }
  return power;
}

// SplitMix64: the same numbers on every machine.
class Draws {
 public:
  Residue Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % kPrime;
  }

 private:
  uint64_t state_ = 0x6361697267656c69u;
};

// --- Equations ---------------------------------------------------------------

struct Term {
  int cell;
  Residue factor;  // never 0
};
using Row = std::vector<Term>;  // by cell, each once; the terms sum to 0

// What the relation says of how its unknown cells may change together.
Row RowOf(const CellSystem::Relation& relation,
          const std::vector<bool>& known) {
  Row row;
  if (!known[relation.parent]) row.push_back({relation.parent, 1});
  for (const int child : relation.children) {
    if (!known[child]) row.push_back({child, kMinusOne});
  }
  std::sort(row.begin(), row.end(),
            [](const Term& a, const Term& b) { return a.cell < b.cell; });
  size_t kept = 0;
  for (size_t i = 0; i < row.size();) {
    Term term = row[i];
    for (++i; i < row.size() && row[i].cell == term.cell; ++i) {
      term.factor = Plus(term.factor, row[i].factor);
    }
    if (term.factor != 0) row[kept++] = term;
  }
  row.resize(kept);
  return row;
}

// --- Which relations say nothing new -----------------------------------------

// Most relations of a crossing follow from the others (rows and columns add up
// to the same total), whatever is known. One relation per parent is taken as
// its definition; a relation that a random table built by the definitions keeps
// follows from them.
class Definitions {
 public:
  // `lengths`: unknown cells in each relation; the fewest define a parent.
  Definitions(const CellSystem& system, const std::vector<int>& lengths)
      : system_(system), defining_(system.cells(), -1) {
    for (int r = 0; r < system.relations(); ++r) {
      const CellSystem::Relation relation = system.relation(r);
      if (relation.tie != CellSystem::Tie::kSum) continue;
      int& best = defining_[relation.parent];
      if (best < 0 || lengths[r] < lengths[best]) best = r;
    }
    BuildTable();
  }

  // Whether relation `r` follows from the definitions, and is not one.
  bool Implies(int r) const {
    const CellSystem::Relation relation = system_.relation(r);
    if (placed_[relation.parent] && defining_[relation.parent] == r) {
      return false;
    }
    return SumOf(relation) == table_[relation.parent];
  }

 private:
  Residue SumOf(const CellSystem::Relation& relation) const {
    Residue sum = 0;
    for (const int child : relation.children) sum = Plus(sum, table_[child]);
    return sum;
  }

  // Children before parents. Cells that define each other in a ring are never
  // placed: they are drawn at random and their relations are kept.
  void BuildTable() {
    const int cells = system_.cells();
    std::vector<int> waits(cells, 0);
    std::vector<std::vector<int>> waiting(cells);
    std::vector<int> ready;
    for (int cell = 0; cell < cells; ++cell) {
      if (defining_[cell] >= 0) {
        for (const int child : system_.relation(defining_[cell]).children) {
          ++waits[cell];
          waiting[child].push_back(cell);
        }
      }
      if (waits[cell] == 0) ready.push_back(cell);
    }
    Draws draws;
    table_.resize(cells);
    for (Residue& value : table_) value = draws.Next();
    placed_.assign(cells, false);
    for (size_t i = 0; i < ready.size(); ++i) {
      const int cell = ready[i];
      if (defining_[cell] >= 0) {
        table_[cell] = SumOf(system_.relation(defining_[cell]));
        placed_[cell] = true;
      }
      for (const int parent : waiting[cell]) {
        if (--waits[parent] == 0) ready.push_back(parent);
      }
    }
  }

  const CellSystem& system_;
  std::vector<int> defining_;
  std::vector<Residue> table_;
  std::vector<bool> placed_;
};

// Unknown cells left in every relation once all that follow one by one (a
// relation with a single unknown gives it) are out. Marks those in `known`.
std::vector<int> Propagate(const CellSystem& system, std::vector<bool>* known) {
  const CellSystem::Index index(system);
  std::vector<int> lengths(system.relations(), 0);
  std::vector<bool> plain(system.relations(), false);  // no cell twice
  std::vector<int> single;
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    if (relation.tie != CellSystem::Tie::kSum) continue;
    lengths[r] = static_cast<int>(RowOf(relation, *known).size());
    const auto unknown = [known](int cell) { return !(*known)[cell]; };
    plain[r] = lengths[r] == std::count_if(relation.children.begin(),
                                           relation.children.end(), unknown) +
                                 unknown(relation.parent);
    if (lengths[r] == 1) single.push_back(r);
  }
  while (!single.empty()) {
    const int r = single.back();
    single.pop_back();
    const Row row = RowOf(system.relation(r), *known);
    if (row.size() != 1) continue;
    (*known)[row[0].cell] = true;
    for (const int other : index.Of(row[0].cell)) {
      if (plain[other] && --lengths[other] == 1) single.push_back(other);
    }
  }
  return lengths;
}

// --- Elimination -------------------------------------------------------------

// Numbers filed by a small size; the smallest first. Entries may be out of
// date: the user checks.
class Buckets {
 public:
  void File(int number, size_t size) {
    if (size >= buckets_.size()) buckets_.resize(size + 1);
    buckets_[size].push_back(number);
    least_ = std::min(least_, size);
  }
  // The number whose present size, by `size_of`, is least; -1 if none is left.
  template <typename SizeOf>
  int Least(const SizeOf& size_of) {
    for (; least_ < buckets_.size(); ++least_) {
      std::vector<int>& bucket = buckets_[least_];
      while (!bucket.empty()) {
        if (size_of(bucket.back()) == least_) return bucket.back();
        bucket.pop_back();
      }
    }
    return -1;
  }

 private:
  std::vector<std::vector<int>> buckets_;
  size_t least_ = 0;
};

// Solves the rows for one cell each, cheapest first (Markowitz 1957).
class Elimination {
 public:
  // One cell in terms of cells solved later or never: the terms of `row`,
  // the cell's own among them, sum to 0.
  struct Solved {
    int cell;
    Row row;
  };

  Elimination(int cells, std::vector<Row> rows)
      : rows_(std::move(rows)), rows_of_(cells), uses_(cells, 0) {
    for (int r = 0; r < static_cast<int>(rows_.size()); ++r) {
      for (const Term& term : rows_[r]) {
        rows_of_[term.cell].push_back(r);
        ++uses_[term.cell];
      }
      FileRow(r);
    }
    for (int cell = 0; cell < cells; ++cell) FileCell(cell);
  }

  // In the order solved; none if it takes more than `budget` steps.
  std::optional<std::vector<Solved>> Run(int64_t budget) {
    budget_ = budget;
    for (Pivot pivot; FindPivot(&pivot);) {
      Eliminate(pivot);
      if (budget_ < 0) return std::nullopt;
    }
    return std::move(solved_);
  }

 private:
  struct Pivot {
    int row, cell;
  };

  void FileRow(int r) {
    if (!rows_[r].empty()) short_rows_.File(r, rows_[r].size());
  }
  void FileCell(int cell) {
    if (uses_[cell] > 0) rare_cells_.File(cell, uses_[cell]);
  }

  static Row::const_iterator Find(const Row& row, int cell) {
    const auto it = std::lower_bound(
        row.begin(), row.end(), cell,
        [](const Term& term, int wanted) { return term.cell < wanted; });
    return it != row.end() && it->cell == cell ? it : row.end();
  }

  // The rows with the cell, each once.
  std::vector<int>& RowsOf(int cell) {
    std::vector<int>& rows = rows_of_[cell];
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    rows.erase(std::remove_if(rows.begin(), rows.end(),
                              [&](int r) {
                                return Find(rows_[r], cell) == rows_[r].end();
                              }),
               rows.end());
    return rows;
  }

  // The shortest row with its rarest cell, or the rarest cell with its shortest
  // row, whichever may fill in less.
  bool FindPivot(Pivot* pivot) {
    const int row =
        short_rows_.Least([this](int r) { return rows_[r].size(); });
    if (row < 0) return false;
    *pivot = {row, rows_[row][0].cell};
    for (const Term& term : rows_[row]) {
      if (uses_[term.cell] < uses_[pivot->cell]) pivot->cell = term.cell;
    }
    const int cell = rare_cells_.Least([this](int c) { return uses_[c]; });
    if (uses_[cell] >= uses_[pivot->cell]) return true;
    Pivot other = {-1, cell};
    for (const int r : RowsOf(cell)) {
      if (other.row < 0 || rows_[r].size() < rows_[other.row].size()) {
        other.row = r;
      }
    }
    budget_ -= static_cast<int64_t>(uses_[cell]);
    if (Cost(other) < Cost(*pivot)) *pivot = other;
    return true;
  }
  size_t Cost(const Pivot& pivot) const {
    return (rows_[pivot.row].size() - 1) * (uses_[pivot.cell] - 1);
  }

  void Eliminate(const Pivot& pivot) {
    const std::vector<int> rows = std::move(RowsOf(pivot.cell));
    Row row = std::move(rows_[pivot.row]);
    rows_[pivot.row].clear();
    const Residue inverse = Inverse(Find(row, pivot.cell)->factor);
    for (const int r : rows) {
      if (r == pivot.row) continue;
      const Residue factor = Find(rows_[r], pivot.cell)->factor;
      Add(row, Minus(Times(factor, inverse)), r);
    }
    for (const Term& term : row) {
      --uses_[term.cell];
      FileCell(term.cell);
    }
    rows_of_[pivot.cell] = {};
    solved_.push_back({pivot.cell, std::move(row)});
  }

  // rows_[r] += times x row.
  void Add(const Row& row, Residue times, int r) {
    const Row& old = rows_[r];
    sum_.clear();
    size_t i = 0;
    for (const Term& term : row) {
      while (i < old.size() && old[i].cell < term.cell) {
        sum_.push_back(old[i++]);
      }
      Residue factor = Times(term.factor, times);
      if (i < old.size() && old[i].cell == term.cell) {
        factor = Plus(factor, old[i++].factor);
        if (factor == 0) {
          --uses_[term.cell];
          FileCell(term.cell);
          continue;
        }
      } else {
        ++uses_[term.cell];
        rows_of_[term.cell].push_back(r);
        FileCell(term.cell);
      }
      sum_.push_back({term.cell, factor});
    }
    sum_.insert(sum_.end(), old.begin() + static_cast<ptrdiff_t>(i), old.end());
    budget_ -= static_cast<int64_t>(row.size() + old.size());
    rows_[r].assign(sum_.begin(), sum_.end());
    FileRow(r);
  }

  std::vector<Row> rows_;                  // empty: done
  std::vector<std::vector<int>> rows_of_;  // by cell; some out of date
  std::vector<size_t> uses_;               // by cell: rows that have it
  Buckets short_rows_, rare_cells_;
  std::vector<Solved> solved_;
  Row sum_;
  int64_t budget_ = 0;
};

// --- What may still move -----------------------------------------------------

constexpr int kVectors = 3;
using Moves = std::array<Residue, kVectors>;

// Random changes of all cells that keep every solved row.
std::vector<Moves> DrawMoves(const std::vector<bool>& known,
                             const std::vector<Elimination::Solved>& solved) {
  Draws draws;
  std::vector<Moves> moves(known.size(), Moves{});
  for (size_t cell = 0; cell < known.size(); ++cell) {
    if (known[cell]) continue;
    for (Residue& move : moves[cell]) move = draws.Next();
  }
  for (auto it = solved.rbegin(); it != solved.rend(); ++it) {
    Moves sum = {};
    Residue own = 0;
    for (const Term& term : it->row) {
      if (term.cell == it->cell) {
        own = term.factor;
        continue;
      }
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = Plus(sum[v], Times(term.factor, moves[term.cell][v]));
      }
    }
    const Residue scale = Minus(Inverse(own));
    for (int v = 0; v < kVectors; ++v) {
      moves[it->cell][v] = Times(sum[v], scale);
    }
  }
  return moves;
}

// The same for all cells that move in step: the moves over the first that is
// not 0.
Moves Direction(const Moves& moves) {
  Residue first = 0;
  for (const Residue move : moves) {
    if (first == 0) first = move;
  }
  const Residue scale = Inverse(first);
  Moves direction;
  for (int v = 0; v < kVectors; ++v) direction[v] = Times(moves[v], scale);
  return direction;
}

void MarkKin(const std::vector<Moves>& moves, std::vector<int>* kin) {
  absl::flat_hash_map<Moves, int> first;  // cell with the direction
  std::vector<int> leader(moves.size(), -1);
  std::vector<int> members(moves.size(), 0);
  for (int cell = 0; cell < static_cast<int>(moves.size()); ++cell) {
    if (moves[cell] == Moves{}) continue;
    leader[cell] =
        first.try_emplace(Direction(moves[cell]), cell).first->second;
    ++members[leader[cell]];
  }
  int next = 0;
  for (size_t cell = 0; cell < moves.size(); ++cell) {
    if (leader[cell] < 0 || members[leader[cell]] < 2) continue;
    const size_t head = static_cast<size_t>(leader[cell]);
    (*kin)[cell] = head == cell ? next++ : (*kin)[head];
  }
}

// A relation as short as this is kept though it follows from others: it may
// spare much work.
constexpr int kShort = 2;

}  // namespace

Determined FindDetermined(const CellSystem& system,
                          const std::vector<bool>& known, int64_t budget) {
  std::vector<bool> found = known;
  const std::vector<int> lengths = Propagate(system, &found);
  const Definitions definitions(system, lengths);
  std::vector<Row> rows;
  for (int r = 0; r < system.relations(); ++r) {
    if (lengths[r] == 0) continue;
    if (lengths[r] > kShort && definitions.Implies(r)) continue;
    rows.push_back(RowOf(system.relation(r), found));
  }
  Determined determined;
  determined.exact.assign(known.size(), false);
  determined.kin.assign(known.size(), -1);
  Elimination elimination(system.cells(), std::move(rows));
  const auto solved = elimination.Run(budget);
  determined.complete = solved.has_value();
  if (!determined.complete) {
    for (size_t c = 0; c < known.size(); ++c) determined.exact[c] = !known[c];
    return determined;
  }
  const std::vector<Moves> moves = DrawMoves(found, *solved);
  for (size_t c = 0; c < known.size(); ++c) {
    determined.exact[c] = !known[c] && moves[c] == Moves{};
  }
  MarkKin(moves, &determined.kin);
  return determined;
}

}  // namespace cairn
