#include "core/ledger/log_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(const char* what, const std::string& path, int error) {
  const std::string text =
      absl::StrCat(what, " ", path, " failed: ", strerror(error));
  return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(text)
                                             : absl::UnavailableError(text);
}

// A file that is closed when it goes.
class File {
 public:
  File(const std::string& path, int flags)
      : path_(path), descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  absl::Status Opened() const {
    return descriptor_ >= 0 ? absl::OkStatus()
                            : Failed("opening", path_, errno);
  }
  absl::StatusOr<std::string> ReadAll(size_t limit) const {
    std::string bytes;
    char buffer[64 * 1024];
    while (true) {
      const ssize_t got = read(descriptor_, buffer, sizeof(buffer));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Failed("reading", path_, errno);
      if (got == 0) return bytes;
      bytes.append(buffer, static_cast<size_t>(got));
      if (bytes.size() > limit) {
        return absl::DataLossError(
            absl::StrCat(path_, " is larger than any file of a log can be"));
      }
    }
  }
  absl::Status WriteAll(absl::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = write(descriptor_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return Failed("writing", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
    return absl::OkStatus();
  }
  absl::Status Sync() const {
    return fsync(descriptor_) == 0 ? absl::OkStatus()
                                   : Failed("syncing", path_, errno);
  }
  // All of the file system this file is on.
  absl::Status SyncAll() const {
    return syncfs(descriptor_) == 0 ? absl::OkStatus()
                                    : Failed("syncing", path_, errno);
  }

 private:
  const std::string path_;
  const int descriptor_;
};

absl::Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? Failed("making", folder.string(), error.value())
               : absl::OkStatus();
}

absl::Status Rename(const std::string& from, const std::string& to) {
  return rename(from.c_str(), to.c_str()) == 0
             ? absl::OkStatus()
             : Failed("renaming", from, errno);
}

}  // namespace

absl::StatusOr<std::string> LogFolder::Read(const std::string& path) const {
  const File file(absl::StrCat(folder_, "/", path), O_RDONLY);
  CAIRN_RETURN_IF_ERROR(file.Opened());
  return file.ReadAll(kMaxLogFileBytes);
}

absl::StatusOr<LogFolderWriter> LogFolderWriter::Create(std::string folder) {
  CAIRN_RETURN_IF_ERROR(MakeFolder(folder));
  std::error_code error;
  const bool empty = fs::is_empty(folder, error);
  if (error) return Failed("reading", folder, error.value());
  if (!empty) {
    return absl::AlreadyExistsError(absl::StrCat(
        "there is something in ", folder, " already; name an empty folder"));
  }
  return LogFolderWriter(std::move(folder));
}

absl::Status LogFolderWriter::Write(const std::string& path,
                                    absl::string_view bytes) const {
  const std::string to = absl::StrCat(folder_, "/", path);
  const std::string aside = absl::StrCat(to, ".tmp");
  CAIRN_RETURN_IF_ERROR(MakeFolder(fs::path(to).parent_path()));
  {
    const File file(aside, O_WRONLY | O_CREAT | O_TRUNC);
    CAIRN_RETURN_IF_ERROR(file.Opened());
    CAIRN_RETURN_IF_ERROR(file.WriteAll(bytes));
  }
  return Rename(aside, to);
}

absl::Status LogFolderWriter::Finish(absl::string_view checkpoint) const {
  const File folder(folder_, O_RDONLY | O_DIRECTORY);
  CAIRN_RETURN_IF_ERROR(folder.Opened());
  CAIRN_RETURN_IF_ERROR(folder.SyncAll());
  const std::string aside = absl::StrCat(folder_, "/checkpoint.tmp");
  {
    const File file(aside, O_WRONLY | O_CREAT | O_TRUNC);
    CAIRN_RETURN_IF_ERROR(file.Opened());
    CAIRN_RETURN_IF_ERROR(file.WriteAll(checkpoint));
    CAIRN_RETURN_IF_ERROR(file.Sync());
  }
  CAIRN_RETURN_IF_ERROR(Rename(aside, absl::StrCat(folder_, "/checkpoint")));
  return folder.Sync();
}

}  // namespace cairn
