#ifndef CAIRN_CORE_LEDGER_PROOF_H_
#define CAIRN_CORE_LEDGER_PROOF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/merkle.h"

namespace cairn {

// Proofs of RFC 6962 section 2.1.1 and 2.1.2, made from the hashes of complete
// subtrees and checked from nothing but what is handed in.
//
//   inclusion    this entry is the one at `index` of the tree with this root
//   consistency  the tree with the old root is the beginning of the new one
//
// A proof is a list of 32-byte hashes, the one nearest to the leaves first; at
// most 63 of them for an inclusion, 64 for a consistency.

// INVALID_ARGUMENT if the index is not in the tree or a hash is not 32 bytes;
// DATA_LOSS if the proof is too long, too short or leads to another root.
absl::Status VerifyInclusion(absl::string_view leaf_hash, uint64_t index,
                             uint64_t size,
                             const std::vector<std::string>& proof,
                             absl::string_view root);

// INVALID_ARGUMENT if the sizes go backwards, the old tree is empty and the new
// one is not (everything is consistent with nothing: that proves nothing), or a
// hash is not 32 bytes; DATA_LOSS if the proof is too long, too short or leads
// to other roots. Trees of one size are consistent if their roots are the same
// bytes and the proof is empty.
absl::Status VerifyConsistency(uint64_t old_size, absl::string_view old_root,
                               uint64_t new_size, absl::string_view new_root,
                               const std::vector<std::string>& proof);

// INVALID_ARGUMENT if the index is not in the tree; otherwise the reader's
// error, if it has one.
absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index,
                                                        uint64_t size,
                                                        NodeReader read);

// Empty where both sizes are the same or the old one is zero. INVALID_ARGUMENT
// if the sizes go backwards; otherwise the reader's error, if it has one.
absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size,
                                                          uint64_t new_size,
                                                          NodeReader read);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_PROOF_H_
