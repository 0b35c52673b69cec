#include "core/disclosure/policy.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace cairn {

namespace {

constexpr int64_t kMaxNoise = 50;
constexpr double kMinVariance = 0.01;

absl::Status CheckNoise(const CellKeyNoise& noise) {
  const int64_t most = noise.max_noise;
  if (most < 1 || most > kMaxNoise) {
    return absl::InvalidArgumentError(
        absl::StrCat("cell_key.max_noise is ", most,
                     "; it must be between 1 and ", kMaxNoise));
  }
  const bool made = noise.table_digest.empty();
  // Even noise on -D..D has D(D+1)/3. More would make the far values likelier
  // than the near ones; a table of one's own may even do that.
  const double d = static_cast<double>(most);
  const double limit = made ? d * (d + 1) / 3 : d * d;
  // Written so that NaN fails.
  const double least = made ? kMinVariance : 0;
  if (!(noise.variance >= least && noise.variance <= limit)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cell_key.variance is ", noise.variance, "; with max_noise ", most,
        " it must be between ", least, " and ", limit));
  }
  // A count under smallest_shown must reach 0 and smallest_shown.
  const int64_t largest = made ? most + 1 : 1000;
  if (noise.smallest_shown >= 1 && noise.smallest_shown <= largest) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cell_key.smallest_shown is ", noise.smallest_shown,
                   "; with max_noise ", most, " it can be at most ", largest));
}

}  // namespace

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
  for (const auto& [field, share] :
       {std::pair{"dominance.k", policy.dominance_k},
        std::pair{"p_percent", policy.p_percent}}) {
    if (share >= 0 && share <= 1) continue;  // NaN is not
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", share, "; it must be between 0 and 1"));
  }
  if (policy.cell_key.has_value()) {
    const absl::Status noise = CheckNoise(*policy.cell_key);
    if (!noise.ok()) return noise;
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

namespace {

absl::Status Looser(absl::string_view field, absl::string_view is,
                    absl::string_view floor, absl::string_view write) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", is, "; the partnership's floor is ", floor,
                   ", so write ", write));
}

template <typename Number>
absl::Status NotLower(absl::string_view field, Number is, Number floor) {
  if (is >= floor) return absl::OkStatus();
  return Looser(field, absl::StrCat(is), absl::StrCat(floor),
                absl::StrCat(floor, " or more"));
}

absl::Status CheckNoiseAtLeast(const std::optional<CellKeyNoise>& noise,
                               const CellKeyNoise& floor) {
  if (!noise.has_value()) {
    return Looser("method", "SUPPRESS_AND_ROUND", "CELL_KEY",
                  "method: CELL_KEY and cell_key { .. }");
  }
  if (!floor.table_digest.empty() &&
      noise->table_digest != floor.table_digest) {
    return Looser("cell_key.table", "another table or none",
                  absl::StrCat("the one with SHA-256 ", floor.table_digest),
                  "the name of a copy of it");
  }
  for (const absl::Status& fits :
       {NotLower("cell_key.variance", noise->variance, floor.variance),
        NotLower("cell_key.max_noise", noise->max_noise, floor.max_noise),
        NotLower("cell_key.smallest_shown", noise->smallest_shown,
                 floor.smallest_shown)}) {
    if (!fits.ok()) return fits;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAtLeast(const DisclosurePolicy& policy,
                          const DisclosurePolicy& floor) {
  for (const absl::Status& fits :
       {NotLower("largest_hidden_count", policy.largest_hidden_count,
                 floor.largest_hidden_count),
        NotLower("rounding_base", policy.rounding_base, floor.rounding_base),
        NotLower("minimum_persons", policy.minimum_persons,
                 floor.minimum_persons),
        NotLower("p_percent", policy.p_percent, floor.p_percent)}) {
    if (!fits.ok()) return fits;
  }
  if (policy.zeros_shown && !floor.zeros_shown) {
    return Looser("zeros", "SHOWN", "HIDDEN", "HIDDEN");
  }
  // Less is stricter, and 0 is off.
  const double k = policy.dominance_k;
  if (floor.dominance_k > 0 && !(k > 0 && k <= floor.dominance_k)) {
    return Looser("dominance.k", k > 0 ? absl::StrCat(k) : "off",
                  absl::StrCat(floor.dominance_k),
                  absl::StrCat("dominance { n: 2 k: ", floor.dominance_k,
                               " } or a lower k"));
  }
  return floor.cell_key.has_value()
             ? CheckNoiseAtLeast(policy.cell_key, *floor.cell_key)
             : absl::OkStatus();
}

std::string DisclosurePolicy::ToWords() const {
  const std::string noise =
      !cell_key.has_value()
          ? ""
          : absl::StrCat("noise of up to ", cell_key->max_noise, ", variance ",
                         cell_key->variance,
                         cell_key->table_digest.empty() ? "" : " (own table)",
                         ", then ");
  const int64_t smallest = cell_key.has_value() ? cell_key->smallest_shown : 1;
  return absl::StrCat(
      noise,
      smallest > 1 ? absl::StrCat("no figure of 1 to ", smallest - 1, ", ")
                   : "",
      "counts of ", zeros_shown ? "1" : "0", " to ", largest_hidden_count,
      " hidden, ",
      rounding_base > 1
          ? absl::StrCat("the rest to the nearest ", rounding_base)
          : "the rest exact",
      ", at least ", minimum_persons, " persons behind a figure");
}

}  // namespace cairn
