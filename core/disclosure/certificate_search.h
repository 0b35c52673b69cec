#ifndef CAIRN_CORE_DISCLOSURE_CERTIFICATE_SEARCH_H_
#define CAIRN_CORE_DISCLOSURE_CERTIFICATE_SEARCH_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/microdata.h"

namespace cairn {

// Finds tables of whole numbers that agree with everything that is public, by
// steps from one that does (the truth). Each table found is a *certificate*: it
// proves that its cells can be what they are there.
//
//   truth        3  hidden |  4  hidden |  7..12 shown as 10
//   reach 7      7         |  4         | 11                    within the bin
//
// Two ways to do it: TableWalk, from the tables alone; RecordWalk, where the
// records behind them are at hand.
class CertificateSearch {
 public:
  using Figures = absl::Span<const std::pair<int, int64_t>>;  // of cells

  struct Found {
    bool ok = false;
    double cost = 0;        // of `left`
    std::vector<int> left;  // cells that left their bounds
    // The cells that differ from the truth, with their figures there.
    std::vector<std::pair<int, int64_t>> moved;
    // RecordWalk: how the records differ.
    std::vector<RecordEdit> edits;
  };

  virtual ~CertificateSearch() = default;

  // After so many steps (checks weighed; some nanoseconds each) nothing more is
  // found.
  virtual void SetBudget(int64_t steps) = 0;
  virtual int64_t budget() const = 0;

  // What is public of a cell: nothing is found outside. It must hold the truth.
  // A cell with a cost may leave its bounds for `if_hidden`, at that cost.
  virtual void SetBounds(int cell, const Range& now, const Range& if_hidden,
                         double cost) = 0;

  // The cheapest table that one search comes by in which `cell` is at least
  // `value` (at most, where the truth is above). Cells of a cost up to
  // `dearest` may leave their bounds, at a total below max_cost. `seed` varies
  // the search.
  virtual Found Reach(int cell, int64_t value, double dearest, double max_cost,
                      uint64_t seed) = 0;

  // A table in which every one of `ends` is at least its figure (at most, where
  // the truth is above), as near as may be to one that was found under other
  // bounds or in a smaller system. Only what that leaves open, or out of its
  // bounds, is searched for.
  virtual Found Resume(const Found& start, Figures ends, double dearest,
                       double max_cost, uint64_t seed) = 0;

  // Reach() by a longer search, within what is public: for what nothing else
  // finds. By default it finds nothing either.
  virtual Found ReachAtLast(int cell, int64_t value) {
    static_cast<void>(cell);
    static_cast<void>(value);
    return Found();
  }

  // The cells that differ from the truth in what was found in a smaller system,
  // as far as that says so, and their figures there.
  virtual std::vector<std::pair<int, int64_t>> FiguresOf(
      const Found& found) = 0;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CERTIFICATE_SEARCH_H_
