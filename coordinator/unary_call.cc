#include "coordinator/unary_call.h"

#include <utility>

#include "core/base/log.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"

namespace cairn {

grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context,
                                    const CoordinatorSettings& settings,
                                    Coordinator* coordinator,
                                    const std::vector<std::string>& roles,
                                    v1::Envelope* response, UnaryWork work) {
  auto* reactor = context->DefaultReactor();
  const auto identity = IdentifyPeer(*context->auth_context(),
                                     settings.catalogue->partnership, roles);
  if (!identity.ok()) {
    LogLine("call.unauthorised",
            {{"reason", std::string(identity.status().message())}});
    reactor->Finish(ToGrpcStatus(identity.status()));
    return reactor;
  }
  const bool taken = coordinator->Run(
      [reactor, response, work = std::move(work), caller = identity->id] {
        auto bytes = work(caller);
        if (bytes.ok()) response->set_message(*std::move(bytes));
        reactor->Finish(ToGrpcStatus(bytes.status()));
      });
  if (!taken) {
    reactor->Finish(
        grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                     "the coordinator is busy; ask again in a few seconds"));
  }
  return reactor;
}

}  // namespace cairn
