#ifndef CAIRN_CORE_LEDGER_SHOWN_QUESTION_H_
#define CAIRN_CORE_LEDGER_SHOWN_QUESTION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/key.h"
#include "core/ledger/witnessed_log.h"

namespace cairn {

// What an agency demands to see before it answers: that the question stands in
// the coordinator's log, to the byte, where more than half of the agencies
// would notice if it were taken out again. Pure functions but for what a
// QuorumCheck remembers of signatures that it has checked.

struct AskedQuestion {
  std::string query_id;
  std::string asker;
  std::string bytes;  // the question, as it came
  std::string salt;   // of the entry's commitment to it
};

// The coordinator's checkpoint and the entry's index, if the entry is in it,
// and is a query.received of this question: its qid, its actor and, in
// `question_commit`, its commitment. Otherwise PERMISSION_DENIED,
// INVALID_ARGUMENT, NOT_FOUND or DATA_LOSS with a sentence that says what is
// not so.
struct ProvenQuestion {
  SignedCheckpoint checkpoint;
  uint64_t index = 0;
  std::string leaf_hash;  // of the entry
};
absl::StatusOr<ProvenQuestion> CheckLogged(const ShownEntry& shown,
                                           const AskedQuestion& asked,
                                           const VerifierKey& log);

// Whether a checkpoint with a quorum was shown, and the newest one follows from
// it. One thread at a time.
class QuorumCheck {
 public:
  QuorumCheck(VerifierKey log, QuorumRule rule)
      : log_(std::move(log)), rule_(std::move(rule)) {}

  // FAILED_PRECONDITION if there is none, or its quorum is wanting or too old;
  // the errors of OpenCheckpoint and VerifyConsistency otherwise.
  absl::Status Check(const ShownEntry& shown, const Checkpoint& newest,
                     absl::Time now);

 private:
  const VerifierKey log_;
  const QuorumRule rule_;
  // The last note that held, and until when.
  std::string held_;
  absl::Time until_ = absl::InfinitePast();
  std::optional<Checkpoint> checkpoint_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_SHOWN_QUESTION_H_
