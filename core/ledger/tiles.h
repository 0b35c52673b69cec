#ifndef CAIRN_CORE_LEDGER_TILES_H_
#define CAIRN_CORE_LEDGER_TILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/merkle.h"

namespace cairn {

// The files of a log (C2SP tlog-tiles):
//
//   checkpoint                 the signed checkpoint
//   tile/L/N[.p/W]             W hashes of the complete subtrees of 256^L
//                              entries, from number N * 256 on
//   tile/entries/N[.p/W]       W entries from number N * 256 on, each with its
//                              length before it: two bytes, big-endian
//
// A full tile has 256 and no suffix; only the last of a level is partial. N is
// written in groups of three digits, all but the last with an x: 1234067 is
// x001/x234/067.

inline constexpr uint64_t kTileWidth = 256;
inline constexpr int kTileHeight = 8;

// `width` from 1 to 256.
std::string TilePath(int level, uint64_t index, uint64_t width);
std::string BundlePath(uint64_t index, uint64_t width);

// The widths of the tiles of a level: `full` of 256, and one of `partial` if
// that is not zero.
struct LevelShape {
  uint64_t full = 0;
  uint64_t partial = 0;
};
LevelShape ShapeOfLevel(int level, uint64_t tree_size);
// How many levels of tiles a tree has: those with at least one hash.
int TileLevels(uint64_t tree_size);

// Adds an entry to a bundle. INVALID_ARGUMENT above 65,535 bytes.
absl::Status AppendToBundle(absl::string_view entry, std::string* bundle);
// The entries of a bundle, which borrow from it. DATA_LOSS says which of the
// `width` entries is cut short or missing, or that something follows the last;
// `first` is the number of the first.
absl::StatusOr<std::vector<absl::string_view>> ReadBundle(
    absl::string_view bundle, uint64_t first, uint64_t width);

// The tiles and bundles of a log, made in one pass over its entries. Each file
// is handed out once, as soon as it is complete.
class TileWriter {
 public:
  using Write =
      std::function<absl::Status(const std::string& path, std::string bytes)>;
  explicit TileWriter(Write write) : write_(std::move(write)) {}

  absl::Status Append(absl::string_view entry);
  // Writes what is partial. Nothing may be appended after it.
  absl::Status Finish();

  uint64_t size() const { return frontier_.size(); }
  std::string Root() const { return frontier_.Root(); }

 private:
  absl::Status FlushBundle();
  absl::Status FlushTile(size_t level);

  Write write_;
  TreeFrontier frontier_;
  std::string bundle_;
  uint64_t bundles_ = 0;    // written
  uint64_t in_bundle_ = 0;  // entries
  struct Level {
    std::string hashes;
    uint64_t tiles = 0;  // written
  };
  std::vector<Level> levels_;
};

// Where the files of a log are read from: a folder, a web server, a test.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // NOT_FOUND if there is no such file; DATA_LOSS if it is larger than the
  // largest bundle can be.
  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
};

inline constexpr size_t kMaxLogFileBytes = kTileWidth * (2 + 65535);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_TILES_H_
