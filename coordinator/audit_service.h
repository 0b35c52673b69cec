#ifndef CAIRN_COORDINATOR_AUDIT_SERVICE_H_
#define CAIRN_COORDINATOR_AUDIT_SERVICE_H_

#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/audit_service.grpc.pb.h"
#include "coordinator/coordinator.h"
#include "core/base/mutex.h"
#include "core/store/node_log.h"

namespace cairn {

// The door for auditors, role auditor only: the ledger as it lies on the disk,
// read beside the program that writes it. What is verified of it is for the
// auditor's own program to say.
class AuditService : public v1::AuditService::CallbackService {
 public:
  // All must outlive the service. `log`: this coordinator's own.
  AuditService(Coordinator* coordinator, std::unique_ptr<NodeLog> log)
      : coordinator_(coordinator), log_(std::move(log)) {}

  grpc::ServerUnaryReactor* ReadLogFile(grpc::CallbackServerContext* context,
                                        const v1::Envelope* request,
                                        v1::Envelope* response) override;
  grpc::ServerUnaryReactor* ListCosigned(grpc::CallbackServerContext* context,
                                         const v1::Envelope* request,
                                         v1::Envelope* response) override;
  grpc::ServerUnaryReactor* OpenQuestion(grpc::CallbackServerContext* context,
                                         const v1::Envelope* request,
                                         v1::Envelope* response) override;

 private:
  absl::StatusOr<std::string> LogFile(const std::string& auditor,
                                      const std::string& request);
  absl::Status LogExport(const std::string& auditor, const std::string& note);

  Coordinator* const coordinator_;
  Mutex mutex_;  // the log is used by one thread at a time
  const std::unique_ptr<NodeLog> log_ ABSL_PT_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_AUDIT_SERVICE_H_
