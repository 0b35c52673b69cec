#ifndef CAIRN_TESTS_CORE_DISCLOSURE_ERA_WORLD_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_ERA_WORLD_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/disclosure/eras.h"
#include "tests/core/disclosure/atom_world.h"

namespace cairn {

// A little population that is loaded again and again: months come, records come
// late, go, or come back. Any table of any epoch can be counted by hand.
// Months m0, m1.. of variable "m" lie two and two in quarters q0, q1.. of "q".
class EraWorld {
 public:
  explicit EraWorld(AtomWorld atoms) : atoms_(std::move(atoms)) {}

  int epoch() const { return epoch_; }
  const AtomWorld& atoms() const { return atoms_; }

  // Begins the next epoch.
  void NextLoad() { ++epoch_; }
  // In this load; `counts` by atom.
  void AddMonth(int month, std::vector<int64_t> counts) {
    kinds_.push_back({month, {epoch_}});
    counts_.push_back(std::move(counts));
  }
  // A month that is there: some of its records go, others come.
  void Revise(int month, const std::vector<int64_t>& go,
              std::vector<int64_t> come) {
    const size_t eras = kinds_.size();
    for (size_t e = 0; e < eras; ++e) {
      if (kinds_[e].month != month || !InForce(e, epoch_)) continue;
      std::vector<int64_t> gone(go.size());
      for (size_t i = 0; i < go.size(); ++i) {
        gone[i] = std::min(go[i], counts_[e][i]);
        counts_[e][i] -= gone[i];
      }
      Kind kind = kinds_[e];
      kind.bounds.push_back(epoch_);
      kinds_.push_back(std::move(kind));
      counts_.push_back(std::move(gone));
      break;
    }
    AddMonth(month, std::move(come));
  }

  Eras AllEras() const {
    Eras eras;
    for (const Kind& kind : kinds_) {
      eras.push_back({{{"m", "m" + std::to_string(kind.month)},
                       {"q", "q" + std::to_string(kind.month / 2)}}});
    }
    return eras;
  }
  EraSet Span(int epoch) const {
    EraSet span;
    for (size_t e = 0; e < kinds_.size(); ++e) {
      if (InForce(e, epoch)) span.push_back(static_cast<int>(e));
    }
    return span;
  }

  // The figures of every atom of every era, and their truth.
  std::vector<int64_t> Truth() const {
    std::vector<int64_t> truth;
    for (const auto& counts : counts_) {
      truth.insert(truth.end(), counts.begin(), counts.end());
    }
    return truth;
  }

  // As of AtomWorld, the last axis by month if asked for.
  TableShape Shape(const std::vector<Cut>& cuts, bool by_month,
                   const EraSet& span) const {
    TableShape shape = atoms_.Shape(cuts);
    if (!by_month) return shape;
    TableAxis axis;
    axis.variable = "m";
    TableAxis::RollUp up{"q", {}};
    for (int month = 0; month < 20; ++month) {
      bool held = false;
      for (const int e : span) held = held || kinds_[e].month == month;
      if (!held) continue;
      axis.codes.push_back("m" + std::to_string(month));
      up.codes.push_back("q" + std::to_string(month / 2));
    }
    axis.part.assign(axis.codes.size(), false);
    axis.roll_ups = {up};
    shape.axes.push_back(std::move(axis));
    return shape;
  }

  // By cell: which figures of Truth() it is the sum of.
  std::vector<std::vector<int>> Members(const TableShape& shape,
                                        const EraSet& span) const {
    TableShape rest = shape;
    TableAxis time;
    const bool timed =
        !shape.axes.empty() && (shape.axes.back().variable == "m" ||
                                shape.axes.back().variable == "q");
    if (timed) {
      time = shape.axes.back();
      rest.axes.pop_back();
    }
    const auto atoms = atoms_.Members(atoms_.CutsOf(rest));
    std::vector<std::vector<int>> members(shape.cells());
    for (size_t cell = 0; cell < members.size(); ++cell) {
      const size_t codes = timed ? time.size() : 1;
      for (const int era : span) {
        const int month = kinds_[era].month;
        const size_t at = cell % codes;
        if (timed && at != time.margin() &&
            time.codes[at] != "m" + std::to_string(month) &&
            time.codes[at] != "q" + std::to_string(month / 2)) {
          continue;
        }
        for (const int atom : atoms[cell / codes]) {
          members[cell].push_back(era * static_cast<int>(atoms_.counts.size()) +
                                  atom);
        }
      }
    }
    return members;
  }

  FrequencyTable Table(const TableShape& shape, const EraSet& span) const {
    FrequencyTable table;
    table.data_set = "world";
    table.epoch = "e" + std::to_string(epoch_);
    table.shape = shape;
    const std::vector<int64_t> truth = Truth();
    for (const auto& members : Members(shape, span)) {
      int64_t count = 0;
      for (const int figure : members) count += truth[figure];
      table.counts.push_back(count);
    }
    return table;
  }

 private:
  // In force from each odd of the bounds until the next.
  struct Kind {
    int month;
    std::vector<int> bounds;
  };
  bool InForce(size_t era, int epoch) const {
    size_t passed = 0;
    for (const int bound : kinds_[era].bounds) passed += bound <= epoch;
    return passed % 2 == 1;
  }

  AtomWorld atoms_;
  int epoch_ = 0;
  std::vector<Kind> kinds_;
  std::vector<std::vector<int64_t>> counts_;  // by era and atom
};

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_ERA_WORLD_H_
