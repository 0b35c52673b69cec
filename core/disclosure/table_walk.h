#ifndef CAIRN_CORE_DISCLOSURE_TABLE_WALK_H_
#define CAIRN_CORE_DISCLOSURE_TABLE_WALK_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/certificate_search.h"

namespace cairn {

// Certificates from the tables alone: change a finest cell, mend the sums that
// this takes out of their bounds by changing other finest cells, and so on
// until all are back within them (moves as in Diaconis and Sturmfels 1998,
// found by search). Whole numbers at once, where a linear program may need
// halves, and much cheaper than one.
class TableWalk : public CertificateSearch {
 public:
  // `figures` keep every relation of `system`, which must outlive the walk.
  TableWalk(const CellSystem& system, absl::Span<const int64_t> figures);

  void SetBudget(int64_t steps) override { budget_ = steps; }
  int64_t budget() const override { return budget_; }
  void SetBounds(int cell, const Range& now, const Range& if_hidden,
                 double cost) override;
  Found Reach(int cell, int64_t value, double dearest, double max_cost,
              uint64_t seed) override;
  // `start`: of the same system.
  Found Resume(const Found& start, Figures ends, double dearest,
               double max_cost, uint64_t seed) override;
  std::vector<std::pair<int, int64_t>> FiguresOf(const Found& found) override {
    return found.moved;
  }

 private:
  // A number that is a sum of finest cells and has bounds: a cell, or the
  // difference between two ways to add one up.
  struct Check {
    int64_t value = 0;
    int64_t low = 0;
    int64_t high = kNoLimit;
    double penalty = 0;  // what its value counts

    int64_t Out(int64_t at) const {
      return at < low ? low - at : at > high ? at - high : 0;
    }
  };
  // Where a check may go at a cost; 0: it may not leave its bounds.
  struct Leave {
    Range to;
    double cost = 0;
  };
  // What a cell's check was before an end of it was asked for.
  struct Ask {
    int cell;
    int64_t low, high;
    double cost;
  };
  struct Term {
    int id;  // of a finest cell, or of a check
    int factor;
  };
  // Rows of terms, one after the other.
  struct Terms {
    std::vector<size_t> begin = {0};
    std::vector<Term> terms;
    absl::Span<const Term> Of(int row) const {
      return absl::MakeConstSpan(terms).subspan(begin[row],
                                                begin[row + 1] - begin[row]);
    }
  };
  struct Choice {
    int leaf = -1;
    int64_t change = 0;
    double score = 0;
  };

  void AddCheck(const std::vector<Term>& terms, Range bounds);
  std::vector<Ask> AskFor(Figures ends);
  bool IsFinest(int cell) const;
  void Expand();
  void Transpose();

  bool MayLeave(int check) const {
    return dearest_ > 0 && leave_[check].cost > 0 &&
           leave_[check].cost <= dearest_;
  }
  bool MayBe(int check, int64_t at) const {
    return MayLeave(check) && leave_[check].to.Holds(at);
  }
  void Move(int leaf, int64_t change);
  void Weigh(int id);
  bool Mend(int check);
  // kAtCost: dearest_ > 0, so that cells may leave their bounds.
  template <bool kAtCost>
  void Consider(const Term& term, int64_t want, Choice* best);
  double GainWithin(absl::Span<const Term> links, int64_t change) const;
  double GainAtCost(absl::Span<const Term> links, int64_t change) const;
  double Penalty(const Check& check, int id, int64_t at) const;
  // The broken check with the fewest terms that must be mended; -1: none.
  int NextBroken();
  void Search(double max_cost, Found* found);
  void Record(double cost, Found* found) const;
  void Undo();
  double Noise();

  const CellSystem& system_;
  std::vector<Check> checks_;   // the cells first
  std::vector<Leave> leave_;    // by check
  Terms leaves_of_;             // by check: the finest cells it adds up
  Terms checks_of_;             // by cell: the checks a finest one is in
  std::vector<int64_t> truth_;  // by check

  int64_t budget_ = INT64_MAX;

  // One search.
  double dearest_ = 0;     // cells up to this cost may leave their bounds
  double scale_ = 1;       // penalty of a unit out of bounds
  double cost_scale_ = 0;  // penalty of a unit of cost
  uint64_t random_ = 1;
  double temperature_ = 0;  // how much chance weighs against gain
  int64_t now_ = 0;         // changes made, in all searches
  int64_t rested_ = 0;      // what was changed up to then may be again
  int must_mend_ = 0;       // checks that are out of bounds and may not be
  std::vector<int64_t> changed_at_;  // by cell
  std::vector<int> touched_;         // checks
  std::vector<char> is_touched_;     // not bits: this is asked all the time
  std::vector<int> broken_;          // checks that may be out of bounds
  std::vector<char> is_broken_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_TABLE_WALK_H_
