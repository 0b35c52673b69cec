#include "agent/figure_cache.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/disclosure/meeting.h"

namespace cairn {
namespace {

// The plan that cuts a table of this shape, as far as Tabulate reads it.
absl::StatusOr<Plan> PlanOf(const DataSet& data_set, const TableShape& shape,
                            const Measure& measure) {
  Plan plan;
  plan.data_set = &data_set;
  plan.tables = {measure};
  for (const TableAxis& axis : shape.axes) {
    // Of atoms, one level is as good as another.
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable variable,
                           data_set.FindVariable(axis.variable.substr(
                               0, axis.variable.find(kAtomJoin))));
    PlanAxis planned;
    planned.dimension = variable.dimension;
    planned.level = variable.level;
    plan.axes.push_back(planned);
  }
  return plan;
}

}  // namespace

absl::StatusOr<FigureCache::TablePtr> FigureCache::Tabulate(
    const TableShape& shape, const Measure& measure, const EraSet* span) {
  std::string key = NameOf(span == nullptr ? source_->span() : *span);
  if (measure.kind == Measure::Kind::kSum) {
    absl::StrAppend(&key, "\n", measure.quantity);
  }
  for (const TableAxis& axis : shape.axes) {
    absl::StrAppend(&key, "\n", axis.variable, " ", absl::HashOf(axis.codes));
  }
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().table;
  }
  CAIRN_ASSIGN_OR_RETURN(const Plan plan, PlanOf(*data_set_, shape, measure));
  CAIRN_ASSIGN_OR_RETURN(FrequencyTable table,
                         source_->Tabulate(plan, shape, with_keys_, span));
  cells_ += table.counts.size();
  entries_.push_front(
      {key, std::make_shared<const FrequencyTable>(std::move(table))});
  by_key_[key] = entries_.begin();
  while (cells_ > kMaxCells && entries_.size() > 1) {
    cells_ -= entries_.back().table->counts.size();
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return entries_.front().table;
}

}  // namespace cairn
