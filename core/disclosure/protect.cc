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
#include "core/disclosure/propagation.h"
#include "core/disclosure/record_walk.h"
#include "core/disclosure/stand_in.h"
#include "core/disclosure/suppress.h"
#include "core/disclosure/table_maker.h"
#include "core/disclosure/unsafe_cells.h"
#include "core/query/structural_zeros.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// By cell of the system: it is a structural zero. Empty: none is.
std::vector<bool> StructuralZerosOf(const ProtectRequest& request,
                                    const LinkedTables& linked) {
  std::vector<bool> zeros;
  if (request.data_set == nullptr) return zeros;
  const size_t tables = linked.given() + linked.unseen().size();
  for (size_t t = 0; t < tables; ++t) {
    const std::vector<bool> own =
        StructuralZeroCells(*request.data_set, linked.shape_of(t));
    for (size_t cell = 0; cell < own.size(); ++cell) {
      if (!own[cell]) continue;
      zeros.resize(static_cast<size_t>(linked.system().cells()));
      zeros[static_cast<size_t>(linked.cells_of(t)[cell])] = true;
    }
  }
  return zeros;
}

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
        mark_(figures.figure.size(), nullptr),
        other_policy_(figures.figure.size(), false) {}

  absl::StatusOr<std::vector<Protection>> Run() {
    CAIRN_RETURN_IF_ERROR(FindNoise());
    UnsafeCells unsafe = FindUnsafe(request_, linked_, figures_, noisy_);
    cells_ = std::move(unsafe.cells);
    why_ = std::move(unsafe.why);
    looks_ = std::move(unsafe.looks);
    FixPinned();
    CAIRN_RETURN_IF_ERROR(KnowStructuralZeros());
    if (policy_.zeros_shown && is_count()) KeepWhatZerosLeave(system_, &cells_);
    CAIRN_RETURN_IF_ERROR(FindRecords());
    if (walk_ != nullptr && request_.thorough) walk_->WalkOn();
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
    request.asked = request_.tables.size();
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
  int64_t base() const { return BaseOf(request_, figures_); }

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

  // ---- Known to everyone ----

  // Of structural zeros everyone knows the count before a figure is released,
  // and of what follows from them: there is nothing to be kept open.
  absl::Status KnowStructuralZeros() {
    const std::vector<bool> zeros = StructuralZerosOf(request_, linked_);
    if (zeros.empty()) return absl::OkStatus();
    std::vector<Range> known(cells_.size());
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (!zeros[i]) continue;
      if (figures_.count[i] != 0) {
        return absl::DataLossError(
            "the records have codes together that the catalogue's structural "
            "zeros rule out; load again to see where");
      }
      known[i] = looks_[i] = {0, 0};
      cells_[i] = SuppressionCell();
      cells_[i].kind = Kind::kStructural;
      cells_[i].shown = cells_[i].hidden = {0, 0};
      why_[i] = HiddenWhy::kShown;
    }
    Propagate(system_, &known);
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (known[i].high == 0) cells_[i].keep = {1, 0};
    }
    return absl::OkStatus();
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
    if (cells_[i].kind == Kind::kStructural) return PublishedCell(0, 0, 0);
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
    if (request_.data_set != nullptr) {
      parts.structural_zeros =
          StructuralZeroCells(*request_.data_set, table.shape);
    }
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
