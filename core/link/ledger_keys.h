#ifndef CAIRN_CORE_LINK_LEDGER_KEYS_H_
#define CAIRN_CORE_LINK_LEDGER_KEYS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/ledger/key.h"
#include "core/ledger/origin.h"
#include "core/query/catalogue.h"

namespace cairn {

// A node's secret keys, in STATE_DIR/log.key and STATE_DIR/witness.key, and,
// where it was made ahead of time, that of its next log in
// STATE_DIR/log-next.key. Each in the one line of SigningKey::SecretText and
// mode 0600.
struct NodeSecrets {
  SigningKey log;
  SigningKey witness;
  std::optional<SigningKey> next;
};

// `agency` empty: the coordinator's.
LogOwner OwnerIn(const Catalogue& catalogue, const std::string& agency);

// NOT_FOUND if they were not made; INVALID_ARGUMENT, with the file, if others
// may read one of them, it is not a key, or not of this owner.
absl::StatusOr<NodeSecrets> ReadNodeSecrets(const std::string& state_dir,
                                            const LogOwner& owner);
// Makes those that are missing first, the log's for the year of `now`.
// FAILED_PRECONDITION if the key is missing of a log that has signed already: a
// new one could not go on with it.
absl::StatusOr<NodeSecrets> ReadOrMakeNodeSecrets(const std::string& state_dir,
                                                  const LogOwner& owner,
                                                  absl::Time now);
// Makes the key of the next log, of that name, if there is none yet. One that
// is there under another name is replaced. INVALID_ARGUMENT if this is not a
// later log of the owner than that of log.key.
absl::Status MakeNextLogKey(const std::string& state_dir, const LogOwner& owner,
                            const std::string& origin);
// What the log has signed (SqliteCheckpointStore).
std::string CheckpointPath(const std::string& state_dir);
// The folder of the logs that came before, each in a folder named as its
// edition: sealed/2026.
std::string SealedFolder(const std::string& state_dir);
// The key of the next log, and that of this one.
std::string NextLogKeyPath(const std::string& state_dir);
std::string LogKeyPath(const std::string& state_dir);

// The other halves, as everyone may know them.
struct NodeKeys {
  // One for each log, in the order in which they were begun; never empty.
  std::vector<VerifierKey> logs;
  VerifierKey witness;
  // For each log but the first: that the one before it signed its key
  // (SignRotation).
  std::vector<std::string> rotated;

  // Null if no log of this name is known.
  const VerifierKey* Log(absl::string_view origin) const;
};
NodeKeys PublicHalves(const NodeSecrets& secrets);
// As it is written in a partnership's file of ledger keys.
std::string LedgerKeysText(const LogOwner& owner, const NodeKeys& keys);
// The lines of `status`: each key as an auditor copies it, or why there is
// none.
std::string LedgerKeysStatus(const absl::StatusOr<NodeSecrets>& secrets);

// Whose ledgers and witnesses this node trusts: from its own configuration,
// never from the wire. Who lets a log say which log it is has checked nothing
// (CVE-2022-39199).
struct LedgerKeys {
  NodeKeys coordinator;
  std::map<std::string, NodeKeys> agencies;  // by id

  // Null if it is not a member. `agency` empty: the coordinator's.
  const NodeKeys* Find(const std::string& agency) const;
};

// Reads a file of message LedgerKeys. INVALID_ARGUMENT, with the file, if it
// cannot be read, a key is missing, not one, in the wrong place or in two, or
// the key of a later log is not signed by that of the one before it.
absl::StatusOr<LedgerKeys> ReadLedgerKeys(const std::string& path,
                                          const Catalogue& catalogue);
// INVALID_ARGUMENT if the file does not have the keys of this node's log and
// witness. Of the next log it need not know yet.
absl::Status CheckOwnKeys(const std::string& path, const LedgerKeys& keys,
                          const LogOwner& owner, const NodeKeys& own);
// Both. Nothing where no file is configured: the node's own decision, and its
// log says so.
absl::StatusOr<std::optional<LedgerKeys>> ReadOwnLedgerKeys(
    const std::string& path, const Catalogue& catalogue, const LogOwner& owner,
    const NodeKeys& own);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_LEDGER_KEYS_H_
