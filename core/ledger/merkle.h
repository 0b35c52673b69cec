#ifndef CAIRN_CORE_LEDGER_MERKLE_H_
#define CAIRN_CORE_LEDGER_MERKLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// The Merkle tree of RFC 6962 section 2.1, with SHA-256. A hash is 32 bytes.
//
// The tree over entries [0, n) splits at the largest power of two below n, so
// its left part is always complete and never changes again: a complete subtree
// has one hash for good, and a tree of any size is made of complete subtrees.
//
//   7 entries:        root
//                   /      \        complete: [0,4), [4,6), [6,7)
//              [0,4)        .
//             /     \     /   \     .
//          [0,2) [2,4)  [4,6) [6,7)

inline constexpr size_t kHashBytes = 32;
// Larger trees are refused: no counter here can run over.
inline constexpr uint64_t kMaxTreeSize = (uint64_t{1} << 63) - 1;

// SHA-256 of a zero byte and the entry's bytes.
std::string LeafHash(absl::string_view entry);
// SHA-256 of a one byte and the two hashes.
std::string NodeHash(absl::string_view left, absl::string_view right);
// The root of no entries: SHA-256 of nothing.
std::string EmptyRoot();

// The complete subtree over entries [index << level, (index + 1) << level).
struct TreeNode {
  int level = 0;
  uint64_t index = 0;
  // The entry with which it became complete.
  uint64_t LastEntry() const { return ((index + 1) << level) - 1; }
};

// Entries [begin, end).
struct EntryRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Where the hash of a complete subtree is kept.
using NodeReader = absl::FunctionRef<absl::StatusOr<std::string>(TreeNode)>;

// The complete subtrees that make up a range, from left to right, at most 63.
// `begin` is a multiple of the largest power of two not above the range's
// length, as in every range that a proof of RFC 6962 speaks of.
std::vector<TreeNode> CompleteSubtrees(EntryRange range);
// The root over their hashes, given in that order; EmptyRoot of none.
std::string RootOfSubtrees(const std::vector<std::string>& hashes);
// Both together. Returns the reader's error if a hash is not there.
absl::StatusOr<std::string> RootOfRange(EntryRange range, NodeReader read);

// A growing tree: the hashes of its complete subtrees, at most 63 of them.
class TreeFrontier {
 public:
  TreeFrontier() = default;
  // The frontier of a tree that is already there: at most 63 reads.
  static absl::StatusOr<TreeFrontier> Load(uint64_t size, NodeReader read);

  // Adds an entry. Returns the hashes of the subtrees it completes one after
  // another, level 0 (the leaf hash itself) first: 32 bytes for each. Whoever
  // keeps them with the entry can read every node of the tree back.
  std::string Append(absl::string_view leaf_hash);

  uint64_t size() const { return size_; }
  std::string Root() const { return RootOfSubtrees(hashes_); }

 private:
  uint64_t size_ = 0;
  std::vector<std::string> hashes_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_MERKLE_H_
