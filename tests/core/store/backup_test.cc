#include "core/store/backup.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/store/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/backup_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    state_ = folder_ + "/state";
    kept_ = folder_ + "/kept";
    to_ = folder_ + "/restored";
    fs::create_directories(state_ + "/extract");
    Write(state_ + "/pseudonym.key", std::string(32, 'k'));
    Write(state_ + "/lock", "");
    Write(state_ + "/extract/half.new", "being written");
    auto db = Database::Open(state_ + "/agent.db", Database::Mode::kDurable);
    ASSERT_THAT(db, IsOk());
    db_ = *std::move(db);
    ASSERT_THAT(db_->Execute("CREATE TABLE entry(line); "
                             "INSERT INTO entry VALUES('first')"),
                IsOk());
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::string Slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file),
            std::istreambuf_iterator<char>()};
  }
  static std::string Lines(const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kReadOnly);
    if (!db.ok()) return db.status().ToString();
    auto select = (*db)->Prepare("SELECT line FROM entry");
    std::string lines;
    while (select.ok() && *select->Step()) {
      absl::StrAppend(&lines, select->Text(0), ",");
    }
    return lines;
  }
  absl::Status PutBack(bool only_verify = false,
                       absl::Status verdict = absl::OkStatus()) {
    return Restore(kept_, to_, only_verify, [&](const std::string& aside) {
      tried_ = Lines(aside + "/agent.db");
      return verdict;
    });
  }

  std::string folder_, state_, kept_, tried_;
  std::string to_;
  std::unique_ptr<Database> db_;
};

TEST_F(BackupTest, WhatIsCommittedBesideAnOpenDatabaseComesBack) {
  // In the write-ahead log only: a copy of agent.db alone would lack it.
  ASSERT_THAT(db_->Execute("INSERT INTO entry VALUES('second')"), IsOk());
  const auto files = BackUp(state_, kept_);
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(*files, 2u);
  ASSERT_THAT(db_->Execute("INSERT INTO entry VALUES('after')"), IsOk());
  ASSERT_THAT(PutBack(), IsOk());
  EXPECT_EQ(tried_, "first,second,");
  EXPECT_EQ(Lines(to_ + "/agent.db"), "first,second,");
  EXPECT_EQ(Slurp(to_ + "/pseudonym.key"), std::string(32, 'k'));
  EXPECT_FALSE(fs::exists(to_ + "/extract/half.new"));
  EXPECT_FALSE(fs::exists(to_ + "/.restoring"));
}

TEST_F(BackupTest, AnExtractStaysTheSameToTheByte) {
  const std::string extract = state_ + "/extract/events.db";
  {
    auto db = Database::Open(extract, Database::Mode::kScratch);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute("CREATE TABLE record(x)"), IsOk());
  }
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  ASSERT_THAT(PutBack(), IsOk());
  EXPECT_EQ(Slurp(to_ + "/extract/events.db"), Slurp(extract));
}

// The sums stand in the order in which the files were copied.
TEST_F(BackupTest, ACheckpointIsNeverNewerThanItsLedger) {
  auto checkpoint =
      Database::Open(state_ + "/checkpoint.db", Database::Mode::kDurable);
  ASSERT_THAT(checkpoint, IsOk());
  ASSERT_THAT((*checkpoint)->Execute("CREATE TABLE checkpoint(x)"), IsOk());
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  const std::string sums = Slurp(kept_ + "/SHA256SUMS");
  EXPECT_LT(sums.find("  checkpoint.db"), sums.find("  agent.db"));
  EXPECT_LT(sums.find("  agent.db"), sums.find("  pseudonym.key"));
}

TEST_F(BackupTest, CoreutilsCheckItToo) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  const std::string check =
      absl::StrCat("cd ", kept_, " && sha256sum --quiet -c SHA256SUMS");
  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST_F(BackupTest, OneChangedByteIsFoundInEveryFile) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  for (const char* name : {"agent.db", "pseudonym.key"}) {
    const std::string path = absl::StrCat(kept_, "/", name);
    const std::string good = Slurp(path);
    std::string bad = good;
    bad[bad.size() / 2] ^= 1;
    Write(path, bad);
    EXPECT_THAT(PutBack(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(name)));
    Write(path, good);
  }
  EXPECT_THAT(CheckBackup(kept_), IsOk());
}

TEST_F(BackupTest, AMissingFileAndOneTooManyAreFound) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  Write(kept_ + "/extra", "x");
  EXPECT_THAT(CheckBackup(kept_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("extra")));
  fs::remove(kept_ + "/extra");
  fs::remove(kept_ + "/pseudonym.key");
  EXPECT_THAT(CheckBackup(kept_), StatusIs(absl::StatusCode::kDataLoss,
                                           HasSubstr("pseudonym.key")));
  fs::remove(kept_ + "/SHA256SUMS");
  EXPECT_THAT(CheckBackup(kept_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("whole backup")));
}

TEST_F(BackupTest, NothingIsEverWrittenOver) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  EXPECT_THAT(BackUp(state_, kept_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(kept_)));
  to_ = state_;
  EXPECT_THAT(PutBack(), StatusIs(absl::StatusCode::kAlreadyExists,
                                  HasSubstr("move the folder away")));
  EXPECT_EQ(Lines(state_ + "/agent.db"), "first,");
}

TEST_F(BackupTest, WhatDoesNotWorkIsNotPutInPlace) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  EXPECT_THAT(PutBack(false, absl::DataLossError("entry 3 was altered")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("entry 3")));
  EXPECT_TRUE(fs::is_empty(to_));
  EXPECT_THAT(PutBack(), IsOk());
}

TEST_F(BackupTest, TryingItChangesNothingEvenBesideTheState) {
  ASSERT_THAT(BackUp(state_, kept_), IsOk());
  to_ = state_;
  EXPECT_THAT(PutBack(/*only_verify=*/true), IsOk());
  EXPECT_EQ(tried_, "first,");
  EXPECT_FALSE(fs::exists(state_ + "/.restoring"));
  EXPECT_EQ(Lines(state_ + "/agent.db"), "first,");
}

}  // namespace
}  // namespace cairn
