#ifndef CAIRN_CORE_AUDIT_COMMANDS_H_
#define CAIRN_CORE_AUDIT_COMMANDS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/audit/export_log.h"
#include "core/audit/flags.h"
#include "core/audit/log_audit.h"
#include "core/audit/query_story.h"

namespace cairn {

// Where an audit reads: a folder, a node's own disk, or the coordinator.
class AuditSource {
 public:
  virtual ~AuditSource() = default;
  virtual absl::StatusOr<LogToAudit> Log() = 0;
  // Of a question that the log has.
  virtual OpenedQuestion Open(const QueryRecord& record) = 0;
  virtual absl::StatusOr<ExportExtras> Extras() = 0;
  // Those that the one who asks has configured; used where flags name none.
  virtual absl::StatusOr<AuditKeys> OwnKeys() { return AuditKeys(); }
  // After an export.
  virtual absl::Status Exported(const Checkpoint&) { return absl::OkStatus(); }
};

// The notes of a log's owner, for LogToAudit::cosigned.
std::vector<FoundNote> EarlierCheckpoints(std::vector<std::string> notes);

// The source that is an exported folder.
std::unique_ptr<AuditSource> FolderSource(const std::string& folder);

// The keys and kept checkpoints that the flags name. INVALID_ARGUMENT or
// NOT_FOUND with the flag or the file.
absl::StatusOr<AuditKeys> ReadAuditKeys(const AuditFlags& flags);

// Each prints its finding and returns OK, or the first flaw of the log (exit
// 1): what was read up to it is printed all the same. INVALID_ARGUMENT for a
// flag that says nothing, NOT_FOUND if there is no such question.
absl::Status AuditVerify(AuditSource* source, const AuditFlags& flags);
absl::Status AuditList(AuditSource* source, const AuditFlags& flags);
absl::Status AuditShow(AuditSource* source, const AuditFlags& flags);
// The source is the coordinator's ledger; flags.agents are folders of exports
// of agencies' ledgers. A difference is DATA_LOSS.
absl::Status AuditReconcile(AuditSource* source, const AuditFlags& flags);
// The source is an agency's own ledger; flags.coordinator is the folder of an
// export of the coordinator's. A difference is DATA_LOSS.
absl::Status AuditReconcileOwn(AuditSource* source, const AuditFlags& flags);
// Into flags.folder.
absl::Status AuditExport(AuditSource* source, const AuditFlags& flags);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_COMMANDS_H_
