#ifndef CAIRN_CORE_DISCLOSURE_CELL_SYSTEM_H_
#define CAIRN_CORE_DISCLOSURE_CELL_SYSTEM_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/query/cell.h"

namespace cairn {

// What is known of one cell: the interval its figure lies in, both ends
// included. kNoLimit in `high`: no upper bound.
struct Range {
  int64_t low = 0;
  int64_t high = kNoLimit;

  bool Holds(int64_t figure) const { return low <= figure && figure <= high; }
  friend bool operator==(const Range&, const Range&) = default;
};

// The cells of one or several tables and the sums that tie them: what anyone
// who knows the catalogue can write down before a figure is released. Cells are
// 0..cells()-1 and mean one set of people each; two tables that both have a
// cell share its number. It holds no figures.
//
//   kSum    parent = sum of the children          a margin, a coarser code
//   kUnion  max(children) <= parent <= sum        distinct persons, flags that
//                                                 one record may have several
//                                                 of
//   kCover  parent <= sum of the children         records that have none of
//   some
//                                                 flags: each has another one
class CellSystem {
 public:
  enum class Tie : uint8_t { kSum, kUnion, kCover };
  struct Relation {
    int parent;
    Tie tie;
    absl::Span<const int> children;
  };

  explicit CellSystem(int cells = 0) : cells_(cells) {}

  // The number of the new cell.
  int AddCell() { return cells_++; }
  // A relation without children says that the parent is 0.
  void AddRelation(int parent, Tie tie, absl::Span<const int> children);

  int cells() const { return cells_; }
  int relations() const { return static_cast<int>(heads_.size()); }
  Relation relation(int r) const {
    const Head& head = heads_[r];
    return {head.parent, head.tie,
            absl::MakeConstSpan(children_).subspan(head.begin,
                                                   head.end - head.begin)};
  }

  // The relations of every cell, as parent or child, each once.
  class Index {
   public:
    explicit Index(const CellSystem& system);
    absl::Span<const int> Of(int cell) const {
      return absl::MakeConstSpan(relations_)
          .subspan(begin_[cell], begin_[cell + 1] - begin_[cell]);
    }

   private:
    std::vector<size_t> begin_;
    std::vector<int> relations_;
  };

 private:
  struct Head {
    int parent;
    Tie tie;
    size_t begin, end;
  };
  int cells_;
  std::vector<Head> heads_;
  std::vector<int> children_;
};

// Whether a relation between figures holds; `sum` and `largest` of the
// children.
bool Holds(CellSystem::Tie tie, int64_t parent, int64_t sum, int64_t largest);

// Whether `figures` (one per cell) keep every relation and lie in `bounds`: the
// test that a certificate has to pass. Plain integers, nothing clever.
bool IsFeasible(const CellSystem& system, absl::Span<const Range> bounds,
                absl::Span<const int64_t> figures);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CELL_SYSTEM_H_
