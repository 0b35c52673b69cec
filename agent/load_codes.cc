#include "agent/load_codes.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"

namespace cairn {
namespace {

// Two listed values that differ only in case leave other cases undecided.
constexpr int64_t kUndecided = -1;
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max() / 10 - 1;

}  // namespace

bool CodeTable::AddValue(absl::string_view text, int64_t value) {
  const auto [exact, is_new] = exact_.try_emplace(std::string(text), value);
  if (!is_new && exact->second != value) return false;
  const auto [folded, first] =
      folded_.try_emplace(absl::AsciiStrToLower(text), value);
  if (!first && folded->second != value) folded->second = kUndecided;
  return true;
}

void CodeTable::AddId(absl::string_view id, int64_t value) {
  exact_.try_emplace(std::string(id), value);
  AddName(id, value);
}

void CodeTable::AddName(absl::string_view name, int64_t value) {
  folded_.try_emplace(absl::AsciiStrToLower(name), value);
}

std::optional<int64_t> CodeTable::Find(absl::string_view text) const {
  const auto exact = exact_.find(text);
  if (exact != exact_.end()) return exact->second;
  const auto folded = folded_.find(absl::AsciiStrToLower(text));
  if (folded == folded_.end() || folded->second == kUndecided) {
    return std::nullopt;
  }
  return folded->second;
}

std::optional<int64_t> CodeTable::FindBand(int64_t number) const {
  for (const Band& band : bands_) {
    if (number >= band.low && number <= band.high) return band.value;
  }
  return std::nullopt;
}

std::optional<int64_t> CodeTable::FindBandOf(absl::string_view number) const {
  if (bands_.empty()) return std::nullopt;
  const auto hundredths = ParseAmount(number, 2);
  if (!hundredths.has_value()) return std::nullopt;
  // Cut, not rounded: somebody of 17.999 years is 17.
  return FindBand(*ParseAmount(number.substr(0, number.find('.')), 0));
}

std::optional<int64_t> ParseAmount(absl::string_view text, int decimals) {
  const size_t dot = text.find('.');
  const absl::string_view whole = text.substr(0, dot);
  const absl::string_view fraction =
      dot == absl::string_view::npos ? "" : text.substr(dot + 1);
  if (whole.empty() || (dot != absl::string_view::npos && fraction.empty())) {
    return std::nullopt;
  }
  for (const absl::string_view part : {whole, fraction}) {
    for (const char c : part) {
      if (!absl::ascii_isdigit(c)) return std::nullopt;
    }
  }
  int64_t amount = 0;
  const auto add = [&amount](int digit) {
    amount = amount > kGreatest / 10 ? kGreatest : 10 * amount + digit;
  };
  for (const char c : whole) add(c - '0');
  for (int i = 0; i < decimals; ++i) {
    const auto at = static_cast<size_t>(i);
    add(at < fraction.size() ? fraction[at] - '0' : 0);
  }
  const auto next = static_cast<size_t>(decimals);
  if (next < fraction.size() && fraction[next] >= '5') ++amount;
  return amount;
}

namespace {

std::vector<std::pair<std::string, int64_t>> InOrder(
    const absl::flat_hash_map<std::string, int64_t>& texts) {
  std::vector<std::pair<std::string, int64_t>> all(texts.begin(), texts.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::vector<std::pair<std::string, int64_t>> CodeTable::Exact() const {
  return InOrder(exact_);
}
std::vector<std::pair<std::string, int64_t>> CodeTable::Folded() const {
  return InOrder(folded_);
}

}  // namespace cairn
