#ifndef CAIRN_CORE_DISCLOSURE_NEIGHBOURS_H_
#define CAIRN_CORE_DISCLOSURE_NEIGHBOURS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/disclosure/cell_names.h"
#include "core/query/cell.h"
#include "core/query/table.h"

namespace cairn {

// What an outsider can work out from all released tables of one measure
// together, by propagating bounds over the sums that tie their cells: a margin
// is the sum of its codes, a coarser code the sum of the finer ones, and the
// same cell in two tables is one cell. Bound propagation finds nearly every
// exactly recoverable cell (notes on disclosure, section 5: 144 of 144 on the
// HES table); the full engine adds a linear program.
class ReleaseSystem {
 public:
  // The cells of all tables and the sums among them. `additive` is false for
  // distinct persons, whose margins are at most the sum of their codes and at
  // least the largest of them.
  ReleaseSystem(const std::vector<const TableShape*>& tables, bool additive,
                const CellNames& names = CellNames());

  // More cells than are attacked, unseen ones included: nothing can be said
  // then.
  static constexpr size_t kMaxCells = 3'000'000;
  bool too_large() const { return too_large_; }

  // The node of each cell of the t-th table.
  const std::vector<int>& nodes_of(size_t t) const { return nodes_[t]; }
  size_t nodes() const { return low_.size(); }

  // What is public of a node before anyone thinks: low..high (kNoLimit: open).
  void SetBounds(int node, int64_t low, int64_t high);
  // Forgets all bounds.
  void Reset();
  // Propagates to a fixed point, or until `max_passes`. False if the bounds
  // contradict each other: then a sum that was taken for true is not, nothing
  // can be said of the system, and nothing is to be released on the strength of
  // it.
  [[nodiscard]] bool Propagate(int max_passes = 100);

  int64_t low(int node) const { return low_[node]; }
  int64_t high(int node) const { return high_[node]; }
  // Every node that shares a sum with a marked one, itself included.
  std::vector<bool> RelatedTo(const std::vector<bool>& marked) const;

 private:
  struct Sum {
    int parent;
    std::vector<int> children;
    bool exact;
  };

  int NodeOf(const std::string& key);
  void AddCoarserTables();
  void AddNodes(size_t t);
  void AddMarginSums(size_t t, bool additive);
  void AddRollUpSums(size_t t, bool additive);
  void AddPopulationSums(size_t t, const PopulationTie& tie, bool additive);
  bool Tighten(const Sum& sum);
  bool Lower(int node, int64_t bound);
  bool Raise(int node, int64_t bound);

  CellNames names_;
  std::vector<const TableShape*> tables_;  // the given ones first
  std::deque<TableShape> coarser_;         // that nobody sees
  size_t released_ = 0;                    // nodes of the given tables
  std::vector<std::vector<int>> nodes_;
  absl::flat_hash_map<std::string, int> ids_;
  absl::flat_hash_set<std::string> variables_;
  bool too_large_ = false;
  std::vector<int64_t> low_;
  std::vector<int64_t> high_;
  std::vector<Sum> sums_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_NEIGHBOURS_H_
