#ifndef CAIRN_CORE_LINK_CREDENTIALS_H_
#define CAIRN_CORE_LINK_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cairn/v1/config.pb.h"
#include "core/base/mutex.h"
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
// is in date, comes from the authority, is for its role's side of a connection
// and has exactly one well-formed URI name, which is returned. The sentence
// names the file and what to do.
absl::StatusOr<PeerIdentity> CheckCredentials(const v1::Credentials& files);

// Who is at the other end.
struct Peer {
  PeerIdentity identity;
  std::string uri;      // the same, as its certificate spells it
  std::string key_pin;  // of its key: 32 bytes (x509.h)
  absl::Time until;     // its certificate's end
};
// The owner of the first certificate of `chain`, all in PEM: in date, of a
// client, from `authority`, of this partnership, with exactly one URI name.
// UNAUTHENTICATED or, of another partnership, PERMISSION_DENIED with the true
// reason.
absl::StatusOr<Peer> VerifyPeer(const std::string& chain,
                                const std::string& authority,
                                const std::string& partnership);
// The same of a chain that was held against the authority just now.
absl::StatusOr<Peer> IdentifyPeer(const std::string& chain,
                                  const std::string& partnership);

// Says whether a connection may come about, given the certificates that the
// other end showed, its own first. Called on gRPC's threads; must not wait.
using AdmitPeer = std::function<absl::Status(const std::string& chain)>;
// Asks every caller for a certificate; `admit` alone decides about it, also
// about none (""), so that the log can say why one was turned away. The files
// are read again when they change.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Credentials& files, AdmitPeer admit);
// The certificates that the caller of a call showed, its own first; "" if none.
std::string ChainOf(const grpc::AuthContext& context);

// For a server that lets in those who have no certificate yet: the chain it
// shows ends in the partnership's root, against which they hold it.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>>
MakeEnrolmentServerCredentials(const v1::Credentials& files);
// The other end: accepts a coordinator only if the key of its root has this
// name (x509.h), before anything is sent. What was seen is in `seen` from then
// on; while nothing was accepted, `refusal` says why.
struct FirstContact {
  Mutex mutex;
  std::string authority ABSL_GUARDED_BY(mutex);  // PEM of the root
  std::string key_pin ABSL_GUARDED_BY(mutex);    // of the coordinator's own
  std::string refusal ABSL_GUARDED_BY(mutex);
};
std::shared_ptr<grpc::ChannelCredentials> MakeEnrolmentChannelCredentials(
    const std::string& root_pin, const std::string& partnership,
    std::shared_ptr<FirstContact> seen);

// Only a server whose certificate has role `coordinator` and the caller's own
// partnership is accepted. Uses the files as they are now: whoever connects
// again later asks again. Errors of CheckCredentials.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const v1::Credentials& files);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_CREDENTIALS_H_
