#include "coordinator/enrolment_service.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr int kMaxRequestBytes = 16 << 10;
constexpr int kMaxStreams = 4;  // of one connection
constexpr int kMaxConnectionMs = 30'000;

}  // namespace

absl::StatusOr<std::unique_ptr<EnrolmentService>> EnrolmentService::Start(
    const CoordinatorSettings& settings, Coordinator* coordinator,
    EnrolmentDesk* desk) {
  CAIRN_ASSIGN_OR_RETURN(
      const auto credentials,
      MakeEnrolmentServerCredentials(settings.config.credentials()));
  std::unique_ptr<EnrolmentService> service(
      new EnrolmentService(coordinator, desk));
  grpc::ServerBuilder builder;
  int port = 0;
  const std::string& listen = settings.config.enrolment().listen();
  builder.AddListeningPort(listen, credentials, &port);
  builder.RegisterService(service.get());
  SetServerLimits(&builder);
  // Anybody may dial here: little is taken, and nobody stays.
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kMaxConnectionMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             kMaxConnectionMs);
  service->server_ = builder.BuildAndStart();
  if (service->server_ == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", listen,
                     " for enrolment; is another program using that port?"));
  }
  return service;
}

EnrolmentService::~EnrolmentService() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

grpc::ServerUnaryReactor* EnrolmentService::Enrol(
    grpc::CallbackServerContext* context, const v1::Envelope* request,
    v1::Envelope* response) {
  auto* reactor = context->DefaultReactor();
  const bool taken =
      coordinator_->Run([this, reactor, response, bytes = request->message()] {
        v1::EnrolRequest asked;
        absl::Status status = ParseMessage(bytes, kMaxRequestBytes, &asked);
        if (status.ok()) {
          v1::EnrolReply reply;
          auto certificate = desk_->Enrol(asked);
          status = certificate.status();
          if (status.ok()) {
            reply.set_certificate(*std::move(certificate));
            response->set_message(reply.SerializeAsString());
          }
        }
        reactor->Finish(ToGrpcStatus(status));
      });
  if (!taken) {
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(
        "the coordinator is busy; try again in a minute")));
  }
  return reactor;
}

}  // namespace cairn
