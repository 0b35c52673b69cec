#include "core/disclosure/suppress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "core/disclosure/certificate_program.h"
#include "core/disclosure/propagation.h"
#include "core/disclosure/table_walk.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// How often the search for a table is tried: within what is public, and with
// cells that would have to be hidden for it.
constexpr int kFreeTries = 2;
// More where they cost little.
constexpr int kMoreTries = 6;
constexpr int kFewCells = 5'000;
constexpr int kPaidTries = 3;
constexpr int kLastTries = 10;
// Steps of all searches together: a second, and one for every 10,000 cells.
constexpr int64_t kWalkBudget = 200'000'000;
constexpr int64_t kWalkBudgetACell = 30'000;
// So many cells share a linear program.
constexpr size_t kBatch = 200;
// Simplex iterations x cells, over all programs: a few seconds.
constexpr int64_t kProgramBudget = 12'000'000;
// In systems of this many cells a table of fractions is taken as a proof too.
constexpr int kFractionsFrom = 500;

// The dearest complement that is tried grows over these parts of all costs, so
// that small cells are hidden before their margins.
constexpr double kCostSteps[] = {0.1,  0.25, 0.5,  0.7,   0.8,   0.9,
                                 0.95, 0.98, 0.99, 0.995, 0.998, 1.0};

class Suppressor {
 public:
  Suppressor(const CellSystem& system,
             const std::vector<SuppressionCell>& cells,
             const SuppressionOptions& options, CertificateSearch* search)
      : system_(system),
        cells_(cells),
        options_(options),
        index_(system),
        free_tries_(system.cells() < kFewCells ? kMoreTries : kFreeTries),
        own_search_(search == nullptr
                        ? std::make_unique<TableWalk>(system, Figures(cells))
                        : nullptr),
        walk_(search == nullptr ? *own_search_ : *search),
        hidden_(cells.size()),
        blank_(cells.size()),
        proof_(cells.size(), {kNone, kNone}),
        relying_(cells.size()) {
    walk_.SetBudget(kWalkBudget + kWalkBudgetACell * system.cells());
    for (size_t i = 0; i < cells.size(); ++i) {
      hidden_[i] = cells[i].kind == Kind::kHidden;
    }
    for (int i = 0; i < system.cells(); ++i) {
      SetBounds(i);
      LearnFigure(i, cells[i].figure, kTruth);
    }
    FindCostSteps();
  }

  Suppression Run(EarlierCertificates earlier) {
    for (CertificateSearch::Found& found : earlier) {
      found.moved = walk_.FiguresOf(found);
    }
    FindPossible();
    Adopt(earlier, 0);
    Prove(Unproved(), free_tries_, 0);
    Adopt(earlier, kPaidTries);
    std::vector<int> open = Repair(Unproved());
    if (!open.empty()) {
      insights_ = false;
      ResetBounds();
      Adopt(earlier, kPaidTries);
      open = Repair(open);
    }
    if (!open.empty()) open = ProveByHiding(open, earlier);
    if (options_.prune) Prune();
    Suppression result;
    result.hidden = hidden_;
    result.unproved = std::move(open);
    result.certificates = std::move(certificates_);
    result.edits = std::move(edits_);
    result.proof = std::move(proof_);
    for (int i = 0; i < system_.cells(); ++i) result.known.push_back(Known(i));
    return result;
  }

 private:
  static constexpr int kNone = Suppression::kNone;
  static constexpr int kTruth = Suppression::kTruth;
  // An end of what a cell keeps: 0 low, 1 high.
  struct End {
    int cell;
    int side;
  };

  static std::vector<int64_t> Figures(
      const std::vector<SuppressionCell>& cells) {
    std::vector<int64_t> figures;
    figures.reserve(cells.size());
    for (const SuppressionCell& cell : cells) figures.push_back(cell.figure);
    return figures;
  }

  void FindCostSteps() {
    std::vector<double> costs;
    for (const SuppressionCell& cell : cells_) {
      if (cell.kind == Kind::kOpen) costs.push_back(cell.cost);
    }
    std::sort(costs.begin(), costs.end());
    for (const double part : kCostSteps) {
      if (costs.empty()) return;
      const double step = costs[static_cast<size_t>(
          part * static_cast<double>(costs.size() - 1))];
      if (cost_steps_.empty() || step > cost_steps_.back()) {
        cost_steps_.push_back(step);
      }
    }
  }

  // ---- What is public ----

  Range Known(int cell) const {
    const SuppressionCell& what = cells_[cell];
    const bool is_new = what.kind == Kind::kOpen || what.kind == Kind::kHidden;
    if (is_new && (nothing_shown_ || blank_[cell])) {
      return {what.hidden.low, kNoLimit};
    }
    switch (what.kind) {
      case Kind::kOpen:
        return hidden_[cell] ? what.hidden : what.shown;
      case Kind::kHidden:
        return what.hidden;
      case Kind::kFixed:
      case Kind::kZero:
        return what.shown;
      case Kind::kUnseen:
        return what.hidden;
    }
    return {};
  }

  // The same with the insights, while these are asked for.
  Range Told(int cell) const {
    const SuppressionCell& what = cells_[cell];
    const bool insight = insights_ && !nothing_shown_ && hidden_[cell] &&
                         what.insight.has_value();
    return insight ? *what.insight : Known(cell);
  }

  void SetBounds(int cell) {
    const SuppressionCell& what = cells_[cell];
    const bool may_leave =
        what.kind == Kind::kOpen && !hidden_[cell] && !nothing_shown_;
    const Range now = Told(cell);
    Range if_hidden = now;
    if (may_leave) {
      if_hidden = insights_ ? what.insight.value_or(what.hidden) : what.hidden;
    }
    const double cost = may_leave ? what.cost : 0;
    walk_.SetBounds(cell, now, if_hidden, cost);
    if (program_ != nullptr) program_->SetBounds(cell, now, if_hidden, cost);
  }

  void SetHidden(int cell, bool hidden) {
    hidden_[cell] = hidden;
    SetBounds(cell);
  }

  bool Hide(int cell) {
    if (cells_[cell].kind != Kind::kOpen || hidden_[cell]) return false;
    SetHidden(cell, true);
    return true;
  }

  // ---- What is proved ----

  bool Proved(const End& end) const {
    return proof_[end.cell][end.side] != kNone;
  }
  bool Proved(int cell) const {
    return !cells_[cell].sensitive() ||
           (Proved({cell, 0}) && Proved({cell, 1}));
  }

  std::vector<int> Unproved() const {
    std::vector<int> open;
    for (int i = 0; i < system_.cells(); ++i) {
      if (!Proved(i)) open.push_back(i);
    }
    return open;
  }

  bool Reaches(const End& end, int64_t figure) const {
    const SuppressionCell& what = cells_[end.cell];
    if (!what.sensitive()) return false;
    if (options_.exact_only) return figure != what.figure;
    return end.side == 0 ? figure <= what.keep.low : figure >= what.keep.high;
  }

  // The value to look for.
  int64_t Goal(const End& end) const {
    const SuppressionCell& what = cells_[end.cell];
    if (options_.exact_only) {
      return what.figure > what.keep.low ? what.figure - 1 : what.figure + 1;
    }
    return end.side == 0 ? what.keep.low : what.keep.high;
  }

  void LearnFigure(int cell, int64_t figure, int certificate) {
    for (int side = 0; side < 2; ++side) {
      if (!Proved({cell, side}) && Reaches({cell, side}, figure)) {
        proof_[cell][side] = certificate;
        if (certificate >= 0) proves_[certificate].push_back({cell, side});
      }
    }
  }

  void Learn(CertificateSearch::Found found) {
    const int id = static_cast<int>(proves_.size());
    proves_.emplace_back();
    for (const auto& [cell, figure] : found.moved) {
      LearnFigure(cell, figure, id);
      // It could not be if this cell were shown.
      const SuppressionCell& what = cells_[cell];
      if (what.kind == Kind::kOpen && !what.shown.Holds(figure)) {
        relying_[cell].push_back(id);
      }
    }
    certificates_.push_back(std::move(found.moved));
    edits_.push_back(std::move(found.edits));
  }

  // The ends that a certificate would prove, and the figures to look for.
  Suppression::Certificate OpenEnds(
      const Suppression::Certificate& certificate) const {
    Suppression::Certificate ends;
    for (const auto& [cell, figure] : certificate) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (Reaches(end, figure) && !Proved(end) &&
            possible_[cell].Holds(Goal(end))) {
          ends.emplace_back(cell, Goal(end));
        }
      }
    }
    return ends;
  }

  // Takes over what was found under another pattern or in a smaller system:
  // all ends of a certificate at once, or else one by one.
  void Adopt(const EarlierCertificates& earlier, int paid_tries) {
    // Where it says all that differs.
    const bool whole = own_search_ == nullptr;
    for (const CertificateSearch::Found& found : earlier) {
      const Suppression::Certificate ends = OpenEnds(found.moved);
      if (ends.empty()) continue;
      if (paid_tries == 0 && whole && Holds(found.moved)) {
        Learn(found);
        continue;
      }
      if (Resume(found, ends, paid_tries)) continue;
      if (ends.size() == 1) continue;
      for (const auto& end : ends) {
        const bool up = end.second > cells_[end.first].figure;
        if (!Proved({end.first, up ? 1 : 0})) Resume(found, {end}, paid_tries);
      }
    }
  }

  bool Holds(const Suppression::Certificate& moved) const {
    return std::all_of(moved.begin(), moved.end(), [this](const auto& at) {
      return Told(at.first).Holds(at.second);
    });
  }

  bool Resume(const CertificateSearch::Found& from,
              const Suppression::Certificate& ends, int paid_tries) {
    return Prove(
        [&](double dearest, double max_cost, int seed) {
          return walk_.Resume(from, ends, dearest, max_cost, seed);
        },
        free_tries_, paid_tries);
  }

  // Tries to find tables for all; gives back those it could not.
  std::vector<int> Prove(const std::vector<int>& cells, int free_tries,
                         int paid_tries) {
    std::vector<int> left;
    for (const int cell : cells) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (Proved(end) || !possible_[cell].Holds(Goal(end))) continue;
        Prove(end, free_tries, paid_tries);
      }
      if (!Proved(cell)) left.push_back(cell);
    }
    return left;
  }

  bool Prove(const End& end, int free_tries, int paid_tries) {
    return Prove(
        [&](double dearest, double max_cost, int seed) {
          return walk_.Reach(end.cell, Goal(end), dearest, max_cost, seed);
        },
        free_tries, paid_tries);
  }

  // One search: cells up to a cost may leave their bounds, at a total below
  // another; a seed.
  using TrySearch =
      absl::FunctionRef<CertificateSearch::Found(double, double, int)>;

  // Within what is public; or else with the cheapest complements found.
  bool Prove(TrySearch search, int free_tries, int paid_tries) {
    for (int seed = 0; seed < free_tries; ++seed) {
      CertificateSearch::Found found = search(0, 0, seed);
      if (!found.ok) continue;
      Learn(std::move(found));
      return true;
    }
    if (paid_tries == 0 || cost_steps_.empty()) return false;
    CertificateSearch::Found best;
    const auto any = [&](double dearest) {
      bool found_one = false;
      for (int seed = 0; seed < paid_tries; ++seed) {
        CertificateSearch::Found found =
            search(dearest, best.ok ? best.cost : kAnyCost, seed);
        if (!found.ok) continue;
        found_one = true;
        best = std::move(found);
      }
      return found_one;
    };
    // If not with any cell, then not with the cheap ones.
    if (!any(cost_steps_.back())) return false;
    CertificateSearch::Found dear =
        std::exchange(best, CertificateSearch::Found());
    for (const double dearest : cost_steps_) {
      if (any(dearest)) break;
    }
    if (!best.ok) best = std::move(dear);
    for (const int left : best.left) Hide(left);
    Learn(std::move(best));
    return true;
  }

  // By the walk with complements, and what that leaves by linear programs.
  std::vector<int> Repair(const std::vector<int>& cells) {
    std::vector<int> open = Prove(cells, free_tries_, kPaidTries);
    open = Prove(open, kLastTries, kLastTries);
    std::vector<End> ends;
    for (const int cell : open) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (!Proved(end) && possible_[cell].Holds(Goal(end))) {
          ends.push_back(end);
        }
      }
    }
    // With insights not every cell can be proved: no program is spent on that.
    // Nor on a system for which the budget would hardly see the first one end.
    if (ends.empty() || insights_ || own_search_ == nullptr ||
        program_budget_ / system_.cells() < system_.cells()) {
      return open;
    }
    CertificateProgram program(system_, Figures(cells_));
    program_ = &program;
    for (int cell = 0; cell < system_.cells(); ++cell) SetBounds(cell);
    // One end of a cell at a time; many cells at once, then one by one.
    for (const size_t batch : {kBatch, kBatch, size_t{1}}) {
      for (int side = 0; side < 2; ++side) {
        std::vector<End> wanted;
        for (const End& end : ends) {
          if (end.side == side) wanted.push_back(end);
        }
        RepairEnds(wanted, batch);
      }
    }
    program_ = nullptr;
    return Prove(open, free_tries_, 0);
  }

  void RepairEnds(const std::vector<End>& ends, size_t batch) {
    std::vector<CertificateProgram::Goal> goals;
    for (size_t i = 0; i < ends.size(); ++i) {
      if (!Proved(ends[i])) goals.push_back({ends[i].cell, Goal(ends[i])});
      if (goals.size() < batch && i + 1 < ends.size()) continue;
      if (goals.empty()) continue;
      const int64_t iterations = program_budget_ / system_.cells();
      if (iterations < 100) return;
      CertificateProgram::Found found = program_->Reach(
          goals, static_cast<int>(std::min<int64_t>(iterations, 1'000'000)));
      program_budget_ -= (1 + program_->iterations()) * system_.cells();
      for (const int left : found.left) Hide(left);
      goals.clear();
      if (found.whole) {
        Learn({true, 0, {}, InWholeNumbers(found), {}});
      } else if (found.solved && system_.cells() >= kFractionsFrom) {
        for (const auto& [cell, change] : found.moved) {
          LearnFraction(cell, change);
        }
      }
    }
  }

  Suppression::Certificate InWholeNumbers(
      const CertificateProgram::Found& found) const {
    Suppression::Certificate certificate;
    for (const auto& [cell, change] : found.moved) {
      certificate.emplace_back(cell,
                               cells_[cell].figure + std::llround(change));
    }
    return certificate;
  }

  void LearnFraction(int cell, double change) {
    const double figure = static_cast<double>(cells_[cell].figure) + change;
    for (int side = 0; side < 2; ++side) {
      const End end = {cell, side};
      if (!cells_[cell].sensitive() || Proved(end)) continue;
      const double goal = static_cast<double>(Goal(end));
      const bool up = Goal(end) > cells_[cell].figure;
      if (up ? figure >= goal - 1e-6 : figure <= goal + 1e-6) {
        proof_[cell][side] = Suppression::kFraction;
      }
    }
  }

  // What no search found: tables for it if nothing new were shown, and then
  // all that they change is hidden.
  std::vector<int> ProveByHiding(const std::vector<int>& cells,
                                 const EarlierCertificates& earlier) {
    nothing_shown_ = true;
    ResetBounds();
    walk_.SetBudget(kWalkBudget + kWalkBudgetACell * system_.cells());
    const size_t before = certificates_.size();
    Adopt(earlier, 0);
    std::vector<int> open = Prove(cells, kLastTries, 0);
    nothing_shown_ = false;
    for (size_t i = before; i < certificates_.size(); ++i) {
      HideFor(certificates_[i]);
    }
    ResetBounds();
    return open;
  }

  void HideFor(const Suppression::Certificate& certificate) {
    for (const auto& [cell, figure] : certificate) {
      if (Known(cell).Holds(figure)) continue;
      if (cells_[cell].kind == Kind::kOpen) hidden_[cell] = true;
      // Where its mark would rule this out, it says nothing.
      if (!Known(cell).Holds(figure)) blank_[cell] = true;
    }
  }

  void ResetBounds() {
    for (int cell = 0; cell < system_.cells(); ++cell) SetBounds(cell);
    FindPossible();
  }

  // What could be proved at all: with every open cell hidden.
  void FindPossible() {
    possible_.resize(cells_.size());
    for (size_t i = 0; i < cells_.size(); ++i) {
      const bool hidden = hidden_[i];
      if (cells_[i].kind == Kind::kOpen) hidden_[i] = true;
      possible_[i] = Told(static_cast<int>(i));
      hidden_[i] = hidden;
    }
    Propagate(system_, &possible_);
  }

  // ---- Fewer complements ----

  void Prune() {
    std::vector<int> complements;
    for (int i = 0; i < system_.cells(); ++i) {
      if (cells_[i].kind == Kind::kOpen && hidden_[i]) complements.push_back(i);
    }
    std::stable_sort(
        complements.begin(), complements.end(),
        [this](int a, int b) { return cells_[a].cost > cells_[b].cost; });
    for (const int cell : complements) TryToShow(cell);
  }

  // Shows a complement if all that relied on it can be proved without.
  void TryToShow(int cell) {
    SetHidden(cell, false);
    std::vector<End> lost;
    std::vector<int> before;
    for (const int certificate : relying_[cell]) {
      for (const End& end : proves_[certificate]) {
        int& proof = proof_[end.cell][end.side];
        if (proof != certificate) continue;
        lost.push_back(end);
        before.push_back(proof);
        proof = kNone;
      }
    }
    bool all = true;
    for (const End& end : lost) {
      all = all && (Proved(end) || Prove(end, free_tries_, 0));
    }
    if (all) {
      relying_[cell].clear();
      return;
    }
    SetHidden(cell, true);
    // The tables found on the way stand; what was lost stands again.
    for (size_t i = 0; i < lost.size(); ++i) {
      int& proof = proof_[lost[i].cell][lost[i].side];
      if (proof == kNone) proof = before[i];
    }
  }

  static constexpr double kAnyCost = 1e300;

  const CellSystem& system_;
  const std::vector<SuppressionCell>& cells_;
  const SuppressionOptions options_;
  const CellSystem::Index index_;
  const int free_tries_;
  const std::unique_ptr<CertificateSearch> own_search_;
  CertificateSearch& walk_;
  CertificateProgram* program_ = nullptr;  // while there is one
  int64_t program_budget_ = kProgramBudget;
  std::vector<double> cost_steps_;
  std::vector<bool> hidden_;
  std::vector<Range> possible_;  // by cell: with every open cell hidden
  bool insights_ = true;         // proofs reckon with them
  bool nothing_shown_ = false;   // no new cell is, and no mark says anything
  std::vector<bool> blank_;      // by cell: its mark says nothing
  std::vector<std::array<int, 2>> proof_;  // by cell and side
  std::vector<Suppression::Certificate> certificates_;
  std::vector<std::vector<RecordEdit>> edits_;  // by certificate
  std::vector<std::vector<End>> proves_;        // by certificate
  std::vector<std::vector<int>> relying_;       // by cell: certificates
};

}  // namespace

Suppression Suppress(const CellSystem& system,
                     const std::vector<SuppressionCell>& cells,
                     const SuppressionOptions& options,
                     EarlierCertificates earlier, CertificateSearch* search) {
  return Suppressor(system, cells, options, search).Run(std::move(earlier));
}

}  // namespace cairn
