#ifndef CAIRN_AGENT_PLANNER_H_
#define CAIRN_AGENT_PLANNER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/data_source.h"
#include "agent/figure_cache.h"
#include "agent/release_store.h"
#include "core/disclosure/policy.h"
#include "core/disclosure/receipt.h"
#include "core/ledger/ledger.h"
#include "core/query/release_plan.h"

namespace cairn {

// The release plan of one extract: which of its tables this agency can give,
// and how they look once protected. All pointers must outlive the call.
struct PlanRequest {
  const DataSet* data_set = nullptr;
  const std::vector<PlannedTable>* plan = nullptr;
  const DisclosurePolicy* policy = nullptr;
  const DataSource* source = nullptr;
  FigureCache* figures = nullptr;    // of `source`
  std::string cell_key_secret = {};  // method CELL_KEY only
  // What the tables' receipts say of the agent (TermsOf).
  DisclosureReceipt terms = {};
  // What was released of the epoch before. It is only read.
  ReleaseStore* releases = nullptr;

  // Before each of a measure's tables: how many are done, and how many there
  // are.
  std::function<void(size_t done, size_t all)> progress = {};
};

// A protected table and the key it is released under (Plan::TableKey).
struct NewTable {
  std::string key;
  ReleaseStore::TablePtr table;
  KeptReceipt receipt;
  // Of the last table of each measure: what then proves all of the measure.
  CertificateStore::ProofPtr certificates;
};

// The planned tables that the source can give and that were not released
// before, in the plan's order: as many as can be are protected as one problem,
// against all that was released; fewer where that shows nothing. Each measure
// is a problem of its own. Errors as Protect and DataSource::Tabulate.
absl::StatusOr<std::vector<NewTable>> ProtectPlan(const PlanRequest& request);

// A digest of all that ProtectPlan works from: the plan, the policy, the
// catalogue, the records (their epoch), and what was released before.
absl::StatusOr<std::string> PlanDigest(const PlanRequest& request);

// What an extract has to say of the plan: how many of its tables this source
// can give, and for each of the others why not, as whoever asks for it is told:
// it follows from what the steward declared alone.
struct PlanCoverage {
  size_t given = 0;
  std::vector<std::string> lacking;
};
PlanCoverage CoverageOf(const PlanRequest& request);

// Tables that were made at load wait in the extract for the agent to release.
// A file is read only as a whole: DATA_LOSS otherwise. NOT_FOUND if it has none
// made from exactly this.
absl::Status StorePlan(const std::string& extract_path,
                       const std::string& digest,
                       const std::vector<NewTable>& tables);
absl::StatusOr<std::vector<NewTable>> ReadStoredPlan(
    const std::string& extract_path, const PlanRequest& request,
    const std::string& digest);

// Makes the whole plan released: what load has made of it if nothing has
// changed since, else protected here and now. One entry, `plan.released`, in
// one commit with all tables, or nothing; no entry where all are released
// already. Without a ledger nothing is written: the store only knows the tables
// until ReleaseStore::Forget. FAILED_PRECONDITION if the epoch was first
// released under another policy.
absl::Status MakePlanReleased(const PlanRequest& request,
                              const std::string& extract_path, Ledger* ledger);

}  // namespace cairn

#endif  // CAIRN_AGENT_PLANNER_H_
