#ifndef CAIRN_COORDINATOR_ATTACH_SERVICE_H_
#define CAIRN_COORDINATOR_ATTACH_SERVICE_H_

#include <memory>
#include <string>

#include "cairn/v1/agent_link.grpc.pb.h"
#include "coordinator/coordinator.h"
#include "coordinator/enrolment_desk.h"

namespace cairn {

// The door for agents: identity from the certificate, then a session.
class AttachService : public v1::AgentLink::CallbackService {
 public:
  // `enrolment` may be null: then certificates come by hand.
  AttachService(const CoordinatorSettings* settings, Coordinator* coordinator,
                EnrolmentDesk* enrolment)
      : settings_(settings), coordinator_(coordinator), enrolment_(enrolment) {}

  grpc::ServerBidiReactor<v1::AgentEnvelope, v1::CoordinatorEnvelope>* Attach(
      grpc::CallbackServerContext* context) override;

 private:
  // `why`: what its refusal is counted as.
  absl::StatusOr<Peer> Admit(const grpc::AuthContext& context, Reject* why);
  void Renew(const std::shared_ptr<AgentSession>& session, const Peer& peer,
             const std::string& request);

  const CoordinatorSettings* const settings_;
  Coordinator* const coordinator_;
  EnrolmentDesk* const enrolment_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_ATTACH_SERVICE_H_
