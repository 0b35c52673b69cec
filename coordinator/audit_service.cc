#include "coordinator/audit_service.h"

#include <optional>

#include "coordinator/unary_call.h"
#include "core/base/status_macros.h"
#include "core/ledger/note.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr size_t kMaxRequestBytes = 4096;

}  // namespace

absl::Status AuditService::LogExport(const std::string& auditor,
                                     const std::string& note) {
  CAIRN_ASSIGN_OR_RETURN(const Note parsed, ParseNote(note));
  CAIRN_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                         ParseCheckpointText(parsed.text));
  Entry made{"export.made", "", {}};
  made.fields["actor"] = auditor;
  made.fields["entries"] = static_cast<int64_t>(checkpoint.size);
  return coordinator_->log().ledger()->Append(made).status();
}

absl::StatusOr<std::string> AuditService::LogFile(const std::string& auditor,
                                                  const std::string& request) {
  v1::LogFileRequest asked;
  CAIRN_RETURN_IF_ERROR(ParseMessage(request, kMaxRequestBytes, &asked));
  v1::LogFile file;
  {
    MutexLock lock(&mutex_);
    CAIRN_ASSIGN_OR_RETURN(*file.mutable_bytes(), log_->Read(asked.path()));
  }
  if (asked.path() == "checkpoint") {
    CAIRN_RETURN_IF_ERROR(LogExport(auditor, file.bytes()));
  }
  return file.SerializeAsString();
}

grpc::ServerUnaryReactor* AuditService::ReadLogFile(
    grpc::CallbackServerContext* context, const v1::Envelope* request,
    v1::Envelope* response) {
  return UnaryCall(
      context, coordinator_, {Call::kReadLedger}, response,
      [this, bytes = request->message()](const PeerIdentity& auditor) {
        return LogFile(auditor.id, bytes);
      });
}

grpc::ServerUnaryReactor* AuditService::ListCosigned(
    grpc::CallbackServerContext* context, const v1::Envelope*,
    v1::Envelope* response) {
  return UnaryCall(context, coordinator_, {Call::kReadLedger}, response,
                   [this](const PeerIdentity&) -> absl::StatusOr<std::string> {
                     v1::Cosigned cosigned;
                     MutexLock lock(&mutex_);
                     CAIRN_ASSIGN_OR_RETURN(
                         const std::vector<std::string> notes,
                         log_->Cosigned());
                     for (const std::string& note : notes)
                       cosigned.add_note(note);
                     return cosigned.SerializeAsString();
                   });
}

grpc::ServerUnaryReactor* AuditService::OpenQuestion(
    grpc::CallbackServerContext* context, const v1::Envelope* request,
    v1::Envelope* response) {
  return UnaryCall(
      context, coordinator_, {Call::kReadLedger}, response,
      [this, bytes = request->message()](
          const PeerIdentity&) -> absl::StatusOr<std::string> {
        v1::OpenQuestionRequest asked;
        CAIRN_RETURN_IF_ERROR(ParseMessage(bytes, kMaxRequestBytes, &asked));
        MutexLock lock(&mutex_);
        CAIRN_ASSIGN_OR_RETURN(const std::optional<NodeLog::Opening> opening,
                               log_->OpeningOf(asked.entry()));
        v1::OpenedCommitment opened;
        if (opening.has_value()) {
          opened.set_salt(opening->salt);
          opened.set_bytes(opening->bytes);
        }
        return opened.SerializeAsString();
      });
}

}  // namespace cairn
