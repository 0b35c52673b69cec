#include "coordinator/unary_call.h"

#include <utility>

#include "core/base/log.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"

namespace cairn {

void SayWhenToRetry(const absl::Status& status,
                    grpc::CallbackServerContext* context) {
  if (!absl::IsResourceExhausted(status)) return;
  context->AddTrailingMetadata("grpc-retry-pushback-ms", "2000");
}

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
    coordinator->CountReject(Reject::kCertificate);
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
    const absl::Status busy = absl::ResourceExhaustedError(
        "the coordinator is busy; ask again in 2 seconds");
    SayWhenToRetry(busy, context);
    reactor->Finish(ToGrpcStatus(busy));
  }
  return reactor;
}

}  // namespace cairn
