#ifndef CAIRN_AGENT_IDENTITY_FOLDER_H_
#define CAIRN_AGENT_IDENTITY_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "core/link/credentials.h"

namespace cairn {

// Where an enrolled agent keeps who it is, in its state folder:
//   identity/pending.key      a key that was sent, and not answered yet
//   identity/SECONDS-XXXXXXXX/ key.pem, certificate.pem, authority.pem
//   identity/current          a link to one of those
// A new identity is written whole, synced and checked before the link moves: a
// full disk, a cut or a bad certificate leaves the old one in force. Folders
// that the link does not point to are old, and are removed.
class IdentityFolder {
 public:
  explicit IdentityFolder(const std::string& state_dir)
      : folder_(state_dir + "/identity") {}

  // The files of the identity in force, there or not.
  v1::Credentials Current() const;
  // The key that waits for its first certificate: the one that is there, or a
  // new one. So a code whose reply was lost is tried again with the same key.
  absl::StatusOr<std::string> PendingKey() const;
  // Puts an identity in force; the pending key is gone. Without `authority` the
  // one in force stays. INVALID_ARGUMENT if it is not `expected`'s, or does not
  // pass CheckCredentials; INTERNAL with the path if it cannot be written.
  absl::Status Put(const std::string& key, const std::string& certificate,
                   const std::string& authority,
                   const PeerIdentity& expected) const;

 private:
  absl::Status Write(const std::string& path, const std::string& key,
                     const std::string& certificate,
                     const std::string& authority) const;
  absl::Status Point(const std::string& name) const;
  void RemoveOthers(const std::string& name) const;

  const std::string folder_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_IDENTITY_FOLDER_H_
