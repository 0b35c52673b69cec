#ifndef CAIRN_AGENT_HASH_BAG_H_
#define CAIRN_AGENT_HASH_BAG_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn {

// Hashes of records, each as often as it was added, from which they are taken
// one by one. Eight bytes and a bit each: there are as many as an agency has
// records. All are added before the first is taken or read.
class HashBag {
 public:
  void Add(uint64_t hash) {
    hashes_.push_back(hash);
    sorted_ = false;
  }

  // False: there is none, or none any more.
  bool Take(uint64_t hash) {
    Sort();
    if (left_ == 0) return false;
    // Of equal ones the first are taken first, so those behind us are all that
    // are smaller or equal and taken.
    size_t low = 0, high = hashes_.size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      const uint64_t there = hashes_[middle];
      if (there < hash || (there == hash && taken_[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == hashes_.size() || hashes_[low] != hash) return false;
    taken_[low] = true;
    --left_;
    return true;
  }

  // How many were not taken.
  size_t left() const { return sorted_ ? left_ : hashes_.size(); }

  // All of them in order, and which of these were taken.
  const std::vector<uint64_t>& InOrder() {
    Sort();
    return hashes_;
  }
  bool IsTaken(size_t at) const { return taken_[at]; }

 private:
  void Sort() {
    if (sorted_) return;
    std::sort(hashes_.begin(), hashes_.end());
    taken_.assign(hashes_.size(), false);
    left_ = hashes_.size();
    sorted_ = true;
  }

  std::vector<uint64_t> hashes_;
  std::vector<bool> taken_;  // of hashes_, where sorted
  size_t left_ = 0;
  bool sorted_ = true;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_HASH_BAG_H_
