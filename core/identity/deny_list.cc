#include "core/identity/deny_list.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace cairn {
namespace {

bool IsHex(absl::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

bool IsName(absl::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_./:") ==
         absl::string_view::npos;
}

}  // namespace

absl::StatusOr<DenyList> DenyList::Parse(absl::string_view text) {
  DenyList list;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    absl::string_view rest = line;
    bool good = false;
    if (absl::ConsumePrefix(&rest, "person ")) {
      good = !rest.empty() && IsName(rest);
      if (good) list.persons_.emplace(rest);
    } else if (absl::ConsumePrefix(&rest, "key ")) {
      good = rest.size() == 64 && IsHex(rest);
      if (good) list.keys_.emplace(rest);
    } else if (absl::StartsWith(rest, "spiffe://")) {
      good = IsName(rest);
      if (good) list.names_.emplace(rest);
    }
    if (good) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("line ", number,
                     " of the deny-list is none of: person ID, key and 64 hex "
                     "digits, spiffe://PARTNERSHIP/ROLE/ID"));
  }
  return list;
}

bool DenyList::HasPerson(absl::string_view id) const {
  return persons_.find(id) != persons_.end();
}

bool DenyList::HasKey(absl::string_view key_id) const {
  return keys_.find(key_id) != keys_.end();
}

bool DenyList::HasName(absl::string_view uri) const {
  return names_.find(uri) != names_.end();
}

std::set<std::string> DenyList::Lines() const {
  std::set<std::string> lines(names_.begin(), names_.end());
  for (const std::string& person : persons_) {
    lines.insert(absl::StrCat("person ", person));
  }
  for (const std::string& key : keys_) lines.insert(absl::StrCat("key ", key));
  return lines;
}

}  // namespace cairn
