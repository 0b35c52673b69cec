#include "core/disclosure/dealt_records.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"

namespace cairn {
namespace {

using Leaf = Microdata::Leaf;

// Shares of cells are counted in this part of a record.
constexpr int64_t kUnit = 1024;

int64_t Middle(const Range& range) {
  return range.high == kNoLimit ? range.low
                                : range.low + (range.high - range.low) / 2;
}

class Dealer {
 public:
  Dealer(const Microdata& schema, const LinkedTables& linked,
         const std::vector<const TableShape*>& shapes, size_t told,
         absl::Span<const Range> looks)
      : schema_(schema),
        linked_(linked),
        shapes_(shapes),
        told_(told),
        looks_(looks),
        parts_(schema.parts.size()),
        is_dealt_(parts_, false) {}

  std::vector<Leaf> Run() {
    int64_t records = 1;
    for (size_t t = 0; t < told_; ++t) {
      const Range& total = looks_[linked_.cells_of(t).back()];
      if (total.high != kNoLimit) records = std::max(records, Middle(total));
    }
    order_.resize(static_cast<size_t>(records));
    std::iota(order_.begin(), order_.end(), 0);
    leaves_.reserve(order_.size() * parts_);
    for (size_t r = 0; r < order_.size(); ++r) {
      for (const Microdata::Part& part : schema_.parts) {
        leaves_.push_back(static_cast<Leaf>(Below(part.leaves.size())));
      }
    }
    std::vector<size_t> tables(told_);
    std::iota(tables.begin(), tables.end(), 0);
    std::stable_sort(tables.begin(), tables.end(), [this](size_t a, size_t b) {
      return shapes_[a]->cells() > shapes_[b]->cells();
    });
    for (const size_t t : tables) Deal(t);
    return std::move(leaves_);
  }

 private:
  // An axis of a table in terms of the records.
  struct Axis {
    size_t part = 0;
    bool is_new = false;                    // its part was not dealt yet
    std::vector<std::vector<Leaf>> leaves;  // by the axis's code
    std::vector<int> code;                  // by leaf; -1: the axis has none
  };
  using Codes = std::vector<int>;
  // The inner cells that records with some codes can be in: of each, its codes
  // on the new axes, and the shares of all up to it.
  struct Hand {
    std::vector<Codes> codes;
    std::vector<int64_t> up_to;
    std::vector<size_t> records;
  };

  size_t Below(size_t n) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<size_t>((random_ >> 11) % n);
  }

  // Nothing: the axis's codes are not each a leaf's of one part.
  std::optional<Axis> AxisOf(const TableAxis& given) const {
    const auto variable = std::find_if(
        schema_.variables.begin(), schema_.variables.end(),
        [&given](const auto& v) { return v.name == given.variable; });
    if (variable == schema_.variables.end() || variable->code != nullptr) {
      return std::nullopt;
    }
    Axis axis;
    axis.part = variable->parts[0];
    axis.is_new = !is_dealt_[axis.part];
    axis.leaves.resize(given.codes.size());
    axis.code.assign(variable->codes.size(), -1);
    for (size_t leaf = 0; leaf < variable->codes.size(); ++leaf) {
      if (variable->codes[leaf].size() != 1) return std::nullopt;
      const auto found = std::find(given.codes.begin(), given.codes.end(),
                                   variable->names[variable->codes[leaf][0]]);
      if (found == given.codes.end()) continue;
      axis.code[leaf] = static_cast<int>(found - given.codes.begin());
      axis.leaves[axis.code[leaf]].push_back(static_cast<Leaf>(leaf));
    }
    return axis;
  }

  std::vector<Axis> AxesOf(const TableShape& shape) const {
    std::vector<Axis> axes;
    std::vector<bool> used(parts_, false);
    for (const TableAxis& given : shape.axes) {
      std::optional<Axis> axis = AxisOf(given);
      if (!axis.has_value() || used[axis->part]) return {};
      used[axis->part] = true;
      axes.push_back(*std::move(axis));
    }
    return axes;
  }

  // The share of each inner cell. What the total has more than the cells that
  // are known well is spread over the others, as wide as each may be.
  std::vector<std::pair<size_t, int64_t>> SharesOf(size_t t) const {
    const TableShape& shape = *shapes_[t];
    const std::vector<int>& cells = linked_.cells_of(t);
    std::vector<size_t> inner;
    int64_t known = 0, width = 0;
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      bool is_inner = true;
      for (size_t a = 0; a < shape.axes.size(); ++a) {
        is_inner = is_inner && shape.at(cell, a) != shape.axes[a].margin();
      }
      if (!is_inner) continue;
      inner.push_back(cell);
      const Range& look = looks_[cells[cell]];
      known += IsSmall(look) ? look.low : Middle(look);
      if (IsSmall(look)) width += look.high - look.low;
    }
    const int64_t left =
        std::clamp<int64_t>(Middle(looks_[cells.back()]) - known, 0, width);
    std::vector<std::pair<size_t, int64_t>> shares;
    for (const size_t cell : inner) {
      const Range& look = looks_[cells[cell]];
      const int64_t share =
          IsSmall(look)
              ? look.low * kUnit + (look.high - look.low) * kUnit * left / width
              : Middle(look) * kUnit;
      if (share > 0) shares.emplace_back(cell, share);
    }
    return shares;
  }
  static bool IsSmall(const Range& look) {
    return look.low <= 1 && look.high != kNoLimit && look.high > look.low;
  }

  void Deal(size_t t) {
    const TableShape& shape = *shapes_[t];
    const std::vector<Axis> axes = AxesOf(shape);
    if (std::none_of(axes.begin(), axes.end(),
                     [](const Axis& axis) { return axis.is_new; })) {
      return;
    }
    // By the codes on axes that were dealt before.
    absl::btree_map<Codes, Hand> hands;
    for (const auto& [cell, share] : SharesOf(t)) {
      Codes before, now;
      bool is_leaf = true;
      for (size_t a = 0; a < axes.size(); ++a) {
        const auto code = static_cast<int>(shape.at(cell, a));
        (axes[a].is_new ? now : before).push_back(code);
        is_leaf = is_leaf && !axes[a].leaves[code].empty();
      }
      if (!is_leaf) continue;
      Hand& hand = hands[std::move(before)];
      const int64_t so_far = hand.up_to.empty() ? 0 : hand.up_to.back();
      hand.codes.push_back(std::move(now));
      hand.up_to.push_back(so_far + share);
    }
    // In any order, or what was dealt before would go together with this.
    for (size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[Below(i)]);
    }
    for (const size_t r : order_) {
      Codes before;
      for (const Axis& axis : axes) {
        if (!axis.is_new) {
          before.push_back(axis.code[leaves_[r * parts_ + axis.part]]);
        }
      }
      const auto hand = hands.find(before);
      if (hand != hands.end()) hand->second.records.push_back(r);
    }
    for (const auto& [before, hand] : hands) DealHand(axes, hand);
    SetEras(linked_.span(t));
    for (const Axis& axis : axes) is_dealt_[axis.part] = true;
  }

  // The records in the shares of the cells.
  void DealHand(const std::vector<Axis>& axes, const Hand& hand) {
    const auto count = static_cast<int64_t>(hand.records.size());
    const int64_t all = hand.up_to.back();
    size_t cell = 0;
    for (int64_t n = 0; n < count; ++n) {
      // As far along the shares as the record is along all records.
      const int64_t along = static_cast<int64_t>(
          (static_cast<double>(n) + 0.5) / static_cast<double>(count) *
          static_cast<double>(all));
      while (cell + 1 < hand.up_to.size() && along >= hand.up_to[cell]) ++cell;
      size_t at = 0;
      for (const Axis& axis : axes) {
        if (!axis.is_new) continue;
        const std::vector<Leaf>& some =
            axis.leaves[static_cast<size_t>(hand.codes[cell][at++])];
        leaves_[hand.records[static_cast<size_t>(n)] * parts_ + axis.part] =
            some[Below(some.size())];
      }
    }
  }

  // Each record counts in the table, if no axis said so.
  void SetEras(const EraSet& span) {
    if (span.empty()) return;
    std::vector<bool> counts(schema_.parts[schema_.era_part].leaves.size());
    for (const int era : span) counts[static_cast<size_t>(era)] = true;
    for (size_t r = 0; r < order_.size(); ++r) {
      Leaf& era = leaves_[r * parts_ + schema_.era_part];
      if (!counts[era]) era = static_cast<Leaf>(span[Below(span.size())]);
    }
  }

  const Microdata& schema_;
  const LinkedTables& linked_;
  const std::vector<const TableShape*>& shapes_;
  const size_t told_;
  const absl::Span<const Range> looks_;
  const size_t parts_;
  std::vector<bool> is_dealt_;  // by part
  std::vector<size_t> order_;   // of the records
  std::vector<Leaf> leaves_;
  uint64_t random_ = 0x9E3779B97F4A7C15u;
};

}  // namespace

std::vector<Leaf> DealRecords(const Microdata& schema,
                              const LinkedTables& linked,
                              const std::vector<const TableShape*>& shapes,
                              size_t told, absl::Span<const Range> looks) {
  return Dealer(schema, linked, shapes, told, looks).Run();
}

}  // namespace cairn
