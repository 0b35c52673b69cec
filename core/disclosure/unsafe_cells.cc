#include "core/disclosure/unsafe_cells.h"

#include <algorithm>
#include <utility>

#include "core/disclosure/cell_key.h"
#include "core/disclosure/marks.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// A group is nearly all in one category from this share on, if no more than
// the hidden range are outside it (notes on disclosure, section 7).
constexpr double kSameShare = 0.95;

// What a margin of a plan's table costs, against an inner cell of that count.
constexpr double kMarginWeight = 0.1;

bool IsMargin(const TableShape& shape, size_t cell) {
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    if (shape.at(cell, a) == shape.axes[a].margin()) return true;
  }
  return false;
}

class UnsafeFinder {
 public:
  UnsafeFinder(const ProtectRequest& request, const LinkedTables& linked,
               const SystemFigures& figures, absl::Span<const int64_t> noisy)
      : request_(request),
        policy_(request.policy),
        linked_(linked),
        figures_(figures),
        noisy_(noisy),
        why_(figures.figure.size(), HiddenWhy::kShown) {}

  UnsafeCells Run() {
    // The counts decide for every measure.
    cells_ = CellsOfCounts(
        linked_.system(), figures_.count, figures_.persons, policy_,
        request_.thorough ? CostInPlan() : CellCost(CostByCount));
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].kind != Kind::kHidden) continue;
      why_[i] = figures_.count[i] <= policy_.largest_hidden_count
                    ? HiddenWhy::kSmall
                    : HiddenWhy::kFewPersons;
    }
    if (!is_count()) MeasureOtherThanCounts();
    if (noise() > 0) AllowForNoise();
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      FindAllTheSame(request_.tables[t]->shape, linked_.cells_of(t));
    }
    for (size_t p = 0; p < request_.pinned.size(); ++p) {
      FindAllTheSame(request_.pinned[p]->shape(),
                     linked_.cells_of(request_.tables.size() + p));
    }
    for (size_t i = 0; i < cells_.size(); ++i) looks_.push_back(LooksOf(i));
    return {std::move(cells_), std::move(why_), std::move(looks_)};
  }

 private:
  bool is_sum() const { return request_.measure.kind == Measure::Kind::kSum; }
  bool is_count() const {
    return request_.measure.kind == Measure::Kind::kCount;
  }
  int64_t base() const { return BaseOf(request_, figures_); }
  int64_t noise() const {
    return policy_.cell_key.has_value() && !is_sum()
               ? policy_.cell_key->max_noise
               : 0;
  }

  // In a plan all that is asked for is listed. What the margins of its tables
  // say can be put together from their inner cells, up to rounding; an inner
  // cell of several tables would be missed in each.
  CellCost CostInPlan() const {
    std::vector<double> weight(figures_.figure.size(), kMarginWeight);
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      const TableShape& shape = request_.tables[t]->shape;
      const std::vector<int>& cells = linked_.cells_of(t);
      for (size_t cell = 0; cell < cells.size(); ++cell) {
        if (!IsMargin(shape, cell)) weight[cells[cell]] += 1;
      }
    }
    return [weight](int cell, int64_t count) {
      return weight[cell] * CostByCount(cell, count);
    };
  }

  // What a stand-in is to keep of a cell that is told.
  Range LooksOf(size_t i) const {
    if (why_[i] != HiddenWhy::kSmall) return cells_[i].shown;
    return {policy_.zeros_shown ? 1 : 0,
            policy_.largest_hidden_count + noise()};
  }

  // The records behind a hidden cell may add up to nothing, or have no person
  // key: only a count is at least 1 where it is not a shown zero.
  void MeasureOtherThanCounts() {
    for (size_t i = 0; i < cells_.size(); ++i) {
      SuppressionCell& cell = cells_[i];
      cell.figure = figures_.figure[i];
      cell.hidden.low = 0;
      cell.insight.reset();  // few records may make a great sum
      const Bin bin = RoundToBin(cell.figure, base());
      cell.shown = {bin.low, bin.high};
      if (cell.kind == Kind::kZero && !is_sum()) continue;
      if (cell.kind == Kind::kZero) {
        cell.kind = Kind::kOpen;
        cell.hidden = Range();
      }
      const bool few = !is_sum() && figures_.count[i] > 0 &&
                       cell.figure <= policy_.largest_hidden_count;
      if (cell.kind == Kind::kOpen && few) why_[i] = HiddenWhy::kSmall;
      if (cell.kind == Kind::kOpen && Dominated(i)) {
        why_[i] = HiddenWhy::kDominated;
      }
      if (why_[i] == HiddenWhy::kShown) continue;
      cell.kind = Kind::kHidden;
      if (is_sum()) {
        KeepASum(i);
      } else if (why_[i] == HiddenWhy::kSmall) {
        cell.keep = {0, policy_.largest_hidden_count};
        cell.hidden.high = policy_.largest_hidden_count;
      } else {
        const int64_t t = policy_.largest_hidden_count;
        cell.keep = {0, std::max(cell.figure + t / 2, t)};
      }
    }
  }

  // ACRO: (n,k) with n = 2, and the p% rule (acro/default.yaml).
  bool Dominated(size_t i) const {
    if (!is_sum() || figures_.figure[i] <= 0) return false;
    const double total = static_cast<double>(figures_.figure[i]);
    const double first = static_cast<double>(figures_.largest[i]);
    const double second = static_cast<double>(figures_.second[i]);
    if (policy_.dominance_k > 0 &&
        first + second >= policy_.dominance_k * total) {
      return true;
    }
    return policy_.p_percent > 0 &&
           total - first - second < policy_.p_percent * first;
  }

  // No one may tell a hidden sum to within one whole contribution.
  void KeepASum(size_t i) {
    const int64_t most = policy_.largest_hidden_count * figures_.clip_high;
    const bool small = why_[i] == HiddenWhy::kSmall;
    cells_[i].hidden.high =
        small && figures_.figure[i] <= most && cells_[i].hidden.high != kNoLimit
            ? most
            : kNoLimit;
    KeepAround(i, figures_.clip_high);
    if (small) cells_[i].keep.high = std::min(cells_[i].keep.high, most);
    cells_[i].keep.high = std::max(cells_[i].keep.high, figures_.figure[i]);
  }

  void KeepAround(size_t i, int64_t width) {
    const int64_t figure = figures_.figure[i];
    const int64_t low = std::max<int64_t>(0, figure - width / 2);
    cells_[i].keep = {low, std::max(low + width, figure)};
  }

  // What is shown is the noisy figure; what is small may be so by the noise.
  void AllowForNoise() {
    for (size_t i = 0; i < cells_.size(); ++i) {
      SuppressionCell& cell = cells_[i];
      if (cell.kind == Kind::kZero) continue;  // 0 stays 0, and is shown so
      const int64_t t = policy_.largest_hidden_count;
      cell.insight.reset();  // that of the true counts
      if (cell.kind == Kind::kOpen && noisy_[i] <= t) {
        cell.kind = Kind::kHidden;
        cell.hidden = {policy_.zeros_shown && is_count() ? 1 : 0, t};
        cell.keep = cell.hidden;
        why_[i] = HiddenWhy::kSmall;
      }
      if (why_[i] == HiddenWhy::kSmall && cell.hidden.high != kNoLimit) {
        cell.hidden.high = t + noise();
        cell.keep.high = std::max(cell.keep.high, cell.figure);
      }
      const Bin bin = NoisyBin(RoundToBin(noisy_[i], base()).value, policy_);
      cell.shown = {bin.low, bin.high};
    }
  }

  // A group all of whom are known to be in one sensitive category says so of
  // each of them: then the split of the group is not shown, and what was hidden
  // of it before still keeps its range.
  void FindAllTheSame(const TableShape& shape, const std::vector<int>& cells) {
    if (request_.data_set == nullptr) return;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      const TableAxis& axis = shape.axes[a];
      const auto variable = request_.data_set->FindVariable(axis.variable);
      if (!variable.ok() ||
          !request_.data_set->dimensions[variable->dimension].sensitive) {
        continue;
      }
      const size_t stride = shape.stride(a);
      for (size_t cell = 0; cell < cells.size(); ++cell) {
        const size_t at = shape.at(cell, a);
        if (at == axis.margin() || axis.codes[at] == kUnknownCode) continue;
        const int64_t group =
            figures_.count[cells[cell + (axis.margin() - at) * stride]];
        if (!NearlyAll(figures_.count[cells[cell]], group)) continue;
        HideTheSame(static_cast<size_t>(cells[cell]));
        if (!policy_.zeros_shown) continue;
        for (size_t code = 0; code < axis.codes.size(); ++code) {
          HideInSplit(
              static_cast<size_t>(cells[cell - at * stride + code * stride]),
              LessThan(cells_[static_cast<size_t>(cells[cell])].shown.low));
        }
      }
    }
  }
  bool NearlyAll(int64_t count, int64_t group) const {
    return group > policy_.largest_hidden_count &&
           group - count <= policy_.largest_hidden_count &&
           static_cast<double>(count) >=
               kSameShare * static_cast<double>(group);
  }
  void HideTheSame(size_t i) {
    if (cells_[i].kind != Kind::kOpen) return;
    cells_[i].kind = Kind::kHidden;
    why_[i] = HiddenWhy::kAllTheSame;
    // By what would be shown of it, so that nothing else speaks in the pattern.
    const int64_t seen = cells_[i].shown.low;
    cells_[i].keep = {
        std::max<int64_t>(cells_[i].hidden.low, seen - LessThan(seen)), seen};
  }
  // It may be a good part of the group only: by so much.
  int64_t LessThan(int64_t figure) const {
    return std::max<int64_t>(policy_.largest_hidden_count * figures_.clip_high,
                             figure / 10);
  }
  // Where zeros are shown, those of the other categories would say the same as
  // the one that is hidden: all of them. So no mark of the split tells a zero
  // from another count.
  void HideInSplit(size_t i, int64_t less) {
    SuppressionCell& cell = cells_[i];
    if (cell.kind == Kind::kZero) {
      why_[i] = HiddenWhy::kAllTheSame;
      cell.keep = {0, less};
    }
    if (cell.kind == Kind::kOpen) return;
    cell.kind = Kind::kHidden;
    cell.hidden = Range();
    cell.insight.reset();
  }

  const ProtectRequest& request_;
  const DisclosurePolicy& policy_;
  const LinkedTables& linked_;
  const SystemFigures& figures_;
  const absl::Span<const int64_t> noisy_;
  // By cell of the system:
  std::vector<SuppressionCell> cells_;
  std::vector<HiddenWhy> why_;
  std::vector<Range> looks_;
};

}  // namespace

UnsafeCells FindUnsafe(const ProtectRequest& request,
                       const LinkedTables& linked, const SystemFigures& figures,
                       absl::Span<const int64_t> noisy) {
  return UnsafeFinder(request, linked, figures, noisy).Run();
}

int64_t BaseOf(const ProtectRequest& request, const SystemFigures& figures) {
  if (request.measure.kind != Measure::Kind::kSum) {
    return request.policy.rounding_base;
  }
  // A sum's base is at least 5 % of the largest contribution.
  return std::max(request.policy.rounding_base, (figures.clip_high + 19) / 20);
}

}  // namespace cairn
