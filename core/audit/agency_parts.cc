#include "core/audit/agency_parts.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "core/base/utf8.h"
#include "core/ledger/merkle.h"

namespace cairn {
namespace {

constexpr absl::string_view kBetween = ", ";

}  // namespace

const char* WordOf(AgencyPart::What what) {
  switch (what) {
    case AgencyPart::What::kAnswered:
      return "answered";
    case AgencyPart::What::kRefused:
      return "refused";
    case AgencyPart::What::kSilent:
      return "silent";
  }
  return "silent";
}

std::string FormatAgencyParts(const std::vector<AgencyPart>& parts) {
  return SplitAgencyParts(parts, std::string::npos).front();
}

std::vector<std::string> SplitAgencyParts(const std::vector<AgencyPart>& parts,
                                          size_t room) {
  std::vector<std::string> pieces(1);
  for (const AgencyPart& part : parts) {
    std::string text = absl::StrCat(part.agency, " ", WordOf(part.what));
    if (part.index.has_value()) {
      absl::StrAppend(&text, " ", *part.index, " ", Hex(part.entry_hash));
    }
    std::string& piece = pieces.back();
    if (piece.empty()) {
      piece = std::move(text);
    } else if (piece.size() + kBetween.size() + text.size() <= room) {
      absl::StrAppend(&piece, kBetween, text);
    } else {
      pieces.push_back(std::move(text));
    }
  }
  return pieces;
}

absl::StatusOr<std::vector<AgencyPart>> ParseAgencyParts(
    absl::string_view text) {
  std::vector<AgencyPart> parts;
  if (text.empty()) return parts;
  for (const absl::string_view one : absl::StrSplit(text, kBetween)) {
    const std::vector<std::string> words = absl::StrSplit(one, ' ');
    AgencyPart part;
    part.agency = words[0];
    bool good =
        (words.size() == 2 || words.size() == 4) && !part.agency.empty();
    bool known = false;
    for (const auto what :
         {AgencyPart::What::kAnswered, AgencyPart::What::kRefused,
          AgencyPart::What::kSilent}) {
      if (!good || words[1] != WordOf(what)) continue;
      part.what = what;
      known = true;
    }
    uint64_t index = 0;
    if (good && words.size() == 4) {
      good =
          absl::SimpleAtoi(words[2], &index) &&
          words[2] == absl::StrCat(index) &&
          words[3].find_first_not_of("0123456789abcdef") == std::string::npos &&
          words[3].size() == 2 * kHashBytes;
      part.index = index;
      if (good) part.entry_hash = absl::HexStringToBytes(words[3]);
    }
    if (!good || !known) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", PrintableUtf8(one.substr(0, 60)),
                       "' is not an agency's part in a question"));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace cairn
