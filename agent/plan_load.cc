#include "agent/plan_load.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/figure_cache.h"
#include "agent/open_source.h"
#include "agent/planner.h"
#include "agent/release_store.h"
#include "agent/terms.h"
#include "core/base/status_macros.h"
#include "core/disclosure/cell_key.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

// What was released before, read only; an agent that never ran has nothing.
class EarlierReleases {
 public:
  static absl::StatusOr<EarlierReleases> Open(const AgentSettings& settings) {
    EarlierReleases earlier;
    auto database =
        Database::Open(settings.DatabasePath(), Database::Mode::kReadOnly);
    if (absl::IsNotFound(database.status())) {
      CAIRN_ASSIGN_OR_RETURN(
          earlier.database_,
          Database::Open(":memory:", Database::Mode::kScratch));
      CAIRN_ASSIGN_OR_RETURN(earlier.store_,
                             ReleaseStore::Create(earlier.database_.get()));
      return earlier;
    }
    CAIRN_RETURN_IF_ERROR(database.status());
    earlier.database_ = *std::move(database);
    earlier.store_ = ReleaseStore::ForReading(earlier.database_.get());
    return earlier;
  }
  ReleaseStore* store() const { return store_.get(); }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<ReleaseStore> store_;
};

std::string Lacking(const PlanCoverage& coverage) {
  if (coverage.lacking.empty()) return "";
  return absl::StrCat("\n    not here: ",
                      absl::StrJoin(coverage.lacking, "\n    not here: "));
}

}  // namespace

absl::StatusOr<std::string> PlanAtLoad(
    const AgentSettings& settings, const DataSet& data_set,
    const std::string& path, const std::string& agent_key,
    const std::function<void(size_t done, size_t all)>& progress) {
  const std::vector<PlannedTable>& plan = settings.PlanOf(data_set.id);
  if (plan.empty()) return std::string();
  const absl::Time start = absl::Now();
  CAIRN_ASSIGN_OR_RETURN(const auto source,
                         OpenDataSource(settings, data_set, path));
  CAIRN_ASSIGN_OR_RETURN(const EarlierReleases earlier,
                         EarlierReleases::Open(settings));
  CAIRN_ASSIGN_OR_RETURN(
      const bool same_rule,
      earlier.store()->AllUnder(settings.policy, data_set.id, source->epoch()));
  if (!same_rule) {
    return std::string(
        "  release plan: not protected, for these very records were first "
        "released under another policy\n");
  }
  const bool with_keys = settings.policy.cell_key.has_value();
  FigureCache figures(source.get(), &data_set, with_keys);
  PlanRequest request;
  request.data_set = &data_set;
  request.plan = &plan;
  request.policy = &settings.policy;
  request.source = source.get();
  request.figures = &figures;
  if (with_keys) {
    request.cell_key_secret = CellKeySecret(agent_key, data_set.id);
  }
  request.terms = TermsOf(settings);
  request.releases = earlier.store();
  request.progress = progress;
  CAIRN_ASSIGN_OR_RETURN(const std::string digest, PlanDigest(request));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<NewTable> tables,
                         ProtectPlan(request));
  CAIRN_RETURN_IF_ERROR(StorePlan(path, digest, tables));
  const PlanCoverage coverage = CoverageOf(request);
  return absl::StrFormat(
      "  release plan: %d tables protected in %.1f s, %d released before%s\n",
      tables.size(), absl::ToDoubleSeconds(absl::Now() - start),
      coverage.given - tables.size(), Lacking(coverage));
}

std::string PlanState(const AgentSettings& settings, const DataSet& data_set,
                      const DataSource& source) {
  const std::vector<PlannedTable>& plan = settings.PlanOf(data_set.id);
  if (plan.empty()) return "";
  PlanRequest request;
  request.plan = &plan;
  request.source = &source;
  const PlanCoverage coverage = CoverageOf(request);
  const auto earlier = EarlierReleases::Open(settings);
  if (!earlier.ok()) return std::string(earlier.status().message());
  size_t released = 0;
  for (const PlannedTable& table : plan) {
    const auto tables =
        earlier->store()->Tables(data_set.id, source.epoch(), table.measure);
    if (!tables.ok()) return std::string(tables.status().message());
    released += (*tables)->find(table.Key()) != (*tables)->end() ? 1 : 0;
  }
  return absl::StrCat(
      released, " of ", coverage.given, " tables released",
      released < coverage.given ? "; the rest when the agent next runs" : "",
      coverage.lacking.empty()
          ? ""
          : absl::StrCat("; ", coverage.lacking.size(), " are not held here"));
}

}  // namespace cairn
