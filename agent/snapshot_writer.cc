#include "agent/snapshot_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;

uint32_t WidthFor(uint64_t most) {
  if (most <= UINT8_MAX) return 1;
  if (most <= UINT16_MAX) return 2;
  return most <= UINT32_MAX ? 4 : 8;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SnapshotWriter>> SnapshotWriter::Create(
    const std::string& path, uint64_t rows, const std::vector<Column>& columns,
    absl::string_view extract_digest) {
  if (rows > kMaxSnapshotRows || columns.size() >= kMaxSnapshotColumns) {
    return absl::OutOfRangeError(absl::StrCat(
        path, ": there are more records than a snapshot can hold"));
  }
  // Load and the agent may both be making it: each its own.
  const std::string aside = absl::StrCat(path, ".", getpid(), ".new");
  unlink(aside.c_str());
  const int file =
      open(aside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::InternalError(
        absl::StrCat(aside, ": cannot be made: ", std::strerror(errno)));
  }
  auto writer = absl::WrapUnique(new SnapshotWriter(path, aside, file, rows));
  std::memcpy(writer->head_.extract, extract_digest.data(),
              kSnapshotDigestBytes);
  writer->Lay(columns);
  if (ftruncate(file, static_cast<off_t>(writer->head_.file_bytes)) != 0) {
    return writer->Error();
  }
  return writer;
}

SnapshotWriter::~SnapshotWriter() {
  close(file_);
  if (!finished_) unlink(aside_.c_str());
}

absl::Status SnapshotWriter::Error() const {
  return absl::InternalError(
      absl::StrCat(aside_, ": cannot be written: ", std::strerror(errno)));
}

// Where everything will stand.
void SnapshotWriter::Lay(const std::vector<Column>& columns) {
  std::memcpy(head_.magic, kSnapshotMagic, sizeof(kSnapshotMagic));
  head_.version = kSnapshotVersion;
  head_.columns = static_cast<uint32_t>(columns.size() + 1);
  head_.rows = rows_;
  buffers_.resize(head_.columns);
  uint64_t offset = SnapshotHeadBytes(head_.columns);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    SnapshotColumn& column = buffers_[i].column;
    column.kind = static_cast<uint32_t>(ColumnKind::kStart);
    if (i > 0) {
      const Column& given = columns[i - 1];
      column.kind = static_cast<uint32_t>(given.kind);
      column.number = given.number;
      column.base = given.base;
      column.width = WidthFor(given.most);
      buffers_[i].most = given.most;
    }
    column.offset = offset;
    column.bytes = SnapshotColumnBytes(column.width, rows_);
    offset += column.bytes;
    buffers_[i].bytes.reserve(kBufferBytes);
  }
  head_.file_bytes = offset;
}

absl::Status SnapshotWriter::AddBit(bool bit) {
  bits_ = static_cast<uint8_t>(bits_ | (bit ? 1 : 0) << (added_ % 8));
  if (added_ % 8 != 7) return absl::OkStatus();
  buffers_[0].bytes.push_back(static_cast<char>(bits_));
  bits_ = 0;
  return buffers_[0].bytes.size() < kBufferBytes ? absl::OkStatus()
                                                 : Flush(&buffers_[0]);
}

absl::Status SnapshotWriter::Add(int64_t person,
                                 absl::Span<const int64_t> values) {
  if (added_ == rows_ || person < last_person_) {
    return absl::DataLossError("a record is damaged; load again");
  }
  if (person < 0) ++head_.keyless;
  CAIRN_RETURN_IF_ERROR(AddBit(person < 0 || person != last_person_));
  last_person_ = person;
  for (size_t i = 0; i < values.size(); ++i) {
    Buffer& buffer = buffers_[i + 1];
    const uint64_t stored = static_cast<uint64_t>(values[i]) -
                            static_cast<uint64_t>(buffer.column.base);
    if (stored > buffer.most) {
      return absl::DataLossError("a record is damaged; load again");
    }
    buffer.bytes.append(reinterpret_cast<const char*>(&stored),
                        buffer.column.width);
    if (buffer.bytes.size() >= kBufferBytes) {
      CAIRN_RETURN_IF_ERROR(Flush(&buffer));
    }
  }
  ++added_;
  return absl::OkStatus();
}

absl::Status SnapshotWriter::Flush(Buffer* buffer) {
  CAIRN_RETURN_IF_ERROR(
      Write(buffer->bytes, buffer->column.offset + buffer->written));
  buffer->written += buffer->bytes.size();
  buffer->bytes.clear();
  return absl::OkStatus();
}

absl::Status SnapshotWriter::Write(absl::string_view bytes,
                                   uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Error();
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status SnapshotWriter::WriteHead() {
  void* const mapped =
      mmap(nullptr, head_.file_bytes, PROT_READ, MAP_PRIVATE, file_, 0);
  if (mapped == MAP_FAILED) return Error();
  const char* const bytes = static_cast<const char*>(mapped);
  std::string head(SnapshotHeadBytes(buffers_.size()), '\0');
  std::memcpy(head.data(), &head_, sizeof(head_));
  for (size_t i = 0; i < buffers_.size(); ++i) {
    SnapshotColumn& column = buffers_[i].column;
    const std::string digest = Sha256({bytes + column.offset, column.bytes});
    std::memcpy(column.digest, digest.data(), digest.size());
    std::memcpy(head.data() + sizeof(head_) + i * sizeof(column), &column,
                sizeof(column));
  }
  munmap(mapped, head_.file_bytes);
  const size_t digested = head.size() - kSnapshotDigestBytes;
  head.replace(digested, kSnapshotDigestBytes, Sha256({head.data(), digested}));
  return Write(head, 0);
}

absl::Status SnapshotWriter::Finish() {
  if (added_ != rows_) {
    return absl::DataLossError("records are missing; load again");
  }
  CAIRN_RETURN_IF_ERROR(AddBit(true));
  if ((added_ + 1) % 8 != 0) {
    buffers_[0].bytes.push_back(static_cast<char>(bits_));
  }
  for (Buffer& buffer : buffers_) CAIRN_RETURN_IF_ERROR(Flush(&buffer));
  CAIRN_RETURN_IF_ERROR(WriteHead());
  CAIRN_RETURN_IF_ERROR(ReplaceFile(aside_, path_));
  finished_ = true;
  return absl::OkStatus();
}

}  // namespace cairn
