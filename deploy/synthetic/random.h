#ifndef CAIRN_DEPLOY_SYNTHETIC_RANDOM_H_
#define CAIRN_DEPLOY_SYNTHETIC_RANDOM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace cairn::synthetic {

// SplitMix64 (Steele, Lea, Flood 2014). The standard library's distributions
// give other numbers in other libraries, and floating point other last digits
// on other machines: everything here is whole numbers, so that a seed means the
// same files everywhere. Not for secrets.
class Random {
 public:
  // Streams of one seed are independent; `index` gives each record its own, so
  // that record number i can be made again without making those before it.
  explicit Random(uint64_t seed, uint64_t stream = 0, uint64_t index = 0)
      : state_(Mix(Mix(seed + kStep * (stream + 1)) + kStep * (index + 1))) {}

  uint64_t Next() { return Mix(state_ += kStep); }

  // 0..n-1, for n >= 1.
  uint32_t Below(uint32_t n) {
    return static_cast<uint32_t>(((Next() >> 32) * n) >> 32);
  }
  int Between(int low, int high) {
    return low + static_cast<int>(Below(static_cast<uint32_t>(high - low + 1)));
  }
  // True in `n` of 10,000.
  bool Chance(uint32_t n) { return Below(10000) < n; }

  template <typename Array>
  const auto& Pick(const Array& array) {
    return array[Below(static_cast<uint32_t>(std::size(array)))];
  }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15u;
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

// Draws an index with chances in proportion to whole weights; their sum must be
// in 1..2^32-1.
class Weighted {
 public:
  Weighted() = default;
  Weighted(std::initializer_list<uint32_t> weights)
      : Weighted(std::vector<uint32_t>(weights)) {}
  explicit Weighted(const std::vector<uint32_t>& weights) {
    for (const uint32_t weight : weights) ends_.push_back(total() + weight);
  }

  uint32_t total() const { return ends_.empty() ? 0 : ends_.back(); }
  // The index whose span holds `point`, 0 <= point < total().
  size_t At(uint32_t point) const {
    return static_cast<size_t>(
        std::upper_bound(ends_.begin(), ends_.end(), point) - ends_.begin());
  }
  size_t Draw(Random& random) const { return At(random.Below(total())); }
  int Index(Random& random) const { return static_cast<int>(Draw(random)); }

 private:
  std::vector<uint32_t> ends_;
};

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_RANDOM_H_
