#ifndef CAIRN_COORDINATOR_ENROLMENT_SERVICE_H_
#define CAIRN_COORDINATOR_ENROLMENT_SERVICE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/enrolment.grpc.pb.h"
#include "coordinator/config.h"
#include "coordinator/coordinator.h"
#include "coordinator/enrolment_desk.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// The door for agencies that have a code and no certificate yet: a server of
// its own on a port of its own, which serves nothing else.
class EnrolmentService : public v1::Enrolment::CallbackService {
 public:
  // Listens from now on. INVALID_ARGUMENT: the coordinator's own credentials;
  // UNAVAILABLE: the port. All must outlive the service.
  static absl::StatusOr<std::unique_ptr<EnrolmentService>> Start(
      const CoordinatorSettings& settings, Coordinator* coordinator,
      EnrolmentDesk* desk);
  ~EnrolmentService() override;

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                  const v1::Envelope* request,
                                  v1::Envelope* response) override;

 private:
  EnrolmentService(Coordinator* coordinator, EnrolmentDesk* desk)
      : coordinator_(coordinator), desk_(desk) {}

  Coordinator* const coordinator_;
  EnrolmentDesk* const desk_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ENROLMENT_SERVICE_H_
