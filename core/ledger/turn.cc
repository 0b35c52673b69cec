#include "core/ledger/turn.h"

#include <algorithm>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/merkle.h"

namespace cairn {
namespace {

constexpr char kOpened[] = "log.opened";

absl::Status Lacks(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the entry log.opened has no valid ", what));
}

const std::string* TextOf(const Entry& entry, const std::string& field) {
  const auto found = entry.fields.find(field);
  return found == entry.fields.end() ? nullptr
                                     : std::get_if<std::string>(&found->second);
}

// The fields NAME_size and NAME_root.
absl::StatusOr<Checkpoint> TreeOf(const Entry& entry, const std::string& origin,
                                  const std::string& name) {
  const auto size = entry.fields.find(absl::StrCat(name, "_size"));
  const int64_t* entries = size == entry.fields.end()
                               ? nullptr
                               : std::get_if<int64_t>(&size->second);
  const std::string* root = TextOf(entry, absl::StrCat(name, "_root"));
  if (entries == nullptr || *entries < 0 || root == nullptr) {
    return Lacks(absl::StrCat(name, "_size and ", name, "_root"));
  }
  const auto tree = ParseCheckpointText(
      absl::StrCat(origin, "\n", *entries, "\n", *root, "\n"));
  if (!tree.ok()) return Lacks(absl::StrCat(name, "_root"));
  return tree;
}

void PutTree(const Checkpoint& tree, const std::string& name, Entry* entry) {
  entry->fields[absl::StrCat(name, "_size")] = static_cast<int64_t>(tree.size);
  entry->fields[absl::StrCat(name, "_root")] = absl::Base64Escape(tree.root);
}

}  // namespace

std::string RotationText(const VerifierKey& from, const VerifierKey& to) {
  return absl::StrCat("cairn key.rotated\nfrom ", from.Text(), "\nto ",
                      to.Text(), "\n");
}

std::string SignRotation(const SigningKey& from, const VerifierKey& to) {
  return from.Sign(RotationText(from.verifier(), to));
}

absl::Status CheckRotation(const VerifierKey& from, const VerifierKey& to,
                           absl::string_view signature) {
  if (Ed25519Verify(from.public_key(), RotationText(from, to), signature)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat("the key of '", from.name(), "' has not signed that '",
                   to.name(), "' follows with this key"));
}

Entry RotatedEntry(const SigningKey& from, const VerifierKey& to) {
  Entry entry{"key.rotated", "", {}};
  entry.fields["from"] = from.verifier().Text();
  entry.fields["to"] = to.Text();
  entry.fields["signature"] = absl::Base64Escape(SignRotation(from, to));
  return entry;
}

Entry SealedEntry(const VerifierKey& next) {
  Entry entry{"log.sealed", "", {}};
  entry.fields["next"] = next.name();
  return entry;
}

Entry LogOpening::ToEntry() const {
  Entry entry{kOpened, "", {}};
  entry.fields["log"] = log.Text();
  entry.fields["after"] = after.origin;
  PutTree(after, "after", &entry);
  if (reason.empty()) return entry;
  entry.fields["reason"] = reason;
  if (witnessed.has_value()) {
    entry.fields["witnessed"] = witnessed->origin;
    PutTree(*witnessed, "witnessed", &entry);
  }
  return entry;
}

absl::StatusOr<std::optional<LogOpening>> ReadOpening(const Entry& entry) {
  if (entry.type != kOpened) return std::optional<LogOpening>();
  const std::string* key = TextOf(entry, "log");
  const std::string* origin = TextOf(entry, "after");
  if (key == nullptr || origin == nullptr) return Lacks("log or after");
  auto log = VerifierKey::Parse(*key);
  if (!log.ok() || log->role() != KeyRole::kLog) return Lacks("log");
  CAIRN_ASSIGN_OR_RETURN(Checkpoint after, TreeOf(entry, *origin, "after"));
  LogOpening opening{*std::move(log), std::move(after), "", {}};
  if (const std::string* reason = TextOf(entry, "reason")) {
    opening.reason = *reason;
  }
  if (const std::string* witnessed = TextOf(entry, "witnessed")) {
    CAIRN_ASSIGN_OR_RETURN(opening.witnessed,
                           TreeOf(entry, *witnessed, "witnessed"));
  }
  return std::optional<LogOpening>(std::move(opening));
}

absl::StatusOr<std::optional<LogOpening>> ReadOpeningLine(
    absl::string_view line) {
  CAIRN_ASSIGN_OR_RETURN(const ParsedEntry parsed, ParseEntry(line));
  return ReadOpening(parsed.entry);
}

absl::Status CheckJoin(const LogOpening& opening, const LogReader& files) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, files.Read("checkpoint"));
  const auto found = PeekCheckpoint(bytes);
  if (!found.ok()) return absl::DataLossError(found.status().message());
  const Checkpoint& named = opening.after;
  if (found->origin != named.origin) {
    return absl::DataLossError(absl::StrCat("this is the log ", found->origin,
                                            ", and entry 0 says ", "that ",
                                            named.origin, " came before"));
  }
  if (found->size != named.size) {
    return absl::DataLossError(absl::StrCat(
        named.origin, " was closed with ", named.size,
        " entries by entry 0, and this copy of it has ", found->size));
  }
  if (found->root != named.root) {
    return absl::DataLossError(
        absl::StrCat("the ", named.size, " entries of ", named.origin,
                     " are not those that entry 0 names: it has another root"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RootOfFirst(const LogReader& files, uint64_t size,
                                        uint64_t total) {
  if (size > total) {
    return absl::InvalidArgumentError(
        absl::StrCat("a log of ", total, " entries never had ", size));
  }
  const LevelShape shape = ShapeOfLevel(0, total);
  TreeFrontier tree;
  for (uint64_t i = 0; tree.size() < size; ++i) {
    const uint64_t width = i < shape.full ? kTileWidth : shape.partial;
    CAIRN_ASSIGN_OR_RETURN(const std::string tile,
                           files.Read(TilePath(0, i, width)));
    if (tile.size() != width * kHashBytes) {
      return absl::DataLossError(
          absl::StrCat("the file ", TilePath(0, i, width), " has ", tile.size(),
                       " bytes instead of ", width * kHashBytes));
    }
    for (uint64_t j = 0; j < width && tree.size() < size; ++j) {
      tree.Append(absl::string_view(tile).substr(j * kHashBytes, kHashBytes));
    }
  }
  return tree.Root();
}

}  // namespace cairn
