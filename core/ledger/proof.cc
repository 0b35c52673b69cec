#include "core/ledger/proof.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::Status CheckHashes(const std::vector<std::string>& proof,
                         absl::string_view first, absl::string_view second) {
  for (const std::string& hash : proof) {
    if (hash.size() != kHashBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("a hash of the proof has ", hash.size(),
                       " bytes; a hash has ", kHashBytes));
    }
  }
  if (first.size() != kHashBytes || second.size() != kHashBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a hash that the proof is about does not have ", kHashBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status WrongLength(const char* what) {
  return absl::DataLossError(absl::StrCat(
      "the ", what, " proof does not have the length that the sizes call for"));
}

absl::Status OtherRoot(const char* what, const char* which) {
  return absl::DataLossError(absl::StrCat("the ", what,
                                          " proof does not lead to the ", which,
                                          " of the checkpoint"));
}

// The way from a leaf or subtree up to the root, level by level: RFC 9162,
// sections 2.1.3.2 and 2.1.4.2 (there fn and sn).
class Climb {
 public:
  Climb(uint64_t node, uint64_t last) : node_(node), last_(last) {}

  bool AtRoot() const { return last_ == 0; }
  // True if the next hash of the proof stands to the left of where we are.
  bool NextIsLeft() const { return (node_ & 1) || node_ == last_; }
  void Up() {
    if (NextIsLeft()) {
      // On the right border: levels at which there is no sibling are skipped.
      while (!(node_ & 1) && node_ != 0) Shift();
    }
    Shift();
  }
  void SkipLevelsOnTheRight() {
    while (node_ & 1) Shift();
  }

 private:
  void Shift() {
    node_ >>= 1;
    last_ >>= 1;
  }
  uint64_t node_;
  uint64_t last_;
};

// Where the tree over a range splits: the largest power of two below its size.
uint64_t Split(EntryRange range) {
  return range.begin + std::bit_floor(range.end - range.begin - 1);
}

absl::StatusOr<std::vector<std::string>> RootsOf(
    const std::vector<EntryRange>& from_the_root, NodeReader read) {
  std::vector<std::string> hashes;
  for (const EntryRange range : from_the_root) {
    CAIRN_ASSIGN_OR_RETURN(std::string hash, RootOfRange(range, read));
    hashes.push_back(std::move(hash));
  }
  std::reverse(hashes.begin(), hashes.end());
  return hashes;
}

}  // namespace

absl::Status VerifyInclusion(absl::string_view leaf_hash, uint64_t index,
                             uint64_t size,
                             const std::vector<std::string>& proof,
                             absl::string_view root) {
  if (index >= size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "entry ", index, " is not in a tree of ", size, " entries"));
  }
  CAIRN_RETURN_IF_ERROR(CheckHashes(proof, leaf_hash, root));
  Climb climb(index, size - 1);
  std::string hash(leaf_hash);
  for (const std::string& sibling : proof) {
    if (climb.AtRoot()) return WrongLength("inclusion");
    hash =
        climb.NextIsLeft() ? NodeHash(sibling, hash) : NodeHash(hash, sibling);
    climb.Up();
  }
  if (!climb.AtRoot()) return WrongLength("inclusion");
  return hash == root ? absl::OkStatus() : OtherRoot("inclusion", "root");
}

absl::Status VerifyConsistency(uint64_t old_size, absl::string_view old_root,
                               uint64_t new_size, absl::string_view new_root,
                               const std::vector<std::string>& proof) {
  if (old_size > new_size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a log of ", old_size, " entries cannot become one of ", new_size));
  }
  if (old_size == new_size) {
    if (!proof.empty()) return WrongLength("consistency");
    return old_root == new_root ? absl::OkStatus()
                                : OtherRoot("consistency", "root");
  }
  if (old_size == 0) {
    return absl::InvalidArgumentError(
        "a proof of consistency with an empty log proves nothing");
  }
  CAIRN_RETURN_IF_ERROR(CheckHashes(proof, old_root, new_root));
  Climb climb(old_size - 1, new_size - 1);
  climb.SkipLevelsOnTheRight();
  // The proof starts with the largest subtree at the end of the old tree; where
  // that is the whole old tree, the verifier knows its hash already.
  auto next = proof.begin();
  std::string start(old_root);
  if (!std::has_single_bit(old_size)) {
    if (next == proof.end()) return WrongLength("consistency");
    start = *next++;
  }
  std::string old_hash = start, new_hash = start;
  for (; next != proof.end(); ++next) {
    if (climb.AtRoot()) return WrongLength("consistency");
    if (climb.NextIsLeft()) {
      old_hash = NodeHash(*next, old_hash);
      new_hash = NodeHash(*next, new_hash);
    } else {
      new_hash = NodeHash(new_hash, *next);
    }
    climb.Up();
  }
  if (!climb.AtRoot()) return WrongLength("consistency");
  if (old_hash != old_root) return OtherRoot("consistency", "old root");
  if (new_hash != new_root) return OtherRoot("consistency", "new root");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index,
                                                        uint64_t size,
                                                        NodeReader read) {
  if (index >= size || size > kMaxTreeSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "entry ", index, " is not in a tree of ", size, " entries"));
  }
  std::vector<EntryRange> siblings;
  EntryRange range{0, size};
  while (range.end - range.begin > 1) {
    const uint64_t split = Split(range);
    const bool left = index < split;
    siblings.push_back(left ? EntryRange{split, range.end}
                            : EntryRange{range.begin, split});
    range =
        left ? EntryRange{range.begin, split} : EntryRange{split, range.end};
  }
  return RootsOf(siblings, read);
}

absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size,
                                                          uint64_t new_size,
                                                          NodeReader read) {
  if (old_size > new_size || new_size > kMaxTreeSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a log of ", old_size, " entries cannot become one of ", new_size));
  }
  std::vector<EntryRange> ranges;
  if (old_size == 0) return std::vector<std::string>();
  EntryRange range{0, new_size};
  while (range.end != old_size) {
    const uint64_t split = Split(range);
    const bool left = old_size <= split;
    ranges.push_back(left ? EntryRange{split, range.end}
                          : EntryRange{range.begin, split});
    range =
        left ? EntryRange{range.begin, split} : EntryRange{split, range.end};
  }
  // The old tree itself needs no hash: the verifier has its root.
  if (range.begin != 0) ranges.push_back(range);
  return RootsOf(ranges, read);
}

}  // namespace cairn
