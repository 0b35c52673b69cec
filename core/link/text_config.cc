#include "core/link/text_config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace cairn {
namespace {

constexpr size_t kMaxFileBytes = 16 << 20;

// Keeps the first error, in the form an editor can jump to.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(const std::string& path) : path_(path) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  const std::string path_;
  std::string text_;
};

// The name of the first text that is not UTF-8, as an escape may make one;
// empty if there is none. Such a message could be read here, but sent to
// nobody.
std::string FirstBadText(const google::protobuf::Message& message) {
  using Field = google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  std::vector<const Field*> fields;
  reflection->ListFields(message, &fields);
  for (const Field* field : fields) {
    const bool many = field->is_repeated();
    const int count = many ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      std::string bad;
      if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
        bad = FirstBadText(
            many ? reflection->GetRepeatedMessage(message, field, i)
                 : reflection->GetMessage(message, field));
      } else if (field->type() == Field::TYPE_STRING) {
        const std::string text =
            many ? reflection->GetRepeatedString(message, field, i)
                 : reflection->GetString(message, field);
        if (FirstInvalidUtf8(text) != absl::string_view::npos) {
          bad = field->name();
        }
      }
      if (!bad.empty()) return bad;
    }
  }
  return "";
}

struct Close {
  void operator()(FILE* file) const { std::fclose(file); }
};

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::unique_ptr<FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    const int error = errno;
    const std::string words = absl::StrCat(path, ": ", std::strerror(error));
    return error == ENOENT ? absl::NotFoundError(words)
                           : absl::PermissionDeniedError(words);
  }
  std::string bytes;
  char chunk[65536];
  size_t got;
  while ((got = std::fread(chunk, 1, sizeof(chunk), file.get())) > 0) {
    bytes.append(chunk, got);
    if (bytes.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": larger than 16 MiB"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  return bytes;
}

absl::Status WriteFile(const std::string& path, const std::string& bytes) {
  const std::string aside = absl::StrCat(path, ".new");
  std::unique_ptr<FILE, Close> file(std::fopen(aside.c_str(), "wbe"));
  if (file == nullptr ||
      std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() ||
      std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) {
    return absl::InternalError(
        absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  file.reset();
  if (std::rename(aside.c_str(), path.c_str()) != 0) {
    return absl::InternalError(
        absl::StrCat(path, ": cannot be replaced: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status ParseTextProto(const std::string& path, const std::string& text,
                            google::protobuf::Message* message) {
  FirstError first(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&first);
  parser.SetRecursionLimit(64);
  if (parser.ParseFromString(text, message)) {
    const std::string bad = FirstBadText(*message);
    if (bad.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the text of ", bad, " is not UTF-8"));
  }
  return absl::InvalidArgumentError(
      first.text().empty() ? absl::StrCat(path, ": cannot be parsed")
                           : first.text());
}

absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message* message) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseTextProto(path, text, message);
}

std::string RelativeTo(const std::string& config_path,
                       const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  const size_t slash = config_path.find_last_of('/');
  return slash == std::string::npos
             ? path
             : absl::StrCat(config_path.substr(0, slash + 1), path);
}

absl::Status MakeSecretFile(const std::string& path, const std::string& bytes) {
  const std::string aside = absl::StrCat(path, ".", getpid(), ".new");
  const auto fail = [&path] {
    return absl::InternalError(
        absl::StrCat(path, ": cannot be made: ", std::strerror(errno)));
  };
  const int file =
      open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail();
  const bool written = write(file, bytes.data(), bytes.size()) ==
                       static_cast<ssize_t>(bytes.size());
  const bool linked =
      written && fsync(file) == 0 &&
      (link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const absl::Status failed = linked ? absl::OkStatus() : fail();
  close(file);
  unlink(aside.c_str());
  CAIRN_RETURN_IF_ERROR(failed);
  const std::string dir = path.substr(0, path.find_last_of('/') + 1) + ".";
  const int folder = open(dir.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = folder >= 0 && fsync(folder) == 0;
  const absl::Status synced = kept ? absl::OkStatus() : fail();
  if (folder >= 0) close(folder);
  return synced;
}

absl::Status CheckSecretFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": this key can be read or changed by others; run: chmod 600 ",
        path));
  }
  return absl::OkStatus();
}

}  // namespace cairn
