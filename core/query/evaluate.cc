#include "core/query/evaluate.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/query/slice_tree.h"

namespace cairn {
namespace {

// One axis of the plan held against one axis of the table.
struct BoundAxis {
  const PlanAxis* plan = nullptr;
  const TableAxis* table = nullptr;
  DimensionKind kind = DimensionKind::kCategory;
  size_t stride = 1;
  // For each table code: its code at the --by level (index in `rows`), and at
  // the filter's level (index in the selection's axis).
  std::vector<size_t> row_of;
  std::vector<size_t> filter_of;
  // --by: the codes of the rows, and whether the agency holds any of each.
  std::vector<std::string> rows;
  std::vector<std::vector<size_t>> held;  // table codes in each row
  // Catalogue codes at the table's level that the agency does not hold:
  // their row and their code in the filter.
  struct Missing {
    size_t row;
    size_t filter;
  };
  std::vector<Missing> missing;
  size_t margin_row = 0;    // == rows.size()
  std::vector<bool> whole;  // TIME: by table code
};

// Areas by code, then not known, then outside.
bool PlaceBefore(const std::string& a, const std::string& b) {
  const auto rank = [](const std::string& code) {
    return code == kUnknownCode ? 1 : code == kOutsideCode ? 2 : 0;
  };
  const int left = rank(a), right = rank(b);
  return left != right ? left < right : a < b;
}

const std::vector<std::string>* CodesAt(const TableAxis& axis,
                                        const std::string& variable) {
  if (axis.variable == variable) return &axis.codes;
  for (const TableAxis::RollUp& roll_up : axis.roll_ups) {
    if (roll_up.variable == variable) return &roll_up.codes;
  }
  return nullptr;
}

}  // namespace

class BoundRows::Evaluator {
 public:
  Evaluator(const Plan& plan, TableShape shape, bool additive)
      : plan_(plan),
        shape_(std::move(shape)),
        additive_(additive),
        slices_(plan.selection) {}

  absl::Status Bind() {
    if (shape_.axes.size() != plan_.axes.size()) {
      return absl::InvalidArgumentError("the table has another shape");
    }
    for (size_t a = 0; a < plan_.axes.size(); ++a) {
      CAIRN_RETURN_IF_ERROR(BindAxis(a));
    }
    std::vector<size_t> choice(axes_.size());
    for (size_t a = 0; a < axes_.size(); ++a) choice[a] = axes_[a].margin_row;
    std::vector<RowKey> keys;
    AddRows(0, choice, &keys);
    as_they_come_ = rows_.size() == shape_.cells();
    for (size_t i = 0; i < rows_.size() && as_they_come_; ++i) {
      as_they_come_ = rows_[i].way == Row::Way::kOneCell && rows_[i].at == i;
    }
    keys_ = std::make_shared<const std::vector<RowKey>>(std::move(keys));
    return absl::OkStatus();
  }

  const TableShape& shape() const { return shape_; }
  bool additive() const { return additive_; }
  const std::shared_ptr<const std::vector<RowKey>>& keys() const {
    return keys_;
  }
  bool as_they_come() const { return as_they_come_; }

  std::vector<Cell> Cells(const std::vector<Cell>& table) {
    std::vector<Cell> cells(rows_.size());
    cells_ = &table;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      cells[i] = row.way == Row::Way::kOneCell  ? table[row.at]
                 : row.way == Row::Way::kAlways ? row.always
                                                : Finished(Sum(row.choice));
    }
    return cells;
  }

 private:
  absl::Status BindAxis(size_t a) {
    BoundAxis axis;
    axis.plan = &plan_.axes[a];
    axis.table = &shape_.axes[a];
    axis.stride = shape_.stride(a);
    const Dimension& dimension =
        plan_.data_set->dimensions[axis.plan->dimension];
    axis.kind = dimension.kind;
    if (axis.table->variable != dimension.levels[axis.plan->level].variable) {
      return absl::InvalidArgumentError(
          absl::StrCat("the table is cut at ", axis.table->variable, ", not ",
                       dimension.levels[axis.plan->level].variable));
    }
    if (axis.plan->filter >= 0) {
      CAIRN_RETURN_IF_ERROR(BindFilter(dimension, &axis));
    }
    if (axis.plan->by >= 0) CAIRN_RETURN_IF_ERROR(BindRows(dimension, &axis));
    axis.margin_row = axis.rows.size();
    if (dimension.kind != DimensionKind::kPlace) FindMissing(dimension, &axis);
    axes_.push_back(std::move(axis));
    return absl::OkStatus();
  }

  absl::Status BindFilter(const Dimension& dimension, BoundAxis* axis) {
    const std::string& variable =
        dimension.levels[axis->plan->filter_level].variable;
    const std::vector<std::string>* codes = CodesAt(*axis->table, variable);
    if (codes == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the table does not say which ", variable, " its codes lie in"));
    }
    const auto index = FilterIndex(*axis);
    const SelectionAxis& filter = plan_.selection.axes()[axis->plan->filter];
    const size_t other = filter.codes.size();
    for (const std::string& code : *codes) {
      const auto found = index.find(code);
      if (found == index.end() && !filter.open) {
        return absl::InvalidArgumentError(
            absl::StrCat("the table has a code of ", variable,
                         " that is not in the catalogue"));
      }
      axis->filter_of.push_back(found == index.end() ? other : found->second);
    }
    return absl::OkStatus();
  }

  absl::flat_hash_map<std::string, size_t> FilterIndex(
      const BoundAxis& axis) const {
    absl::flat_hash_map<std::string, size_t> index;
    const auto& codes = plan_.selection.axes()[axis.plan->filter].codes;
    for (size_t i = 0; i < codes.size(); ++i) index[codes[i]] = i;
    return index;
  }

  absl::Status BindRows(const Dimension& dimension, BoundAxis* axis) {
    const Level& level = dimension.levels[axis->plan->by_level];
    const std::vector<std::string>* codes =
        CodesAt(*axis->table, level.variable);
    if (codes == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the table does not say which ", level.variable,
                       " its codes lie in"));
    }
    if (dimension.kind == DimensionKind::kPlace) {
      axis->rows = *codes;
      std::sort(axis->rows.begin(), axis->rows.end(), PlaceBefore);
      axis->rows.erase(std::unique(axis->rows.begin(), axis->rows.end()),
                       axis->rows.end());
    } else {
      for (const Code& code : level.codes) axis->rows.push_back(code.id);
    }
    axis->held.resize(axis->rows.size());
    absl::flat_hash_map<std::string, size_t> index;
    for (size_t i = 0; i < axis->rows.size(); ++i) index[axis->rows[i]] = i;
    for (size_t i = 0; i < codes->size(); ++i) {
      const auto found = index.find((*codes)[i]);
      if (found == index.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the table has a code of ", level.variable,
                         " that is not in the catalogue"));
      }
      axis->row_of.push_back(found->second);
      axis->held[found->second].push_back(i);
    }
    return absl::OkStatus();
  }

  void FindMissing(const Dimension& dimension, BoundAxis* axis) {
    const Level& level = dimension.levels[axis->plan->level];
    std::vector<bool> holds(level.codes.size(), false);
    for (size_t i = 0; i < axis->table->codes.size(); ++i) {
      const int at = level.Find(axis->table->codes[i]);
      axis->whole.push_back(at < 0 || level.whole[at]);
      if (at < 0) continue;
      const bool short_of_period =
          dimension.kind == DimensionKind::kTime && axis->table->part[i];
      holds[at] = !short_of_period;
    }
    // A leaf of each code, to find what it lies in at the other levels.
    for (size_t code = 0; code < level.codes.size(); ++code) {
      // An agency without U has no record whose code is not known.
      if (holds[code] || level.codes[code].id == kUnknownCode) continue;
      const auto& own = dimension.up[axis->plan->level];
      const size_t leaf = static_cast<size_t>(
          std::find(own.begin(), own.end(), static_cast<int>(code)) -
          own.begin());
      if (leaf == own.size()) continue;
      BoundAxis::Missing missing{axis->rows.size(), 0};
      if (axis->plan->by >= 0) {
        missing.row =
            static_cast<size_t>(dimension.up[axis->plan->by_level][leaf]);
      }
      if (axis->plan->filter >= 0) {
        missing.filter =
            static_cast<size_t>(dimension.up[axis->plan->filter_level][leaf]);
      }
      axis->missing.push_back(missing);
    }
  }

  // How a row comes from the cells of a table.
  struct Row {
    enum class Way {
      kOneCell,  // it is the cell `at`
      kAlways,   // no cell matters
      kSum,      // by arithmetic, along `choice`
    };
    Way way = Way::kSum;
    size_t at = 0;
    Cell always;
    std::vector<size_t> choice;
  };

  void AddRows(size_t by, std::vector<size_t>& choice,
               std::vector<RowKey>* keys) {
    // In the order of --by, whatever the order of the axes.
    size_t a = axes_.size();
    for (size_t i = 0; i < axes_.size(); ++i) {
      if (axes_[i].plan->by == static_cast<int>(by)) a = i;
    }
    if (a == axes_.size()) {
      AddRow(choice, keys);
      return;
    }
    for (size_t row = 0; row <= axes_[a].rows.size(); ++row) {
      choice[a] = row;
      AddRows(by + 1, choice, keys);
    }
    choice[a] = axes_[a].margin_row;
  }

  void AddRow(const std::vector<size_t>& choice, std::vector<RowKey>* keys) {
    RowKey key(plan_.query.by.size());
    bool margin = true;
    for (size_t a = 0; a < axes_.size(); ++a) {
      if (axes_[a].plan->by < 0) continue;
      const bool total = choice[a] == axes_[a].margin_row;
      key[axes_[a].plan->by] = total ? kTotal : axes_[a].rows[choice[a]];
      margin = margin && total;
    }
    cells_ = nullptr;  // only which cells matter is asked
    leaves_ = 0;
    conditional_ = false;
    const Cell none = Sum(choice);
    if (!admits_ && !margin && !axes_.empty()) return;  // filtered away
    Row row;
    if (NotToldApart(choice)) {
      row.way = Row::Way::kAlways;
      row.always = Cell{CellStatus::kNotApplicable, 0, 0, kNoLimit};
    } else if (leaves_ == 0) {
      row.way = Row::Way::kAlways;
      row.always = Finished(none);
    } else if (leaves_ == 1 && !conditional_ && !incomplete_) {
      row.way = Row::Way::kOneCell;
      row.at = leaf_;
    } else {
      row.choice = choice;
    }
    rows_.push_back(std::move(row));
    keys->push_back(std::move(key));
  }

  Cell Sum(const std::vector<size_t>& choice) {
    incomplete_ = false;
    touched_ = false;
    admits_ = false;
    return Sum(0, 0, slices_.root(), choice);
  }

  // What a sum is, given what was met on the way.
  Cell Finished(const Cell& sum) const {
    if (!touched_ && !incomplete_ && !admits_) {
      return PublishedCell(0, 0, 0);  // an empty question: zero by logic
    }
    return incomplete_ ? Incomplete(sum) : sum;
  }

  // Is the row of a code that the agency's source never gives?
  bool NotToldApart(const std::vector<size_t>& choice) const {
    for (size_t a = 0; a < axes_.size(); ++a) {
      const BoundAxis& axis = axes_[a];
      if (axis.plan->by >= 0 && axis.kind == DimensionKind::kCategory &&
          choice[a] != axis.margin_row && axis.held[choice[a]].empty()) {
        return true;
      }
    }
    return false;
  }

  // The sum over axes a.. of the cells that `choice` and `node` admit.
  Cell Sum(size_t a, size_t base, int node, const std::vector<size_t>& choice) {
    if (node == 0) return Cell{};
    if (a == axes_.size()) {
      admits_ = touched_ = true;
      ++leaves_;
      leaf_ = base;
      return cells_ == nullptr ? Cell{} : (*cells_)[base];
    }
    const BoundAxis& axis = axes_[a];
    const bool all_rows = choice[a] == axis.margin_row;
    NoteMissing(a, node, choice);
    if (all_rows) {
      const int alike = AlikeBelow(axis, node);
      if (alike >= 0) {
        return Sum(a + 1, base + axis.table->margin() * axis.stride, alike,
                   choice);
      }
    }
    Cell sum;
    const bool unite = !additive_ || axis.table->multi_valued;
    const size_t count =
        all_rows ? axis.table->codes.size() : axis.held[choice[a]].size();
    for (size_t i = 0; i < count; ++i) {
      const size_t code = all_rows ? i : axis.held[choice[a]][i];
      const int below = Below(axis, node, code);
      if (below == 0) continue;
      const Cell part = Sum(a + 1, base + code * axis.stride, below, choice);
      const bool beyond =
          axis.kind == DimensionKind::kTime && !axis.whole[code];
      if (axis.table->part[code] || beyond) {
        conditional_ = true;
        if (part.status != CellStatus::kNotApplicable) incomplete_ = true;
      }
      sum = unite ? Unite(sum, part) : Add(sum, part);
    }
    return sum;
  }

  int Below(const BoundAxis& axis, int node, size_t code) const {
    return axis.plan->filter < 0 ? node
                                 : slices_.child(node, axis.filter_of[code]);
  }

  // The slice that every code of the axis leads to, or -1 if they differ.
  int AlikeBelow(const BoundAxis& axis, int node) const {
    if (axis.plan->filter < 0) return node;
    if (axis.table->codes.empty()) return -1;
    const int first = Below(axis, node, 0);
    for (size_t code = 1; code < axis.table->codes.size(); ++code) {
      if (Below(axis, node, code) != first) return -1;
    }
    return first;
  }

  // Does the filter admit anything of the row on the axes from a on?
  bool Reaches(size_t a, int node, const std::vector<size_t>& choice) const {
    if (node == 0) return false;
    if (a == axes_.size()) return true;
    const BoundAxis& axis = axes_[a];
    if (axis.plan->filter < 0) return Reaches(a + 1, node, choice);
    const bool all_rows = choice[a] == axis.margin_row;
    const size_t count =
        all_rows ? axis.table->codes.size() : axis.held[choice[a]].size();
    for (size_t i = 0; i < count; ++i) {
      const size_t code = all_rows ? i : axis.held[choice[a]][i];
      if (Reaches(a + 1, Below(axis, node, code), choice)) return true;
    }
    for (const BoundAxis::Missing& missing : axis.missing) {
      if (!all_rows && missing.row != choice[a]) continue;
      if (Reaches(a + 1, slices_.child(node, missing.filter), choice)) {
        return true;
      }
    }
    return false;
  }

  // Does what the agency lacks on this axis matter to the row?
  void NoteMissing(size_t a, int node, const std::vector<size_t>& choice) {
    const BoundAxis& axis = axes_[a];
    const size_t row = choice[a];
    const bool filtered = axis.plan->filter >= 0;
    // Places the filter names and the agency does not have: not in its area.
    if (axis.kind == DimensionKind::kPlace && filtered) admits_ = true;
    size_t wanted = 0, lacking = 0;
    for (const BoundAxis::Missing& missing : axis.missing) {
      if (row != axis.margin_row && missing.row != row) continue;
      ++lacking;
      const int under = filtered ? slices_.child(node, missing.filter) : node;
      if (!Reaches(a + 1, under, choice)) continue;
      ++wanted;
    }
    if (wanted == 0) return;
    admits_ = true;
    if (axis.kind == DimensionKind::kTime) {
      incomplete_ = true;
      return;
    }
    // Codes the agency's source does not tell apart. All of them asked for:
    // what it has says all there is. A part of them: some of what is asked for
    // may stand under another code. None of what is asked for held: does not
    // apply.
    const bool all = row == axis.margin_row && wanted == lacking &&
                     (!filtered || AllHeld(axis, node));
    if (!all && AnyHeld(axis, node, row)) incomplete_ = true;
  }

  bool AllHeld(const BoundAxis& axis, int node) const {
    for (size_t code = 0; code < axis.table->codes.size(); ++code) {
      if (Below(axis, node, code) == 0) return false;
    }
    return true;
  }

  bool AnyHeld(const BoundAxis& axis, int node, size_t row) const {
    const size_t count = row == axis.margin_row ? axis.table->codes.size()
                                                : axis.held[row].size();
    for (size_t i = 0; i < count; ++i) {
      const size_t code = row == axis.margin_row ? i : axis.held[row][i];
      if (Below(axis, node, code) != 0) return true;
    }
    return false;
  }

  const Plan& plan_;
  const TableShape shape_;
  const bool additive_;
  SliceTree slices_;
  std::vector<BoundAxis> axes_;
  std::vector<Row> rows_;
  bool as_they_come_ = false;
  std::shared_ptr<const std::vector<RowKey>> keys_;
  const std::vector<Cell>* cells_ = nullptr;
  // Of the row at hand: how many cells it has, the last of them, and whether
  // more depends on what stands in it.
  size_t leaves_ = 0, leaf_ = 0;
  bool conditional_ = false;
  bool incomplete_ = false;
  bool touched_ = false;
  bool admits_ = false;
};

BoundRows::BoundRows(std::unique_ptr<Evaluator> evaluator)
    : evaluator_(std::move(evaluator)) {}
BoundRows::~BoundRows() = default;

absl::StatusOr<std::unique_ptr<BoundRows>> BoundRows::Bind(const Plan& plan,
                                                           TableShape shape,
                                                           bool additive) {
  auto evaluator =
      std::make_unique<Evaluator>(plan, std::move(shape), additive);
  CAIRN_RETURN_IF_ERROR(evaluator->Bind());
  return std::unique_ptr<BoundRows>(new BoundRows(std::move(evaluator)));
}

const TableShape& BoundRows::shape() const { return evaluator_->shape(); }
bool BoundRows::additive() const { return evaluator_->additive(); }
const std::shared_ptr<const std::vector<RowKey>>& BoundRows::keys() const {
  return evaluator_->keys();
}
bool BoundRows::as_they_come() const { return evaluator_->as_they_come(); }
std::vector<Cell> BoundRows::Cells(const std::vector<Cell>& table) {
  return evaluator_->Cells(table);
}

absl::StatusOr<std::vector<AnswerRow>> Evaluate(const Plan& plan,
                                                const TableShape& shape,
                                                const std::vector<Cell>& cells,
                                                bool additive) {
  if (cells.size() != shape.cells()) {
    return absl::InvalidArgumentError("the table has another shape");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto bound,
                         BoundRows::Bind(plan, shape, additive));
  const std::vector<Cell> worked_out = bound->Cells(cells);
  std::vector<AnswerRow> rows;
  rows.reserve(worked_out.size());
  for (size_t i = 0; i < worked_out.size(); ++i) {
    rows.push_back({(*bound->keys())[i], worked_out[i]});
  }
  return rows;
}

}  // namespace cairn
