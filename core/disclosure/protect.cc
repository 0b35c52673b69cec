#include "core/disclosure/protect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/disclosure/neighbours.h"
#include "core/disclosure/table_maker.h"

namespace cairn {
namespace {

// The union of new and pinned cells that is still attacked; beyond it all new
// cells are hidden. Depends on the question and what was released, never on
// counts.
constexpr size_t kMaxSystemCells = 1'500'000;
constexpr int kMaxRounds = 50;

// One measure of a table on its way out.
class Protector {
 public:
  Protector(const FrequencyTable& table, const Measure& measure,
            const DisclosurePolicy& policy,
            const std::vector<const ProtectedTable*>& pinned,
            const DataSet* data_set)
      : table_(table),
        measure_(measure),
        policy_(policy),
        pinned_(pinned),
        data_set_(data_set) {}

  absl::StatusOr<Protection> Run() {
    CAIRN_RETURN_IF_ERROR(CheckPolicy(policy_));
    CAIRN_RETURN_IF_ERROR(FindFigures());
    for (const ProtectedTable* earlier : pinned_) {
      if (!(earlier->policy() == policy_)) {
        return absl::FailedPreconditionError(
            "this data was first released under another disclosure policy; "
            "load it anew before answering under this one");
      }
    }
    why_.assign(cells(), HiddenWhy::kShown);
    blank_.assign(cells(), false);
    FindPrimary();
    HideMarginsAbove();
    if (!pinned_.empty()) CAIRN_RETURN_IF_ERROR(HideUntilNeighboursAreSafe());
    Protection protection{Release(), std::move(why_)};
    return protection;
  }

 private:
  size_t cells() const { return table_.shape.cells(); }

  absl::Status FindFigures() {
    switch (measure_.kind) {
      case Measure::Kind::kCount:
        figures_ = &table_.counts;
        break;
      case Measure::Kind::kDistinctPersons:
        figures_ = &table_.keyed_persons;
        break;
      case Measure::Kind::kSum:
        for (const FrequencyTable::Sum& sum : table_.sums) {
          if (sum.quantity == measure_.quantity) sum_ = &sum;
        }
        if (sum_ != nullptr) figures_ = &sum_->total;
        break;
      case Measure::Kind::kMean:
        break;
    }
    if (figures_ == nullptr || figures_->size() != cells() ||
        table_.counts.size() != cells()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the table carries no figures for ", measure_.ToString()));
    }
    return absl::OkStatus();
  }

  bool Small(int64_t count) const {
    return count <= policy_.largest_hidden_count &&
           (count > 0 || !policy_.zeros_shown);
  }

  // ACRO: (n,k) with n = 2, and the p% rule (acro/default.yaml).
  bool Dominated(size_t cell) const {
    if (sum_ == nullptr || sum_->total[cell] <= 0) return false;
    const double total = static_cast<double>(sum_->total[cell]);
    const double first = static_cast<double>(sum_->largest[cell]);
    const double second = static_cast<double>(sum_->second[cell]);
    if (policy_.dominance_k > 0 &&
        first + second >= policy_.dominance_k * total) {
      return true;
    }
    return policy_.p_percent > 0 &&
           total - first - second < policy_.p_percent * first;
  }

  void FindPrimary() {
    for (size_t cell = 0; cell < cells(); ++cell) {
      const int64_t count = table_.counts[cell];
      const bool distinct = measure_.kind == Measure::Kind::kDistinctPersons;
      if (Small(count) ||
          (distinct && count > 0 &&
           figures_->at(cell) <= policy_.largest_hidden_count)) {
        why_[cell] = HiddenWhy::kSmall;
      } else if (count > 0 && !table_.persons.empty() &&
                 table_.persons[cell] < policy_.minimum_persons) {
        why_[cell] = HiddenWhy::kFewPersons;
      } else if (Dominated(cell)) {
        why_[cell] = HiddenWhy::kDominated;
      }
    }
  }

  bool Hidden(size_t cell) const { return why_[cell] != HiddenWhy::kShown; }

  // One sweep along each axis reaches every margin above a hidden cell.
  void HideMarginsAbove() {
    const TableShape& shape = table_.shape;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      const size_t stride = shape.stride(a);
      const size_t margin = shape.axes[a].margin();
      for (size_t cell = 0; cell < cells(); ++cell) {
        if (shape.at(cell, a) != margin || Hidden(cell)) continue;
        if (fixed(cell)) continue;
        for (size_t code = 0; code < margin; ++code) {
          if (Hidden(cell - (margin - code) * stride)) {
            why_[cell] = HiddenWhy::kMargin;
            break;
          }
        }
      }
    }
  }

  // ---- Together with what was released before ----

  bool fixed(size_t cell) const { return !fixed_.empty() && fixed_[cell]; }

  // What a hidden small cell must keep: the whole hidden range.
  // Only a count is at least 1 where it is not a shown zero: the records behind
  // a hidden cell may add up to nothing, or have no person key.
  int64_t range_low() const {
    return policy_.zeros_shown && measure_.kind == Measure::Kind::kCount ? 1
                                                                         : 0;
  }
  int64_t range_high() const {
    return policy_.largest_hidden_count * (sum_ ? sum_->clip_high : 1);
  }
  bool InRange(int64_t figure) const {
    return figure >= range_low() && figure <= range_high();
  }

  // Is the mark of this cell the hidden range? Where every hidden cell is at
  // least 1, a margin that said "at most t" would bind its codes (7 codes and a
  // margin of 1..7: all are 1), so there it says what its codes say together.
  bool SaysRange(size_t cell) const {
    return why_[cell] == HiddenWhy::kSmall && InRange(figures_->at(cell)) &&
           !(range_low() > 0 && IsMargin(cell));
  }
  bool IsMargin(size_t cell) const {
    for (size_t a = 0; a < table_.shape.axes.size(); ++a) {
      if (table_.shape.at(cell, a) == table_.shape.axes[a].margin())
        return true;
    }
    return false;
  }

  absl::Status HideUntilNeighboursAreSafe() {
    std::vector<const TableShape*> shapes = {&table_.shape};
    size_t size = cells();
    for (const ProtectedTable* earlier : pinned_) {
      shapes.push_back(&earlier->shape());
      size += earlier->cells().size();
    }
    CellNames names;
    if (data_set_ != nullptr) {
      CAIRN_ASSIGN_OR_RETURN(names, CellNames::Create(*data_set_));
    }
    const absl::Status too_large = absl::ResourceExhaustedError(
        "so much of these records was released already that a new table "
        "cannot be held against all of it");
    if (size > kMaxSystemCells) return too_large;
    ReleaseSystem system(
        shapes, measure_.kind != Measure::Kind::kDistinctPersons, names);
    if (system.too_large()) return too_large;
    FixPinnedCells(system);
    HideMarginsAbove();
    if (!FindKnown(&system)) {
      HideAll();
      return absl::OkStatus();
    }
    for (int round = 0; round < kMaxRounds; ++round) {
      std::vector<bool> narrowed;
      if (!FindNarrowed(&system, &narrowed)) break;
      if (std::find(narrowed.begin(), narrowed.end(), true) == narrowed.end()) {
        return absl::OkStatus();
      }
      if (!HideRelated(system, narrowed)) break;
      HideMarginsAbove();
    }
    HideAll();
    return absl::OkStatus();
  }

  // What follows from the earlier tables alone: a new one cannot take it back,
  // and is only answerable for what it adds. False if they contradict each
  // other.
  bool FindKnown(ReleaseSystem* system) {
    system->Reset();
    for (size_t t = 0; t < pinned_.size(); ++t) {
      const std::vector<int>& nodes = system->nodes_of(t + 1);
      for (size_t cell = 0; cell < nodes.size(); ++cell) {
        const Cell& mark = pinned_[t]->cells()[cell];
        system->SetBounds(nodes[cell], mark.low, mark.high);
      }
    }
    if (!system->Propagate()) return false;
    for (size_t node = 0; node < system->nodes(); ++node) {
      const int n = static_cast<int>(node);
      known_.push_back(SuppressedCell(system->low(n), system->high(n)));
    }
    return true;
  }

  // Cells that an earlier table fixed keep their value or their mark.
  void FixPinnedCells(const ReleaseSystem& system) {
    pinned_cell_.assign(system.nodes(), nullptr);
    for (size_t t = 0; t < pinned_.size(); ++t) {
      const std::vector<int>& nodes = system.nodes_of(t + 1);
      for (size_t cell = 0; cell < nodes.size(); ++cell) {
        const Cell*& known = pinned_cell_[nodes[cell]];
        const Cell& now = pinned_[t]->cells()[cell];
        if (known == nullptr || now.status == CellStatus::kPublished) {
          known = &now;
        }
      }
    }
    fixed_.assign(cells(), false);
    const std::vector<int>& own = system.nodes_of(0);
    for (size_t cell = 0; cell < cells(); ++cell) {
      const Cell* earlier = pinned_cell_[own[cell]];
      if (earlier == nullptr) continue;
      fixed_[cell] = true;
      fixed_cell_.resize(cells());
      fixed_cell_[cell] = *earlier;
      if (earlier->status != CellStatus::kPublished && !Hidden(cell)) {
        why_[cell] = HiddenWhy::kPinned;
      }
      if (earlier->status == CellStatus::kPublished) {
        why_[cell] = HiddenWhy::kShown;
      }
    }
  }

  // Sets what is public, propagates, and finds the hidden small cells (new and
  // pinned) that an outsider can narrow. False if the system contradicts
  // itself.
  bool FindNarrowed(ReleaseSystem* system, std::vector<bool>* narrowed) {
    system->Reset();
    const std::vector<Cell> own = MarkCells();
    std::vector<bool> small(system->nodes(), false);
    // Hidden for another reason, with no range in its mark: too few persons,
    // one contributor, or in the way of another cell. To be kept as wide as the
    // range.
    std::vector<bool> wide(system->nodes(), false);
    const auto add = [&](const std::vector<int>& nodes,
                         const std::vector<Cell>& cells) {
      for (size_t cell = 0; cell < nodes.size(); ++cell) {
        const Cell& mark = cells[cell];
        system->SetBounds(nodes[cell], mark.low, mark.high);
        if (mark.status != CellStatus::kSuppressed) continue;
        if (mark.low == range_low() && mark.high == range_high()) {
          small[nodes[cell]] = true;
        } else if (mark.low == 0 && mark.high == kNoLimit) {
          wide[nodes[cell]] = true;
        }
      }
    };
    // New small cells whose mark was blanked are to be kept wide all the same.
    for (size_t cell = 0; cell < cells(); ++cell) {
      if (SaysRange(cell)) {
        small[system->nodes_of(0)[cell]] = true;
      }
    }
    add(system->nodes_of(0), own);
    for (size_t t = 0; t < pinned_.size(); ++t) {
      add(system->nodes_of(t + 1), pinned_[t]->cells());
    }
    if (!system->Propagate()) return false;
    narrowed->assign(system->nodes(), false);
    for (size_t node = 0; node < system->nodes(); ++node) {
      const int n = static_cast<int>(node);
      const int64_t low = system->low(n), high = system->high(n);
      if (low <= known_[node].low && high >= known_[node].high) continue;
      (*narrowed)[node] =
          (small[node] && (low > range_low() || high < range_high())) ||
          (wide[node] && high != kNoLimit &&
           high - low < range_high() - range_low());
    }
    return true;
  }

  // Hides the new cells around the narrowed ones; then takes the range off
  // their marks. False when there is nothing left to hide there.
  bool HideRelated(const ReleaseSystem& system,
                   const std::vector<bool>& narrowed) {
    const std::vector<bool> related = system.RelatedTo(narrowed);
    const std::vector<int>& own = system.nodes_of(0);
    bool changed = false;
    for (size_t cell = 0; cell < cells(); ++cell) {
      if (!related[own[cell]] || fixed(cell) || Hidden(cell)) continue;
      why_[cell] = HiddenWhy::kNeighbour;
      changed = true;
    }
    if (changed) return true;
    for (size_t cell = 0; cell < cells(); ++cell) {
      if (!related[own[cell]] || fixed(cell) || blank_[cell]) continue;
      blank_[cell] = true;
      changed = true;
    }
    return changed;
  }

  void HideAll() {
    for (size_t cell = 0; cell < cells(); ++cell) {
      if (fixed(cell)) continue;
      if (!Hidden(cell)) why_[cell] = HiddenWhy::kNeighbour;
      blank_[cell] = true;
    }
  }

  // ---- What is shown ----

  int64_t base() const {
    if (sum_ == nullptr) return policy_.rounding_base;
    // A sum's base is at least 5 % of the largest contribution.
    return std::max(policy_.rounding_base, (sum_->clip_high + 19) / 20);
  }

  std::vector<Cell> MarkCells() const {
    std::vector<Cell> marks(cells());
    for (size_t cell = 0; cell < cells(); ++cell) {
      const int64_t figure = figures_->at(cell);
      if (fixed(cell)) {
        marks[cell] = fixed_cell_[cell];
      } else if (!Hidden(cell)) {
        const Bin bin = RoundToBin(figure, base());
        marks[cell] = figure == 0 && policy_.zeros_shown && sum_ == nullptr
                          ? PublishedCell(0, 0, 0)
                          : PublishedCell(bin.value, bin.low, bin.high);
      } else if (SaysRange(cell) && !blank_[cell]) {
        marks[cell] = SuppressedCell(range_low(), range_high());
      } else {
        marks[cell] = SuppressedCell(0, kNoLimit);
      }
    }
    BoundMargins(&marks);
    return marks;
  }

  // A hidden margin says what its codes say together: nothing new.
  void BoundMargins(std::vector<Cell>* marks) const {
    const TableShape& shape = table_.shape;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      const TableAxis& axis = shape.axes[a];
      const size_t stride = shape.stride(a);
      const bool unite =
          axis.multi_valued || measure_.kind == Measure::Kind::kDistinctPersons;
      for (size_t cell = 0; cell < cells(); ++cell) {
        if (shape.at(cell, a) != axis.margin() || axis.codes.empty()) continue;
        Cell& margin = (*marks)[cell];
        const bool open = margin.status == CellStatus::kSuppressed &&
                          !fixed(cell) && !blank_[cell] && !SaysRange(cell);
        if (!open) continue;
        Cell all;
        for (size_t code = 0; code < axis.codes.size(); ++code) {
          const Cell& part = (*marks)[cell - (axis.margin() - code) * stride];
          all = unite ? Unite(all, part) : Add(all, part);
        }
        margin.low = std::max(margin.low, all.low);
        margin.high = std::min(margin.high, all.high);
      }
    }
  }

  ProtectedTable Release() const {
    ProtectedTableMaker::Parts parts;
    parts.data_set = table_.data_set;
    parts.epoch = table_.epoch;
    parts.measure = measure_;
    parts.policy = policy_;
    parts.shape = table_.shape;
    parts.cells = MarkCells();
    parts.base = base();
    if (sum_ != nullptr) {
      parts.decimals = sum_->decimals;
      parts.clip_high = sum_->clip_high;
    }
    return ProtectedTableMaker::Make(std::move(parts));
  }

  const FrequencyTable& table_;
  const Measure measure_;
  const DisclosurePolicy policy_;
  const std::vector<const ProtectedTable*>& pinned_;
  const DataSet* const data_set_;
  const std::vector<int64_t>* figures_ = nullptr;
  const FrequencyTable::Sum* sum_ = nullptr;
  std::vector<HiddenWhy> why_;
  std::vector<bool> blank_;  // hidden without a range
  // Cells of this table that an earlier one fixed.
  std::vector<bool> fixed_;
  std::vector<Cell> fixed_cell_;
  std::vector<Cell> known_;               // by node: from earlier tables
  std::vector<const Cell*> pinned_cell_;  // by node of the system
};

}  // namespace

absl::StatusOr<Protection> Protect(
    const FrequencyTable& table, const Measure& measure,
    const DisclosurePolicy& policy,
    const std::vector<const ProtectedTable*>& pinned, const DataSet* data_set) {
  return Protector(table, measure, policy, pinned, data_set).Run();
}

}  // namespace cairn
