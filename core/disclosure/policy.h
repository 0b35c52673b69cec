#ifndef CAIRN_CORE_DISCLOSURE_POLICY_H_
#define CAIRN_CORE_DISCLOSURE_POLICY_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace cairn {

class PerturbationTable;  // cell_key.h

// The noise of method CELL_KEY, put on every count before it is hidden or
// rounded (core/disclosure/cell_key.h).
struct CellKeyNoise {
  // Of the noise; less on counts so small that it has no room on one side.
  double variance = 1;
  // No count is moved by more.
  int64_t max_noise = 2;
  // The smallest count above 0 that comes out.
  int64_t smallest_shown = 1;
  // SHA-256 (hex) of the table the policy names; empty where the table follows
  // from the three numbers. With a table they are what it comes to.
  std::string table_digest;
  // That table, on the machine that read the file; null elsewhere. Not a part
  // of what a rule is: the digest is.
  std::shared_ptr<const PerturbationTable> loaded;

  friend bool operator==(const CellKeyNoise& a, const CellKeyNoise& b) {
    return a.variance == b.variance && a.max_noise == b.max_noise &&
           a.smallest_shown == b.smallest_shown &&
           a.table_digest == b.table_digest;
  }
};

// The rule by which cells are hidden and rounded. Source of the defaults: NHS
// England HES analysis guide (1-7 hidden, nearest 5), ACRO (dominance n=2
// k=0.9, p%=10), with zeros hidden unless the policy shows them.
struct DisclosurePolicy {
  std::string profile = "standard";
  // Counts of 1..largest_hidden_count are hidden.
  int64_t largest_hidden_count = 7;
  // Everything shown is rounded to this base; 1 = no rounding.
  int64_t rounding_base = 5;
  // Distinct persons behind a shown cell, where the data set has a person key.
  int64_t minimum_persons = 5;
  bool zeros_shown = false;
  // A sum is hidden when its two largest contributors hold at least k of it. 0:
  // off.
  double dominance_k = 0.90;
  // ... or when all but the two largest hold less than p of the largest. 0:
  // off.
  double p_percent = 0.10;
  // Method CELL_KEY: noise first, then the rest of the rule. Without it: none.
  std::optional<CellKeyNoise> cell_key;

  // The rule in words: "noise of up to 2, variance 1, then counts of 0 to 7
  // hidden, the rest to the nearest 5".
  std::string ToWords() const;
  friend bool operator==(const DisclosurePolicy&,
                         const DisclosurePolicy&) = default;
};

// The rounding bin of a count: the multiple of the base it is shown as, and the
// least and greatest count that are shown so (half rounds up).
//   base 5: 8..12 -> 10      base 10: 5..14 -> 10      base 1: n -> n
struct Bin {
  int64_t value;
  int64_t low;
  int64_t high;
};
// The bin of a number as it is shown: a multiple of the base.
inline Bin BinOf(int64_t shown, int64_t base) {
  const int64_t below = base / 2;  // 5 -> 2 (..-2..+2), 10 -> 5 (..-5..+4)
  return {shown, std::max<int64_t>(0, shown - below), shown - below + base - 1};
}
inline Bin RoundToBin(int64_t number, int64_t base) {
  return BinOf((number + base / 2) / base * base, base);
}

// What a shown count says of the true one: its rounding bin, wider by the noise
// on both sides where the policy has noise. Since 0 stays 0, a figure above 0
// never stands for 0.
//   base 5, noise of up to 2: 10 -> 6..14
// `value` is as it is shown: a multiple of the base.
inline Bin NoisyBin(int64_t value, const DisclosurePolicy& policy) {
  const int64_t noise =
      policy.cell_key.has_value() ? policy.cell_key->max_noise : 0;
  if (value == 0 && policy.zeros_shown) return {0, 0, noise};
  Bin bin = BinOf(value, policy.rounding_base);
  if (noise == 0) return bin;
  bin.low = std::max<int64_t>(value > 0 ? 1 : 0, bin.low - noise);
  bin.high += noise;
  return bin;
}

// INVALID_ARGUMENT if the threshold does not end a rounding bin: then a printed
// number would stand for a part of a bin, and give the rest of it away. With
// base 5 the fits are 2, 7, 12, ...; the sentence names the nearest. Also for
// noise that cannot be: "cell_key.variance is 9; ..".
absl::Status CheckPolicy(const DisclosurePolicy& policy);

// OK if a policy is nowhere looser than a floor: what a partnership agreed that
// no member goes below (both fit by themselves: CheckPolicy).
//   largest_hidden_count, rounding_base, minimum_persons   not lower
//   zeros          hidden where the floor hides them
//   dominance.k    neither higher nor off; p_percent not lower
//   cell_key       where the floor has noise: no less of it in any number, and
//                  where it names a table: that one
// Noise over a floor without noise is stricter. A base need not be a multiple
// of the floor's: all its bins are as wide, and an epoch has one policy, so
// nobody holds two roundings of one figure against each other.
// INVALID_ARGUMENT starts with the field that is looser: "rounding_base is 1;
// the partnership's floor is 5, so write 5 or more".
absl::Status CheckAtLeast(const DisclosurePolicy& policy,
                          const DisclosurePolicy& floor);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_POLICY_H_
