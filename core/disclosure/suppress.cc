#include "core/disclosure/suppress.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "core/disclosure/certificate_book.h"
#include "core/disclosure/certificate_program.h"
#include "core/disclosure/propagation.h"
#include "core/disclosure/search_effort.h"
#include "core/disclosure/suppression_pattern.h"
#include "core/disclosure/table_walk.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;
using Trying = SuppressionPattern::Trying;

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
        effort_(EffortFor(system.cells(), options)),
        own_search_(search == nullptr || options.thorough
                        ? std::make_unique<TableWalk>(system, Figures(cells))
                        : nullptr),
        by_records_(options.thorough ? search : nullptr),
        other_(by_records_),
        walk_(own_search_ != nullptr ? own_search_.get() : search),
        pattern_(cells),
        book_(cells, options.exact_only) {
    walk_->SetBudget(effort_.steps);
    if (other_ != nullptr) other_->SetBudget(effort_.record_steps);
    for (const SuppressionCell& cell : cells) cost_.push_back(cell.cost);
    SetAllBounds();
  }

  Suppression Run(EarlierCertificates earlier) {
    for (CertificateSearch::Found& found : earlier) {
      found.moved = WalkOf(found).FiguresOf(found);
    }
    const int64_t budget = walk_->budget();
    std::vector<int> open = Find(earlier);
    const int64_t used = budget - walk_->budget();
    if (open.empty() && effort_.rounds > 0) {
      SearchAgain(earlier);
    } else if (open.empty() && effort_.prune_part > 0) {
      Prune(options_.thorough ? INT64_MAX : used / effort_.prune_part);
      if (other_ != nullptr && effort_.prunes_by_records) {
        std::swap(walk_, other_);
        Prune(walk_->budget() / 2);
        std::swap(walk_, other_);
      }
    }
    if (other_ != nullptr) ProveByRecords();
    Suppression result;
    result.hidden = pattern_.hidden();
    result.unproved = std::move(open);
    for (int i = 0; i < system_.cells(); ++i) {
      result.known.push_back(pattern_.Known(i));
    }
    book_.MoveTo(&result);
    return result;
  }

 private:
  static std::vector<int64_t> Figures(
      const std::vector<SuppressionCell>& cells) {
    std::vector<int64_t> figures;
    figures.reserve(cells.size());
    for (const SuppressionCell& cell : cells) figures.push_back(cell.figure);
    return figures;
  }

  // Hides until all is proved; gives back what could not be.
  std::vector<int> Find(const EarlierCertificates& earlier) {
    FindPossible();
    Adopt(earlier, 0);
    Prove(book_.Unproved(), effort_.free_tries, 0);
    Adopt(earlier, effort_.paid_tries);
    std::vector<int> open = Repair(book_.Unproved());
    if (!open.empty()) {
      pattern_.SetInsights(false);
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
      if (own_search_ == nullptr) open = ProveByTables(open);
      if (!open.empty()) open = ProveByHiding(open, earlier);
    }
    return open;
  }

  // Within what is public, where the records alone were searched: tables need
  // not be of records that could be.
  std::vector<int> ProveByTables(const std::vector<int>& open) {
    TableWalk tables(system_, Figures(cells_));
    tables.SetBudget(effort_.hiding_steps);
    CertificateSearch* const records = std::exchange(walk_, &tables);
    SetAllBounds();
    std::vector<int> left = Prove(open, kHidingTries, 0);
    walk_ = records;
    return left;
  }

  void SetBounds(int cell) {
    const Range now = pattern_.Told(cell);
    const Range if_hidden = pattern_.ToldIfHidden(cell);
    const double cost = pattern_.MayHide(cell) ? cost_[cell] : 0;
    walk_->SetBounds(cell, now, if_hidden, cost);
    if (other_ != nullptr) other_->SetBounds(cell, now, if_hidden, cost);
    if (program_ != nullptr) program_->SetBounds(cell, now, if_hidden, cost);
  }

  void SetAllBounds() {
    dearest_ = 0;
    for (int cell = 0; cell < system_.cells(); ++cell) {
      SetBounds(cell);
      if (cells_[cell].kind != Kind::kOpen) continue;
      dearest_ = std::max(dearest_, cost_[cell]);
    }
  }

  void ResetBounds() {
    SetAllBounds();
    FindPossible();
  }

  void SetHidden(int cell, bool hidden) {
    pattern_.SetHidden(cell, hidden);
    SetBounds(cell);
  }

  bool Hide(int cell) {
    if (cells_[cell].kind != Kind::kOpen || pattern_.hidden(cell)) return false;
    SetHidden(cell, true);
    return true;
  }

  bool IsPossible(const CellEnd& end) const {
    return possible_[end.cell].Holds(book_.Goal(end));
  }

  // The ends that a certificate would prove, and the figures to look for.
  Suppression::Certificate OpenEnds(
      const Suppression::Certificate& certificate) const {
    Suppression::Certificate ends;
    for (const auto& [cell, figure] : certificate) {
      for (int side = 0; side < 2; ++side) {
        const CellEnd end = {cell, side};
        if (!book_.Reaches(end, figure) || book_.Proved(end) ||
            !IsPossible(end)) {
          continue;
        }
        const std::pair<int, int64_t> wanted = {cell, book_.Goal(end)};
        if (ends.empty() || ends.back() != wanted) ends.push_back(wanted);
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
        book_.Learn(found);
        continue;
      }
      if (Resume(found, ends, paid_tries)) continue;
      if (ends.size() == 1) continue;
      for (const auto& end : ends) {
        const bool up = end.second > cells_[end.first].figure;
        if (book_.Proved({end.first, up ? 1 : 0})) continue;
        Resume(found, {end}, paid_tries);
      }
    }
  }

  bool Holds(const Suppression::Certificate& moved) const {
    return std::all_of(moved.begin(), moved.end(), [this](const auto& at) {
      return pattern_.Told(at.first).Holds(at.second);
    });
  }

  CertificateSearch& WalkOf(const CertificateSearch::Found& found) const {
    const bool records = by_records_ != nullptr && !found.edits.empty();
    return records ? *by_records_ : *walk_;
  }

  bool Resume(const CertificateSearch::Found& from,
              const Suppression::Certificate& ends, int paid_tries) {
    return Prove(ResumeOf(from, ends), effort_.free_tries, paid_tries);
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
        const CellEnd end = {cell, side};
        if (book_.Proved(end) || !IsPossible(end)) continue;
        if (looks_ahead && !reachable[cell].Holds(book_.Goal(end))) continue;
        Prove(ReachOf(end), free_tries, paid_tries);
      }
      if (!book_.Proved(cell)) left.push_back(cell);
    }
    return left;
  }

  // By the longest search there is.
  std::vector<int> ProveAtLast(const std::vector<int>& cells) {
    std::vector<int> left;
    for (const int cell : cells) {
      for (int side = 0; side < 2; ++side) {
        const CellEnd end = {cell, side};
        if (book_.Proved(end) || !IsPossible(end)) continue;
        CertificateSearch::Found found =
            walk_->ReachAtLast(cell, book_.Goal(end));
        if (found.ok) book_.Learn(std::move(found));
      }
      if (!book_.Proved(cell)) left.push_back(cell);
    }
    return left;
  }

  // One search: cells up to a cost may leave their bounds, at a total below
  // another; a seed.
  using TrySearch =
      std::function<CertificateSearch::Found(double, double, int)>;

  TrySearch ReachOf(const CellEnd& end) {
    return [this, end](double dearest, double max_cost, int seed) {
      return walk_->Reach(end.cell, book_.Goal(end), dearest, max_cost, seed);
    };
  }

  // Neither `from` nor `ends` may end before it.
  TrySearch ResumeOf(const CertificateSearch::Found& from,
                     const Suppression::Certificate& ends) {
    return [this, &from, &ends](double dearest, double max_cost, int seed) {
      return WalkOf(from).Resume(from, ends, dearest, max_cost, seed);
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
      book_.Learn(std::move(found));
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
      for (const int left : best.left) most = std::max(most, cost_[left]);
    }
    if (!best.ok) return false;
    for (const int left : best.left) {
      if (Hide(left)) hidden->push_back(left);
    }
    *most_cost -= best.cost;
    book_.Learn(std::move(best));
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
    std::vector<CellEnd> ends;
    for (const int cell : open) {
      for (int side = 0; side < 2; ++side) {
        const CellEnd end = {cell, side};
        if (!book_.Proved(end) && IsPossible(end)) ends.push_back(end);
      }
    }
    // With insights not every cell can be proved: no program is spent on that.
    // Nor on a system for which the budget would hardly see the first one end.
    if (ends.empty() || pattern_.insights() || own_search_ == nullptr ||
        options_.thorough ||
        program_budget_ / system_.cells() < system_.cells()) {
      return open;
    }
    CertificateProgram program(system_, Figures(cells_));
    program_ = &program;
    SetAllBounds();
    // One end of a cell at a time; many cells at once, then one by one.
    for (const size_t batch : {kBatch, kBatch, size_t{1}}) {
      for (int side = 0; side < 2; ++side) {
        std::vector<CellEnd> wanted;
        for (const CellEnd& end : ends) {
          if (end.side == side) wanted.push_back(end);
        }
        RepairEnds(wanted, batch);
      }
    }
    program_ = nullptr;
    return Prove(open, effort_.free_tries, 0);
  }

  void RepairEnds(const std::vector<CellEnd>& ends, size_t batch) {
    std::vector<CertificateProgram::Goal> goals;
    for (size_t i = 0; i < ends.size(); ++i) {
      if (!book_.Proved(ends[i])) {
        goals.push_back({ends[i].cell, book_.Goal(ends[i])});
      }
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
        book_.Learn({true, 0, {}, std::move(found.table), {}});
      } else if (found.solved && system_.cells() >= kFractionsFrom) {
        for (const auto& [cell, change] : found.moved) {
          book_.LearnFraction(cell, change);
        }
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
      pattern_.Try(way);
      ResetBounds();
      const int before = book_.size();
      const int paid_tries = way == Trying::kNoMarks ? kHidingTries : 0;
      Adopt(earlier, paid_tries);
      open = Prove(open, kHidingTries, paid_tries);
      pattern_.Try(Trying::kAsItIs);
      for (int i = before; i < book_.size(); ++i) {
        pattern_.HideFor(book_.figures(i));
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

  // What a pencil leaves of each cell under the pattern as it is: no search
  // within what is public gets further.
  std::vector<Range> Reachable() const {
    std::vector<Range> ranges;
    ranges.reserve(cells_.size());
    for (int i = 0; i < system_.cells(); ++i)
      ranges.push_back(pattern_.Told(i));
    Propagate(system_, &ranges);
    return ranges;
  }

  // What could be proved at all: with every open cell hidden.
  void FindPossible() {
    SuppressionPattern all = pattern_;
    possible_.clear();
    for (int i = 0; i < system_.cells(); ++i) {
      if (cells_[i].kind == Kind::kOpen) all.SetHidden(i, true);
      possible_.push_back(all.Told(i));
    }
    Propagate(system_, &possible_);
  }

  // What tables alone proved does not outlive them: the next table to be
  // released has cells of which they say nothing. As far as that comes easily,
  // it is proved among the records too.
  void ProveByRecords() {
    pattern_.SetInsights(true);
    ResetBounds();
    for (int cell = 0; cell < system_.cells(); ++cell) {
      for (int side = 0; side < 2; ++side) {
        const CellEnd end = {cell, side};
        if (!book_.IsOfTables(end)) continue;
        CertificateSearch::Found found =
            other_->Reach(cell, book_.Goal(end), 0, 0, /*seed=*/0);
        if (!found.ok) continue;
        for (const auto& [moved, figure] : found.moved) {
          for (int way = 0; way < 2; ++way) {
            const CellEnd other = {moved, way};
            if (book_.IsOfTables(other) && book_.Reaches(other, figure)) {
              book_.SetProof(other, CertificateBook::kNone);
            }
          }
        }
        book_.Learn(std::move(found));
      }
    }
  }

  // ---- Fewer complements ----

  // All anew, several times. A complement costs the less, the more ends relied
  // on it in the round before, so that certificates come to share them (slope
  // scaling: Kim and Pardalos 1999, for networks that cost to build). The
  // cheapest pattern stays.
  void SearchAgain(const EarlierCertificates& earlier) {
    Prune(INT64_MAX);
    SuppressionPattern pattern = pattern_;
    CertificateBook book = book_;
    for (int round = 0; round < effort_.rounds; ++round) {
      for (int cell = 0; cell < system_.cells(); ++cell) {
        const auto relying = static_cast<double>(book_.RelyingOn(cell).size());
        cost_[cell] = cells_[cell].cost / std::sqrt(1 + relying);
      }
      pattern_ = SuppressionPattern(cells_);
      book_ = CertificateBook(cells_, options_.exact_only);
      SetAllBounds();
      walk_->SetBudget(effort_.steps);
      const bool found = Find(earlier).empty();
      for (int cell = 0; cell < system_.cells(); ++cell) {
        cost_[cell] = cells_[cell].cost;
      }
      SetAllBounds();
      if (!found) continue;
      Prune(INT64_MAX);
      if (pattern_.Cost() >= pattern.Cost()) continue;
      pattern = pattern_;
      book = book_;
    }
    pattern_ = std::move(pattern);
    book_ = std::move(book);
  }

  // First those that cost most for each end that relies on them.
  void Prune(int64_t steps) {
    if (book_.has_fractions()) return;
    std::vector<std::pair<double, int>> complements;
    for (int i = 0; i < system_.cells(); ++i) {
      if (!pattern_.IsComplement(i)) continue;
      const double relying = 1 + static_cast<double>(book_.RelyingOn(i).size());
      complements.emplace_back(-cost_[i] / relying, i);
    }
    std::sort(complements.begin(), complements.end());
    const int64_t least = walk_->budget() - std::min(steps, walk_->budget());
    for (const auto& [order, cell] : complements) {
      if (walk_->budget() <= least) return;
      TryToShow(cell);
    }
  }

  // Shows a complement if all that relied on it can be proved without, or with
  // others that cost less.
  void TryToShow(int cell) {
    const std::vector<CellEnd> lost = book_.RelyingOn(cell);
    const int certificates = book_.size();
    std::vector<int> before, instead;
    for (const CellEnd& end : lost) {
      before.push_back(book_.ProofOf(end));
      book_.SetProof(end, CertificateBook::kNone);
    }
    SetHidden(cell, false);
    double saved = cost_[cell];
    for (size_t i = 0; i < lost.size(); ++i) {
      if (book_.Proved(lost[i])) continue;
      if (!ProveWithout(lost[i], before[i], &saved, &instead)) break;
    }
    if (std::all_of(lost.begin(), lost.end(),
                    [this](const CellEnd& end) { return book_.Proved(end); })) {
      book_.NothingReliesOn(cell);
      return;
    }
    book_.Forget(certificates);
    for (const int other : instead) SetHidden(other, false);
    SetHidden(cell, true);
    for (size_t i = 0; i < lost.size(); ++i) book_.SetProof(lost[i], before[i]);
  }

  // From the truth, or from the certificate that proved it and relied on the
  // complement: that needs but a little change, where it comes about, and
  // proves all again that it proved.
  bool ProveWithout(const CellEnd& end, int certificate, double* saved,
                    std::vector<int>* instead) {
    const TrySearch reach = ReachOf(end);
    if (ProveFree(reach, kPruneTries)) return true;
    const double most = kInsteadShare * *saved;
    if (!effort_.resumes || certificate < 0) {
      return ProvePaid(reach, kInsteadTries, most, saved, instead);
    }
    const CertificateSearch::Found from = book_.Get(certificate);
    const Suppression::Certificate ends = OpenEnds(from.moved);
    const TrySearch resume = ResumeOf(from, ends);
    return ProveFree(resume, kPruneTries) ||
           ProvePaid(reach, kInsteadTries, most, saved, instead) ||
           ProvePaid(resume, kInsteadTries, most, saved, instead);
  }

  static constexpr double kAnyCost = 1e300;

  const CellSystem& system_;
  const std::vector<SuppressionCell>& cells_;
  const SuppressionOptions options_;
  const SearchEffort effort_;
  const std::unique_ptr<CertificateSearch> own_search_;
  // What was found among records is gone on with there; or null.
  CertificateSearch* const by_records_;
  CertificateSearch* other_;  // for what the first does not find; or null
  CertificateSearch* walk_;
  CertificateProgram* program_ = nullptr;  // while there is one
  int64_t program_budget_ = kProgramBudget;
  std::vector<double> cost_;     // by cell, in this round
  double dearest_ = 0;           // of all open cells
  std::vector<Range> possible_;  // by cell: with every open cell hidden
  SuppressionPattern pattern_;
  CertificateBook book_;
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
