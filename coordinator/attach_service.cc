#include "coordinator/attach_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"

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

Reactor* AttachService::Attach(grpc::CallbackServerContext* context) {
  auto identity = IdentifyPeer(*context->auth_context(),
                               settings_->catalogue->partnership, {"agent"});
  absl::Status refused = identity.status();
  Reject why = Reject::kCertificate;
  if (identity.ok() && settings_->FindAgency(identity->id) == nullptr) {
    why = Reject::kAgency;
    refused = absl::PermissionDeniedError(absl::StrCat(
        "agency ", identity->id, " is not in the coordinator's configuration"));
  }
  std::shared_ptr<void> slot;
  if (refused.ok()) {
    slot = coordinator_->TakeStream(identity->id);
    if (slot == nullptr) {
      why = Reject::kStreams;
      refused = absl::ResourceExhaustedError(absl::StrCat(
          "agency ", identity->id, " has too many streams open already"));
    }
  }
  if (!refused.ok()) {
    LogLine("agent.refused", {{"reason", std::string(refused.message())}});
    coordinator_->CountReject(why);
    return new Rejection(refused);
  }
  AgentSession::Handlers handlers;
  handlers.on_message = [this](std::shared_ptr<AgentSession> session,
                               v1::AgentMessage message) {
    coordinator_->OnAgentMessage(std::move(session), std::move(message));
  };
  handlers.on_gone = [this](std::shared_ptr<AgentSession> session) {
    coordinator_->Detached(session);
  };
  auto session = AgentSession::Start(context, identity->id, std::move(slot),
                                     std::move(handlers));
  coordinator_->Attached(session);
  return session.get();
}

}  // namespace cairn
