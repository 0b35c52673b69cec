#include "agent/snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kDigitsInName = 16;

absl::string_view View(const uint8_t* digest) {
  return {reinterpret_cast<const char*>(digest), kSnapshotDigestBytes};
}

}  // namespace

std::string Snapshot::PathFor(const std::string& extract_path,
                              absl::string_view data_set,
                              absl::string_view meta_digest) {
  return absl::StrCat(
      extract_path.substr(0, extract_path.find_last_of('/') + 1), data_set, ".",
      Hex(meta_digest).substr(0, kDigitsInName), ".snapshot");
}

absl::StatusOr<std::unique_ptr<Snapshot>> Snapshot::Open(
    const std::string& path, absl::string_view extract_digest) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) {
    const std::string words =
        absl::StrCat(path, ": cannot be opened: ", std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(words)
                           : absl::DataLossError(words);
  }
  struct stat info;
  void* bytes = MAP_FAILED;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    bytes = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ,
                 MAP_PRIVATE, file, 0);
  }
  close(file);
  if (bytes == MAP_FAILED) {
    return absl::DataLossError(absl::StrCat(path, ": cannot be mapped"));
  }
  auto snapshot =
      absl::WrapUnique(new Snapshot(path, static_cast<const char*>(bytes),
                                    static_cast<size_t>(info.st_size)));
  CAIRN_RETURN_IF_ERROR(snapshot->ReadHead(extract_digest));
  return snapshot;
}

absl::Status Snapshot::Rededicate(const std::string& path,
                                  absl::string_view extract_digest,
                                  absl::string_view new_digest) {
  CAIRN_ASSIGN_OR_RETURN(const auto snapshot, Open(path, extract_digest));
  const size_t digested =
      SnapshotHeadBytes(snapshot->head_.columns) - kSnapshotDigestBytes;
  std::string head(snapshot->bytes_, digested);
  head.replace(offsetof(SnapshotHead, extract), kSnapshotDigestBytes,
               new_digest.data(), new_digest.size());
  head += Sha256(head);
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  // Half a head is a damaged one.
  const bool written = file >= 0 &&
                       pwrite(file, head.data(), head.size(), 0) ==
                           static_cast<ssize_t>(head.size()) &&
                       fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (written) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(path, ": cannot be written: ", std::strerror(error)));
}

void Snapshot::RemoveOthers(const std::string& path,
                            absl::string_view data_set) {
  const size_t name = path.find_last_of('/') + 1;
  const std::string folder = path.substr(0, name);
  const std::string own = path.substr(name);
  DIR* const listing = opendir(folder.empty() ? "." : folder.c_str());
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing)) {
    const absl::string_view other = entry->d_name;
    if (!absl::StartsWith(other, absl::StrCat(data_set, ".")) ||
        !absl::StrContains(other, ".snapshot") || other == own) {
      continue;
    }
    unlink(absl::StrCat(folder, other).c_str());
  }
  closedir(listing);
}

Snapshot::~Snapshot() { munmap(const_cast<char*>(bytes_), size_); }

absl::Status Snapshot::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", what));
}

absl::Status Snapshot::ReadHead(absl::string_view extract_digest) {
  if (size_ < sizeof(head_)) return Damaged("is cut short");
  std::memcpy(&head_, bytes_, sizeof(head_));
  if (std::memcmp(head_.magic, kSnapshotMagic, sizeof(kSnapshotMagic)) != 0) {
    return Damaged("is not a snapshot");
  }
  if (head_.version != kSnapshotVersion)
    return Damaged("is of another version");
  if (head_.file_bytes != size_) return Damaged("is cut short");
  if (head_.columns > kMaxSnapshotColumns || head_.rows > kMaxSnapshotRows ||
      head_.keyless > head_.rows || SnapshotHeadBytes(head_.columns) > size_) {
    return Damaged("has a damaged head");
  }
  const uint64_t head_bytes = SnapshotHeadBytes(head_.columns);
  const uint64_t digested = head_bytes - kSnapshotDigestBytes;
  if (Sha256({bytes_, digested}) !=
      absl::string_view(bytes_ + digested, kSnapshotDigestBytes)) {
    return Damaged("has a damaged head");
  }
  if (View(head_.extract) != extract_digest) {
    return Damaged("was made of another extract");
  }
  columns_.resize(head_.columns);
  if (!columns_.empty()) {
    std::memcpy(columns_.data(), bytes_ + sizeof(head_),
                columns_.size() * sizeof(SnapshotColumn));
  }
  sound_.assign(columns_.size(), false);
  return CheckDirectory();
}

// Columns stand one after another, so that no byte is outside a digest.
absl::Status Snapshot::CheckDirectory() const {
  uint64_t offset = SnapshotHeadBytes(columns_.size());
  for (const SnapshotColumn& column : columns_) {
    const bool width_known = column.width == 0 || column.width == 1 ||
                             column.width == 2 || column.width == 4 ||
                             column.width == 8;
    if (!width_known || column.offset != offset ||
        column.bytes != SnapshotColumnBytes(column.width, head_.rows) ||
        column.bytes > size_ - offset) {
      return Damaged("has a damaged directory");
    }
    offset += column.bytes;
  }
  if (offset != size_) return Damaged("has a damaged directory");
  return absl::OkStatus();
}

absl::StatusOr<Snapshot::Column> Snapshot::Find(ColumnKind kind,
                                                uint32_t number) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const SnapshotColumn& column = columns_[i];
    if (column.kind != static_cast<uint32_t>(kind) || column.number != number) {
      continue;
    }
    const char* data = bytes_ + column.offset;
    if (!sound_[i]) {
      if (Sha256({data, column.bytes}) != View(column.digest)) {
        return Damaged("has a damaged column");
      }
      sound_[i] = true;
    }
    return Column{data, column.width, column.base};
  }
  return absl::NotFoundError(absl::StrCat(path_, ": has no such column"));
}

}  // namespace cairn
