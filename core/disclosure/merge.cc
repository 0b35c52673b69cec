#include "core/disclosure/merge.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

using Key = RowKey;
// One cell per table of the plan.
using Cells = std::vector<Cell>;

// Rank of each code of a --by variable: the catalogue's order, or by name.
class RowOrder {
 public:
  explicit RowOrder(const Plan& plan) : ranks_(plan.query.by.size()) {
    for (const PlanAxis& axis : plan.axes) {
      if (axis.by < 0) continue;
      const Level& level =
          plan.data_set->dimensions[axis.dimension].levels[axis.by_level];
      for (size_t i = 0; i < level.codes.size(); ++i) {
        ranks_[axis.by][level.codes[i].id] = i;
      }
    }
  }

  bool operator()(const Key& a, const Key& b) const {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) continue;
      const auto left = Rank(i, a[i]);
      const auto right = Rank(i, b[i]);
      return left != right ? left < right : a[i] < b[i];
    }
    return false;
  }

 private:
  // Areas first by code, then not known, outside, the margin.
  std::pair<int, size_t> Rank(size_t position, const std::string& code) const {
    if (code == kTotal) return {3, 0};
    const auto found = ranks_[position].find(code);
    if (found != ranks_[position].end()) return {0, found->second};
    if (code == kOutsideCode) return {2, 0};
    return {code == kUnknownCode ? 1 : 0, 0};
  }

  std::vector<std::map<std::string, size_t>> ranks_;
};

using Rows = std::map<Key, Cells, RowOrder>;

Rows RowsOf(const Plan& plan, const AgencyRows& agency) {
  Rows rows{RowOrder(plan)};
  for (size_t m = 0; m < agency.measures.size(); ++m) {
    const AgencyRows::Rows& own = agency.measures[m];
    for (size_t i = 0; i < own.cells.size(); ++i) {
      Cells& cells = rows[(*own.keys)[i]];
      cells.resize(plan.tables.size());
      cells[m] = own.cells[i];
    }
  }
  return rows;
}

bool Applies(const Cells& cells) {
  return std::any_of(cells.begin(), cells.end(), [](const Cell& cell) {
    return cell.status != CellStatus::kNotApplicable;
  });
}

// Cells of many agencies, added by their rows' keys.
class Sums {
 public:
  explicit Sums(size_t tables) : tables_(tables) {}

  void Take(size_t table, const AgencyRows::Rows& rows) {
    const std::vector<size_t>& places = PlacesOf(rows.keys);
    for (size_t i = 0; i < rows.cells.size(); ++i) {
      Cell& sum = cells_[places[i] * tables_ + table];
      sum = Add(sum, rows.cells[i]);
    }
  }
  size_t PlaceOf(const Key& key) {
    const auto [found, fresh] = place_.try_emplace(key, place_.size());
    if (fresh) cells_.resize(cells_.size() + tables_);
    return found->second;
  }
  std::vector<std::pair<Key, Cells>> All() const {
    std::vector<std::pair<Key, Cells>> all;
    all.reserve(place_.size());
    for (const auto& [key, place] : place_) {
      const auto first =
          cells_.begin() + static_cast<std::ptrdiff_t>(place * tables_);
      all.push_back(
          {key, Cells(first, first + static_cast<std::ptrdiff_t>(tables_))});
    }
    return all;
  }

 private:
  // Rows that share their keys are looked up once.
  const std::vector<size_t>& PlacesOf(
      const std::shared_ptr<const std::vector<RowKey>>& keys) {
    const auto [found, fresh] = places_.try_emplace(keys.get());
    if (fresh) {
      for (const Key& key : *keys) found->second.push_back(PlaceOf(key));
    }
    return found->second;
  }

  const size_t tables_;
  absl::flat_hash_map<Key, size_t> place_;
  std::vector<Cell> cells_;
  std::unordered_map<const std::vector<RowKey>*, std::vector<size_t>> places_;
};

size_t TableOf(const Plan& plan, const Measure& measure) {
  return static_cast<size_t>(
      std::find(plan.tables.begin(), plan.tables.end(), measure) -
      plan.tables.begin());
}

Figure Plain(const Cell& cell, int decimals) {
  const double unit = std::pow(10.0, decimals);
  Figure figure{cell.status, {}, {}, {}};
  if (cell.status == CellStatus::kNotApplicable) return figure;
  if (cell.status == CellStatus::kPublished) {
    figure.value = static_cast<double>(cell.value) / unit;
  }
  figure.low = static_cast<double>(cell.low) / unit;
  if (cell.high != kNoLimit) {
    figure.high = static_cast<double>(cell.high) / unit;
  }
  return figure;
}

// A mean from released figures only: the least sum over the most records, and
// the other way round.
Figure Mean(const Figure& sum, const Figure& count) {
  Figure mean;
  if (sum.status == CellStatus::kNotApplicable ||
      count.status == CellStatus::kNotApplicable) {
    return mean;
  }
  if (sum.status == CellStatus::kUnavailable ||
      count.status == CellStatus::kUnavailable) {
    mean.status = CellStatus::kUnavailable;
    return mean;
  }
  const bool shown = sum.value && count.value && *count.value > 0;
  mean.status =
      shown ? CellStatus::kPublished
      : sum.status == count.status && sum.status == CellStatus::kSuppressed
          ? CellStatus::kSuppressed
          : CellStatus::kBounded;
  if (shown) mean.value = *sum.value / *count.value;
  mean.low = count.high && *count.high > 0 ? *sum.low / *count.high : 0;
  if (sum.high) mean.high = *sum.high / std::max(1.0, *count.low);
  return mean;
}

std::vector<Figure> Figures(const Plan& plan, const std::vector<int>& decimals,
                            const Cells& cells) {
  std::vector<Figure> figures;
  for (const Measure& measure : plan.query.measures) {
    if (measure.kind != Measure::Kind::kMean) {
      const size_t t = TableOf(plan, measure);
      figures.push_back(Plain(cells[t], decimals[t]));
      continue;
    }
    const size_t sum =
        TableOf(plan, Measure{Measure::Kind::kSum, measure.quantity});
    const size_t count = TableOf(plan, Measure{});
    figures.push_back(
        Mean(Plain(cells[sum], decimals[sum]), Plain(cells[count], 0)));
  }
  return figures;
}

}  // namespace

std::vector<MergedRow> Merge(const Plan& plan, const std::vector<int>& decimals,
                             const std::vector<AgencyRows>& agencies) {
  Sums sums(plan.tables.size());
  bool missing = false, any = false;
  for (const AgencyRows& agency : agencies) {
    missing = missing || !agency.answered;
    any = any || agency.answered;
    for (size_t m = 0; m < agency.measures.size(); ++m) {
      sums.Take(m, agency.measures[m]);
    }
  }
  // Nobody answered: the total alone says so.
  if (!any) sums.PlaceOf(Key(plan.query.by.size(), kTotal));
  std::vector<std::pair<Key, Cells>> ordered = sums.All();
  const RowOrder order(plan);
  std::sort(ordered.begin(), ordered.end(),
            [&order](const auto& a, const auto& b) {
              return order(a.first, b.first);
            });
  std::vector<MergedRow> rows;
  for (auto& [key, cells] : ordered) {
    if (any && !Applies(cells) && !plan.query.by.empty()) continue;
    if (missing) {
      for (Cell& cell : cells) cell = Incomplete(cell);
    }
    rows.push_back({key, "", Figures(plan, decimals, cells)});
  }
  return rows;
}

std::vector<MergedRow> SideBySide(const Plan& plan,
                                  const std::vector<int>& decimals,
                                  const std::vector<AgencyRows>& agencies) {
  std::set<Key, RowOrder> keys{RowOrder(plan)};
  std::vector<Rows> by_agency;
  for (const AgencyRows& agency : agencies) {
    by_agency.push_back(RowsOf(plan, agency));
    for (const auto& [key, cells] : by_agency.back()) {
      if (Applies(cells)) keys.insert(key);
    }
  }
  if (keys.empty()) keys.insert(Key(plan.query.by.size(), kTotal));
  std::vector<MergedRow> rows;
  for (const Key& key : keys) {
    for (size_t i = 0; i < agencies.size(); ++i) {
      Cells cells(plan.tables.size());
      const auto found = by_agency[i].find(key);
      if (found != by_agency[i].end()) cells = found->second;
      if (!agencies[i].answered) {
        for (Cell& cell : cells) cell = Incomplete(cell);
      }
      rows.push_back({key, agencies[i].agency, Figures(plan, decimals, cells)});
    }
  }
  return rows;
}

}  // namespace cairn
