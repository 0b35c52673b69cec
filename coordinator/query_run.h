#ifndef CAIRN_COORDINATOR_QUERY_RUN_H_
#define CAIRN_COORDINATOR_QUERY_RUN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/disclosure/protected_table.h"
#include "core/disclosure/receipt.h"
#include "core/ledger/ledger.h"

namespace cairn {

// What one agency did with a question.
struct AgencyAnswer {
  enum class Outcome { kAnswered, kRefused, kSilent };
  std::string agency;
  Outcome outcome = Outcome::kSilent;
  std::string reason;  // why refused or silent
  uint32_t elapsed_ms = 0;
  std::shared_ptr<const std::vector<ProtectedTable>> tables;
  Receipt receipt;
  std::string entry, proof;      // of the receipt, as they came
  DisclosureReceipt disclosure;  // of the tables
};

// One fan-out, without a thread or a socket:
//
//   Start        the agencies that were asked
//   Accept       from an agency's session: the first answer counts, others drop
//   Expire       from the timer: whoever has not answered is silent
//   on_done      once, with one answer an agency, in the order asked
//
// Safe to call from any thread. The callbacks run on the caller's thread,
// outside the lock; on_done comes after every on_agency.
class QueryRun {
 public:
  using OnAgency = std::function<void(const AgencyAnswer&)>;
  using OnDone = std::function<void(std::vector<AgencyAnswer>)>;

  QueryRun(std::string query_id, std::vector<std::string> agencies,
           OnAgency on_agency, OnDone on_done);

  const std::string& query_id() const { return query_id_; }

  // Late, unasked and second answers are dropped; false then.
  bool Accept(AgencyAnswer answer);
  void Expire(const std::string& reason);
  // True while the agency was asked and may still answer.
  bool WaitsFor(const std::string& agency) const;

 private:
  const std::string query_id_;
  const std::vector<std::string> agencies_;
  absl::flat_hash_map<absl::string_view, size_t> place_;  // in agencies_
  const OnAgency on_agency_;
  const OnDone on_done_;

  mutable Mutex mutex_;
  // In the order asked; whoever has not answered has none.
  std::vector<std::optional<AgencyAnswer>> answers_ ABSL_GUARDED_BY(mutex_);
  size_t answered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;   // takes no more answers
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // on_done was called
  int reporting_ ABSL_GUARDED_BY(mutex_) = 0;   // callers in on_agency

  void Reported();
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_QUERY_RUN_H_
