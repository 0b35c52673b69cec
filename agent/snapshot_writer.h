#ifndef CAIRN_AGENT_SNAPSHOT_WRITER_H_
#define CAIRN_AGENT_SNAPSHOT_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "agent/snapshot_format.h"

namespace cairn {

// Writes a snapshot aside, row by row, and puts it in its place when it is
// whole and on the disk. If this object goes before, nothing is left.
class SnapshotWriter {
 public:
  struct Column {
    ColumnKind kind = ColumnKind::kEra;
    uint32_t number = 0;
    // What its values are stored less of, and the most that then remains.
    int64_t base = 0;
    uint64_t most = 0;
  };

  // `rows`: how many will be added; none of the columns is kStart.
  // INTERNAL: the file cannot be made; the message has the path.
  static absl::StatusOr<std::unique_ptr<SnapshotWriter>> Create(
      const std::string& path, uint64_t rows,
      const std::vector<Column>& columns, absl::string_view extract_digest);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // Rows come in the order of their persons, those without one (-1) first, as
  // the extract has them. `values`: one for each column.
  // DATA_LOSS: not in that order, a value that the column has no room for, or
  // more rows than were announced.
  absl::Status Add(int64_t person, absl::Span<const int64_t> values);

  // DATA_LOSS: fewer rows than were announced.
  absl::Status Finish();

 private:
  struct Buffer {
    SnapshotColumn column = {};
    uint64_t most = 0;
    uint64_t written = 0;
    std::string bytes;
  };

  SnapshotWriter(std::string path, std::string aside, int file, uint64_t rows)
      : path_(std::move(path)),
        aside_(std::move(aside)),
        file_(file),
        rows_(rows) {}

  void Lay(const std::vector<Column>& columns);
  absl::Status AddBit(bool bit);
  absl::Status Flush(Buffer* buffer);
  absl::Status Write(absl::string_view bytes, uint64_t offset) const;
  absl::Status WriteHead();
  absl::Status Error() const;

  const std::string path_;
  const std::string aside_;
  const int file_;
  const uint64_t rows_;
  SnapshotHead head_ = {};
  std::vector<Buffer> buffers_;  // the first is kStart's
  uint64_t added_ = 0;
  int64_t last_person_ = -1;
  uint8_t bits_ = 0;
  bool finished_ = false;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SNAPSHOT_WRITER_H_
