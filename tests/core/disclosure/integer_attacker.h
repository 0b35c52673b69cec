#ifndef CAIRN_TESTS_CORE_DISCLOSURE_INTEGER_ATTACKER_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_INTEGER_ATTACKER_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cairn {

// Who tries every table of whole numbers that agrees with what was published.
// It shares nothing with ReleaseSystem: its unknowns are the atoms, and what
// bounds alone do not decide it decides by trying values.
class IntegerAttacker {
 public:
  // `truth`: the atoms as they are, used only to try likely values first.
  explicit IntegerAttacker(std::vector<int64_t> truth)
      : truth_(std::move(truth)),
        low_(truth_.size(), 0),
        high_(truth_.size(), kOpen) {}

  // A released cell: low <= sum of the atoms <= high.
  void Learn(std::vector<int> atoms, int64_t low, int64_t high) {
    facts_.push_back({std::move(atoms), low, std::min(high, kOpen)});
  }

  // Can the cell over these atoms be exactly `value`? None if it would take
  // more than `budget` steps to find out.
  std::optional<bool> CanBe(const std::vector<int>& atoms, int64_t value,
                            int budget = 20000) const {
    IntegerAttacker trial = *this;
    trial.Learn(atoms, value, value);
    return trial.Solve(low_, high_, &budget);
  }

 private:
  struct Fact {
    std::vector<int> atoms;
    int64_t low, high;
  };
  using Values = std::vector<int64_t>;

  // Far above every figure of these tests.
  static constexpr int64_t kOpen = 1000;

  bool Narrow(Values* low, Values* high) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (const Fact& fact : facts_) {
        int64_t least = 0, most = 0;
        for (const int atom : fact.atoms) {
          least += (*low)[atom];
          most += (*high)[atom];
        }
        if (least > fact.high || most < fact.low) return false;
        for (const int atom : fact.atoms) {
          const int64_t above = fact.high - (least - (*low)[atom]);
          const int64_t below = fact.low - (most - (*high)[atom]);
          if (above < (*high)[atom]) {
            most -= (*high)[atom] - above;
            (*high)[atom] = above;
            changed = true;
          }
          if (below > (*low)[atom]) {
            least += below - (*low)[atom];
            (*low)[atom] = below;
            changed = true;
          }
          if ((*low)[atom] > (*high)[atom]) return false;
        }
      }
    }
    return true;
  }

  std::optional<bool> Solve(Values low, Values high, int* budget) const {
    if (--*budget < 0) return std::nullopt;
    if (!Narrow(&low, &high)) return false;
    int next = -1;
    int64_t least = 0;
    for (size_t i = 0; i < low.size(); ++i) {
      const int64_t width = high[i] - low[i];
      if (width > 0 && (next < 0 || width < least)) {
        next = static_cast<int>(i);
        least = width;
      }
    }
    if (next < 0) return true;
    // In halves, the half with the true value first.
    const int64_t middle = low[next] + least / 2;
    Values lower = high, upper = low;
    lower[next] = middle;
    upper[next] = middle + 1;
    const bool up = truth_[next] > middle;
    const std::optional<bool> first =
        up ? Solve(upper, high, budget) : Solve(low, lower, budget);
    if (!first.has_value() || *first) return first;
    return up ? Solve(low, lower, budget) : Solve(upper, high, budget);
  }

  Values truth_;
  Values low_, high_;
  std::vector<Fact> facts_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_INTEGER_ATTACKER_H_
