#ifndef CAIRN_AGENT_TERMS_H_
#define CAIRN_AGENT_TERMS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/config.h"
#include "core/disclosure/receipt.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"

namespace cairn {

// What every receipt says: under which terms the agent answers now.
DisclosureReceipt TermsOf(const AgentSettings& settings);

// Puts into the ledger under which terms the agent is about to answer, where
// they are not those of its last entry about them:
//   catalogue.changed  from, to (SHA-256, hex; from is empty at first), version
//   policy.changed     from, to, largest_hidden_count, rounding_base,
//                      minimum_persons
// What was logged last stands in terms(name, digest), written in one commit
// with the entry. Errors of the ledger or the database: nothing is logged, and
// the agent is not to start.
absl::Status LogTerms(const AgentSettings& settings, Database* database,
                      Ledger* ledger);

// The records that the agent answers from, put into the ledger where they are
// not those of the last entry about their data set, before anything is told of
// them:
//   dataset.loaded     data_set, from, to (epochs; from is empty at first),
//                      rows: how many, as RowsBand
//   dataset.removed    data_set, from
// What was logged last stands in terms as well. Errors as LogTerms.
class RecordsBook {
 public:
  static absl::StatusOr<std::unique_ptr<RecordsBook>> Create(Database* database,
                                                             Ledger* ledger);
  absl::Status Loaded(const std::string& data_set, const std::string& epoch,
                      uint64_t rows);
  // Nothing where it was not loaded.
  absl::Status Removed(const std::string& data_set);
  // Removed, of each that is logged as loaded and has no source any more.
  absl::Status RemovedBut(const v1::AgentConfig& config);

 private:
  RecordsBook(Database* database, Ledger* ledger)
      : database_(database), ledger_(ledger) {}

  Database* const database_;
  Ledger* const ledger_;
};

// "none", "1 to 99", "100 to 999", "1000 to 9999" and so on: a ledger that
// others read has no exact count of anything.
std::string RowsBand(uint64_t rows);

// In the commit that begins a new log: that one says its terms anew.
absl::Status ForgetLoggedTerms(Database* database);

}  // namespace cairn

#endif  // CAIRN_AGENT_TERMS_H_
