#ifndef CAIRN_CLI_CLIENT_H_
#define CAIRN_CLI_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/audit_service.grpc.pb.h"
#include "cairn/v1/query_service.grpc.pb.h"

namespace cairn {

// The analyst's connection to a coordinator: one call at a time, each with a
// deadline. The profile (certificate, key, where the coordinator is) is the
// file named by CAIRN_PROFILE or --profile.
class Client {
 public:
  // UNAUTHENTICATED if there is no profile or its credentials cannot be used.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      const std::string& profile);

  absl::StatusOr<v1::Description> Describe();
  absl::StatusOr<v1::History> History(bool mine, int limit);
  absl::StatusOr<v1::Result> Fetch(const std::string& query_id);

  // For auditors. NOT_FOUND if the ledger has no such file.
  absl::StatusOr<std::string> ReadLogFile(const std::string& path);
  absl::StatusOr<std::vector<std::string>> Cosigned();
  absl::StatusOr<v1::OpenedCommitment> OpenQuestion(uint64_t entry);

  using OnEvent = std::function<void(const v1::QueryEvent&)>;
  // The result, after the events that led to it. Ends a little after the
  // question's own deadline if the coordinator does not.
  absl::StatusOr<v1::Result> Ask(const v1::RunQueryRequest& request,
                                 const OnEvent& on_event);

 private:
  // One of the methods of `stub`.
  template <typename Stub>
  using UnaryCall = grpc::Status (Stub::*)(grpc::ClientContext*,
                                           const v1::Envelope&, v1::Envelope*);

  explicit Client(const std::shared_ptr<grpc::ChannelInterface>& channel)
      : stub_(v1::QueryService::NewStub(channel)),
        audit_(v1::AuditService::NewStub(channel)) {}
  template <typename Stub>
  static absl::Status Call(Stub* stub, UnaryCall<Stub> call,
                           const google::protobuf::MessageLite& request,
                           google::protobuf::Message* response);

  std::unique_ptr<v1::QueryService::Stub> stub_;
  std::unique_ptr<v1::AuditService::Stub> audit_;
};

}  // namespace cairn

#endif  // CAIRN_CLI_CLIENT_H_
