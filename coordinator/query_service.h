#ifndef CAIRN_COORDINATOR_QUERY_SERVICE_H_
#define CAIRN_COORDINATOR_QUERY_SERVICE_H_

#include "cairn/v1/query_service.grpc.pb.h"
#include "coordinator/coordinator.h"

namespace cairn {

// The door for analysts: who may make which call, and status at the edge.
//   RunQuery            analyst
//   Describe, History   analyst, steward, auditor
//   Fetch               analyst, auditor
class QueryService : public v1::QueryService::CallbackService {
 public:
  QueryService(const CoordinatorSettings* settings, Coordinator* coordinator)
      : settings_(settings), coordinator_(coordinator) {}

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
  const CoordinatorSettings* const settings_;
  Coordinator* const coordinator_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_QUERY_SERVICE_H_
