// How long the tables of a release plan take to protect, and what is left to
// see: the extract of one agent, as `cairn-agent load` would protect it.
// Nothing is kept.
//
//   cairn-bench-protect-plan AGENT.textproto [TABLES_AT_ONCE]
//
// TABLES_AT_ONCE: so many as one problem, as load does it with all; 1: one
// after the other, as it does where that comes to nothing.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "agent/config.h"
#include "agent/epochs.h"
#include "agent/figure_cache.h"
#include "agent/release_store.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"
#include "core/disclosure/protect.h"

namespace cairn {
namespace {

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Shown {
  size_t cells = 0, published = 0, nonzero = 0, nonzero_published = 0;
  int64_t total = 0, total_published = 0;
};

// Of the cells that are not margins; the total counts each record once.
Shown Count(const FrequencyTable& truth, const ProtectedTable& table) {
  Shown shown;
  for (size_t i = 0; i < truth.counts.size(); ++i) {
    bool margin = false;
    for (size_t a = 0; a < truth.shape.axes.size(); ++a) {
      margin = margin || truth.shape.at(i, a) == truth.shape.axes[a].margin();
    }
    if (margin) continue;
    const bool open = table.cells()[i].status == CellStatus::kPublished;
    ++shown.cells;
    shown.published += open ? 1 : 0;
    shown.nonzero += truth.counts[i] > 0 ? 1 : 0;
    shown.nonzero_published += open && truth.counts[i] > 0 ? 1 : 0;
    shown.total += truth.counts[i];
    if (open) shown.total_published += truth.counts[i];
  }
  return shown;
}

int64_t AboveThreshold(const FrequencyTable& truth, int64_t t) {
  int64_t total = 0;
  for (size_t i = 0; i < truth.counts.size(); ++i) {
    bool margin = false;
    for (size_t a = 0; a < truth.shape.axes.size(); ++a) {
      margin = margin || truth.shape.at(i, a) == truth.shape.axes[a].margin();
    }
    if (!margin && truth.counts[i] > t) total += truth.counts[i];
  }
  return total;
}

absl::Status Measure1(const AgentSettings& settings, const DataSet& data_set,
                      size_t at_once) {
  CAIRN_ASSIGN_OR_RETURN(
      const auto source,
      SqliteSource::Open(settings.ExtractPath(data_set.id), data_set,
                         settings.catalogue->digest));
  FigureCache figures(source.get(), &data_set, false);
  std::vector<const PlannedTable*> planned;
  for (const PlannedTable& table : settings.PlanOf(data_set.id)) {
    planned.push_back(&table);
  }
  std::map<std::string, std::deque<ProtectedTable>> kept;
  std::map<std::string, std::shared_ptr<const ReleaseProof>> certificates;
  CAIRN_ASSIGN_OR_RETURN(const auto empty,
                         Database::Open(":memory:", Database::Mode::kScratch));
  CAIRN_ASSIGN_OR_RETURN(const auto releases,
                         ReleaseStore::Create(empty.get()));
  const double start = Now();
  for (size_t from = 0; from < planned.size();) {
    const Measure measure = planned[from]->measure;
    std::vector<FigureCache::TablePtr> tables;
    std::vector<std::string> keys;
    for (; from < planned.size() && tables.size() < at_once &&
           planned[from]->measure == measure;
         ++from) {
      Refusal refusal;
      const auto shape = source->Shape(planned[from]->plan, &refusal);
      if (!shape.ok()) {
        std::printf("- %s: %s\n", planned[from]->Key().c_str(),
                    refusal.sentence.c_str());
        continue;
      }
      CAIRN_ASSIGN_OR_RETURN(auto table, figures.Tabulate(*shape, measure));
      tables.push_back(std::move(table));
      keys.push_back(planned[from]->Key());
    }
    if (tables.empty()) continue;
    ProtectRequest request;
    for (const auto& table : tables) request.tables.push_back(table.get());
    request.measure = measure;
    request.policy = settings.policy;
    request.data_set = &data_set;
    request.thorough = at_once > 1;
    auto& pinned = kept[measure.ToString()];
    for (const ProtectedTable& table : pinned) request.pinned.push_back(&table);
    std::vector<const ProtectedTable*> also = std::move(request.pinned);
    request.pinned.clear();
    CAIRN_ASSIGN_OR_RETURN(const Earlier earlier,
                           FindEarlier(releases.get(), *source, measure));
    CAIRN_RETURN_IF_ERROR(
        HoldAgainst(earlier, *source, &figures, also, &request));
    request.certificates = certificates[measure.ToString()].get();
    const double before = Now();
    CAIRN_ASSIGN_OR_RETURN(std::vector<Protection> done, Protect(request));
    const double seconds = Now() - before;
    certificates[measure.ToString()] = done[0].certificates;
    for (size_t i = 0; i < done.size(); ++i) {
      const Shown shown = Count(*tables[i], done[i].table);
      std::printf(
          "%-16s %-44s %6zu cells  %5.1f %% of non-zero shown  %5.1f %% of "
          "records (threshold alone %5.1f %%)\n",
          measure.ToString().c_str(), keys[i].c_str(), tables[i]->counts.size(),
          100.0 * static_cast<double>(shown.nonzero_published) /
              static_cast<double>(std::max<size_t>(1, shown.nonzero)),
          100.0 * static_cast<double>(shown.total_published) /
              static_cast<double>(std::max<int64_t>(1, shown.total)),
          100.0 *
              static_cast<double>(AboveThreshold(
                  *tables[i], settings.policy.largest_hidden_count)) /
              static_cast<double>(std::max<int64_t>(1, shown.total)));
      pinned.push_back(std::move(done[i].table));
    }
    std::printf("                 %zu together: %.2f s\n", done.size(),
                seconds);
    std::fflush(stdout);
  }
  std::printf("%s: %.1f s in all\n", data_set.id.c_str(), Now() - start);
  return absl::OkStatus();
}

absl::Status Run(const std::string& config, size_t at_once) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings, ReadAgentConfig(config));
  for (const v1::Source& source : settings.config.source()) {
    CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                           settings.catalogue->Find(source.data_set()));
    CAIRN_RETURN_IF_ERROR(Measure1(settings, *data_set, at_once));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: cairn-bench-protect-plan AGENT.textproto [AT_ONCE]\n",
               stderr);
    return 2;
  }
  const size_t at_once = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  const absl::Status status = cairn::Run(argv[1], at_once);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}
