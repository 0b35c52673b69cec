#ifndef CAIRN_COORDINATOR_UNARY_CALL_H_
#define CAIRN_COORDINATOR_UNARY_CALL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/query_service.pb.h"
#include "coordinator/coordinator.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// With RESOURCE_EXHAUSTED, the wait that its sentence names, for programs (gRPC
// proposal A6, grpc-retry-pushback-ms).
void SayWhenToRetry(const absl::Status& status,
                    grpc::CallbackServerContext* context);

// A short call: for a caller whom the gate lets make one of `calls`, `work`
// runs on the coordinator's work queue and gives the reply's bytes. The gate's
// errors for others, RESOURCE_EXHAUSTED where too many wait.
using UnaryWork =
    std::function<absl::StatusOr<std::string>(const PeerIdentity& caller)>;
grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context,
                                    Coordinator* coordinator,
                                    const std::vector<Call>& calls,
                                    v1::Envelope* response, UnaryWork work);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_UNARY_CALL_H_
