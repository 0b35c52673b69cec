#ifndef CAIRN_AGENT_LOAD_CODES_H_
#define CAIRN_AGENT_LOAD_CODES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace cairn {

// What the texts of one local column stand for, as whole numbers: an index of
// a held code, or an amount. Texts are compared as they are first, then
// without regard to the case of ASCII letters.
class CodeTable {
 public:
  struct Band {
    int64_t low;
    int64_t high;
    int64_t value;
  };

  // A value that the mapping lists. False if it is there with another value.
  bool AddValue(absl::string_view text, int64_t value);
  // A code, alias or label of the list; whatever is there already stays.
  void AddId(absl::string_view id, int64_t value);
  void AddName(absl::string_view name, int64_t value);
  void AddBand(const Band& band) { bands_.push_back(band); }

  // Nothing if `text`, which must be trimmed, stands for nothing.
  std::optional<int64_t> Find(absl::string_view text) const;
  std::optional<int64_t> FindBand(int64_t number) const;
  // The band of a number as people write it: "17", "17.5" (17 and not yet 18).
  std::optional<int64_t> FindBandOf(absl::string_view number) const;

  // What the table has, in order, for those who work by it elsewhere: texts as
  // they are, in lower case, and bands.
  std::vector<std::pair<std::string, int64_t>> Exact() const;
  std::vector<std::pair<std::string, int64_t>> Folded() const;
  const std::vector<Band>& bands() const { return bands_; }

  // For a text that stands for nothing, and for an empty one.
  std::optional<int64_t> unmapped;
  std::optional<int64_t> empty;

 private:
  absl::flat_hash_map<std::string, int64_t> exact_;
  absl::flat_hash_map<std::string, int64_t> folded_;  // by lower case
  std::vector<Band> bands_;
};

// "12.345" as a whole number of 10^-decimals, a half rounded up. A number of
// more than 18 digits becomes the greatest. Nothing for all else: signs,
// exponents, spaces, commas, nan.
std::optional<int64_t> ParseAmount(absl::string_view text, int decimals);

}  // namespace cairn

#endif  // CAIRN_AGENT_LOAD_CODES_H_
