#ifndef CAIRN_CORE_LEDGER_COMMITMENT_H_
#define CAIRN_CORE_LEDGER_COMMITMENT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace cairn {

// What an entry says of a question or of an answer: the SHA-256 of 32 random
// bytes, then the thing itself, in hex. Whoever has both can check it with any
// SHA-256 program; without the random bytes nobody can try small tables until
// the hash fits, and once they are erased nobody ever can.
struct Commitment {
  std::string salt;  // 32 bytes
  std::string hash;  // 64 hex digits: what stands in the entry

  // With a new salt.
  static Commitment To(absl::string_view bytes);
};

// A salt for a commitment that is hashed in pieces: salt first.
std::string CommitmentSalt();
// Whether an entry's `hash` is of these.
bool OpensCommitment(absl::string_view hash, absl::string_view salt,
                     absl::string_view bytes);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_COMMITMENT_H_
