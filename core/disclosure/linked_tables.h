#ifndef CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_
#define CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "core/disclosure/cell_names.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/eras.h"
#include "core/query/table.h"

namespace cairn {

// Of which records tables were cut, where not all were cut from the same.
struct Timeline {
  Eras eras;
  std::vector<EraSet> spans;  // by given table
};

// The cells of all tables of one measure as one system: a margin is the sum of
// its codes, a coarser code the sum of the finer ones, and the same people in
// two tables are one cell.
//
// Two tables may meet only in cells that neither shows (month x ward and
// quarter x district in the first's quarter x district), and what is shown of a
// table may add up to a small cell of a coarser one. So every coarser form of a
// table is a table of the system too, which nobody is told of.
//
// Tables of several epochs are tied by what came and what went between them:
// where two spans meet in a crossing that both tables have, the parts that they
// are made of are tables of the system too.
class LinkedTables {
 public:
  // More cells than are held against each other, unseen ones included.
  static constexpr size_t kMaxCells = 3'000'000;

  // `additive` is false for distinct persons, whose margins are at most the sum
  // of their codes and at least the largest of them.
  // Without a timeline all are cut from the same records.
  // RESOURCE_EXHAUSTED beyond kMaxCells.
  static absl::StatusOr<LinkedTables> Create(
      const std::vector<const TableShape*>& tables, bool additive,
      const CellNames& names = CellNames(),
      const Timeline& timeline = Timeline());

  const CellSystem& system() const { return system_; }

  // A table nobody is told of: made by cutting one axis of an earlier table
  // (given or unseen) at a coarser level, or of a part of the records.
  struct Unseen {
    TableShape shape;
    size_t finer;  // position of the table it is made from, or kNoTable
    size_t axis;   // of both
    std::vector<size_t> code_of;  // for each finer code, the coarser one
  };
  static constexpr size_t kNoTable = static_cast<size_t>(-1);
  // Tables by position: the given ones in their order, then the unseen.
  size_t given() const { return given_; }
  const std::deque<Unseen>& unseen() const { return unseen_; }
  const TableShape& shape_of(size_t table) const { return shape(table); }
  // The system's cell for each cell of a table.
  const std::vector<int>& cells_of(size_t table) const {
    return cells_of_[table];
  }
  // The records a table is cut from; empty without a timeline.
  const EraSet& span(size_t table) const { return spans_[table]; }

  // Two cells that say the same of different records, some of them in both: a
  // total before and after a load.
  struct Revision {
    int before, now;
    int went, came;  // what only one of them has; -1: nothing
  };
  // Of the cells of a table with those of an earlier span.
  std::vector<Revision> Revisions(size_t table, const EraSet& earlier) const;

 private:
  // The codes of a cell: their numbers, sorted; unused places are -1.
  using Key = std::array<int, 8>;

  // A crossing without time that tables have, by themselves or as a margin, and
  // the records that they are cut from there.
  struct Crossing {
    TableShape shape;
    // By code of time, "" for all of it: what it means in each table.
    std::map<std::string, std::vector<EraSet>> meanings;
    std::vector<EraSet> others;  // spans of tables that share records with it
    std::vector<EraSet> sets;    // all for which there is a table
    std::vector<EraSet> parts;   // of which they are unions
  };

  LinkedTables(const std::vector<const TableShape*>& tables, bool additive,
               const CellNames& names, const Timeline& timeline);

  bool AddUnseen();
  bool AddTable(Unseen table, const EraSet& span);
  bool AddParts();
  void NoteCrossings(size_t table, bool meant);
  bool AddPartsOf(const std::vector<std::string>& variables);
  void AddPartSums(const Crossing& crossing);
  // -1: never seen.
  int FindNumber(const EraSet& eras) const;
  int CellWith(Key others, int number) const;
  struct Before {
    int then = -1;  // number of the earlier eras; -1: nothing to compare with
    int went = -1, came = -1;
  };
  Before BeforeOf(size_t table, const std::vector<size_t>& at,
                  const EraSet& earlier) const;
  void AddCells(size_t table);
  void AddMarginSums(size_t table);
  void AddRollUpSums(size_t table);
  void AddPopulationSums(size_t table, const PopulationTie& tie);
  void AddSum(int parent, CellSystem::Tie tie,
              const std::vector<int>& children);

  const TableShape& shape(size_t table) const { return *shapes_[table]; }
  // The codes of cells are numbered. A code of time in a table of a span is the
  // number of its eras; so is what a table says nothing of time about.
  int NumberOf(const std::string& variable, const std::string& code,
               const EraSet& span);
  int NumberOf(const EraSet& eras);
  std::vector<std::vector<int>> NumbersOf(const TableShape& shape,
                                          const EraSet& span);
  bool IsTimeAxis(size_t table, size_t axis) const {
    return IsTime(timeline_.eras, shape(table).axes[axis].variable);
  }
  // Find only: -1 for a key that is no cell.
  int CellOf(const Key& key) const;
  // Without the axes to skip; `timeless`: even where that leaves no time.
  Key KeyOf(size_t table, const std::vector<size_t>& at,
            const std::vector<bool>& skip, bool timeless = false) const;
  static bool Add(int number, Key* key);
  static std::vector<size_t> Positions(const TableShape& shape, size_t cell);

  CellNames names_;
  const bool additive_;
  const size_t given_;
  std::vector<const TableShape*> shapes_;
  const Timeline timeline_;
  std::vector<EraSet> spans_;  // by table
  size_t known_cells_ = 0;     // of all tables, with those that are the same
  std::deque<Unseen> unseen_;
  std::map<std::vector<std::string>, Crossing> crossings_;  // by variables
  absl::flat_hash_set<std::string> variables_;  // of the given tables
  CellSystem system_;
  std::vector<std::vector<int>> cells_of_;
  absl::flat_hash_map<std::string, int> numbers_;            // of codes
  std::vector<std::vector<std::vector<int>>> code_numbers_;  // [table][axis]
  std::vector<int> span_numbers_;  // by table; -1: no timeline
  absl::flat_hash_map<Key, int> cells_;
  absl::flat_hash_set<uint64_t> sums_;  // fingerprints: each sum once
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_
