#ifndef CAIRN_COORDINATOR_ATTACH_SERVICE_H_
#define CAIRN_COORDINATOR_ATTACH_SERVICE_H_

#include <string>

#include "cairn/v1/agent_link.grpc.pb.h"
#include "coordinator/coordinator.h"

namespace cairn {

// The door for agents: identity from the certificate, then a session.
class AttachService : public v1::AgentLink::CallbackService {
 public:
  AttachService(const CoordinatorSettings* settings, Coordinator* coordinator)
      : settings_(settings), coordinator_(coordinator) {}

  grpc::ServerBidiReactor<v1::AgentEnvelope, v1::CoordinatorEnvelope>* Attach(
      grpc::CallbackServerContext* context) override;

 private:
  const CoordinatorSettings* const settings_;
  Coordinator* const coordinator_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ATTACH_SERVICE_H_
