#include "core/ledger/merkle.h"

#include <bit>
#include <utility>

#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {

std::string LeafHash(absl::string_view entry) {
  Sha256Stream stream;
  stream.Add(absl::string_view("\0", 1));
  stream.Add(entry);
  return stream.Finish();
}

std::string NodeHash(absl::string_view left, absl::string_view right) {
  Sha256Stream stream;
  stream.Add("\1");
  stream.Add(left);
  stream.Add(right);
  return stream.Finish();
}

std::string EmptyRoot() { return Sha256(""); }

std::vector<TreeNode> CompleteSubtrees(EntryRange range) {
  std::vector<TreeNode> nodes;
  while (range.begin < range.end) {
    const int level = std::bit_width(range.end - range.begin) - 1;
    nodes.push_back({level, range.begin >> level});
    range.begin += uint64_t{1} << level;
  }
  return nodes;
}

std::string RootOfSubtrees(const std::vector<std::string>& hashes) {
  if (hashes.empty()) return EmptyRoot();
  std::string root = hashes.back();
  for (size_t i = hashes.size() - 1; i > 0; --i) {
    root = NodeHash(hashes[i - 1], root);
  }
  return root;
}

absl::StatusOr<std::string> RootOfRange(EntryRange range, NodeReader read) {
  std::vector<std::string> hashes;
  for (const TreeNode node : CompleteSubtrees(range)) {
    CAIRN_ASSIGN_OR_RETURN(std::string hash, read(node));
    hashes.push_back(std::move(hash));
  }
  return RootOfSubtrees(hashes);
}

absl::StatusOr<TreeFrontier> TreeFrontier::Load(uint64_t size,
                                                NodeReader read) {
  TreeFrontier frontier;
  for (const TreeNode node : CompleteSubtrees({0, size})) {
    CAIRN_ASSIGN_OR_RETURN(std::string hash, read(node));
    frontier.hashes_.push_back(std::move(hash));
  }
  frontier.size_ = size;
  return frontier;
}

std::string TreeFrontier::Append(absl::string_view leaf_hash) {
  std::string hash(leaf_hash);
  std::string completed = hash;
  // Each one bit at the low end of the size is a subtree as large as the one
  // that has just been completed, and to its left.
  for (uint64_t left = size_; left & 1; left >>= 1) {
    hash = NodeHash(hashes_.back(), hash);
    hashes_.pop_back();
    completed += hash;
  }
  hashes_.push_back(std::move(hash));
  ++size_;
  return completed;
}

}  // namespace cairn
