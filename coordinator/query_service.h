#ifndef CAIRN_COORDINATOR_QUERY_SERVICE_H_
#define CAIRN_COORDINATOR_QUERY_SERVICE_H_

#include "cairn/v1/query_service.grpc.pb.h"
#include "coordinator/coordinator.h"

namespace cairn {

// The door for persons: who may make which call (core/identity/person.h), and
// status at the edge. History and Fetch show an analyst no more than what that
// analyst asked.
class QueryService : public v1::QueryService::CallbackService {
 public:
  explicit QueryService(Coordinator* coordinator) : coordinator_(coordinator) {}

  grpc::ServerWriteReactor<v1::Envelope>* RunQuery(
      grpc::CallbackServerContext* context,
      const v1::Envelope* request) override;
  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::Envelope* request,
                                     v1::Envelope* response) override;
  grpc::ServerUnaryReactor* History(grpc::CallbackServerContext* context,
                                    const v1::Envelope* request,
                                    v1::Envelope* response) override;
  grpc::ServerUnaryReactor* Fetch(grpc::CallbackServerContext* context,
                                  const v1::Envelope* request,
                                  v1::Envelope* response) override;

 private:
  Coordinator* const coordinator_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_QUERY_SERVICE_H_
