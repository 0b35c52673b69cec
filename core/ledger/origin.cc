#include "core/ledger/origin.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"

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

// Year and restart; zeros where it is no edition.
std::pair<int, int> NumbersOf(absl::string_view origin) {
  const std::string edition = EditionOf(origin);
  int year = 0, restart = 1;
  if (edition.empty() || !absl::SimpleAtoi(edition.substr(0, 4), &year)) {
    return {0, 0};
  }
  if (edition.size() > 4 && !absl::SimpleAtoi(edition.substr(6), &restart)) {
    return {0, 0};
  }
  return {year, restart};
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

bool IsLaterEdition(absl::string_view origin, absl::string_view than) {
  return NumbersOf(origin) > NumbersOf(than);
}

absl::StatusOr<std::string> NextRestart(const LogOwner& owner,
                                        absl::string_view origin) {
  const auto [year, restart] = NumbersOf(origin);
  const std::string next = owner.Origin(year, restart + 1);
  CAIRN_RETURN_IF_ERROR(owner.CheckOrigin(next));
  return next;
}

int YearOf(absl::string_view origin) { return NumbersOf(origin).first; }

}  // namespace cairn
