#ifndef CAIRN_AGENT_SNAPSHOT_H_
#define CAIRN_AGENT_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/snapshot_format.h"

namespace cairn {

// The records of one extract by columns, read only and mapped into memory
// (docs/snapshot-format.md). It is made of the extract and can be made again
// at any time; nothing in it is worth a backup.
class Snapshot {
 public:
  // <folder of the extract>/<data set>.<first digits of the digest>.snapshot:
  // each content has its own name, so that an old one and a new one can stand
  // side by side while load replaces the extract.
  static std::string PathFor(const std::string& extract_path,
                             absl::string_view data_set,
                             absl::string_view meta_digest);

  // `extract_digest`: of the extract that it must have been made of.
  // NOT_FOUND: there is no such file. DATA_LOSS: it is damaged, cut short, of
  // another version or of another extract.
  static absl::StatusOr<std::unique_ptr<Snapshot>> Open(
      const std::string& path, absl::string_view extract_digest);
  // Makes a snapshot that of an extract with another digest. Errors as Open();
  // INTERNAL: it cannot be written.
  static absl::Status Rededicate(const std::string& path,
                                 absl::string_view extract_digest,
                                 absl::string_view new_digest);
  // Takes away the data set's snapshots beside this path: of an extract that
  // load has replaced, or left by a process that was killed while it wrote.
  static void RemoveOthers(const std::string& path, absl::string_view data_set);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  uint64_t rows() const { return head_.rows; }
  // The first so many rows have no person.
  uint64_t keyless() const { return head_.keyless; }

  struct Column {
    const char* data = nullptr;
    uint32_t width = 0;  // 0: bits, the lowest of a byte first
    int64_t base = 0;
  };
  // Looked over whole before it is first used. NOT_FOUND: there is no such
  // column. DATA_LOSS: it is not what was written.
  absl::StatusOr<Column> Find(ColumnKind kind, uint32_t number = 0);

 private:
  Snapshot(std::string path, const char* bytes, size_t size)
      : path_(std::move(path)), bytes_(bytes), size_(size) {}

  // The head and the directory; columns are looked at when they are used.
  absl::Status ReadHead(absl::string_view extract_digest);
  absl::Status CheckDirectory() const;
  absl::Status Damaged(absl::string_view what) const;

  const std::string path_;
  const char* const bytes_;
  const size_t size_;
  SnapshotHead head_ = {};
  std::vector<SnapshotColumn> columns_;
  std::vector<bool> sound_;  // by column
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SNAPSHOT_H_
