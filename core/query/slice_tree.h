#ifndef CAIRN_CORE_QUERY_SLICE_TREE_H_
#define CAIRN_CORE_QUERY_SLICE_TREE_H_

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "core/query/selection.h"

namespace cairn {

// The admitted combinations as a tree of slices, one layer an axis, in which
// equal slices are the same node. Node 0 admits nothing.
class SliceTree {
 public:
  explicit SliceTree(const Selection& selection) : selection_(selection) {
    const auto& axes = selection.axes();
    strides_.assign(axes.size() + 1, 1);
    for (size_t a = axes.size(); a-- > 0;) {
      strides_[a] = strides_[a + 1] * axes[a].size();
    }
    root_ = Intern(0, 0);
  }

  int root() const { return root_; }
  // The slice below `node`, a node of axis a, at one of its codes.
  int child(int node, size_t code) const { return nodes_[node][code]; }

 private:
  int Intern(size_t a, size_t offset) {
    if (a == selection_.axes().size()) {
      return selection_.admitted()[offset] ? kLeaf : 0;
    }
    std::vector<int> children;
    bool any = false;
    for (size_t code = 0; code < selection_.axes()[a].size(); ++code) {
      children.push_back(Intern(a + 1, offset + code * strides_[a + 1]));
      any = any || children.back() != 0;
    }
    if (!any) return 0;
    const auto [found, fresh] = ids_.try_emplace(
        std::make_pair(a, children), static_cast<int>(nodes_.size()));
    if (fresh) nodes_.push_back(std::move(children));
    return found->second;
  }

  static constexpr int kLeaf = 1;
  const Selection& selection_;
  std::vector<size_t> strides_;
  std::vector<std::vector<int>> nodes_ = {{}, {}};  // nothing, leaf
  std::map<std::pair<size_t, std::vector<int>>, int> ids_;
  int root_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_SLICE_TREE_H_
