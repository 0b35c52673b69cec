#ifndef CAIRN_TESTS_SUPPORT_TREE_IN_MEMORY_H_
#define CAIRN_TESTS_SUPPORT_TREE_IN_MEMORY_H_

#include <string>
#include <vector>

#include "core/ledger/merkle.h"

namespace cairn {

// What a ledger's store keeps of a tree: with each leaf, the hashes of the
// subtrees that it completes.
class TreeInMemory {
 public:
  void Append(const std::string& entry) {
    rows_.push_back(frontier_.Append(LeafHash(entry)));
  }
  absl::StatusOr<std::string> operator()(TreeNode node) const {
    const uint64_t row = node.LastEntry();
    const size_t at = static_cast<size_t>(node.level) * kHashBytes;
    if (row >= rows_.size() || rows_[row].size() < at + kHashBytes) {
      return absl::NotFoundError("no such node");
    }
    ++reads;
    return rows_[row].substr(at, kHashBytes);
  }
  const TreeFrontier& frontier() const { return frontier_; }

  mutable int reads = 0;

 private:
  TreeFrontier frontier_;
  std::vector<std::string> rows_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_TREE_IN_MEMORY_H_
