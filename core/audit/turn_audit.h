#ifndef CAIRN_CORE_AUDIT_TURN_AUDIT_H_
#define CAIRN_CORE_AUDIT_TURN_AUDIT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/audit/log_audit.h"
#include "core/ledger/turn.h"

namespace cairn {

// The turn from one log to the next, as an auditor sees it: what the first
// entry says of the log before, and that nothing stands after log.sealed.
class TurnAudit {
 public:
  // The entries, in order.
  void See(const ParsedEntry& entry);

  // DATA_LOSS names the first entry that cannot stand where it does.
  const absl::Status& flaw() const { return flaw_; }
  // Absent where the log does not say what it follows, or is sealed.
  std::optional<AuditFinding> Sealed() const;
  // That the log before has the size and the root that the first entry names,
  // is whole, and, unless it was given up, is signed by its key and sealed for
  // this one.
  std::optional<AuditFinding> Follows(const LogToAudit& log,
                                      const AuditKeys& keys) const;

 private:
  absl::Status CheckBefore(const LogReader& files, const AuditKeys& keys,
                           std::string* how) const;

  std::optional<LogOpening> opening_;
  std::optional<uint64_t> sealed_;
  std::string sealed_for_;
  absl::Status flaw_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_TURN_AUDIT_H_
