#include "coordinator/coarser_offer.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace cairn {
namespace {

constexpr size_t kEnoughPercent = 70;

// The first level that this one nests in with none between; null at the top.
const Level* NextCoarser(const Dimension& dimension, int level) {
  const Level& own = dimension.levels[level];
  for (const std::string& above : own.nests_in) {
    const int candidate = dimension.FindLevel(above);
    const bool next = std::none_of(
        own.nests_in.begin(), own.nests_in.end(), [&](const std::string& name) {
          const int between = dimension.FindLevel(name);
          return between != candidate && dimension.Nests(between, candidate);
        });
    if (next) return &dimension.levels[candidate];
  }
  return nullptr;
}

const Level* NextOf(const Plan& plan, const PlanAxis& axis) {
  return NextCoarser(plan.data_set->dimensions[axis.dimension], axis.by_level);
}

struct Shown {
  size_t shown = 0, all = 0;
};

Shown CountShown(const v1::Result& result) {
  Shown count;
  for (const v1::ResultRow& row : result.row()) {
    const bool shown = row.status() == v1::PUBLISHED;
    if (shown && row.value() == 0) continue;
    if (!shown && row.status() != v1::SUPPRESSED &&
        row.status() != v1::BOUNDED) {
      continue;
    }
    ++count.all;
    count.shown += shown ? 1 : 0;
  }
  return count;
}

}  // namespace

std::string OfferCoarser(const Plan& plan, const v1::Result& result) {
  const Shown count = CountShown(result);
  if (plan.query.by.empty() ||
      count.shown * 100 >= count.all * kEnoughPercent) {
    return "";
  }
  std::vector<std::set<std::string>> codes(plan.query.by.size());
  for (const v1::ResultRow& row : result.row()) {
    for (size_t i = 0; i < codes.size(); ++i) {
      codes[i].insert(row.key(static_cast<int>(i)));
    }
  }
  // One that has a coarser level before any that has none.
  const PlanAxis* widest = nullptr;
  std::pair<bool, size_t> best;
  for (const PlanAxis& axis : plan.axes) {
    if (axis.by < 0) continue;
    const std::pair<bool, size_t> rank = {NextOf(plan, axis) != nullptr,
                                          codes[axis.by].size()};
    if (widest != nullptr && rank <= best) continue;
    widest = &axis;
    best = rank;
  }
  const Level* coarser = NextOf(plan, *widest);
  const std::string start =
      absl::StrCat("fewer than ", kEnoughPercent,
                   " % of the figures can be shown; for more of them ");
  const std::string& variable = plan.query.by[widest->by];
  if (coarser == nullptr) return absl::StrCat(start, "leave out ", variable);
  return absl::StrCat(start, "ask by ", coarser->variable, " instead of ",
                      variable);
}

}  // namespace cairn
