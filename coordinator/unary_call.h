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

// A short call: for a caller whose certificate has one of `roles`, `work` runs
// on the coordinator's work queue with the caller's id and gives the reply's
// bytes. PERMISSION_DENIED or UNAUTHENTICATED for others, RESOURCE_EXHAUSTED
// where too many wait.
using UnaryWork =
    std::function<absl::StatusOr<std::string>(const std::string& caller)>;
grpc::ServerUnaryReactor* UnaryCall(grpc::CallbackServerContext* context,
                                    const CoordinatorSettings& settings,
                                    Coordinator* coordinator,
                                    const std::vector<std::string>& roles,
                                    v1::Envelope* response, UnaryWork work);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_UNARY_CALL_H_
