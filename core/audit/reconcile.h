#ifndef CAIRN_CORE_AUDIT_RECONCILE_H_
#define CAIRN_CORE_AUDIT_RECONCILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/audit/log_audit.h"
#include "core/audit/query_records.h"
#include "core/output/listing.h"

namespace cairn {

// One side's ledger, read.
struct LedgerSide {
  LogAudit audit;
  QueryRecords queries;
};

// Where two ledgers do not say the same of a question.
struct Mismatch {
  // A note is normal and says why: an answer that came too late, a copy that
  // ends earlier. A difference is for someone to explain.
  enum class Kind { kDifference, kNote };
  Kind kind;
  std::string query;   // empty: of no single question
  std::string agency;  // empty: of no single agency
  std::optional<uint64_t> coordinator_entry, agent_entry;
  std::string words;
};

struct Reconciliation {
  uint64_t questions = 0;  // of the coordinator's ledger
  uint64_t compared = 0;   // parts of agencies held against their own ledgers
  std::vector<Mismatch> mismatches;

  uint64_t differences() const;
  // For people, to the width of the terminal; for scripts.
  std::string Text() const;
  Listing List() const;
};

// Holds the coordinator's ledger against any number of agencies', question by
// question, both ways:
//   - what the coordinator says an agency did, against what that one wrote
//   down;
//   - each receipt's entry and hash, against the entry itself;
//   - person, purpose and data set of the question, and the coordinator's entry
//     that the agency was shown of it;
//   - as many agencies as an answer's entry counts, against those it names;
//   - questions that only one of them knows;
//   - a ledger that does not hold in itself is a difference, and is compared as
//     far as it could be read;
//   - agencies that were asked and of which there is no ledger here, as a note:
//     unless `those_only`.
Reconciliation Reconcile(const LedgerSide& coordinator,
                         const std::vector<LedgerSide>& agents,
                         bool those_only = false);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_RECONCILE_H_
