#include "coordinator/attach_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/link/channel.h"

namespace cairn {
namespace {

using Reactor =
    grpc::ServerBidiReactor<v1::AgentEnvelope, v1::CoordinatorEnvelope>;

// Says no at once; a null reactor would tell the peer UNIMPLEMENTED.
class Rejection : public Reactor {
 public:
  explicit Rejection(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

absl::StatusOr<Peer> AttachService::Admit(const grpc::AuthContext& context,
                                          Reject* why) {
  *why = Reject::kCertificate;
  CAIRN_ASSIGN_OR_RETURN(Peer peer, coordinator_->gate()->AdmitAgent(context));
  *why = Reject::kAgency;
  if (settings_->FindAgency(peer.identity.id) == nullptr) {
    return absl::PermissionDeniedError(
        absl::StrCat("agency ", peer.identity.id,
                     " is not in the coordinator's configuration"));
  }
  if (enrolment_ != nullptr) {
    CAIRN_RETURN_IF_ERROR(enrolment_->CheckConfirmed(peer));
  }
  return peer;
}

void AttachService::Renew(const std::shared_ptr<AgentSession>& session,
                          const Peer& peer, const std::string& request) {
  const auto answer = [this, session, peer, request] {
    absl::StatusOr<std::string> certificate = absl::FailedPreconditionError(
        "this coordinator issues no certificates");
    if (enrolment_ != nullptr) certificate = enrolment_->Renew(peer, request);
    v1::CoordinatorMessage message;
    if (certificate.ok()) {
      message.mutable_renewed()->set_certificate(*certificate);
    } else {
      const std::string why(certificate.status().message());
      LogLine("renewal.refused",
              {{"agency", session->agency()}, {"reason", why}});
      message.mutable_renewed()->set_refusal(PrintableUtf8(why));
    }
    session->Send(message);
  };
  // It asks again.
  if (!coordinator_->Run(answer)) {
    LogLine("renewal.late", {{"agency", session->agency()}});
  }
}

Reactor* AttachService::Attach(grpc::CallbackServerContext* context) {
  Reject why = Reject::kCertificate;
  const auto peer = Admit(*context->auth_context(), &why);
  absl::Status refused = peer.status();
  const std::string agency = peer.ok() ? peer->identity.id : "";
  std::shared_ptr<void> slot;
  if (refused.ok()) {
    slot = coordinator_->TakeStream(agency);
    if (slot == nullptr) {
      why = Reject::kStreams;
      refused = absl::ResourceExhaustedError(absl::StrCat(
          "agency ", agency, " has too many streams open already"));
    }
  }
  if (!refused.ok()) {
    LogLine("agent.refused", {{"reason", std::string(refused.message())}});
    coordinator_->CountReject(why);
    return new Rejection(refused);
  }
  AgentSession::Handlers handlers;
  handlers.on_message = [this, peer = *peer](
                            std::shared_ptr<AgentSession> session,
                            v1::AgentMessage message) {
    if (message.has_renewal()) {
      Renew(session, peer, message.renewal().request());
      return;
    }
    coordinator_->OnAgentMessage(std::move(session), std::move(message));
  };
  handlers.on_gone = [this](std::shared_ptr<AgentSession> session) {
    coordinator_->Detached(session);
  };
  auto session = AgentSession::Start(context, agency, std::move(slot),
                                     std::move(handlers));
  session->Hold(coordinator_->gate()->Watch(
      *peer, [this, weak = std::weak_ptr<AgentSession>(session)](
                 const absl::Status& revoked) {
        if (const auto open = weak.lock()) {
          coordinator_->CutAgent(open, std::string(revoked.message()));
        }
      }));
  coordinator_->Attached(session);
  return session.get();
}

}  // namespace cairn
