#include "core/disclosure/protect.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/disclosure/cell_key.h"
#include "core/disclosure/figures.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/marks.h"
#include "core/disclosure/proof.h"
#include "core/disclosure/record_walk.h"
#include "core/disclosure/stand_in.h"
#include "core/disclosure/suppress.h"
#include "core/disclosure/table_maker.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// A group is nearly all in one category from this share on, if no more than
// the hidden range are outside it (notes on disclosure, section 7).
constexpr double kSameShare = 0.95;

// The tables of one measure on their way out.
class Protector {
 public:
  Protector(const ProtectRequest& request, const LinkedTables& linked,
            const std::vector<const TableShape*>& shapes,
            const SystemFigures& figures)
      : request_(request),
        policy_(request.policy),
        linked_(linked),
        shapes_(shapes),
        system_(linked.system()),
        figures_(figures),
        why_(figures.figure.size(), HiddenWhy::kShown),
        mark_(figures.figure.size(), nullptr),
        other_policy_(figures.figure.size(), false) {}

  absl::StatusOr<std::vector<Protection>> Run() {
    CAIRN_RETURN_IF_ERROR(FindNoise());
    FindPrimary();
    FixPinned();
    CAIRN_RETURN_IF_ERROR(FindRecords());
    SuppressionOptions options;
    options.thorough = request_.thorough;
    suppression_ = SuppressAndProve(system_, &cells_, options,
                                    std::move(earlier_), walk_.get());
    const std::shared_ptr<const ReleaseProof> certificates = Certificates();
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (suppression_.hidden[i] && why_[i] == HiddenWhy::kShown) {
        why_[i] = HiddenWhy::kComplement;
      }
    }
    std::vector<Protection> protections;
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      protections.push_back({Release(t),
                             {},
                             certificates,
                             SummariseProof(system_, cells_, suppression_)});
      Protection& made = protections.back();
      std::vector<int64_t> shown;
      for (const int cell : linked_.cells_of(t)) {
        made.why.push_back(why_[cell]);
        const bool is_shown = why_[cell] == HiddenWhy::kShown;
        shown.push_back(is_shown ? figures_.figure[cell] : 0);
      }
      made.proof.pinned_tables = static_cast<int64_t>(request_.pinned.size());
      made.proof.shown_permille =
          ShownPermille(made.table.shape(), made.table.additive(), shown,
                        figures_.figure[linked_.cells_of(t).back()]);
    }
    return protections;
  }

 private:
  bool is_sum() const { return request_.measure.kind == Measure::Kind::kSum; }
  bool is_count() const {
    return request_.measure.kind == Measure::Kind::kCount;
  }
  // What certificates are made of: a stand-in for the records where figures are
  // rounded and one is found, else the records; or nothing, and then they are
  // to be found from the tables.
  absl::Status FindRecords() {
    if (request_.records == nullptr || !is_count()) return absl::OkStatus();
    std::vector<const TableShape*> all = shapes_;
    for (const auto& unseen : linked_.unseen()) all.push_back(&unseen.shape);
    if (policy_.rounding_base > 1 && !has_epochs()) {
      CAIRN_ASSIGN_OR_RETURN(const ProtectRequest::Records schema,
                             request_.records(all, /*held=*/false));
      if (FindStandIn(*schema)) return absl::OkStatus();
    }
    CAIRN_ASSIGN_OR_RETURN(records_, request_.records(all, /*held=*/true));
    walk_ = RecordWalk::Create(*records_, linked_, shapes_, told(),
                               figures_.figure);
    if (walk_ != nullptr && request_.certificates != nullptr) {
      earlier_ = CertificatesOf(*request_.certificates, *records_);
    }
    return absl::OkStatus();
  }
  // Tables of other epochs are held against these.
  bool has_epochs() const {
    for (size_t t = 1; t < told(); ++t) {
      if (linked_.span(t) != linked_.span(0)) return true;
    }
    return false;
  }
  size_t told() const {
    return request_.tables.size() + request_.pinned.size();
  }
  bool FindStandIn(const Microdata& schema) {
    StandInRequest request;
    request.schema = &schema;
    if (request_.certificates != nullptr) {
      request.start = StandInOf(*request_.certificates, schema);
      request.earlier = CertificatesOf(*request_.certificates, schema);
    }
    request.linked = &linked_;
    request.shapes = &shapes_;
    request.told = told();
    request.looks = looks_;
    std::optional<StandIn> made = MakeStandIn(std::move(request));
    if (!made.has_value()) return false;
    records_ = std::make_shared<const Microdata>(std::move(made->records));
    earlier_ = std::move(made->earlier);
    walk_ = RecordWalk::Create(*records_, linked_, shapes_, told(), {});
    stands_in_ = true;
    for (size_t i = 0; i < cells_.size(); ++i) {
      cells_[i].figure = walk_->figures()[i];
      cells_[i].may_be_one = why_[i] == HiddenWhy::kSmall;
    }
    return true;
  }
  std::shared_ptr<const ReleaseProof> Certificates() const {
    ReleaseProof proof;
    if (walk_ != nullptr) proof = ProofOfReleases(*records_, suppression_);
    if (stands_in_) proof.stand_in = records_->leaves;
    return std::make_shared<const ReleaseProof>(std::move(proof));
  }
  int64_t base() const {
    if (!is_sum()) return policy_.rounding_base;
    // A sum's base is at least 5 % of the largest contribution.
    return std::max(policy_.rounding_base, (figures_.clip_high + 19) / 20);
  }

  // Method CELL_KEY: what is shown of each cell before it is rounded.
  absl::Status FindNoise() {
    noisy_ = figures_.figure;
    if (!policy_.cell_key.has_value() || is_sum()) return absl::OkStatus();
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      const FrequencyTable& table = *request_.tables[t];
      CAIRN_ASSIGN_OR_RETURN(
          const std::vector<int64_t> noisy,
          PerturbFigures(is_count() ? table.counts : table.keyed_persons,
                         table.keys, policy_, request_.cell_key_secret));
      const std::vector<int>& cells = linked_.cells_of(t);
      for (size_t cell = 0; cell < noisy.size(); ++cell) {
        noisy_[cells[cell]] = noisy[cell];
      }
    }
    return absl::OkStatus();
  }
  int64_t noise() const {
    return policy_.cell_key.has_value() && !is_sum()
               ? policy_.cell_key->max_noise
               : 0;
  }

  // ---- 1: unsafe by itself ----

  void FindPrimary() {
    // The counts decide for every measure.
    cells_ = CellsOfCounts(system_, figures_.count, figures_.persons, policy_);
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].kind != Kind::kHidden) continue;
      why_[i] = figures_.count[i] <= policy_.largest_hidden_count
                    ? HiddenWhy::kSmall
                    : HiddenWhy::kFewPersons;
    }
    if (!is_count()) MeasureOtherThanCounts();
    if (noise() > 0) AllowForNoise();
    for (size_t t = 0; t < request_.tables.size(); ++t) FindAllTheSame(t);
    for (size_t i = 0; i < cells_.size(); ++i) looks_.push_back(LooksOf(i));
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
  // each of them: then the split of the group is not shown.
  void FindAllTheSame(size_t t) {
    if (request_.data_set == nullptr) return;
    const TableShape& shape = request_.tables[t]->shape;
    const std::vector<int>& cells = linked_.cells_of(t);
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

  // ---- Released before ----

  // Pinned cells keep what is public of them; cells of no given table are told
  // to no one.
  void FixPinned() {
    std::vector<bool> is_new(cells_.size(), false);
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      for (const int cell : linked_.cells_of(t)) is_new[cell] = true;
    }
    for (size_t p = 0; p < request_.pinned.size(); ++p) {
      const std::vector<int>& cells =
          linked_.cells_of(request_.tables.size() + p);
      for (size_t cell = 0; cell < cells.size(); ++cell) {
        const Cell*& mark = mark_[cells[cell]];
        const Cell& now = request_.pinned[p]->cells()[cell];
        if (mark == nullptr || now.status == CellStatus::kPublished) {
          mark = &now;
          other_policy_[cells[cell]] =
              !(request_.pinned[p]->policy() == policy_);
        }
      }
    }
    HideFewChanged();
    for (size_t i = 0; i < cells_.size(); ++i) {
      SuppressionCell& cell = cells_[i];
      if (mark_[i] != nullptr) {
        Fix(i);
      } else if (!is_new[i]) {
        // Still not to be found out, if small.
        const bool small = why_[i] == HiddenWhy::kSmall;
        if (!small) cell.keep = {1, 0};
        looks_[i] = Range();
        cell.kind = Kind::kUnseen;
        cell.hidden = {0, kNoLimit};
      }
    }
  }

  // What was shown of an earlier epoch is not shown anew, whether a few of its
  // records changed or none: the same for all of these, or a cell that is
  // hidden would say that someone came or went.
  void HideFewChanged() {
    std::set<EraSet> earlier;
    for (size_t p = 0; p < request_.pinned.size(); ++p) {
      earlier.insert(linked_.span(request_.tables.size() + p));
    }
    for (size_t t = 0; t < request_.tables.size(); ++t) {
      for (const EraSet& span : earlier) {
        if (span == linked_.span(t)) continue;
        for (const auto& revision : linked_.Revisions(t, span)) {
          HideIfFewChanged(revision);
        }
      }
    }
  }
  void HideIfFewChanged(const LinkedTables::Revision& revision) {
    const int before = revision.before, now = revision.now;
    if (mark_[now] != nullptr || mark_[before] == nullptr ||
        mark_[before]->status != CellStatus::kPublished ||
        cells_[now].kind != Kind::kOpen) {
      return;
    }
    for (const int changed : {revision.went, revision.came}) {
      if (changed >= 0 && figures_.count[changed] >= kRevisionRecords) return;
    }
    cells_[now].kind = Kind::kHidden;
    why_[now] = HiddenWhy::kFewChanged;
  }

  void Fix(size_t i) {
    SuppressionCell& cell = cells_[i];
    const Cell& mark = *mark_[i];
    const bool hidden = mark.status != CellStatus::kPublished;
    const Range range = {mark.low, mark.high};
    cell.kind = Kind::kFixed;
    cell.shown = range;
    looks_[i].low = std::max(looks_[i].low, range.low);
    looks_[i].high = std::min(looks_[i].high, range.high);
    // What was narrower before cannot be taken back.
    cell.keep.low = std::max(cell.keep.low, range.low);
    cell.keep.high = std::min(cell.keep.high, range.high);
    if (!hidden) {
      cell.keep = {1, 0};
      why_[i] = HiddenWhy::kShown;
    } else if (why_[i] == HiddenWhy::kShown) {
      why_[i] = HiddenWhy::kPinned;
    }
  }

  // ---- What is shown ----

  // What was shown under another policy and cannot be under this one is hidden
  // from now on; the system still knows it as it was shown.
  bool MayStand(size_t i) const {
    const Cell& mark = *mark_[i];
    if (!other_policy_[i] || mark.status != CellStatus::kPublished) return true;
    const Bin bin = RoundToBin(mark.value, base());
    const Bin told = is_sum() ? bin : NoisyBin(mark.value, policy_);
    const bool zero = mark.value == 0 && policy_.zeros_shown;
    return bin.value == mark.value && told.low == mark.low &&
           told.high == mark.high &&
           (is_sum() || zero || bin.low > policy_.largest_hidden_count);
  }

  Cell MarkOf(size_t i) const {
    if (mark_[i] != nullptr) {
      return MayStand(i) ? *mark_[i] : SuppressedCell(0, kNoLimit);
    }
    const Range& known = suppression_.known[i];
    if (suppression_.hidden[i]) return SuppressedCell(known.low, known.high);
    if (cells_[i].kind == Kind::kZero) return PublishedCell(0, 0, 0);
    return PublishedCell(RoundToBin(noisy_[i], base()).value, known.low,
                         known.high);
  }

  // A hidden margin says what its codes say together: nothing new.
  void BoundMargins(size_t t, std::vector<Cell>* marks) const {
    const TableShape& shape = request_.tables[t]->shape;
    for (size_t a = 0; a < shape.axes.size(); ++a) {
      const TableAxis& axis = shape.axes[a];
      const size_t stride = shape.stride(a);
      const bool unite =
          axis.multi_valued ||
          request_.measure.kind == Measure::Kind::kDistinctPersons;
      for (size_t cell = 0; cell < marks->size(); ++cell) {
        if (shape.at(cell, a) != axis.margin() || axis.codes.empty()) continue;
        const size_t i = static_cast<size_t>(linked_.cells_of(t)[cell]);
        const bool open = mark_[i] == nullptr && suppression_.hidden[i] &&
                          suppression_.known[i].high == kNoLimit;
        if (!open) continue;
        Cell all;
        for (size_t code = 0; code < axis.codes.size(); ++code) {
          const Cell& part = (*marks)[cell - (axis.margin() - code) * stride];
          all = unite ? Unite(all, part) : Add(all, part);
        }
        Cell& margin = (*marks)[cell];
        margin.low = std::max(margin.low, all.low);
        margin.high = std::min(margin.high, all.high);
      }
    }
  }

  ProtectedTable Release(size_t t) const {
    const FrequencyTable& table = *request_.tables[t];
    ProtectedTableMaker::Parts parts;
    parts.data_set = table.data_set;
    parts.epoch = table.epoch;
    parts.measure = request_.measure;
    parts.policy = policy_;
    parts.shape = table.shape;
    for (const int cell : linked_.cells_of(t)) {
      parts.cells.push_back(MarkOf(static_cast<size_t>(cell)));
    }
    BoundMargins(t, &parts.cells);
    parts.base = base();
    if (is_sum()) {
      parts.decimals = figures_.decimals;
      parts.clip_high = figures_.clip_high;
    }
    return ProtectedTableMaker::Make(std::move(parts));
  }

  const ProtectRequest& request_;
  const DisclosurePolicy& policy_;
  const LinkedTables& linked_;
  const std::vector<const TableShape*>& shapes_;  // given, then pinned
  const CellSystem& system_;
  const SystemFigures& figures_;
  // By cell of the system:
  std::vector<SuppressionCell> cells_;
  std::vector<HiddenWhy> why_;
  std::vector<const Cell*> mark_;   // as it was released before; else null
  std::vector<bool> other_policy_;  // under which it was so released
  std::vector<int64_t> noisy_;
  std::vector<Range> looks_;
  ProtectRequest::Records records_;  // what certificates are made of
  std::unique_ptr<RecordWalk> walk_;
  EarlierCertificates earlier_;  // in terms of `records_`
  bool stands_in_ = false;       // `records_` are a stand-in
  Suppression suppression_;
};

}  // namespace

absl::StatusOr<std::vector<Protection>> Protect(const ProtectRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckPolicy(request.policy));
  const bool additive = request.measure.kind != Measure::Kind::kDistinctPersons;
  CellNames names;
  if (request.data_set != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(names, CellNames::Create(*request.data_set));
  }
  std::vector<const TableShape*> shapes;
  for (const FrequencyTable* table : request.tables) {
    shapes.push_back(&table->shape);
  }
  for (const ProtectedTable* pinned : request.pinned) {
    const bool same_epoch =
        !request.tables.empty() && pinned->epoch() == request.tables[0]->epoch;
    if (same_epoch && !(pinned->policy() == request.policy)) {
      return absl::FailedPreconditionError(
          "this data was first released under another disclosure policy; "
          "load it anew before answering under this one");
    }
    shapes.push_back(&pinned->shape());
  }
  for (const ProtectRequest::Figures& meeting : request.meetings) {
    shapes.push_back(&meeting->shape);
  }
  Timeline timeline = request.timeline;
  if (!timeline.spans.empty()) {
    timeline.spans.resize(shapes.size(), timeline.spans[0]);
  }
  CAIRN_ASSIGN_OR_RETURN(
      const LinkedTables linked,
      LinkedTables::Create(shapes, additive, names, timeline));
  CAIRN_ASSIGN_OR_RETURN(const SystemFigures figures,
                         FindFigures(request, linked));
  return Protector(request, linked, shapes, figures).Run();
}

}  // namespace cairn
