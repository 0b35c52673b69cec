#ifndef CAIRN_CORE_LEDGER_VERIFY_LOG_H_
#define CAIRN_CORE_LEDGER_VERIFY_LOG_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"
#include "core/ledger/tiles.h"

namespace cairn {

// What an auditor brings along. Keys and kept checkpoints are his own: taken
// from the log under check they would prove nothing.
struct LogExpectation {
  VerifierKey log;
  std::vector<VerifierKey> witnesses;
  // Checkpoints of this log he kept: signed notes, at any size.
  std::vector<std::string> kept;
};

struct VerifiedLog {
  SignedCheckpoint checkpoint;
  // Witnesses that have cosigned it, and when. Whether that is a quorum, now or
  // then, is for QuorumRule to say.
  std::vector<std::pair<std::string, absl::Time>> cosigned;
};

// Reads a whole log, first entry to last, in one pass and constant memory, and
// makes its tree again: every signature, every entry, every tile. `each` sees
// the entries in order; its error ends the pass and is returned. They are known
// to be what was signed only when VerifyLog has returned OK.
//
// DATA_LOSS says in one sentence what is wrong and names the first entry that
// is missing, altered, cut short, out of place, older than the one before it,
// or no ledger entry at all; or the file that is missing or altered; or that
// log and checkpoint, or log and a kept checkpoint, are not the same history.
// PERMISSION_DENIED, NOT_FOUND and INVALID_ARGUMENT as OpenCheckpoint, for the
// log's checkpoint and for kept ones. A checkpoint signed by a key that is not
// given is refused too: every line of it is to be accounted for.
absl::StatusOr<VerifiedLog> VerifyLog(
    const LogReader& files, const LogExpectation& expected,
    absl::FunctionRef<absl::Status(const ParsedEntry&)> each);
absl::StatusOr<VerifiedLog> VerifyLog(const LogReader& files,
                                      const LogExpectation& expected);

// The part of VerifyLog that needs no key: that the entries and tiles are those
// of a checkpoint, and go on from those that were kept, all of them read
// already. Who signed them is for the caller to know. DATA_LOSS as above.
absl::Status VerifyLogFiles(
    const LogReader& files, const Checkpoint& checkpoint,
    const std::vector<Checkpoint>& kept,
    absl::FunctionRef<absl::Status(const ParsedEntry&)> each);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_VERIFY_LOG_H_
