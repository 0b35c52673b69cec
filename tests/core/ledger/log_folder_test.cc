#include "core/ledger/log_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/verify_log.h"
#include "gtest/gtest.h"
#include "tests/support/example_log.h"
#include "tests/support/ledger_in_memory.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Real folders of a real disk. /dev/full takes no byte, and /dev/null cannot
// be synced; a link to one stands where a file is to be written.
class LogFolderTest : public ::testing::Test {
 protected:
  LogFolderTest() {
    std::string folder = ::testing::TempDir() + "/log_folder_XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    root_ = folder;
  }
  ~LogFolderTest() override { fs::remove_all(root_); }

  std::string At(const std::string& name) const {
    return absl::StrCat(root_, "/", name);
  }
  static std::string Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      names.push_back(fs::relative(entry.path(), root_).string());
    }
    return names;
  }

  std::string root_;
};

TEST_F(LogFolderTest, WhatIsWrittenIsReadAndNothingElseIsLeft) {
  const auto writer = LogFolderWriter::Create(At("log"));
  ASSERT_THAT(writer, IsOk());
  const std::string large(200'000, 'x');
  ASSERT_THAT(writer->Write("tile/0/000", large), IsOk());
  ASSERT_THAT(writer->Write("tile/0/000", "again"), IsOk());
  ASSERT_THAT(writer->Write("tile/entries/000", large), IsOk());
  ASSERT_THAT(writer->Finish("note"), IsOk());
  EXPECT_EQ(Bytes(At("log/tile/0/000")), "again");
  const LogFolder log(At("log"));
  EXPECT_EQ(*log.Read("tile/entries/000"), large);
  EXPECT_EQ(*log.Read("checkpoint"), "note");
  for (const std::string& name : Names()) {
    EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
  }
}

TEST_F(LogFolderTest, WhatIsThereAlreadyIsLeftAlone) {
  fs::create_directories(At("log"));
  std::ofstream(At("log/somebody's")) << "work";
  EXPECT_THAT(LogFolderWriter::Create(At("log")),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("log")));
  EXPECT_EQ(Bytes(At("log/somebody's")), "work");
  // A file where a folder is to be, or above it.
  for (const char* name : {"log/somebody's", "log/somebody's/log"}) {
    const auto made = LogFolderWriter::Create(At(name));
    EXPECT_FALSE(made.ok());
    EXPECT_THAT(std::string(made.status().message()), HasSubstr(At(name)));
  }
}

TEST_F(LogFolderTest, AFileThatIsMissingUnreadableOrTooLargeIsSaidByItsPath) {
  fs::create_directories(At("log/tile"));
  const LogFolder log(At("log"));
  EXPECT_THAT(log.Read("checkpoint"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("checkpoint")));
  EXPECT_THAT(log.Read("tile/0/000"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(log.Read("tile"), StatusIs(absl::StatusCode::kUnavailable,
                                         HasSubstr("reading " + At("log"))));
  // Sparse: a size without the bytes.
  std::ofstream(At("log/checkpoint")).close();
  fs::resize_file(At("log/checkpoint"), kMaxLogFileBytes + 1);
  EXPECT_THAT(log.Read("checkpoint"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is larger")));
  fs::resize_file(At("log/checkpoint"), kMaxLogFileBytes);
  EXPECT_EQ(log.Read("checkpoint")->size(), kMaxLogFileBytes);
}

TEST_F(LogFolderTest, ADiskThatTakesNothingLeavesNoFileUnderItsName) {
  const auto writer = LogFolderWriter::Create(At("log"));
  ASSERT_THAT(writer, IsOk());
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  fs::create_symlink("/dev/full", At("log/keys.txt.tmp"));
  EXPECT_THAT(writer->Write("keys.txt", "bytes"),
              StatusIs(kUnavailable, HasSubstr("No space left")));
  EXPECT_FALSE(fs::exists(At("log/keys.txt")));
  // A folder stands where the file is to be, or where it is to be made.
  fs::create_directories(At("log/taken/inside"));
  EXPECT_THAT(writer->Write("taken", "bytes"),
              StatusIs(kUnavailable, HasSubstr("renaming")));
  fs::create_directories(At("log/other.tmp"));
  EXPECT_THAT(writer->Write("other", "bytes"),
              StatusIs(kUnavailable, HasSubstr("opening")));
  std::ofstream(At("log/file")) << "a file";
  EXPECT_FALSE(writer->Write("file/inside", "bytes").ok());
}

TEST_F(LogFolderTest, AnExportThatCouldNotEndHasNoCheckpoint) {
  const auto writer = LogFolderWriter::Create(At("log"));
  ASSERT_THAT(writer, IsOk());
  for (const auto& [device, words] :
       {std::pair{"/dev/full", "No space left"}, {"/dev/null", "syncing"}}) {
    fs::create_symlink(device, At("log/checkpoint.tmp"));
    EXPECT_THAT(writer->Finish("note"),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr(words)));
    fs::remove(At("log/checkpoint.tmp"));
  }
  fs::create_directories(At("log/checkpoint.tmp"));
  EXPECT_THAT(writer->Finish("note"), StatusIs(absl::StatusCode::kUnavailable));
  fs::remove(At("log/checkpoint.tmp"));
  fs::create_directories(At("log/checkpoint/inside"));
  EXPECT_THAT(writer->Finish("note"), StatusIs(absl::StatusCode::kUnavailable));
  fs::remove_all(At("log"));
  EXPECT_THAT(writer->Finish("note"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(fs::exists(At("log")));
}

// The whole way out, with a disk that ends in the middle of it.
TEST_F(LogFolderTest, ALedgerIsExportedWholeOrTheErrorIsTold) {
  LedgerInMemory log;
  log.Append(300);
  const SigningKey key =
      *SigningKey::Generate(ExampleLog::kOrigin, KeyRole::kLog);
  const SignedCheckpoint checkpoint = *log.ledger()->Sign(key);
  const auto whole = LogFolderWriter::Create(At("whole"));
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(log.ledger()->Export(checkpoint, *whole), IsOk());
  EXPECT_THAT(VerifyLog(LogFolder(At("whole")), {key.verifier(), {}, {}}),
              IsOk());
  for (const char* file :
       {"tile/entries/000", "tile/entries/001.p/44", "tile/0/000",
        "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"}) {
    ASSERT_TRUE(fs::exists(At(absl::StrCat("whole/", file)))) << file;
    const auto part = LogFolderWriter::Create(At("part"));
    ASSERT_THAT(part, IsOk());
    const std::string aside = At(absl::StrCat("part/", file, ".tmp"));
    fs::create_directories(fs::path(aside).parent_path());
    fs::create_symlink("/dev/full", aside);
    EXPECT_THAT(
        log.ledger()->Export(checkpoint, *part),
        StatusIs(absl::StatusCode::kUnavailable, HasSubstr("No space left")))
        << file;
    EXPECT_FALSE(fs::exists(At("part/checkpoint"))) << file;
    fs::remove_all(At("part"));
  }
}

}  // namespace
}  // namespace cairn
