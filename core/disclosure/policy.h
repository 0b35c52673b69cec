#ifndef CAIRN_CORE_DISCLOSURE_POLICY_H_
#define CAIRN_CORE_DISCLOSURE_POLICY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace cairn {

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

  // The rule in words: "counts of 0 to 7 hidden, rest to the nearest 5".
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
Bin RoundToBin(int64_t number, int64_t base);

// INVALID_ARGUMENT if the threshold does not end a rounding bin: then a printed
// number would stand for a part of a bin, and give the rest of it away. With
// base 5 the fits are 2, 7, 12, ...; the sentence names the nearest.
absl::Status CheckPolicy(const DisclosurePolicy& policy);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_POLICY_H_
