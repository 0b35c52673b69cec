#include "core/link/text_config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "cairn/v1/config.pb.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kInternal = absl::StatusCode::kInternal;

// Real files. /dev/full takes no byte; a link to it stands in the way.
class TextConfigTest : public ::testing::Test {
 protected:
  TextConfigTest() {
    std::string folder = ::testing::TempDir() + "/text_config_XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~TextConfigTest() override { fs::remove_all(folder_); }

  std::string At(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }
  std::string Put(const std::string& name, const std::string& bytes) const {
    std::ofstream(At(name), std::ios::binary) << bytes;
    return At(name);
  }
  static std::string Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  absl::Status Parse(const std::string& text) const {
    v1::CoordinatorConfig config;
    return ParseTextProto("c.textproto", text, &config);
  }

  std::string folder_;
};

TEST_F(TextConfigTest, AFileIsReadWholeOrItsPathIsSaid) {
  const std::string bytes("a\0b\r\n\xFF", 6);
  EXPECT_EQ(*ReadFile(Put("bytes", bytes)), bytes);
  EXPECT_EQ(*ReadFile(Put("none", "")), "");
  EXPECT_THAT(ReadFile(At("missing")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(At("missing"))));
  EXPECT_THAT(
      ReadFile(At("bytes/inside")),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("bytes/inside")));
  EXPECT_THAT(ReadFile(folder_), StatusIs(absl::StatusCode::kPermissionDenied,
                                          HasSubstr("cannot be read")));
  // Sparse: a size without the bytes.
  fs::resize_file(Put("large", ""), 16 << 20);
  EXPECT_EQ(ReadFile(At("large"))->size(), size_t{16} << 20);
  fs::resize_file(At("large"), (16 << 20) + 1);
  EXPECT_THAT(ReadFile(At("large")),
              StatusIs(kInvalid, HasSubstr("larger than 16 MiB")));
}

TEST_F(TextConfigTest, TheFirstProblemIsSaidWithItsPlace) {
  EXPECT_THAT(Parse("listen: \"a\"\nagency { id: \"b\" }\n"), IsOk());
  EXPECT_THAT(Parse("listen: \"a\"\n  lisden: \"b\"\nstate_dri: \"c\"\n"),
              StatusIs(kInvalid,
                       AllOf(StartsWith("c.textproto:2:"), HasSubstr("lisden"),
                             Not(HasSubstr("state_dri")))));
  EXPECT_THAT(Parse("listen: 5"),
              StatusIs(kInvalid, StartsWith("c.textproto:1:9: ")));
  EXPECT_THAT(Parse("agency { id: \"b\""),
              StatusIs(kInvalid, StartsWith("c.textproto:1:")));
}

TEST_F(TextConfigTest, TextThatIsNotUtf8IsRefusedHoweverDeepItStands) {
  for (const auto& [text, field] :
       {std::pair{"listen: \"\\377\"", "listen"},
        {"agency { id: \"a\" } agency { name: \"\\xC3(\" }", "name"},
        {"agency { data_set: \"a\" data_set: \"\\xED\\xA0\\x80\" }",
         "data_set"},
        {"credentials { key: \"\\200\" }", "key"}}) {
    EXPECT_THAT(Parse(text),
                StatusIs(kInvalid,
                         HasSubstr(absl::StrCat("the text of ", field, " is"))))
        << text;
  }
  EXPECT_THAT(Parse("listen: \"\\303\\251\" agency { data_set: \"\" }"),
              IsOk());
}

TEST_F(TextConfigTest, APathIsMeantFromTheFolderOfItsFile) {
  EXPECT_EQ(RelativeTo("/etc/cairn/agent.textproto", "key.pem"),
            "/etc/cairn/key.pem");
  EXPECT_EQ(RelativeTo("conf/agent.textproto", "../key.pem"),
            "conf/../key.pem");
  EXPECT_EQ(RelativeTo("agent.textproto", "key.pem"), "key.pem");
  EXPECT_EQ(RelativeTo("/etc/agent.textproto", "/run/key.pem"), "/run/key.pem");
  EXPECT_EQ(RelativeTo("/etc/agent.textproto", ""), "");
}

TEST_F(TextConfigTest, AFileIsReplacedWholeOrNotAtAll) {
  const std::string path = Put("file", "old");
  ASSERT_THAT(WriteFile(path, "new"), IsOk());
  EXPECT_EQ(Bytes(path), "new");
  EXPECT_FALSE(fs::exists(path + ".new"));
  fs::create_symlink("/dev/full", path + ".new");
  for (const size_t bytes : {size_t{3}, size_t{200'000}}) {
    EXPECT_THAT(
        WriteFile(path, std::string(bytes, 'x')),
        StatusIs(kInternal, AllOf(StartsWith(path), HasSubstr("No space"))));
    EXPECT_EQ(Bytes(path), "new");
  }
  // What cannot be synced, as /dev/null cannot, is not put in place.
  fs::remove(path + ".new");
  fs::create_symlink("/dev/null", path + ".new");
  EXPECT_THAT(WriteFile(path, "newer"),
              StatusIs(kInternal, HasSubstr("cannot be written")));
  EXPECT_EQ(Bytes(path), "new");
  EXPECT_THAT(WriteFile(At("none/file"), "x"),
              StatusIs(kInternal, HasSubstr("cannot be written")));
  fs::create_directories(At("folder/inside"));
  EXPECT_THAT(WriteFile(At("folder"), "x"),
              StatusIs(kInternal, HasSubstr("cannot be replaced")));
}

TEST_F(TextConfigTest, ASecretIsItsOwnersAndTheFirstOneStays) {
  const std::string path = At("key");
  ASSERT_THAT(MakeSecretFile(path, "first"), IsOk());
  ASSERT_THAT(MakeSecretFile(path, "second"), IsOk());
  EXPECT_EQ(Bytes(path), "first");
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(MakeSecretFile(At("none/key"), "x"),
              StatusIs(kInternal, HasSubstr("none/key")));
  EXPECT_THAT(MakeSecretFile(path + "/inside", "x"), StatusIs(kInternal));
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().filename(), "key");
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(TextConfigTest, AKeyThatOthersMayReadOrChangeIsRefused) {
  const std::string path = Put("key", "k");
  for (mode_t mode = 0; mode < 0100; ++mode) {
    ASSERT_EQ(chmod(path.c_str(), 0600 | mode), 0);
    // The group may read (040) and run (010), and nobody else anything.
    const bool fine = (mode & ~mode_t{050}) == 0;
    EXPECT_EQ(CheckSecretFile(path).ok(), fine) << mode;
  }
  EXPECT_THAT(CheckSecretFile(path),
              StatusIs(kInvalid, HasSubstr("chmod 600 " + path)));
  EXPECT_THAT(CheckSecretFile(At("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

}  // namespace
}  // namespace cairn
