#include "core/disclosure/proof.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "core/disclosure/elimination.h"
#include "core/disclosure/narrow_before.h"
#include "core/disclosure/propagation.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// How often further cells are hidden before all are.
constexpr int kMaxRounds = 8;
// So many of these at most for cells of which the search found no table: each
// has a part of the first one's steps and goes on from what that proved.
constexpr int kRoundsOfUnproved = 4;
constexpr int64_t kPartOfSteps = 4;
// AttackOptions::budget for the cells that were narrow before, half as much each
// time: ten seconds. What that does not settle is not shown.
constexpr int64_t kPrograms = 300'000'000;

// Whether a table that is the given one but for `moved` keeps the sums in which
// something moved. The given one keeps them all.
class CertificateChecker {
 public:
  CertificateChecker(const CellSystem& system,
                     const std::vector<SuppressionCell>& cells,
                     const std::vector<Range>& known)
      : system_(system),
        index_(system),
        cells_(cells),
        known_(known),
        change_(cells.size(), 0),
        gain_(static_cast<size_t>(system.relations()), 0) {}

  bool Holds(const Suppression::Certificate& moved) {
    bool holds = true;
    for (const auto& [cell, figure] : moved) {
      change_[cell] = figure - cells_[cell].figure;
      holds = holds && known_[cell].Holds(figure);
    }
    // What each touched relation's sum gains: children less parent.
    for (const auto& [cell, figure] : moved) {
      for (const int r : index_.Of(cell)) {
        const bool parent = system_.relation(r).parent == cell;
        gain_[r] += parent ? -change_[cell] : change_[cell];
        touched_.push_back(r);
      }
    }
    for (const int r : touched_) {
      if (system_.relation(r).tie == CellSystem::Tie::kSum) {
        holds = holds && gain_[r] == 0;
      } else {
        holds = holds && TieHolds(r);
      }
    }
    for (const int r : touched_) gain_[r] = 0;
    touched_.clear();
    for (const auto& [cell, figure] : moved) change_[cell] = 0;
    return holds;
  }

 private:
  bool TieHolds(int r) const {
    const CellSystem::Relation relation = system_.relation(r);
    const auto figure = [this](int cell) {
      return cells_[cell].figure + change_[cell];
    };
    int64_t sum = 0, largest = 0;
    for (const int child : relation.children) {
      sum += figure(child);
      largest = std::max(largest, figure(child));
    }
    return cairn::Holds(relation.tie, figure(relation.parent), sum, largest);
  }

  const CellSystem& system_;
  const CellSystem::Index index_;
  const std::vector<SuppressionCell>& cells_;
  const std::vector<Range>& known_;
  std::vector<int64_t> change_;  // by cell
  std::vector<int64_t> gain_;    // by relation
  std::vector<int> touched_;     // relations
};

// The table from which certificates start may be a stand-in.
bool AddsUp(const CellSystem& system,
            const std::vector<SuppressionCell>& cells) {
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    int64_t sum = 0, largest = 0;
    for (const int child : relation.children) {
      sum += cells[child].figure;
      largest = std::max(largest, cells[child].figure);
    }
    if (!Holds(relation.tie, cells[relation.parent].figure, sum, largest)) {
      return false;
    }
  }
  return true;
}

std::vector<bool> IsUnproved(const CellSystem& system,
                             const Suppression& suppression) {
  std::vector<bool> unproved(system.cells(), false);
  for (const int cell : suppression.unproved) unproved[cell] = true;
  return unproved;
}

// An attack with a pencil over all that is public.
bool StandsPropagation(const CellSystem& system,
                       const std::vector<SuppressionCell>& cells,
                       const Suppression& suppression,
                       const SuppressionOptions& options) {
  std::vector<Range> ranges = suppression.known;
  if (!Propagate(system, &ranges)) return false;
  const std::vector<bool> unproved = IsUnproved(system, suppression);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].sensitive() || unproved[i]) continue;
    const bool narrow = options.exact_only
                            ? ranges[i].low == ranges[i].high
                            : ranges[i].low > cells[i].keep.low ||
                                  ranges[i].high < cells[i].keep.high;
    if (narrow) return false;
  }
  return true;
}

bool MayBeOne(const SuppressionCell& cell) {
  return cell.sensitive() && (cell.figure == 1 || cell.may_be_one);
}

// By cell: a sensitive count of 1 that no finer cell of 1 explains, so that no
// two stand for the same person.
std::vector<bool> SinglePersons(const CellSystem& system,
                                const std::vector<SuppressionCell>& cells) {
  std::vector<bool> single(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    single[i] = MayBeOne(cells[i]);
  }
  for (int r = 0; r < system.relations(); ++r) {
    const CellSystem::Relation relation = system.relation(r);
    for (const int child : relation.children) {
      if (MayBeOne(cells[child])) single[relation.parent] = false;
    }
  }
  return single;
}

// Sensitive cells that algebra tells, or tells the one person behind a count
// of 1. `public_of`: what is public of each cell.
std::vector<int> ToldByAlgebra(const CellSystem& system,
                               const std::vector<SuppressionCell>& cells,
                               const std::vector<Range>& public_of) {
  std::vector<bool> known(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    known[i] = public_of[i].low == public_of[i].high;
  }
  const Determined determined = FindDetermined(system, known);
  const std::vector<bool> person = SinglePersons(system, cells);
  std::vector<int> persons(cells.size(), 0);  // by kin
  for (size_t i = 0; i < cells.size(); ++i) {
    if (determined.kin[i] >= 0 && person[i]) ++persons[determined.kin[i]];
  }
  std::vector<int> told;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].sensitive() || known[i]) continue;
    const int kin = determined.kin[i];
    // A cell of 1 is told to the person of another.
    const int knowing = MayBeOne(cells[i]) ? 2 : 1;
    if (determined.exact[i] || (kin >= 0 && persons[kin] >= knowing)) {
      told.push_back(static_cast<int>(i));
    }
  }
  return told;
}

// What the new figures tell of cells: algebra, and what narrows those that were
// narrow before. None where the budget ends before that is clear.
std::optional<std::vector<int>> ToldSince(
    const NarrowBefore& before, const CellSystem& system,
    const std::vector<SuppressionCell>& cells,
    const std::vector<Range>& public_now, int64_t budget) {
  std::vector<int> told = ToldByAlgebra(system, cells, public_now);
  if (before.cells.empty()) return told;
  const std::vector<int> already =
      ToldByAlgebra(system, cells, before.public_of);
  std::erase_if(told, [&already](int cell) {
    return std::binary_search(already.begin(), already.end(), cell);
  });
  const auto narrowed = NarrowedSince(before, system, public_now, budget);
  if (!narrowed.has_value()) return std::nullopt;
  told.insert(told.end(), narrowed->begin(), narrowed->end());
  return told;
}

// The cheapest new cell that is shown, among those nearest to a cell: beside
// it in a sum, or beside those. -1: there is none.
int NearestShown(const CellSystem& system, const CellSystem::Index& index,
                 const std::vector<SuppressionCell>& cells,
                 const Suppression& suppression, int from) {
  std::vector<int> ring = {from};
  absl::flat_hash_set<int> seen = {from};
  int best = -1;
  while (best < 0 && !ring.empty()) {
    std::vector<int> next;
    const auto visit = [&](int cell) {
      if (!seen.insert(cell).second) return;
      next.push_back(cell);
      const SuppressionCell& what = cells[cell];
      if (what.kind != Kind::kOpen || suppression.hidden[cell]) return;
      if (best < 0 || what.cost < cells[best].cost) best = cell;
    };
    for (const int cell : ring) {
      for (const int r : index.Of(cell)) {
        const CellSystem::Relation relation = system.relation(r);
        visit(relation.parent);
        for (const int child : relation.children) visit(child);
      }
    }
    ring = std::move(next);
  }
  return best;
}

// Makes `count` shown cells near each of these ones that are hidden in any
// case.
bool HideBeside(const CellSystem& system, const std::vector<int>& told,
                int count, const Suppression& suppression,
                std::vector<SuppressionCell>* cells) {
  const CellSystem::Index index(system);
  bool changed = false;
  for (const int cell : told) {
    for (int i = 0; i < count; ++i) {
      const int best = NearestShown(system, index, *cells, suppression, cell);
      if (best < 0) break;
      (*cells)[best].kind = Kind::kHidden;
      changed = true;
    }
  }
  return changed;
}

}  // namespace

bool CertificatesHold(const CellSystem& system,
                      const std::vector<SuppressionCell>& cells,
                      const Suppression& suppression,
                      const SuppressionOptions& options) {
  if (!AddsUp(system, cells)) return false;
  CertificateChecker checker(system, cells, suppression.known);
  const std::vector<bool> unproved = IsUnproved(system, suppression);
  std::vector<int8_t> holds(suppression.certificates.size(), -1);
  // A cell's figure in a certificate, whose cells may be in any order.
  std::vector<Suppression::Certificate> sorted = suppression.certificates;
  for (Suppression::Certificate& moved : sorted) {
    std::sort(moved.begin(), moved.end());
  }
  const auto figure_in = [&](int certificate, int cell) {
    if (certificate == Suppression::kTruth) return cells[cell].figure;
    const Suppression::Certificate& moved = sorted[certificate];
    const auto found = std::lower_bound(moved.begin(), moved.end(),
                                        std::make_pair(cell, INT64_MIN));
    return found != moved.end() && found->first == cell ? found->second
                                                        : cells[cell].figure;
  };
  for (int cell = 0; cell < system.cells(); ++cell) {
    if (!suppression.known[cell].Holds(cells[cell].figure)) return false;
    if (!cells[cell].sensitive() || unproved[cell]) continue;
    for (int side = 0; side < 2; ++side) {
      const int certificate = suppression.proof[cell][side];
      if (certificate == Suppression::kNone) return false;
      if (certificate == Suppression::kFraction) continue;
      const int64_t figure = figure_in(certificate, cell);
      const bool reached = options.exact_only ? figure != cells[cell].figure
                           : side == 0        ? figure <= cells[cell].keep.low
                                              : figure >= cells[cell].keep.high;
      if (!reached) return false;
      if (certificate < 0 || holds[certificate] == 1) continue;
      if (!checker.Holds(suppression.certificates[certificate])) return false;
      holds[certificate] = 1;
    }
  }
  return true;
}

Suppression SuppressAndProve(const CellSystem& system,
                             std::vector<SuppressionCell>* cells,
                             const SuppressionOptions& options,
                             EarlierCertificates earlier,
                             CertificateSearch* search) {
  const std::vector<SuppressionCell> given = *cells;
  const bool pinned = std::any_of(
      cells->begin(), cells->end(),
      [](const SuppressionCell& cell) { return cell.kind == Kind::kFixed; });
  SuppressionOptions now = options;
  int64_t budget = kPrograms;
  for (int round = 0; round < kMaxRounds; ++round) {
    Suppression suppression = Suppress(system, *cells, now, earlier, search);
    // What is narrow with nothing new shown was so before: it is no reason to
    // hide more now.
    const NarrowBefore before = FindNarrowBefore(system, *cells, suppression);
    if (!pinned && !before.cells.empty()) {
      if (round == kRoundsOfUnproved ||
          !HideBeside(system, before.cells, 1 << round, suppression, cells)) {
        break;
      }
      earlier = CertificatesOf(suppression);
      now.part = options.part * kPartOfSteps;
      continue;
    }
    if (!CertificatesHold(system, *cells, suppression, options) ||
        !StandsPropagation(system, *cells, suppression, options)) {
      break;
    }
    const auto told =
        ToldSince(before, system, *cells, suppression.known, budget);
    if (!told.has_value()) break;
    budget /= 2;
    if (told->empty()) return suppression;
    // Twice as many each time: one stubborn cell is no reason to hide all.
    if (!HideBeside(system, *told, 1 << round, suppression, cells)) break;
    earlier = CertificatesOf(suppression);
  }
  *cells = given;
  HideEverything(cells);
  return Suppress(system, *cells, options, earlier, search);
}

}  // namespace cairn
