#include "core/disclosure/suppress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "core/disclosure/certificate_program.h"
#include "core/disclosure/propagation.h"
#include "core/disclosure/search_effort.h"
#include "core/disclosure/table_walk.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// How often the search for a table is tried where what it changes is hidden,
// and where a complement may be shown again.
constexpr int kHidingTries = 10;
constexpr int kPruneTries = 2;
// What is hidden instead of it: no cell may cost more than this share of what
// is saved. So often is it looked for.
constexpr double kInsteadShare = 0.5;
constexpr int kInsteadTries = 2;
// Where so many found no table at all, the rest is left out.
constexpr int kHopelessTries = 3;
// A third of the tries may hide cells as dear as the dearest of the best so
// far, a third half, a third a quarter so.
constexpr int kHalvings = 3;
// So many cells share a linear program.
constexpr size_t kBatch = 200;
// Simplex iterations x cells, over all programs: a few seconds.
constexpr int64_t kProgramBudget = 12'000'000;
// In systems of this many cells a table of fractions is taken as a proof too.
constexpr int kFractionsFrom = 500;

class Suppressor {
 public:
  Suppressor(const CellSystem& system,
             const std::vector<SuppressionCell>& cells,
             const SuppressionOptions& options, CertificateSearch* search)
      : system_(system),
        cells_(cells),
        options_(options),
        index_(system),
        effort_(EffortFor(system.cells(), options)),
        own_search_(search == nullptr || options.thorough
                        ? std::make_unique<TableWalk>(system, Figures(cells))
                        : nullptr),
        by_records_(options.thorough ? search : nullptr),
        other_(by_records_),
        walk_(own_search_ != nullptr ? own_search_.get() : search),
        hidden_(cells.size()),
        blank_(cells.size(), Blank::kNo),
        proof_(cells.size(), {kNone, kNone}),
        relying_(cells.size()) {
    walk_->SetBudget(effort_.steps);
    if (other_ != nullptr) other_->SetBudget(effort_.record_steps);
    for (size_t i = 0; i < cells.size(); ++i) {
      hidden_[i] = cells[i].kind == Kind::kHidden;
      const bool open = cells[i].kind == Kind::kOpen;
      if (open) dearest_ = std::max(dearest_, cells[i].cost);
    }
    for (int i = 0; i < system.cells(); ++i) {
      SetBounds(i);
      LearnFigure(i, cells[i].figure, kTruth);
    }
  }

  Suppression Run(EarlierCertificates earlier) {
    const int64_t budget = walk_->budget();
    for (CertificateSearch::Found& found : earlier) {
      found.moved = WalkOf(found).FiguresOf(found);
    }
    FindPossible();
    Adopt(earlier, 0);
    Prove(Unproved(), effort_.free_tries, 0);
    Adopt(earlier, effort_.paid_tries);
    std::vector<int> open = Repair(Unproved());
    if (!open.empty()) {
      insights_ = false;
      ResetBounds();
      Adopt(earlier, effort_.paid_tries);
      open = Repair(open);
    }
    if (!open.empty() && other_ != nullptr) {
      std::swap(walk_, other_);
      open = Prove(open, effort_.free_tries, effort_.paid_tries);
      if (!open.empty()) open = ProveByHiding(open, earlier);
      std::swap(walk_, other_);
    } else if (!open.empty()) {
      open = ProveByHiding(open, earlier);
    }
    const int64_t used = budget - walk_->budget();
    if (open.empty()) {
      const bool all = options_.prune || options_.thorough;
      Prune(all ? INT64_MAX : used / effort_.prune_part);
      if (other_ != nullptr && effort_.prunes_by_records) {
        std::swap(walk_, other_);
        Prune(walk_->budget() / 2);
        std::swap(walk_, other_);
      }
    }
    if (other_ != nullptr) ProveByRecords();
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
  // How much of a cell's mark says nothing: its upper end; both, and with them
  // whether it is a zero.
  enum class Blank : uint8_t { kNo, kMark, kWhole };
  // What is taken to be public of new cells while tables are looked for.
  enum class Trying : uint8_t { kAsItIs, kNoMarks, kNothingShown, kNoZeros };
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

  // ---- What is public ----

  Range Known(int cell) const {
    const SuppressionCell& what = cells_[cell];
    const Blank blank = BlankOf(cell);
    if (blank == Blank::kWhole) return Range();
    if (blank == Blank::kMark) return {what.hidden.low, kNoLimit};
    switch (what.kind) {
      case Kind::kOpen:
        return hidden_[cell] ? what.hidden : what.shown;
      case Kind::kHidden:
        return what.hidden;
      case Kind::kFixed:
      case Kind::kZero:
      case Kind::kStructural:
        return what.shown;
      case Kind::kUnseen:
        return what.hidden;
    }
    return {};
  }

  // How much of a new cell's mark says nothing, by itself or by what is being
  // tried.
  Blank BlankOf(int cell) const {
    const Kind kind = cells_[cell].kind;
    const bool is_new = kind == Kind::kOpen || kind == Kind::kHidden;
    if (!is_new && kind != Kind::kZero) return Blank::kNo;
    if (trying_ == Trying::kNoZeros) return Blank::kWhole;
    const bool unmarked =
        trying_ == Trying::kNothingShown ||
        (trying_ == Trying::kNoMarks && kind == Kind::kHidden);
    return std::max(is_new && unmarked ? Blank::kMark : Blank::kNo,
                    blank_[cell]);
  }

  // The same with the insights, while these are asked for.
  Range Told(int cell) const {
    const SuppressionCell& what = cells_[cell];
    const bool insight = insights_ && hidden_[cell] &&
                         BlankOf(cell) == Blank::kNo &&
                         what.insight.has_value();
    return insight ? *what.insight : Known(cell);
  }

  void SetBounds(int cell) {
    const SuppressionCell& what = cells_[cell];
    const bool may_leave = what.kind == Kind::kOpen && !hidden_[cell] &&
                           BlankOf(cell) == Blank::kNo;
    const Range now = Told(cell);
    Range if_hidden = now;
    if (may_leave) {
      if_hidden = insights_ ? what.insight.value_or(what.hidden) : what.hidden;
    }
    const double cost = may_leave ? what.cost : 0;
    walk_->SetBounds(cell, now, if_hidden, cost);
    if (other_ != nullptr) other_->SetBounds(cell, now, if_hidden, cost);
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
    for (const CertificateSearch::Found& found : earlier) {
      const Suppression::Certificate ends = OpenEnds(found.moved);
      if (ends.empty()) continue;
      if (Holds(found.moved)) {
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

  CertificateSearch& WalkOf(const CertificateSearch::Found& found) const {
    const bool records = by_records_ != nullptr && !found.edits.empty();
    return records ? *by_records_ : *walk_;
  }

  bool Resume(const CertificateSearch::Found& from,
              const Suppression::Certificate& ends, int paid_tries) {
    return Prove(
        [&](double dearest, double max_cost, int seed) {
          return WalkOf(from).Resume(from, ends, dearest, max_cost, seed);
        },
        effort_.free_tries, paid_tries);
  }

  // Tries to find tables for all; gives back those it could not.
  std::vector<int> Prove(const std::vector<int>& cells, int free_tries,
                         int paid_tries) {
    std::vector<int> left;
    // Where complements are found on the way, it would soon be out of date.
    const bool looks_ahead = options_.thorough && paid_tries == 0;
    std::vector<Range> reachable;
    if (looks_ahead) reachable = Reachable();
    for (const int cell : cells) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (Proved(end) || !possible_[cell].Holds(Goal(end))) continue;
        if (looks_ahead && !reachable[cell].Holds(Goal(end))) continue;
        Prove(ReachOf(end), free_tries, paid_tries);
      }
      if (!Proved(cell)) left.push_back(cell);
    }
    return left;
  }

  // By the longest search there is.
  std::vector<int> ProveAtLast(const std::vector<int>& cells) {
    std::vector<int> left;
    for (const int cell : cells) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (Proved(end) || !possible_[cell].Holds(Goal(end))) continue;
        CertificateSearch::Found found = walk_->ReachAtLast(cell, Goal(end));
        if (found.ok) Learn(std::move(found));
      }
      if (!Proved(cell)) left.push_back(cell);
    }
    return left;
  }

  // One search: cells up to a cost may leave their bounds, at a total below
  // another; a seed.
  using TrySearch =
      std::function<CertificateSearch::Found(double, double, int)>;

  TrySearch ReachOf(const End& end) {
    return [this, end](double dearest, double max_cost, int seed) {
      return walk_->Reach(end.cell, Goal(end), dearest, max_cost, seed);
    };
  }

  bool Prove(const TrySearch& search, int free_tries, int paid_tries) {
    if (ProveFree(search, free_tries)) return true;
    std::vector<int> hidden;
    double cost = kAnyCost;
    return paid_tries > 0 &&
           ProvePaid(search, paid_tries, dearest_, &cost, &hidden);
  }

  // Within what is public.
  bool ProveFree(const TrySearch& search, int tries) {
    for (int seed = 0; seed < tries; ++seed) {
      CertificateSearch::Found found = search(0, 0, seed);
      if (!found.ok) continue;
      Learn(std::move(found));
      return true;
    }
    return false;
  }

  // With complements of up to `most` each and less than `most_cost` together,
  // which is less by that then: the cheapest that are found, adding them to
  // `hidden`.
  bool ProvePaid(const TrySearch& search, int tries, double most,
                 double* most_cost, std::vector<int>* hidden) {
    if (dearest_ == 0) return false;
    CertificateSearch::Found best;
    most = std::min(most, dearest_);
    for (int seed = 0; seed < tries; ++seed) {
      if (seed >= kHopelessTries && !best.ok) break;
      const double dearest = std::ldexp(most, -(seed % kHalvings));
      CertificateSearch::Found found =
          search(dearest, best.ok ? best.cost : *most_cost, seed);
      if (!found.ok) continue;
      best = std::move(found);
      if (best.left.empty()) break;
      most = 0;
      for (const int left : best.left) most = std::max(most, cells_[left].cost);
    }
    if (!best.ok) return false;
    for (const int left : best.left) {
      if (Hide(left)) hidden->push_back(left);
    }
    *most_cost -= best.cost;
    Learn(std::move(best));
    return true;
  }

  // By the walk with complements, and what that leaves by linear programs.
  std::vector<int> Repair(const std::vector<int>& cells) {
    std::vector<int> open =
        Prove(cells, effort_.free_tries, effort_.paid_tries);
    if (effort_.last_tries > 0) {
      open = Prove(open, effort_.last_tries, effort_.last_tries);
    }
    open = ProveAtLast(open);
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
        options_.thorough ||
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
    return Prove(open, effort_.free_tries, 0);
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
        Learn({true, 0, {}, std::move(found.table), {}});
      } else if (found.solved && system_.cells() >= kFractionsFrom) {
        for (const auto& [cell, change] : found.moved) {
          LearnFraction(cell, change);
        }
      }
    }
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
        fractions_ = true;
      }
    }
  }

  // What no search found: tables for it with complements and if the marks of
  // small cells said nothing; then if nothing new were shown; at last if not
  // even new zeros were. All that they change is hidden, and those marks say
  // nothing.
  std::vector<int> ProveByHiding(std::vector<int> open,
                                 const EarlierCertificates& earlier) {
    walk_->SetBudget(walk_->budget() + effort_.hiding_steps);
    for (const Trying way :
         {Trying::kNoMarks, Trying::kNothingShown, Trying::kNoZeros}) {
      if (open.empty()) break;
      if (way == Trying::kNoZeros && !HasZeros()) break;
      trying_ = way;
      ResetBounds();
      const size_t before = certificates_.size();
      const int paid_tries = way == Trying::kNoMarks ? kHidingTries : 0;
      Adopt(earlier, paid_tries);
      open = Prove(open, kHidingTries, paid_tries);
      trying_ = Trying::kAsItIs;
      for (size_t i = before; i < certificates_.size(); ++i) {
        HideFor(certificates_[i]);
      }
      ResetBounds();
    }
    return open;
  }

  bool HasZeros() const {
    return std::any_of(
        cells_.begin(), cells_.end(),
        [](const SuppressionCell& cell) { return cell.kind == Kind::kZero; });
  }

  // As much as is needed.
  void HideFor(const Suppression::Certificate& certificate) {
    for (const auto& [cell, figure] : certificate) {
      if (Known(cell).Holds(figure)) continue;
      const Kind kind = cells_[cell].kind;
      if (kind == Kind::kOpen || kind == Kind::kZero) hidden_[cell] = true;
      for (const Blank blank : {Blank::kMark, Blank::kWhole}) {
        if (!Known(cell).Holds(figure)) blank_[cell] = blank;
      }
    }
  }

  void ResetBounds() {
    for (int cell = 0; cell < system_.cells(); ++cell) SetBounds(cell);
    FindPossible();
  }

  // What a pencil leaves of each cell under the pattern as it is: no search
  // within what is public gets further.
  std::vector<Range> Reachable() const {
    std::vector<Range> ranges;
    ranges.reserve(cells_.size());
    for (int i = 0; i < system_.cells(); ++i) ranges.push_back(Told(i));
    Propagate(system_, &ranges);
    return ranges;
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

  // What tables alone proved does not outlive them: the next table to be
  // released has cells of which they say nothing. As far as that comes easily,
  // it is proved among the records too.
  void ProveByRecords() {
    insights_ = true;
    ResetBounds();
    for (int cell = 0; cell < system_.cells(); ++cell) {
      for (int side = 0; side < 2; ++side) {
        const End end = {cell, side};
        if (!OfTables(end)) continue;
        CertificateSearch::Found found =
            other_->Reach(cell, Goal(end), 0, 0, /*seed=*/0);
        if (!found.ok) continue;
        for (const auto& [moved, figure] : found.moved) {
          for (int way = 0; way < 2; ++way) {
            const bool same = OfTables({moved, way});
            if (same && Reaches({moved, way}, figure)) {
              proof_[moved][way] = kNone;
            }
          }
        }
        Learn(std::move(found));
      }
    }
  }
  bool OfTables(const End& end) const {
    const int certificate = proof_[end.cell][end.side];
    return certificate >= 0 && edits_[certificate].empty();
  }

  // ---- Fewer complements ----

  // First those that cost most for each end that relies on them.
  void Prune(int64_t steps) {
    if (fractions_) return;
    std::vector<std::pair<double, int>> complements;
    for (int i = 0; i < system_.cells(); ++i) {
      if (cells_[i].kind != Kind::kOpen || !hidden_[i]) continue;
      if (blank_[i] != Blank::kNo) continue;
      const double relying = 1 + static_cast<double>(Relying(i).size());
      complements.emplace_back(-cells_[i].cost / relying, i);
    }
    std::sort(complements.begin(), complements.end());
    const int64_t least = walk_->budget() - std::min(steps, walk_->budget());
    for (const auto& [order, cell] : complements) {
      if (walk_->budget() <= least) return;
      TryToShow(cell);
    }
  }

  // The ends whose certificates could not be if this complement were shown.
  std::vector<End> Relying(int cell) const {
    std::vector<End> ends;
    for (const int certificate : relying_[cell]) {
      for (const End& end : proves_[certificate]) {
        if (proof_[end.cell][end.side] == certificate) ends.push_back(end);
      }
    }
    return ends;
  }

  // Shows a complement if all that relied on it can be proved without, or with
  // others that cost less.
  void TryToShow(int cell) {
    const std::vector<End> lost = Relying(cell);
    const size_t certificates = certificates_.size();
    std::vector<int> before, instead;
    for (const End& end : lost) {
      before.push_back(std::exchange(proof_[end.cell][end.side], kNone));
    }
    SetHidden(cell, false);
    double saved = cells_[cell].cost;
    for (const End& end : lost) {
      if (Proved(end) || ProveFree(ReachOf(end), kPruneTries)) continue;
      if (!ProvePaid(ReachOf(end), kInsteadTries, kInsteadShare * saved, &saved,
                     &instead)) {
        break;
      }
    }
    if (std::all_of(lost.begin(), lost.end(),
                    [this](const End& end) { return Proved(end); })) {
      relying_[cell].clear();
      return;
    }
    Forget(certificates);
    for (const int other : instead) SetHidden(other, false);
    SetHidden(cell, true);
    for (size_t i = 0; i < lost.size(); ++i) {
      proof_[lost[i].cell][lost[i].side] = before[i];
    }
  }

  // All certificates from this one on.
  void Forget(size_t first) {
    for (size_t id = first; id < certificates_.size(); ++id) {
      for (const auto& [cell, figure] : certificates_[id]) {
        std::vector<int>& relying = relying_[cell];
        while (!relying.empty() && relying.back() >= static_cast<int>(first)) {
          relying.pop_back();
        }
      }
    }
    certificates_.resize(first);
    edits_.resize(first);
    proves_.resize(first);
  }

  static constexpr double kAnyCost = 1e300;

  const CellSystem& system_;
  const std::vector<SuppressionCell>& cells_;
  const SuppressionOptions options_;
  const CellSystem::Index index_;
  const SearchEffort effort_;
  const std::unique_ptr<CertificateSearch> own_search_;
  // What was found among records is gone on with there; or null.
  CertificateSearch* const by_records_;
  CertificateSearch* other_;  // for what the first does not find; or null
  CertificateSearch* walk_;
  CertificateProgram* program_ = nullptr;  // while there is one
  int64_t program_budget_ = kProgramBudget;
  double dearest_ = 0;  // of all open cells
  std::vector<bool> hidden_;
  std::vector<Range> possible_;  // by cell: with every open cell hidden
  bool insights_ = true;         // proofs reckon with them
  Trying trying_ = Trying::kAsItIs;
  std::vector<Blank> blank_;  // by cell: how much of its mark says nothing
  bool fractions_ = false;    // some end is proved by a table that is not kept
  std::vector<std::array<int, 2>> proof_;  // by cell and side
  std::vector<Suppression::Certificate> certificates_;
  std::vector<std::vector<RecordEdit>> edits_;  // by certificate
  std::vector<std::vector<End>> proves_;        // by certificate
  std::vector<std::vector<int>> relying_;       // by cell: certificates
};

}  // namespace

EarlierCertificates CertificatesOf(const Suppression& suppression) {
  EarlierCertificates found;
  for (size_t i = 0; i < suppression.certificates.size(); ++i) {
    found.push_back(
        {true, 0, {}, suppression.certificates[i], suppression.edits[i]});
  }
  return found;
}

Suppression Suppress(const CellSystem& system,
                     const std::vector<SuppressionCell>& cells,
                     const SuppressionOptions& options,
                     EarlierCertificates earlier, CertificateSearch* search) {
  return Suppressor(system, cells, options, search).Run(std::move(earlier));
}

}  // namespace cairn
