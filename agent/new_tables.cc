#include "agent/new_tables.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// Is one of the plan's released tables enough to work the question's out from?
bool HeldByPlan(const std::vector<PlannedTable>& planned, const Plan& plan,
                const Measure& measure,
                const std::map<std::string, ReleaseStore::TablePtr>& released) {
  const bool additive = measure.kind != Measure::Kind::kDistinctPersons;
  return std::any_of(planned.begin(), planned.end(),
                     [&](const PlannedTable& table) {
                       return table.measure == measure &&
                              released.find(table.Key()) != released.end() &&
                              Contains(table, plan, additive);
                     });
}

// How many of the keys are of no planned table.
size_t OutsidePlan(const std::vector<PlannedTable>& planned,
                   const std::vector<std::string>& keys) {
  return static_cast<size_t>(
      std::count_if(keys.begin(), keys.end(), [&](const std::string& key) {
        return std::none_of(
            planned.begin(), planned.end(),
            [&](const PlannedTable& table) { return table.Key() == key; });
      }));
}

// Only of tables that this agency has released: the others it cannot give.
std::string Sentence(const std::vector<PlannedTable>& released,
                     const Plan& plan, size_t most) {
  std::string sentence =
      most == 0 ? "answers only from the tables of its release plan"
                : absl::StrCat("has released ", most,
                               " tables of these records outside its release "
                               "plan, as many as it may");
  const PlannedTable* nearest = NearestTable(released, plan);
  if (nearest == nullptr) {
    return absl::StrCat(sentence, "; it answers again with its next load");
  }
  return absl::StrCat(sentence, "; the nearest that can be asked is ",
                      nearest->measure.ToString(), " --by ", nearest->Key());
}

}  // namespace

std::vector<const ProtectedTable*> ReleasedOf(
    const std::vector<PlannedTable>& plan, const Measure& measure,
    const std::map<std::string, ReleaseStore::TablePtr>& released) {
  std::vector<const ProtectedTable*> tables;
  for (const PlannedTable& table : plan) {
    if (!(table.measure == measure)) continue;
    const auto found = released.find(table.Key());
    if (found != released.end()) tables.push_back(found->second.get());
  }
  return tables;
}

absl::Status CheckNewTables(const AgentSettings& settings, const Plan& plan,
                            const std::string& epoch, ReleaseStore* releases,
                            Refusal* refusal) {
  const std::string& data_set = plan.data_set->id;
  const std::vector<PlannedTable>& planned = settings.PlanOf(data_set);
  const std::string key = plan.TableKey();
  *refusal = {v1::NOT_READY,
              "could not read what it released before; its steward finds the "
              "reason in the agent's log"};
  std::vector<PlannedTable> given;
  size_t wanted = 0;
  for (const Measure& measure : plan.tables) {
    CAIRN_ASSIGN_OR_RETURN(const auto* released,
                           releases->Tables(data_set, epoch, measure));
    if (released->find(key) == released->end() &&
        !HeldByPlan(planned, plan, measure, *released)) {
      ++wanted;
    }
    for (const PlannedTable& table : planned) {
      if (table.measure == measure &&
          released->find(table.Key()) != released->end()) {
        given.push_back(table);
      }
    }
  }
  if (wanted == 0) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                         releases->Keys(data_set, epoch));
  if (OutsidePlan(planned, keys) + wanted <= settings.NewTablesPerEpoch()) {
    return absl::OkStatus();
  }
  *refusal = {v1::NOT_RELEASED,
              Sentence(given, plan, settings.NewTablesPerEpoch())};
  return absl::FailedPreconditionError(refusal->sentence);
}

}  // namespace cairn
