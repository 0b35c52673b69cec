#ifndef CAIRN_CORE_LINK_CHANNEL_H_
#define CAIRN_CORE_LINK_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// The keepalive contract, both halves in one place (gRPC doc/keepalive.md): the
// agent pings an idle line every 30 s and gives up after 10; the coordinator
// tolerates a ping every 10 s, or it would send GOAWAY too_many_pings.
std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);
// Once, where thousands connect. gRPC's locks are absl's, and Debian builds
// these so that they keep a record of each and of who holds which, to find
// cycles: a twentieth of what a question costs, under one lock of its own, and
// memory for each stream.
void UseLocksWithoutRecords();
void SetServerLimits(grpc::ServerBuilder* builder);

// Status is made for gRPC once, at the door.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status ToAbslStatus(const grpc::Status& status);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_CHANNEL_H_
