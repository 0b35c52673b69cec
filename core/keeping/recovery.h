#ifndef CAIRN_CORE_KEEPING_RECOVERY_H_
#define CAIRN_CORE_KEEPING_RECOVERY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/dsse.h"
#include "core/identity/person.h"
#include "core/keeping/turn_log.h"
#include "core/ledger/checkpoint.h"

namespace cairn {

// A log that its owner cannot vouch for (docs/witnesses.md, "When a log has
// gone back") is never written to, signed or changed again. It is put into
// sealed/EDITION as it is, with the statement of two operators beside it, and a
// new log begins whose first entry says what there was, what a witness had seen
// of it, and why.

// The note of a witness that showed that the log went back: kept as evidence
// until the log is recovered.
absl::Status KeepSeen(const std::string& state_dir, const std::string& note);

// What the operators sign (DSSE, core/identity/dsse.h), in plain JSON:
//   {"v":1,"partnership":"riverside","node":"riverside-police",
//    "log":"<origin>","size":800,"root":"<base64>",
//    "seen":"<origin>","seen_size":1043,"seen_root":"<base64>",
//    "next":"<vkey>","reason":"restored_backup","at":1795298400}
// `node` is the agency's id, or coordinator.
struct RecoveryStatement {
  std::string partnership, node;
  Checkpoint log;   // the whole of it, as it is on the disk
  Checkpoint seen;  // the largest that was seen of it
  std::string next;
  std::string reason;
  absl::Time at;

  std::string Text() const;
};
inline constexpr char kRecoveryType[] =
    "application/vnd.cairn.recovery.v1+json";
absl::StatusOr<RecoveryStatement> ParseRecovery(absl::string_view text);
// restored_backup, lost_disk, two_machines, other. INVALID_ARGUMENT names them.
absl::Status CheckReason(const std::string& reason);

// Adds a person's signature to a file of a statement: its text, or what this
// function made of it: the envelope, and the certificates of those who signed,
// one a line. INVALID_ARGUMENT if it is neither, or this person has signed.
absl::StatusOr<std::string> AddRecoverySignature(
    const std::string& path, const std::string& file, const SecretKey& key,
    const std::string& certificate);

// Who has signed it: at least two persons, each of whom may. PERMISSION_DENIED
// says why it is not so; INVALID_ARGUMENT if the file is none.
struct SignedRecovery {
  RecoveryStatement statement;
  std::vector<std::string> signers;  // ids
};
absl::StatusOr<SignedRecovery> CheckRecovery(const std::string& path,
                                             const std::string& file,
                                             const PeopleTrust& trust,
                                             absl::Time now);

// The statement to be signed, for the log as it is now; makes the key of the
// log that is to follow. FAILED_PRECONDITION if nobody has found the log
// wanting.
absl::StatusOr<RecoveryStatement> PrepareRecovery(const KeptNode& node,
                                                  const Ledger& ledger,
                                                  const std::string& reason,
                                                  absl::Time now);
// Gives the log up and begins the new one. FAILED_PRECONDITION if the statement
// is not about the log as it is now, or the partnership's file does not have
// the key of the new one. `file` is kept beside the old log.
absl::Status Recover(const KeptNode& node, const LedgerParts& parts,
                     const SignedRecovery& recovery, const std::string& file,
                     absl::Time now, const AtStep& at_step = nullptr);

}  // namespace cairn

#endif  // CAIRN_CORE_KEEPING_RECOVERY_H_
