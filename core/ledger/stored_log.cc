#include "core/ledger/stored_log.h"

#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

struct FileName {
  bool bundle = false;
  int level = 0;
  uint64_t index = 0;
  uint64_t width = kTileWidth;
};

// The file that a path names; nothing if it is not the path of one.
std::optional<FileName> ParsePath(const std::string& path) {
  std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() < 3 || parts.size() > 12 || parts[0] != "tile") return {};
  FileName file;
  file.bundle = parts[1] == "entries";
  if (!file.bundle && (!absl::SimpleAtoi(parts[1], &file.level) ||
                       file.level < 0 || file.level > 7)) {
    return {};
  }
  size_t end = parts.size();
  if (absl::EndsWith(parts[end - 2], ".p")) {
    if (!absl::SimpleAtoi(parts[end - 1], &file.width)) return {};
    parts[end - 2].resize(parts[end - 2].size() - 2);
    --end;
  }
  for (size_t i = 2; i < end; ++i) {
    if (parts[i].empty()) return {};
    const std::string group = i + 1 < end ? parts[i].substr(1) : parts[i];
    uint64_t digits = 0;
    if (!absl::SimpleAtoi(group, &digits) || digits > 999) return {};
    file.index = file.index * 1000 + digits;
  }
  // No tree that is allowed has more; so nothing below runs over.
  if (file.index > kMaxTreeSize >> 16 || file.width < 1 ||
      file.width > kTileWidth) {
    return {};
  }
  const std::string spelled =
      file.bundle ? BundlePath(file.index, file.width)
                  : TilePath(file.level, file.index, file.width);
  if (spelled != path) return {};  // each file has one name
  return file;
}

absl::Status Missing(uint64_t index) {
  return absl::DataLossError(absl::StrCat("entry ", index, " is missing"));
}

}  // namespace

absl::StatusOr<std::string> StoredLog::Read(const std::string& path) const {
  const std::optional<FileName> file = ParsePath(path);
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size, lines_->Size());
  const uint64_t first = file.has_value() ? file->index * kTileWidth : 0;
  const int height = file.has_value() ? file->level * kTileHeight : 0;
  if (!file.has_value() || first + file->width > size >> height) {
    return absl::NotFoundError(
        absl::StrCat("this log has no file ", path.substr(0, 80)));
  }
  if (file->bundle) return ReadBundle(first, file->width);
  return ReadTile(file->level, first, file->width);
}

absl::StatusOr<std::string> StoredLog::ReadBundle(uint64_t first,
                                                  uint64_t width) const {
  std::string bundle;
  uint64_t next = first;
  CAIRN_RETURN_IF_ERROR(lines_->Read(
      first, first + width, [&](const LedgerStore::Line& line) -> absl::Status {
        if (line.index != next) return Missing(next);
        ++next;
        return AppendToBundle(line.text, &bundle);
      }));
  if (next != first + width) return Missing(next);
  return bundle;
}

absl::StatusOr<std::string> StoredLog::ReadTile(int level, uint64_t first,
                                                uint64_t width) const {
  std::string tile;
  for (uint64_t i = first; i < first + width; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const std::string hash,
                           ReadNode({level * kTileHeight, i}));
    tile += hash;
  }
  return tile;
}

absl::StatusOr<std::string> StoredLog::ReadNode(TreeNode node) const {
  const uint64_t entry = node.LastEntry();
  std::string hashes;
  bool found = false;
  CAIRN_RETURN_IF_ERROR(
      lines_->Read(entry, entry + 1, [&](const LedgerStore::Line& line) {
        hashes = line.hashes;
        found = true;
        return absl::OkStatus();
      }));
  if (!found) return Missing(entry);
  const size_t at = static_cast<size_t>(node.level) * kHashBytes;
  if (hashes.size() < at + kHashBytes) {
    return absl::DataLossError(
        absl::StrCat("the hashes kept with entry ", entry, " are cut short"));
  }
  return hashes.substr(at, kHashBytes);
}

absl::Status StoredLog::CheckHashes(uint64_t size) const {
  TreeFrontier tree;
  CAIRN_RETURN_IF_ERROR(
      lines_->Read(0, size, [&](const LedgerStore::Line& line) -> absl::Status {
        if (line.index != tree.size()) return Missing(tree.size());
        if (tree.Append(LeafHash(line.text)) == line.hashes) {
          return absl::OkStatus();
        }
        return absl::DataLossError(absl::StrCat(
            "entry ", line.index,
            " was altered: the hashes kept with it are not its own"));
      }));
  return tree.size() == size ? absl::OkStatus() : Missing(tree.size());
}

absl::StatusOr<Checkpoint> StoredLog::Head(const std::string& origin,
                                           uint64_t size) const {
  Checkpoint head{origin, size, ""};
  CAIRN_ASSIGN_OR_RETURN(
      head.root,
      RootOfRange({0, size}, [this](TreeNode node) { return ReadNode(node); }));
  return head;
}

}  // namespace cairn
