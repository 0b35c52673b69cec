#ifndef CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_
#define CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "core/disclosure/cell_names.h"
#include "core/disclosure/cell_system.h"
#include "core/query/table.h"

namespace cairn {

// The cells of all tables of one measure as one system: a margin is the sum of
// its codes, a coarser code the sum of the finer ones, and the same people in
// two tables are one cell.
//
// Two tables may meet only in cells that neither shows (month x ward and
// quarter x district in the first's quarter x district), and what is shown of a
// table may add up to a small cell of a coarser one. So every coarser form of a
// table is a table of the system too, which nobody is told of.
class LinkedTables {
 public:
  // More cells than are held against each other, unseen ones included.
  static constexpr size_t kMaxCells = 3'000'000;

  // `additive` is false for distinct persons, whose margins are at most the sum
  // of their codes and at least the largest of them.
  // RESOURCE_EXHAUSTED beyond kMaxCells.
  static absl::StatusOr<LinkedTables> Create(
      const std::vector<const TableShape*>& tables, bool additive,
      const CellNames& names = CellNames());

  const CellSystem& system() const { return system_; }

  // A table nobody is told of, made by cutting one axis of an earlier table
  // (given or unseen) at a coarser level.
  struct Unseen {
    TableShape shape;
    size_t finer;                 // position of the table it is made from
    size_t axis;                  // of both
    std::vector<size_t> code_of;  // for each finer code, the coarser one
  };
  // Tables by position: the given ones in their order, then the unseen.
  size_t given() const { return given_; }
  const std::deque<Unseen>& unseen() const { return unseen_; }
  const TableShape& shape_of(size_t table) const { return shape(table); }
  // The system's cell for each cell of a table.
  const std::vector<int>& cells_of(size_t table) const {
    return cells_of_[table];
  }

 private:
  // The codes of a cell: their numbers, sorted; unused places are -1.
  using Key = std::array<int, 8>;

  LinkedTables(const std::vector<const TableShape*>& tables, bool additive,
               const CellNames& names);

  bool AddUnseen();
  void AddCells(size_t table);
  void AddMarginSums(size_t table);
  void AddRollUpSums(size_t table);
  void AddPopulationSums(size_t table, const PopulationTie& tie);
  void AddSum(int parent, CellSystem::Tie tie,
              const std::vector<int>& children);

  const TableShape& shape(size_t table) const { return *shapes_[table]; }
  int NumberOf(const std::string& variable, const std::string& code);
  // Find only: -1 for a key that is no cell.
  int CellOf(const Key& key) const;
  Key KeyOf(size_t table, const std::vector<size_t>& at,
            const std::vector<bool>& skip) const;
  static bool Add(int number, Key* key);

  CellNames names_;
  const bool additive_;
  const size_t given_;
  std::vector<const TableShape*> shapes_;
  std::deque<Unseen> unseen_;
  absl::flat_hash_set<std::string> variables_;  // of the given tables
  CellSystem system_;
  std::vector<std::vector<int>> cells_of_;
  absl::flat_hash_map<std::string, int> numbers_;            // of codes
  std::vector<std::vector<std::vector<int>>> code_numbers_;  // [table][axis]
  absl::flat_hash_map<Key, int> cells_;
  absl::flat_hash_set<uint64_t> sums_;  // fingerprints: each sum once
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_LINKED_TABLES_H_
