#include "core/disclosure/policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cairn {

Bin RoundToBin(int64_t number, int64_t base) {
  const int64_t below = base / 2;  // 5 -> 2 (..-2..+2), 10 -> 5 (..-5..+4)
  const int64_t value = (number + below) / base * base;
  return {value, std::max<int64_t>(0, value - below), value - below + base - 1};
}

absl::Status CheckPolicy(const DisclosurePolicy& policy) {
  const int64_t t = policy.largest_hidden_count;
  const int64_t base = policy.rounding_base;
  if (t < 1 || t > 1000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "largest_hidden_count is ", t, "; it must be between 1 and 1000"));
  }
  if (base < 1 || base > 1000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rounding_base is ", base, "; it must be between 1 and 1000"));
  }
  if (policy.minimum_persons < 1 || policy.minimum_persons > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("minimum_persons is ", policy.minimum_persons,
                     "; it must be between 1 and 1000"));
  }
  // Written so that NaN fails.
  if (!(policy.dominance_k >= 0 && policy.dominance_k <= 1 &&
        policy.p_percent >= 0 && policy.p_percent <= 1)) {
    return absl::InvalidArgumentError(
        "dominance k and p_percent must lie between 0 and 1");
  }
  if (RoundToBin(t, base).high == t) return absl::OkStatus();
  const int64_t up = RoundToBin(t, base).high;
  const int64_t down = up - base;
  return absl::InvalidArgumentError(absl::StrCat(
      "largest_hidden_count ", t, " does not end a rounding bin of base ", base,
      ": a shown ", RoundToBin(t, base).value,
      " would stand for a part of its bin; use ",
      down >= 1 ? absl::StrCat(down, " or ") : "", up));
}

std::string DisclosurePolicy::ToWords() const {
  return absl::StrCat(
      "counts of ", zeros_shown ? "1" : "0", " to ", largest_hidden_count,
      " hidden, ",
      rounding_base > 1
          ? absl::StrCat("the rest to the nearest ", rounding_base)
          : "the rest exact",
      ", at least ", minimum_persons, " persons behind a figure");
}

}  // namespace cairn
