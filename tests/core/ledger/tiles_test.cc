#include "core/ledger/tiles.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/log_folder.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
constexpr auto kLoss = absl::StatusCode::kDataLoss;

TEST(Tiles, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(TilePath(0, 0, 256), "tile/0/000");
  EXPECT_EQ(TilePath(1, 999, 256), "tile/1/999");
  EXPECT_EQ(TilePath(1, 1000, 3), "tile/1/x001/000.p/3");
  EXPECT_EQ(TilePath(63, 1234067, 256), "tile/63/x001/x234/067");
  EXPECT_EQ(BundlePath(1234067, 255), "tile/entries/x001/x234/067.p/255");
}

TEST(Tiles, LevelsHaveTheShapesOfTheSpecification) {
  // "a tree of size 70,000 ... 273 full level 0 tiles, one partial of width
  // 112, one full level 1 tile, one partial of width 17, and one partial level
  // 2 tile of width 1"; "256: a full level 0 tile and a partial level 1 tile of
  // width 1".
  const auto expect = [](int level, uint64_t size, uint64_t full,
                         uint64_t partial) {
    const LevelShape shape = ShapeOfLevel(level, size);
    EXPECT_EQ(shape.full, full) << level << " of " << size;
    EXPECT_EQ(shape.partial, partial) << level << " of " << size;
  };
  expect(0, 70'000, 273, 112);
  expect(1, 70'000, 1, 17);
  expect(2, 70'000, 0, 1);
  expect(3, 70'000, 0, 0);
  EXPECT_EQ(TileLevels(70'000), 3);
  expect(0, 256, 1, 0);
  expect(1, 256, 0, 1);
  EXPECT_EQ(TileLevels(256), 2);
  EXPECT_EQ(TileLevels(255), 1);
  EXPECT_EQ(TileLevels(0), 0);
  expect(9, ~uint64_t{0}, 0, 0);
}

TEST(Tiles, EveryFileHoldsWhatTheSpecificationSaysOfIt) {
  // MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])
  for (const size_t size : {1, 255, 256, 257, 700}) {
    ReferenceTree::Leaves leaves;
    std::map<std::string, std::string> files, expected;
    TileWriter writer([&](const std::string& path, std::string bytes) {
      EXPECT_EQ(files.count(path), 0u) << path;
      files[path] = std::move(bytes);
      return absl::OkStatus();
    });
    for (size_t i = 0; i < size; ++i) {
      leaves.push_back(std::string(i % 300, 'e') + absl::StrCat(i));
      ASSERT_THAT(writer.Append(leaves.back()), IsOk());
    }
    ASSERT_THAT(writer.Finish(), IsOk());
    EXPECT_EQ(writer.Root(), ReferenceTree::Root(leaves));
    size_t span = 1;  // 256 to the level
    for (int level = 0; span <= size; ++level, span *= 256) {
      const size_t hashes = size / span;
      for (size_t i = 0; i < hashes; ++i) {
        const size_t width = std::min<size_t>(256, hashes - i / 256 * 256);
        expected[TilePath(level, i / 256, width)] += ReferenceTree::Root(
            ReferenceTree::Part(leaves, i * span, (i + 1) * span));
      }
    }
    for (size_t i = 0; i < size; ++i) {
      const size_t width = std::min<size_t>(256, size - i / 256 * 256);
      std::string& bundle = expected[BundlePath(i / 256, width)];
      bundle.push_back(static_cast<char>(leaves[i].size() / 256));
      bundle.push_back(static_cast<char>(leaves[i].size() % 256));
      bundle += leaves[i];
    }
    EXPECT_EQ(files, expected) << size;
  }
}

TEST(Bundle, GivesBackWhatWasPutIn) {
  std::string bundle;
  const std::vector<std::string> entries = {"", "a", std::string(65535, 'x'),
                                            std::string("\0\1", 2)};
  for (const std::string& entry : entries) {
    ASSERT_THAT(AppendToBundle(entry, &bundle), IsOk());
  }
  const auto read = ReadBundle(bundle, 256, 4);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(std::vector<std::string>(read->begin(), read->end()), entries);
  EXPECT_THAT(AppendToBundle(std::string(65536, 'x'), &bundle),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65536")));
}

TEST(Bundle, NamesTheEntryThatIsMissingOrCutShort) {
  std::string bundle;
  for (const char* entry : {"one", "two", "three"}) {
    ASSERT_THAT(AppendToBundle(entry, &bundle), IsOk());
  }
  EXPECT_THAT(ReadBundle(bundle, 256, 4),
              StatusIs(kLoss, HasSubstr("entry 259 is missing")));
  EXPECT_THAT(ReadBundle(bundle, 256, 2),
              StatusIs(kLoss, HasSubstr("added after entry 257")));
  EXPECT_THAT(ReadBundle("", 0, 1),
              StatusIs(kLoss, HasSubstr("entry 0 is missing")));
  for (size_t size = 0; size < bundle.size(); ++size) {
    const auto cut = ReadBundle(bundle.substr(0, size), 256, 3);
    const char* entry = size < 5 ? "256" : size < 10 ? "257" : "258";
    EXPECT_THAT(cut, StatusIs(kLoss, HasSubstr(absl::StrCat("entry ", entry))))
        << size;
  }
}

class LogFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/log_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(LogFolderTest, GivesBackWhatWasWritten) {
  const auto writer = LogFolderWriter::Create(folder_ + "/new/log");
  ASSERT_THAT(writer, IsOk());
  const std::string bytes("\0\xff\n", 3);
  ASSERT_THAT(writer->Write("tile/0/x001/000.p/3", bytes), IsOk());
  const LogFolder folder(folder_ + "/new/log");
  EXPECT_EQ(*folder.Read("tile/0/x001/000.p/3"), bytes);
  EXPECT_THAT(folder.Read("checkpoint"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("checkpoint")));
  ASSERT_THAT(writer->Finish("signed\n"), IsOk());
  EXPECT_EQ(*folder.Read("checkpoint"), "signed\n");
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(folder_ + "/new/log")) {
    EXPECT_NE(file.path().extension(), ".tmp");
  }
}

TEST_F(LogFolderTest, NothingThatIsThereIsWrittenOver) {
  std::ofstream(folder_ + "/other") << "x";
  EXPECT_THAT(LogFolderWriter::Create(folder_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(folder_)));
  EXPECT_FALSE(LogFolderWriter::Create(folder_ + "/other").ok());
}

TEST_F(LogFolderTest, AFileThatIsNoFileOrTooLargeIsAnError) {
  const LogFolder folder(folder_);
  std::filesystem::create_directory(folder_ + "/checkpoint");
  EXPECT_THAT(folder.Read("checkpoint"),
              StatusIs(absl::StatusCode::kUnavailable));
  std::ofstream(folder_ + "/large").close();
  std::filesystem::resize_file(folder_ + "/large", kMaxLogFileBytes + 1);
  EXPECT_THAT(folder.Read("large"), StatusIs(kLoss, HasSubstr("larger")));
}

}  // namespace
}  // namespace cairn
