#ifndef CAIRN_TESTS_FUZZ_FUZZ_INPUT_H_
#define CAIRN_TESTS_FUZZ_FUZZ_INPUT_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace cairn {

// What every fuzz target needs. A target defines LLVMFuzzerTestOneInput and is
// linked with libFuzzer, or with replay.cc.

// A promise that was broken: ends the run, so that the fuzzer keeps the input.
inline void Demand(bool kept, absl::string_view promise) {
  if (kept) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(promise.size()),
               promise.data());
  std::abort();
}

inline absl::string_view InputText(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

// An input of several texts, one after another with a line "----" between.
inline std::pair<std::string, std::string> SplitInput(absl::string_view input) {
  constexpr absl::string_view kLine = "\n----\n";
  const size_t at = input.find(kLine);
  if (at == absl::string_view::npos) return {std::string(input), ""};
  return {std::string(input.substr(0, at + 1)),
          std::string(input.substr(at + kLine.size()))};
}

// The bytes of a message. An input that begins with "# text" is the message in
// protobuf's text form, so that seeds can be read and dictionaries help;
// anything else is the bytes as they would come.
template <typename Message>
std::string WireBytes(absl::string_view input) {
  if (!absl::StartsWith(input, "# text")) return std::string(input);
  struct Quiet : google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } quiet;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&quiet);
  parser.SetRecursionLimit(200);
  parser.AllowPartialMessage(true);
  Message message;
  if (!parser.ParseFromString(std::string(input), &message)) return "";
  return message.SerializeAsString();
}

// A file that is only in memory, for readers that take a path.
class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view bytes = "")
      : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    Demand(file_ >= 0, "a file in memory can be made");
    while (!bytes.empty()) {
      const ssize_t wrote = write(file_, bytes.data(), bytes.size());
      Demand(wrote > 0, "a file in memory can be written");
      bytes.remove_prefix(static_cast<size_t>(wrote));
    }
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", file_); }

 private:
  const int file_;
};

// A folder of its own, which goes away with it.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_((std::filesystem::temp_directory_path() / "cairn-fuzz-XXXXXX")
                  .string()) {
    Demand(mkdtemp(path_.data()) != nullptr, "a folder can be made");
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_FUZZ_FUZZ_INPUT_H_
