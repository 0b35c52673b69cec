#include "core/ledger/tiles.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

std::string IndexPath(uint64_t index, uint64_t width) {
  std::string path = absl::StrFormat("%03d", index % 1000);
  for (index /= 1000; index > 0; index /= 1000) {
    path = absl::StrFormat("x%03d/%s", index % 1000, path);
  }
  if (width < kTileWidth) absl::StrAppend(&path, ".p/", width);
  return path;
}

}  // namespace

std::string TilePath(int level, uint64_t index, uint64_t width) {
  return absl::StrCat("tile/", level, "/", IndexPath(index, width));
}

std::string BundlePath(uint64_t index, uint64_t width) {
  return absl::StrCat("tile/entries/", IndexPath(index, width));
}

LevelShape ShapeOfLevel(int level, uint64_t tree_size) {
  const int shift = level * kTileHeight;
  const uint64_t hashes = shift > 63 ? 0 : tree_size >> shift;
  return {hashes / kTileWidth, hashes % kTileWidth};
}

int TileLevels(uint64_t tree_size) {
  int levels = 0;
  for (; tree_size > 0; tree_size >>= kTileHeight) ++levels;
  return levels;
}

absl::Status AppendToBundle(absl::string_view entry, std::string* bundle) {
  if (entry.size() > 0xffff) {
    return absl::InvalidArgumentError(
        absl::StrCat("an entry of ", entry.size(),
                     " bytes does not fit into a bundle; 65535 do"));
  }
  bundle->push_back(static_cast<char>(entry.size() >> 8));
  bundle->push_back(static_cast<char>(entry.size() & 0xff));
  bundle->append(entry.data(), entry.size());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<absl::string_view>> ReadBundle(
    absl::string_view bundle, uint64_t first, uint64_t width) {
  std::vector<absl::string_view> entries;
  for (uint64_t number = first; number < first + width; ++number) {
    if (bundle.empty()) {
      return absl::DataLossError(
          absl::StrCat("entry ", number, " is missing: its bundle ends after ",
                       entries.size(), " of ", width, " entries"));
    }
    size_t size = 0;
    if (bundle.size() >= 2) {
      size = static_cast<size_t>(static_cast<uint8_t>(bundle[0])) << 8 |
             static_cast<uint8_t>(bundle[1]);
    }
    if (bundle.size() < 2 + size) {
      return absl::DataLossError(absl::StrCat(
          "entry ", number, " is cut short: its bundle ends in the middle"));
    }
    entries.push_back(bundle.substr(2, size));
    bundle.remove_prefix(2 + size);
  }
  if (!bundle.empty()) {
    return absl::DataLossError(
        absl::StrCat("something was added after entry ", first + width - 1,
                     ": its bundle has ", bundle.size(), " more bytes than ",
                     width, " entries"));
  }
  return entries;
}

absl::Status TileWriter::Append(absl::string_view entry) {
  CAIRN_RETURN_IF_ERROR(AppendToBundle(entry, &bundle_));
  const std::string completed = frontier_.Append(LeafHash(entry));
  for (size_t level = 0; level * kTileHeight * kHashBytes < completed.size();
       ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level].hashes +=
        completed.substr(level * kTileHeight * kHashBytes, kHashBytes);
    if (levels_[level].hashes.size() == kTileWidth * kHashBytes) {
      CAIRN_RETURN_IF_ERROR(FlushTile(level));
    }
  }
  return ++in_bundle_ == kTileWidth ? FlushBundle() : absl::OkStatus();
}

absl::Status TileWriter::Finish() {
  if (in_bundle_ > 0) CAIRN_RETURN_IF_ERROR(FlushBundle());
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].hashes.empty()) {
      CAIRN_RETURN_IF_ERROR(FlushTile(level));
    }
  }
  return absl::OkStatus();
}

absl::Status TileWriter::FlushBundle() {
  const std::string path = BundlePath(bundles_++, in_bundle_);
  in_bundle_ = 0;
  return write_(path, std::exchange(bundle_, {}));
}

absl::Status TileWriter::FlushTile(size_t level) {
  Level& tile = levels_[level];
  const std::string path = TilePath(static_cast<int>(level), tile.tiles++,
                                    tile.hashes.size() / kHashBytes);
  return write_(path, std::exchange(tile.hashes, {}));
}

}  // namespace cairn
