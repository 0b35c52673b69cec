#include "core/disclosure/merge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace cairn {
namespace {

using KeyList = std::vector<RowKey>;
using Key = RowKey;

// Where a row stands: for each variable of --by, its code's place among all
// codes that any agency gives. Compared from left to right.
using Place = std::array<uint32_t, kMaxVariables>;

// Gives the codes of a --by variable their order: the catalogue's, else by
// code, then not known, outside, the margin.
class CodeOrder {
 public:
  // Of every code in use; first all of them, then Settle, then PlaceOf.
  void Add(absl::string_view code) { places_.try_emplace(code, 0); }

  void Settle(const Level& level) {
    absl::flat_hash_map<absl::string_view, size_t> in_catalogue;
    for (size_t i = 0; i < level.codes.size(); ++i) {
      in_catalogue[level.codes[i].id] = i;
    }
    std::vector<std::tuple<int, size_t, absl::string_view>> order;
    for (const auto& [code, place] : places_) {
      const auto found = in_catalogue.find(code);
      const bool known = found != in_catalogue.end();
      const int group = code == kTotal         ? 3
                        : known                ? 0
                        : code == kOutsideCode ? 2
                        : code == kUnknownCode ? 1
                                               : 0;
      order.emplace_back(group, known ? found->second : 0, code);
    }
    std::sort(order.begin(), order.end());
    uint32_t next = 0;
    for (const auto& one : order) places_[std::get<2>(one)] = next++;
  }

  uint32_t PlaceOf(absl::string_view code) const {
    return places_.find(code)->second;
  }

 private:
  absl::flat_hash_map<absl::string_view, uint32_t> places_;
};

// The rows that any of some lists has, each once and in order, and which of
// them the rows of a list are. A list that has them all in order, as agencies
// with like tables give it, is taken as it is.
class RowSet {
 public:
  RowSet(const Plan& plan, const std::vector<AgencyRows>& agencies)
      : orders_(plan.query.by.size()) {
    for (const AgencyRows& agency : agencies) {
      for (const AgencyRows::Rows& rows : agency.measures) {
        Find(rows.keys.get());
      }
    }
    for (const KeyList* list : lists_) {
      EachNewCode(*list, [this](size_t, size_t by, const std::string& code) {
        orders_[by].Add(code);
      });
    }
    for (const PlanAxis& axis : plan.axes) {
      if (axis.by < 0) continue;
      orders_[axis.by].Settle(
          plan.data_set->dimensions[axis.dimension].levels[axis.by_level]);
    }
    Unite();
  }

  size_t size() const { return keys_.size(); }
  const Key& key(size_t row) const { return *keys_[row]; }

  // Which row each of a list is; empty: the first is the first, and so on.
  const std::vector<size_t>& RowsOf(const KeyList* list) {
    return rows_[Find(list)];
  }

 private:
  // Of the newest lists, so many are held against another: those of one content
  // are one. Where agencies differ by place, each has its own.
  static constexpr size_t kLookedAt = 8;

  size_t Find(const KeyList* list) {
    const auto [found, fresh] = index_.try_emplace(list, lists_.size());
    if (!fresh) return found->second;
    for (size_t i = 0; i < std::min(kLookedAt, lists_.size()); ++i) {
      const size_t at = lists_.size() - 1 - i;
      if (*lists_[at] == *list) return found->second = at;
    }
    lists_.push_back(list);
    return found->second;
  }

  // Where a list's rows go on with a code, that is not told again.
  template <typename Tell>
  static void EachNewCode(const KeyList& list, const Tell& tell) {
    for (size_t row = 0; row < list.size(); ++row) {
      for (size_t by = 0; by < list[row].size(); ++by) {
        if (row > 0 && list[row][by] == list[row - 1][by]) continue;
        tell(row, by, list[row][by]);
      }
    }
  }

  std::vector<Place> PlacesOf(const KeyList& list) const {
    constexpr uint32_t kAsBefore = std::numeric_limits<uint32_t>::max();
    Place none;
    none.fill(kAsBefore);
    std::vector<Place> places(list.size(), none);
    EachNewCode(list, [&](size_t row, size_t by, const std::string& code) {
      places[row][by] = orders_[by].PlaceOf(code);
    });
    Place before{};
    for (Place& place : places) {
      for (size_t by = 0; by < place.size(); ++by) {
        if (place[by] == kAsBefore) place[by] = before[by];
      }
      before = place;
    }
    return places;
  }

  void Unite() {
    rows_.resize(lists_.size());
    std::vector<std::vector<Place>> places;
    std::vector<std::pair<Place, const Key*>> all;
    for (const KeyList* list : lists_) {
      places.push_back(PlacesOf(*list));
      for (size_t i = 0; i < list->size(); ++i) {
        all.emplace_back(places.back()[i], &(*list)[i]);
      }
    }
    const auto before = [](const auto& a, const auto& b) {
      return a.first < b.first;
    };
    const bool in_order = std::is_sorted(all.begin(), all.end(), before);
    if (!in_order) std::stable_sort(all.begin(), all.end(), before);
    all.erase(std::unique(all.begin(), all.end(),
                          [](const auto& a, const auto& b) {
                            return a.first == b.first;
                          }),
              all.end());
    keys_.reserve(all.size());
    for (const auto& [place, key] : all) keys_.push_back(key);
    if (in_order && lists_.size() == 1 && keys_.size() == lists_[0]->size()) {
      return;
    }
    for (size_t i = 0; i < lists_.size(); ++i) {
      for (const Place& place : places[i]) {
        const auto found = std::lower_bound(
            all.begin(), all.end(),
            std::pair<Place, const Key*>(place, nullptr), before);
        rows_[i].push_back(static_cast<size_t>(found - all.begin()));
      }
    }
  }

  std::vector<CodeOrder> orders_;
  absl::flat_hash_map<const KeyList*, size_t> index_;
  std::vector<const KeyList*> lists_;
  std::vector<std::vector<size_t>> rows_;  // of each list
  std::vector<const Key*> keys_;
};

// The cells of a list of rows, added to those of all rows: `cells` has one per
// row and table of the plan.
void AddTo(const AgencyRows::Rows& from, const std::vector<size_t>& rows,
           size_t tables, size_t table, std::vector<Cell>* cells) {
  const std::vector<Cell>& own = *from.cells;
  for (size_t i = 0; i < own.size(); ++i) {
    const size_t row = rows.empty() ? i : rows[i];
    Cell& sum = (*cells)[row * tables + table];
    sum = Add(sum, own[i]);
  }
}

bool Applies(absl::Span<const Cell> cells) {
  return std::any_of(cells.begin(), cells.end(), [](const Cell& cell) {
    return cell.status != CellStatus::kNotApplicable;
  });
}

// A measure's figures, from the cells of the plan's tables.
class FigureMaker {
 public:
  FigureMaker(const Plan& plan, const std::vector<int>& decimals) {
    for (const Measure& measure : plan.query.measures) {
      const bool mean = measure.kind == Measure::Kind::kMean;
      const Measure own =
          mean ? Measure{Measure::Kind::kSum, measure.quantity} : measure;
      sources_.push_back({TableOf(plan, own), mean});
    }
    count_ = TableOf(plan, Measure{});
    for (const int places : decimals) units_.push_back(std::pow(10.0, places));
    figures_.resize(sources_.size());
  }

  // Until it is called again.
  absl::Span<const Figure> operator()(absl::Span<const Cell> cells) {
    for (size_t m = 0; m < sources_.size(); ++m) {
      const Figure figure =
          Plain(cells[sources_[m].table], units_[sources_[m].table]);
      figures_[m] =
          sources_[m].mean ? Mean(figure, Plain(cells[count_], 1)) : figure;
    }
    return figures_;
  }

 private:
  struct Source {
    size_t table;
    bool mean;  // the table's sum over the count
  };

  static size_t TableOf(const Plan& plan, const Measure& measure) {
    return static_cast<size_t>(
        std::find(plan.tables.begin(), plan.tables.end(), measure) -
        plan.tables.begin());
  }

  static Figure Plain(const Cell& cell, double unit) {
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

  // From released figures only: the least sum over the most records, and the
  // other way round.
  static Figure Mean(const Figure& sum, const Figure& count) {
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

  std::vector<Source> sources_;
  size_t count_ = 0;  // the table of counts
  std::vector<double> units_;
  std::vector<Figure> figures_;
};

void MakeIncomplete(absl::Span<Cell> cells) {
  for (Cell& cell : cells) cell = Incomplete(cell);
}

}  // namespace

void Merge(const Plan& plan, const std::vector<int>& decimals,
           const std::vector<AgencyRows>& agencies, EachRow each) {
  const size_t tables = plan.tables.size();
  RowSet rows(plan, agencies);
  std::vector<Cell> sums(rows.size() * tables);
  bool missing = false, any = false;
  for (const AgencyRows& agency : agencies) {
    missing = missing || !agency.answered;
    any = any || agency.answered;
    for (size_t m = 0; m < agency.measures.size(); ++m) {
      const AgencyRows::Rows& own = agency.measures[m];
      AddTo(own, rows.RowsOf(own.keys.get()), tables, m, &sums);
    }
  }
  FigureMaker figures(plan, decimals);
  const std::string nobody;
  if (!any) {  // the total alone says so
    std::vector<Cell> cells(tables);
    if (missing) MakeIncomplete(absl::MakeSpan(cells));
    each(Key(plan.query.by.size(), kTotal), nobody, figures(cells));
    return;
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto cells = absl::MakeSpan(sums).subspan(row * tables, tables);
    if (!Applies(cells) && !plan.query.by.empty()) continue;
    if (missing) MakeIncomplete(cells);
    each(rows.key(row), nobody, figures(cells));
  }
}

void SideBySide(const Plan& plan, const std::vector<int>& decimals,
                const std::vector<AgencyRows>& agencies, EachRow each) {
  const size_t tables = plan.tables.size();
  RowSet rows(plan, agencies);
  std::vector<std::vector<Cell>> by_agency;
  for (const AgencyRows& agency : agencies) {
    std::vector<Cell>& cells = by_agency.emplace_back(rows.size() * tables);
    for (size_t m = 0; m < agency.measures.size(); ++m) {
      const AgencyRows::Rows& own = agency.measures[m];
      AddTo(own, rows.RowsOf(own.keys.get()), tables, m, &cells);
    }
  }
  FigureMaker figures(plan, decimals);
  bool any = false;
  const auto tell = [&](const Key& key, size_t row) {
    for (size_t i = 0; i < agencies.size(); ++i) {
      std::vector<Cell> none(tables);
      const auto cells =
          row < rows.size()
              ? absl::MakeSpan(by_agency[i]).subspan(row * tables, tables)
              : absl::MakeSpan(none);
      if (!agencies[i].answered) MakeIncomplete(cells);
      each(key, agencies[i].agency, figures(cells));
    }
    any = true;
  };
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool applies =
        std::any_of(by_agency.begin(), by_agency.end(), [&](const auto& cells) {
          return Applies(absl::MakeSpan(cells).subspan(row * tables, tables));
        });
    if (applies) tell(rows.key(row), row);
  }
  if (!any) tell(Key(plan.query.by.size(), kTotal), rows.size());
}

}  // namespace cairn
