#include "coordinator/unary_call.h"

#include <utility>

#include "core/link/channel.h"

namespace cairn {

void SayWhenToRetry(const absl::Status& status,
                    grpc::CallbackServerContext* context) {
  if (!absl::IsResourceExhausted(status)) return;
  context->AddTrailingMetadata("grpc-retry-pushback-ms", "2000");
}

grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context,
                                    Coordinator* coordinator,
                                    const std::vector<Call>& calls,
                                    v1::Envelope* response, UnaryWork work) {
  auto* reactor = context->DefaultReactor();
  const auto peer = coordinator->gate()->Admit(*context->auth_context(), calls);
  if (!peer.ok()) {
    coordinator->CountReject(Reject::kCertificate);
    reactor->Finish(ToGrpcStatus(peer.status()));
    return reactor;
  }
  const bool taken = coordinator->Run(
      [reactor, response, work = std::move(work), caller = peer->identity] {
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
