#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/entry.h"

namespace cairn {
namespace {

// Reads one line from left to right; every byte has to be the one that
// EntryLine would have written there.
class EntryReader {
 public:
  explicit EntryReader(absl::string_view line) : line_(line) {}

  absl::StatusOr<ParsedEntry> Run() {
    ParsedEntry parsed;
    CAIRN_RETURN_IF_ERROR(Expect("{\"v\":"));
    CAIRN_ASSIGN_OR_RETURN(const int64_t version, Integer());
    if (version != 1) {
      return Bad(absl::StrCat("it is of version ", version,
                              " of the format; this program knows version 1"));
    }
    CAIRN_RETURN_IF_ERROR(Expect(",\"seq\":"));
    CAIRN_ASSIGN_OR_RETURN(const int64_t index, Integer());
    CAIRN_RETURN_IF_ERROR(Expect(",\"t\":"));
    CAIRN_ASSIGN_OR_RETURN(parsed.time_ms, Integer());
    if (index < 0 || parsed.time_ms < 0) {
      return Bad("its seq or t is below zero");
    }
    parsed.index = static_cast<uint64_t>(index);
    CAIRN_RETURN_IF_ERROR(Expect(",\"type\":"));
    CAIRN_ASSIGN_OR_RETURN(parsed.entry.type, Text());
    const EntryType* type = FindEntryType(parsed.entry.type);
    if (type == nullptr) return CheckEntry(parsed.entry);
    if (type->about_a_query) {
      CAIRN_RETURN_IF_ERROR(Expect(",\"qid\":"));
      CAIRN_ASSIGN_OR_RETURN(parsed.entry.query_id, Text());
    }
    CAIRN_RETURN_IF_ERROR(Fields(&parsed.entry));
    CAIRN_RETURN_IF_ERROR(CheckEntry(parsed.entry));
    return parsed;
  }

 private:
  absl::Status Bad(absl::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat("this is not a ledger entry: ", why, " (byte ", at_, ")"));
  }

  bool Skip(absl::string_view text) {
    if (!absl::StartsWith(line_.substr(at_), text)) return false;
    at_ += text.size();
    return true;
  }

  absl::Status Expect(absl::string_view text) {
    if (Skip(text)) return absl::OkStatus();
    return Bad(absl::StrCat("'", text, "' is missing"));
  }

  absl::StatusOr<int64_t> Integer() {
    size_t end = at_;
    while (end < line_.size() && line_[end] != ',' && line_[end] != '}') ++end;
    const absl::string_view digits = line_.substr(at_, end - at_);
    int64_t value = 0;
    // Writing it again refuses +1, 01, -0 and spaces, which SimpleAtoi takes.
    if (digits.size() > 20 || !absl::SimpleAtoi(digits, &value) ||
        absl::StrCat(value) != digits || value > kMaxEntryInteger ||
        value < -kMaxEntryInteger) {
      return Bad("a number is not a plain integer of at most 2^53 - 1");
    }
    at_ = end;
    return value;
  }

  absl::StatusOr<std::string> Text() {
    CAIRN_RETURN_IF_ERROR(Expect("\""));
    std::string text;
    while (at_ < line_.size() && line_[at_] != '"') {
      if (static_cast<unsigned char>(line_[at_]) < 0x20) {
        return Bad("a control character is not escaped");
      }
      if (line_[at_] == '\\') {
        const std::optional<char> escaped = Escape();
        if (!escaped.has_value()) {
          return Bad("an escape is not \\\", \\\\ or \\u00xx of a control");
        }
        text.push_back(*escaped);
        continue;
      }
      text.push_back(line_[at_++]);
    }
    CAIRN_RETURN_IF_ERROR(Expect("\""));
    return text;
  }

  std::optional<char> Escape() {
    if (Skip("\\\"")) return '"';
    if (Skip("\\\\")) return '\\';
    if (!Skip("\\u00")) return std::nullopt;
    constexpr absl::string_view kHex = "0123456789abcdef";
    if (line_.size() - at_ < 2) return std::nullopt;
    const size_t high = kHex.find(line_[at_]), low = kHex.find(line_[at_ + 1]);
    if (high > 1 || low == absl::string_view::npos) return std::nullopt;
    at_ += 2;
    return static_cast<char>(high << 4 | low);
  }

  absl::Status Fields(Entry* entry) {
    std::string last;
    while (!Skip("}")) {
      CAIRN_RETURN_IF_ERROR(Expect(",\""));
      const size_t end = line_.find('"', at_);
      if (end == absl::string_view::npos) return Bad("a key does not end");
      std::string name(line_.substr(at_, end - at_));
      if (name <= last) {
        return Bad(absl::StrCat("the key '", PrintableUtf8(name.substr(0, 40)),
                                "' comes twice or out of order"));
      }
      at_ = end + 1;
      CAIRN_RETURN_IF_ERROR(Expect(":"));
      if (at_ < line_.size() && line_[at_] == '"') {
        CAIRN_ASSIGN_OR_RETURN(entry->fields[name], Text());
      } else {
        CAIRN_ASSIGN_OR_RETURN(entry->fields[name], Integer());
      }
      last = std::move(name);
    }
    return at_ == line_.size() ? absl::OkStatus()
                               : Bad("something follows the last '}'");
  }

  const absl::string_view line_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<ParsedEntry> ParseEntry(absl::string_view line) {
  if (line.size() > kMaxEntryBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("this is not a ledger entry: it has ", line.size(),
                     " bytes; an entry has at most ", kMaxEntryBytes));
  }
  const size_t bad = FirstInvalidUtf8(line);
  if (bad != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "this is not a ledger entry: it is not valid UTF-8 (byte ", bad, ")"));
  }
  return EntryReader(line).Run();
}

}  // namespace cairn
