#ifndef CAIRN_CORE_LEDGER_TLOG_PROOF_H_
#define CAIRN_CORE_LEDGER_TLOG_PROOF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/key.h"

namespace cairn {

// A receipt that stands alone (C2SP tlog-proof): with the entry's bytes and the
// log's key, anyone can check that the entry is in the log.
//
//   c2sp.org/tlog-proof@v1\n
//   index 977\n
//   base64 of a hash of the inclusion proof\n      for each, leaves first
//   \n
//   the signed checkpoint, with all its signatures
struct TlogProof {
  uint64_t index = 0;
  std::vector<std::string> inclusion;
  std::string checkpoint;

  std::string Text() const;
};

// INVALID_ARGUMENT if the text is not of that form. The checkpoint is not read.
absl::StatusOr<TlogProof> ParseTlogProof(absl::string_view text);

// The checkpoint that covers the entry, for a quorum to be checked. Errors of
// OpenCheckpoint and VerifyInclusion.
absl::StatusOr<SignedCheckpoint> VerifyTlogProof(absl::string_view entry,
                                                 const TlogProof& proof,
                                                 const VerifierKey& log);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_TLOG_PROOF_H_
