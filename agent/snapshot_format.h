#ifndef CAIRN_AGENT_SNAPSHOT_FORMAT_H_
#define CAIRN_AGENT_SNAPSHOT_FORMAT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cairn {

// What stands in a snapshot, as docs/snapshot-format.md says it. Numbers are
// little-endian, and so must the machine be.
static_assert(std::endian::native == std::endian::little);

inline constexpr char kSnapshotMagic[8] = {'C', 'A', 'I', 'R',
                                           'N', 'S', 'N', 'P'};
inline constexpr uint32_t kSnapshotVersion = 1;
// Each column begins and ends at a multiple of this, and so does the head.
inline constexpr uint64_t kSnapshotAlign = 64;
inline constexpr size_t kSnapshotDigestBytes = 32;  // SHA-256
inline constexpr uint32_t kMaxSnapshotColumns = 256;
// Rows are counted in 32 bits while they are tabulated.
inline constexpr uint64_t kMaxSnapshotRows = UINT32_MAX;

enum class ColumnKind : uint32_t {
  kStart = 1,      // one bit a row: it is not of the person before it
  kEra = 2,        // index in ExtractMeta.era
  kDimension = 3,  // of ExtractMeta.dimension[number]: index, or mask
  kQuantity = 4,   // of ExtractMeta.quantity[number]: less `base`
  kKey = 5,        // the record's own
};

struct SnapshotHead {
  char magic[8];
  uint32_t version;
  uint32_t columns;
  uint64_t file_bytes;
  uint64_t rows;
  uint64_t keyless;  // rows without a person, which come first
  uint8_t
      extract[kSnapshotDigestBytes];  // of the extract's meta, time and size
};

struct SnapshotColumn {
  uint32_t kind;
  uint32_t number;
  uint32_t width;  // bytes of a value: 1, 2, 4 or 8; 0: one bit
  uint32_t zero;
  int64_t base;
  uint64_t offset;
  uint64_t bytes;  // with what fills it up to the alignment
  uint8_t digest[kSnapshotDigestBytes];
};

static_assert(sizeof(SnapshotHead) == 72);
static_assert(sizeof(SnapshotColumn) == 72);
static_assert(std::is_trivially_copyable_v<SnapshotHead> &&
              std::is_trivially_copyable_v<SnapshotColumn>);

constexpr uint64_t AlignUp(uint64_t bytes) {
  return (bytes + kSnapshotAlign - 1) / kSnapshotAlign * kSnapshotAlign;
}
// Head, directory and their digest, filled up.
constexpr uint64_t SnapshotHeadBytes(uint64_t columns) {
  return AlignUp(sizeof(SnapshotHead) + columns * sizeof(SnapshotColumn) +
                 kSnapshotDigestBytes);
}
// Of a column as it stands in the file. Start has a bit more than rows: the
// one after the last, which is set.
constexpr uint64_t SnapshotColumnBytes(uint32_t width, uint64_t rows) {
  return AlignUp(width == 0 ? rows / 8 + 1 : rows * width);
}

}  // namespace cairn

#endif  // CAIRN_AGENT_SNAPSHOT_FORMAT_H_
