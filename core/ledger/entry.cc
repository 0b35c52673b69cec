#include "core/ledger/entry.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (const char c : ReplaceInvalidUtf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", std::string(1, c));
    } else if (byte < 0x20) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", byte));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

bool IsFieldName(absl::string_view name) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  for (const char c : name) {
    const bool letter = c >= 'a' && c <= 'z';
    if (!letter && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  return true;
}

bool IsReserved(absl::string_view name) {
  return name == "v" || name == "seq" || name == "t" || name == "type" ||
         name == "qid";
}

}  // namespace

const std::vector<EntryType>& EntryTypes() {
  using Side = EntryType::Side;
  constexpr auto kBefore = EntryType::Moment::kBeforeTheAct;
  constexpr auto kAfter = EntryType::Moment::kAfterTheAct;
  static const auto& types = *new std::vector<EntryType>{
      // The node itself.
      {"node.started", Side::kBoth, kAfter, false},
      {"node.stopped", Side::kBoth, kBefore, false},
      // One question, from its arrival to its one ending.
      {"query.received", Side::kBoth, kBefore, true},
      {"query.admitted", Side::kAgent, kBefore, true},
      {"approval.given", Side::kBoth, kBefore, true},
      {"approval.denied", Side::kBoth, kBefore, true},
      {"query.refused", Side::kBoth, kBefore, true},
      {"answer.released", Side::kAgent, kBefore, true},
      {"answer.parts", Side::kCoordinator, kBefore, true},
      {"answer.merged", Side::kCoordinator, kBefore, true},
      {"answer.partial", Side::kCoordinator, kBefore, true},
      {"query.failed", Side::kBoth, kAfter, true},
      {"query.abandoned", Side::kBoth, kAfter, true},
      // What decides over questions.
      {"policy.changed", Side::kAgent, kBefore, false},
      {"catalogue.changed", Side::kAgent, kBefore, false},
      {"agreement.changed", Side::kAgent, kBefore, false},
      {"plan.released", Side::kAgent, kBefore, false},
      {"dataset.loaded", Side::kAgent, kBefore, false},
      {"dataset.removed", Side::kAgent, kBefore, false},
      {"operator.action", Side::kBoth, kBefore, false},
      {"peer.enrolled", Side::kBoth, kBefore, false},
      {"peer.revoked", Side::kBoth, kBefore, false},
      {"key.rotated", Side::kBoth, kBefore, false},
      // The ledgers and their witnesses.
      {"checkpoint.cosigned", Side::kBoth, kAfter, false},
      {"peer.conflict", Side::kBoth, kAfter, false},
      {"export.made", Side::kBoth, kAfter, false},
      {"clock.jump", Side::kBoth, kAfter, false},
      {"reject.summary", Side::kBoth, kAfter, false},
      {"log.sealed", Side::kBoth, kAfter, false},
      {"log.opened", Side::kBoth, kAfter, false},
  };
  return types;
}

const EntryType* FindEntryType(absl::string_view name) {
  for (const EntryType& type : EntryTypes()) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

absl::Status CheckEntry(const Entry& entry) {
  const EntryType* type = FindEntryType(entry.type);
  if (type == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ledger has no entries of type '",
                     PrintableUtf8(entry.type.substr(0, 40)), "'"));
  }
  if (!type->about_a_query && !entry.query_id.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("an entry of type '", entry.type, "' has no query id"));
  }
  for (const auto& [name, value] : entry.fields) {
    if (!IsFieldName(name) || IsReserved(name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", PrintableUtf8(name.substr(0, 40)),
          "' cannot be the name of a field of an entry: [a-z][a-z0-9_]*, and "
          "not v, seq, t, type or qid"));
    }
    const int64_t* number = std::get_if<int64_t>(&value);
    if (number != nullptr &&
        (*number > kMaxEntryInteger || *number < -kMaxEntryInteger)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the field '", name, "' of an entry is beyond 2^53 - 1"));
    }
  }
  return absl::OkStatus();
}

std::string EntryLine(const Entry& entry, uint64_t index, int64_t time_ms) {
  std::string line =
      absl::StrCat("{\"v\":1,\"seq\":", index, ",\"t\":", time_ms,
                   ",\"type\":", Quoted(entry.type));
  const EntryType* type = FindEntryType(entry.type);
  if (type != nullptr && type->about_a_query) {
    absl::StrAppend(&line, ",\"qid\":", Quoted(entry.query_id));
  }
  for (const auto& [name, value] : entry.fields) {
    absl::StrAppend(&line, ",\"", name, "\":",
                    std::holds_alternative<int64_t>(value)
                        ? absl::StrCat(std::get<int64_t>(value))
                        : Quoted(std::get<std::string>(value)));
  }
  line.push_back('}');
  return line;
}

}  // namespace cairn
