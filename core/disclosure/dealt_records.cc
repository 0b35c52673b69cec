#include "core/disclosure/dealt_records.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "core/disclosure/dealt_axis.h"
#include "core/disclosure/linked_tables.h"
#include "core/query/table.h"

namespace cairn {
namespace {

using Leaf = Microdata::Leaf;

// Shares of cells are counted in this part of a record.
constexpr int64_t kUnit = 1024;
constexpr int kNone = DealtAxis::kNone;
// How often each record is given a chance to trade a leaf, at most, and what
// that costs.
constexpr int kPasses = 8;
constexpr size_t kTradeCost = 8;

int64_t Middle(const Range& range) {
  return range.high == kNoLimit ? range.low
                                : range.low + (range.high - range.low) / 2;
}

class Dealer {
 public:
  explicit Dealer(const StandInRequest& request)
      : request_(request),
        schema_(*request.schema),
        linked_(*request.linked),
        shapes_(*request.shapes),
        parts_(schema_.parts.size()),
        steps_(request.deal_steps) {
    for (const Microdata::Part& part : schema_.parts) {
      classes_.emplace_back(part.leaves.size(), 0);
    }
  }

  std::vector<Leaf> Run() {
    const bool is_anew = request_.start.empty();
    if (is_anew) {
      DealAny();
    } else {
      leaves_ = request_.start;
      for (size_t t = request_.asked; t < request_.told; ++t) Tell(t);
    }
    order_.resize(leaves_.size() / parts_);
    std::iota(order_.begin(), order_.end(), 0);
    std::vector<size_t> tables(is_anew ? request_.told : request_.asked);
    std::iota(tables.begin(), tables.end(), 0);
    std::stable_sort(tables.begin(), tables.end(), [this](size_t a, size_t b) {
      return shapes_[a]->cells() > shapes_[b]->cells();
    });
    for (const size_t t : tables) Deal(t);
    return std::move(leaves_);
  }

 private:
  using Axis = DealtAxis;
  using Axes = std::vector<Axis>;
  struct Share {
    size_t cell;
    int64_t share;
  };
  // The inner cells that records with some keys can be in, and the shares of
  // all up to each.
  struct Hand {
    std::vector<size_t> cells;
    std::vector<int64_t> up_to;
    std::vector<uint32_t> records;
  };

  size_t Below(size_t n) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<size_t>((random_ >> 11) % n);
  }
  Leaf& LeafAt(size_t record, size_t part) {
    return leaves_[record * parts_ + part];
  }

  void DealAny() {
    const auto records = static_cast<size_t>(RecordsToDeal(request_));
    leaves_.reserve(records * parts_);
    for (size_t r = 0; r < records; ++r) {
      for (const Microdata::Part& part : schema_.parts) {
        leaves_.push_back(static_cast<Leaf>(Below(part.leaves.size())));
      }
    }
  }

  // ---- What is told ----

  // Tables tell leaves of a part apart by `code`, too.
  void Refine(size_t part, absl::Span<const int> code) {
    absl::flat_hash_map<std::pair<int, int>, int> known;
    for (size_t leaf = 0; leaf < code.size(); ++leaf) {
      int& of = classes_[part][leaf];
      of = known.try_emplace({of, code[leaf]}, static_cast<int>(known.size()))
               .first->second;
    }
  }
  bool IsTold(size_t part) const {
    return std::any_of(classes_[part].begin(), classes_[part].end(),
                       [](int of) { return of != 0; });
  }
  // The start agrees with the table.
  void Tell(size_t t) {
    std::vector<size_t> parts;
    for (const TableAxis& given : shapes_[t]->axes) {
      const Microdata::Variable* const variable = VariableOf(schema_, given);
      if (variable == nullptr) continue;
      parts.insert(parts.end(), variable->parts.begin(), variable->parts.end());
      const std::optional<Axis> axis = DealtAxisOf(schema_, classes_, given);
      if (axis.has_value()) {
        Refine(axis->part, axis->code);
        continue;
      }
      for (const size_t part : variable->parts) {
        std::iota(classes_[part].begin(), classes_[part].end(), 0);
      }
    }
    std::vector<bool> crossed(parts_, false);
    for (const size_t part : parts) crossed[part] = true;
    crossed_.push_back(std::move(crossed));
    TellEras(t);
  }
  void TellEras(size_t t) {
    if (linked_.span(t).empty()) return;
    std::vector<int> counts(classes_[schema_.era_part].size(), 0);
    for (const int era : linked_.span(t)) counts[static_cast<size_t>(era)] = 1;
    Refine(schema_.era_part, counts);
  }

  // ---- One table ----

  Axes AxesOf(const TableShape& shape) const {
    Axes axes;
    std::vector<bool> used(parts_, false);
    for (const TableAxis& given : shape.axes) {
      std::optional<Axis> axis = DealtAxisOf(schema_, classes_, given);
      if (!axis.has_value() || used[axis->part]) return {};
      used[axis->part] = true;
      axes.push_back(*std::move(axis));
    }
    return axes;
  }

  // The share of each inner cell. What the total has more than the cells that
  // are known well is spread over the others, as wide as each may be.
  std::vector<Share> SharesOf(size_t t) const {
    const TableShape& shape = *shapes_[t];
    const std::vector<int>& cells = linked_.cells_of(t);
    const absl::Span<const Range> looks = request_.looks;
    std::vector<size_t> inner;
    int64_t known = 0, width = 0;
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      bool is_inner = true;
      for (size_t a = 0; a < shape.axes.size(); ++a) {
        is_inner = is_inner && shape.at(cell, a) != shape.axes[a].margin();
      }
      if (!is_inner) continue;
      inner.push_back(cell);
      const Range& look = looks[cells[cell]];
      known += IsSmall(look) ? look.low : Middle(look);
      if (IsSmall(look)) width += look.high - look.low;
    }
    const int64_t left =
        std::clamp<int64_t>(Middle(looks[cells.back()]) - known, 0, width);
    std::vector<Share> shares;
    for (const size_t cell : inner) {
      const Range& look = looks[cells[cell]];
      const int64_t share =
          IsSmall(look)
              ? look.low * kUnit + (look.high - look.low) * kUnit * left / width
              : Middle(look) * kUnit;
      if (share > 0) shares.push_back({cell, share});
    }
    return shares;
  }
  static bool IsSmall(const Range& look) {
    return look.low <= 1 && look.high != kNoLimit && look.high > look.low;
  }

  void Deal(size_t t) {
    Axes axes = AxesOf(*shapes_[t]);
    if (axes.empty()) return;
    const std::vector<Share> shares = SharesOf(t);
    Trade(t, axes, shares);
    if (std::any_of(axes.begin(), axes.end(),
                    [](const Axis& axis) { return axis.is_new; })) {
      DealNew(t, axes, shares);
    }
    SetEras(linked_.span(t));
    std::vector<bool> crossed(parts_, false);
    for (const Axis& axis : axes) {
      Refine(axis.part, axis.code);
      crossed[axis.part] = true;
    }
    crossed_.push_back(std::move(crossed));
    TellEras(t);
  }

  // Takes steps for a pass over the records; false if there are too few.
  bool Pay(size_t axes) {
    const auto cost = static_cast<int64_t>(order_.size() * (axes + 2));
    if (cost > steps_) return false;
    steps_ -= cost;
    return true;
  }

  // In any order, or what was dealt before would go together with this.
  void Shuffle() {
    for (size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[Below(i)]);
    }
  }

  // The number of a record's keys on some axes, below KeysOf(); kNone if it
  // lacks one.
  int64_t KeyOf(const Axes& axes, const std::vector<size_t>& some,
                size_t record) {
    int64_t at = 0;
    for (const size_t a : some) {
      const int key = axes[a].key[LeafAt(record, axes[a].part)];
      if (key == kNone) return kNone;
      at = at * axes[a].keys + key;
    }
    return at;
  }
  // Of a cell.
  int64_t KeyOf(const TableShape& shape, const Axes& axes,
                const std::vector<size_t>& some, size_t cell) const {
    int64_t at = 0;
    for (const size_t a : some) {
      const int key = axes[a].key_of[shape.at(cell, a)];
      if (key == kNone) return kNone;
      at = at * axes[a].keys + key;
    }
    return at;
  }
  static size_t KeysOf(const Axes& axes, const std::vector<size_t>& some) {
    size_t keys = 1;
    for (const size_t a : some) keys *= static_cast<size_t>(axes[a].keys);
    return keys;
  }

  // ---- What the table says beyond what is told of its dimensions ----

  void DealNew(size_t t, const Axes& axes, const std::vector<Share>& shares) {
    if (!Pay(2 * axes.size())) return;
    const TableShape& shape = *shapes_[t];
    std::vector<size_t> all(axes.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<Hand> hands(KeysOf(axes, all));
    for (const auto& [cell, share] : shares) {
      const int64_t key = KeyOf(shape, axes, all, cell);
      if (key == kNone) continue;
      Hand& hand = hands[static_cast<size_t>(key)];
      const int64_t so_far = hand.up_to.empty() ? 0 : hand.up_to.back();
      hand.cells.push_back(cell);
      hand.up_to.push_back(so_far + share);
    }
    Shuffle();
    for (const uint32_t r : order_) {
      const int64_t key = KeyOf(axes, all, r);
      if (key != kNone) hands[static_cast<size_t>(key)].records.push_back(r);
    }
    for (const Hand& hand : hands) {
      if (!hand.cells.empty()) DealHand(shape, axes, hand);
    }
  }

  // The records in the shares of the cells.
  void DealHand(const TableShape& shape, const Axes& axes, const Hand& hand) {
    const auto count = static_cast<double>(hand.records.size());
    size_t at = 0;
    for (size_t n = 0; n < hand.records.size(); ++n) {
      // As far along the shares as the record is along all records.
      const auto along =
          static_cast<int64_t>((static_cast<double>(n) + 0.5) / count *
                               static_cast<double>(hand.up_to.back()));
      while (at + 1 < hand.up_to.size() && along >= hand.up_to[at]) ++at;
      for (size_t a = 0; a < axes.size(); ++a) {
        if (!axes[a].is_new) continue;
        const std::vector<Leaf>& some =
            axes[a].leaves[shape.at(hand.cells[at], a)];
        LeafAt(hand.records[n], axes[a].part) = some[Below(some.size())];
      }
    }
  }

  // ---- Dimensions that were told before and that it is the first to cross
  // ----

  // Of each such axis, records that look alike in all that it was crossed with
  // trade their leaves, where that brings the table nearer.
  void Trade(size_t t, const Axes& axes, const std::vector<Share>& shares) {
    std::vector<size_t> told;
    for (size_t a = 0; a < axes.size(); ++a) {
      if (IsTold(axes[a].part)) told.push_back(a);
    }
    if (told.size() < 2 || !Pay(axes.size())) return;
    // By key: how many records too many.
    std::vector<int64_t> off(KeysOf(axes, told), 0);
    for (const auto& [cell, share] : shares) {
      const int64_t key = KeyOf(*shapes_[t], axes, told, cell);
      if (key != kNone) off[static_cast<size_t>(key)] -= share;
    }
    for (int64_t& one : off) one /= kUnit;
    std::vector<int64_t> key_of;  // by record
    for (size_t r = 0; r < order_.size(); ++r) {
      key_of.push_back(KeyOf(axes, told, r));
      if (key_of[r] != kNone) ++off[static_cast<size_t>(key_of[r])];
    }
    int64_t stride = 1;
    for (size_t n = told.size(); n-- > 0;) {
      TradeAxis(axes, told[n], stride, &key_of, &off);
      stride *= axes[told[n]].keys;
    }
  }

  void TradeAxis(const Axes& axes, size_t a, int64_t stride,
                 std::vector<int64_t>* key_of, std::vector<int64_t>* off) {
    if (FarOff(*off) <= static_cast<int64_t>(off->size())) return;
    if (!Pay(parts_)) return;
    const Axis& axis = axes[a];
    const std::vector<uint32_t> alike = GroupAlike(HeldBeside(axis.part, axes));
    for (int pass = 0; pass < kPasses; ++pass) {
      const int64_t before = FarOff(*off);
      if (before <= static_cast<int64_t>(off->size()) || !Pay(kTradeCost)) {
        return;
      }
      for (size_t begin = 0; begin < order_.size(); begin = alike[begin]) {
        const size_t size = alike[begin] - begin;
        for (size_t n = 0; size > 1 && n < size; ++n) {
          TryTrade(axis, stride, order_[begin + n], order_[begin + Below(size)],
                   key_of, off);
        }
      }
      if (before - FarOff(*off) < before / 16) return;
    }
  }

  void TryTrade(const Axis& axis, int64_t stride, uint32_t a, uint32_t b,
                std::vector<int64_t>* key_of, std::vector<int64_t>* off) {
    int64_t& from_a = (*key_of)[a];
    int64_t& from_b = (*key_of)[b];
    if (from_a == kNone || from_b == kNone) return;
    Leaf& leaf_a = LeafAt(a, axis.part);
    Leaf& leaf_b = LeafAt(b, axis.part);
    const int64_t by = (axis.key[leaf_b] - axis.key[leaf_a]) * stride;
    const int64_t to_a = from_a + by, to_b = from_b - by;
    if (by == 0 || to_a == from_b) return;
    int64_t gain = 0;
    const auto shift = [&](int64_t key, int64_t change) {
      int64_t& one = (*off)[static_cast<size_t>(key)];
      gain += std::abs(one) - std::abs(one + change);
      one += change;
    };
    shift(from_a, -1);
    shift(from_b, -1);
    shift(to_a, 1);
    shift(to_b, 1);
    if (gain >= 0) {
      std::swap(leaf_a, leaf_b);
      from_a = to_a;
      from_b = to_b;
      return;
    }
    shift(from_a, 1);
    shift(from_b, 1);
    shift(to_a, -1);
    shift(to_b, -1);
  }
  static int64_t FarOff(const std::vector<int64_t>& off) {
    int64_t far = 0;
    for (const int64_t one : off) far += std::abs(one);
    return far;
  }

  // The parts that the part was crossed with; not in tables that follow from
  // the new one.
  std::vector<bool> HeldBeside(size_t part, const Axes& axes) const {
    std::vector<bool> follows(parts_, false), held(parts_, false);
    for (const Axis& axis : axes) follows[axis.part] = axis.within;
    for (const std::vector<bool>& crossed : crossed_) {
      if (!crossed[part]) continue;
      bool all = true;
      for (size_t q = 0; q < parts_; ++q) {
        all = all && (!crossed[q] || follows[q]);
      }
      for (size_t q = 0; q < parts_ && !all; ++q) {
        if (crossed[q] && q != part) held[q] = true;
      }
    }
    return held;
  }

  // Orders the records by what they say, as tables tell it, of some parts. By
  // position: where its group ends.
  std::vector<uint32_t> GroupAlike(const std::vector<bool>& parts) {
    Shuffle();
    std::vector<uint64_t> group(order_.size(), 0);
    for (size_t q = 0; q < parts_; ++q) {
      if (!parts[q]) continue;
      // Other groups by chance under the same number: less exact then.
      const uint64_t factor = Odd();
      for (size_t r = 0; r < group.size(); ++r) {
        const auto of = static_cast<uint64_t>(classes_[q][LeafAt(r, q)]);
        group[r] = (group[r] ^ (of + 1)) * factor;
        group[r] ^= group[r] >> 29;
      }
    }
    std::stable_sort(
        order_.begin(), order_.end(),
        [&group](uint32_t a, uint32_t b) { return group[a] < group[b]; });
    std::vector<uint32_t> end(order_.size());
    for (size_t at = order_.size(); at-- > 0;) {
      const bool last =
          at + 1 == order_.size() || group[order_[at]] != group[order_[at + 1]];
      end[at] = last ? static_cast<uint32_t>(at + 1) : end[at + 1];
    }
    return end;
  }
  uint64_t Odd() {
    Below(1);
    return random_ | 1;
  }

  // Each record counts in the table, if no axis said so.
  void SetEras(const EraSet& span) {
    if (span.empty()) return;
    std::vector<bool> counts(schema_.parts[schema_.era_part].leaves.size());
    for (const int era : span) counts[static_cast<size_t>(era)] = true;
    for (size_t r = 0; r < order_.size(); ++r) {
      Leaf& era = LeafAt(r, schema_.era_part);
      if (!counts[era]) era = static_cast<Leaf>(span[Below(span.size())]);
    }
  }

  const StandInRequest& request_;
  const Microdata& schema_;
  const LinkedTables& linked_;
  const std::vector<const TableShape*>& shapes_;
  const size_t parts_;
  LeafClasses classes_;
  std::vector<std::vector<bool>> crossed_;  // by table told: the parts of it
  std::vector<uint32_t> order_;             // of the records
  std::vector<Leaf> leaves_;
  int64_t steps_;
  uint64_t random_ = 0x9E3779B97F4A7C15u;
};

}  // namespace

int64_t RecordsToDeal(const StandInRequest& request) {
  const size_t parts = request.schema->parts.size();
  if (!request.start.empty()) {
    return static_cast<int64_t>(request.start.size() / parts);
  }
  int64_t records = 1;
  for (size_t t = 0; t < request.told; ++t) {
    const Range& total = request.looks[request.linked->cells_of(t).back()];
    if (total.high != kNoLimit) records = std::max(records, Middle(total));
  }
  return records;
}

std::vector<Microdata::Leaf> DealRecords(const StandInRequest& request) {
  return Dealer(request).Run();
}

}  // namespace cairn
