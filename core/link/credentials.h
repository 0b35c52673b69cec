#ifndef CAIRN_CORE_LINK_CREDENTIALS_H_
#define CAIRN_CORE_LINK_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// Mutual TLS from files. An identity is the one URI name of a certificate,
// spiffe://<partnership>/<role>/<id> (the coordinator's has no id), and nothing
// else: no field of a message and no common name counts.
struct PeerIdentity {
  std::string partnership;
  std::string role;  // agent, coordinator, analyst, steward, auditor, ...
  std::string id;

  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

// INVALID_ARGUMENT unless `uri` is exactly such a name: lower-case letters,
// digits,
// '-', '_' and '.', no empty part, no percent-encoding.
absl::StatusOr<PeerIdentity> ParseIdentity(const std::string& uri);

// Checks the three files before anything is started with them: readable, the
// key not open to others, the key belongs to the certificate, the certificate
// is in date, comes from the authority and has exactly one well-formed URI
// name, which is returned. The sentence names the file and what to do.
absl::StatusOr<PeerIdentity> CheckCredentials(const v1::Credentials& files);

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Credentials& files);
// Only a server whose certificate has role `coordinator` and the caller's own
// partnership is accepted.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const v1::Credentials& files);

// The identity of a caller: UNAUTHENTICATED without exactly one URI name;
// PERMISSION_DENIED for another partnership or a role not in `roles`.
absl::StatusOr<PeerIdentity> IdentifyPeer(
    const grpc::AuthContext& context, const std::string& partnership,
    const std::vector<std::string>& roles);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_CREDENTIALS_H_
