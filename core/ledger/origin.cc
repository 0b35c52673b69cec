#include "core/ledger/origin.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cairn {
namespace {

std::string PathOf(const LogOwner& owner) {
  const std::string start =
      absl::StrCat("cairn.", owner.domain, "/", owner.partnership);
  return owner.agency.empty() ? absl::StrCat(start, "/coordinator")
                              : absl::StrCat(start, "/agent/", owner.agency);
}

size_t Digits(absl::string_view text) {
  size_t count = 0;
  while (count < text.size() && absl::ascii_isdigit(text[count])) ++count;
  return count;
}

// 2026, or 2026-r2 with a number from 2 and no leading zero.
bool IsEdition(absl::string_view text) {
  if (Digits(text) != 4) return false;
  text.remove_prefix(4);
  if (text.empty()) return true;
  if (!absl::ConsumePrefix(&text, "-r") || text.empty()) return false;
  return Digits(text) == text.size() && text.size() <= 4 && text[0] != '0' &&
         text != "1";
}

}  // namespace

std::string LogOwner::Origin(int year, int restart) const {
  const std::string origin = absl::StrCat(PathOf(*this), "/", year);
  return restart < 2 ? origin : absl::StrCat(origin, "-r", restart);
}

std::string LogOwner::WitnessName() const {
  return absl::StrCat(PathOf(*this), "/witness");
}

absl::Status LogOwner::CheckOrigin(absl::string_view origin) const {
  absl::string_view rest = origin;
  if (absl::ConsumePrefix(&rest, absl::StrCat(PathOf(*this), "/")) &&
      IsEdition(rest)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", origin, "' is not the name of a log of ", Words(),
                   "; that is ", PathOf(*this), "/YEAR"));
}

std::string LogOwner::Words() const {
  return agency.empty() ? "the coordinator" : absl::StrCat("agency ", agency);
}

std::string EditionOf(absl::string_view origin) {
  const absl::string_view last = origin.substr(origin.find_last_of('/') + 1);
  return IsEdition(last) ? std::string(last) : "";
}

}  // namespace cairn
