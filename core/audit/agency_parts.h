#ifndef CAIRN_CORE_AUDIT_AGENCY_PARTS_H_
#define CAIRN_CORE_AUDIT_AGENCY_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// One agency's part in a question, as the coordinator writes it down with the
// answer: what it did, and by which entry of its own log it is bound to it.
struct AgencyPart {
  enum class What { kAnswered, kRefused, kSilent };
  std::string agency;
  What what = What::kSilent;
  // Of the agency's receipt; absent where it gave none.
  std::optional<uint64_t> index;
  std::string entry_hash;  // 32 bytes, or empty
};

// The field `agencies` of answer.parts, answer.merged, answer.partial and
// query.refused:
//
//   police answered 977 HEX, council refused 12 HEX, probation silent
//
// HEX is the hash of the agency's entry, 64 digits. Ids have no spaces.
std::string FormatAgencyParts(const std::vector<AgencyPart>& parts);
// INVALID_ARGUMENT if the text is not of that form.
absl::StatusOr<std::vector<AgencyPart>> ParseAgencyParts(
    absl::string_view text);

// The same in pieces of at most `room` bytes each, in order: one piece if all
// of it fits (which may be empty). A part that is longer than `room` by itself
// is a piece of its own.
std::vector<std::string> SplitAgencyParts(const std::vector<AgencyPart>& parts,
                                          size_t room);

// "answered", "refused" or "silent".
const char* WordOf(AgencyPart::What what);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_AGENCY_PARTS_H_
