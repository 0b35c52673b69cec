#include "core/store/schema.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<const char*> kSteps = {
    "ALTER TABLE entry ADD COLUMN note TEXT",
    "UPDATE entry SET note = 'n' || seq; CREATE TABLE later(x)"};

class SchemaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/schema_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/a.db";
    db_ = Open(path_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::unique_ptr<Database> Open(const std::string& path) {
    auto db = Database::Open(path, Database::Mode::kDurable);
    EXPECT_THAT(db, IsOk());
    return db.ok() ? *std::move(db) : nullptr;
  }
  // As a program of before there were numbers left it.
  void MakeOld() {
    ASSERT_THAT(db_->Execute("CREATE TABLE entry(seq INTEGER PRIMARY KEY); "
                             "INSERT INTO entry VALUES(1),(2)"),
                IsOk());
  }
  static std::string One(Database* db, const char* sql) {
    auto select = db->Prepare(sql);
    if (!select.ok()) return std::string(select.status().message());
    EXPECT_THAT(select->Step(), IsOk());
    return select->Text(0);
  }
  bool Exists(const std::string& name) const {
    return std::filesystem::exists(folder_ + "/" + name);
  }

  std::string folder_, path_;
  std::unique_ptr<Database> db_;
};

TEST_F(SchemaTest, AnOldFileIsCopiedAndThenBroughtForward) {
  MakeOld();
  ASSERT_THAT(BringToForm(db_.get(), kSteps), IsOk());
  EXPECT_EQ(One(db_.get(), "PRAGMA user_version"), "3");
  EXPECT_EQ(One(db_.get(), "SELECT group_concat(note) FROM entry"), "n1,n2");
  const auto copy = Open(folder_ + "/a.db.form-1");
  EXPECT_EQ(One(copy.get(), "SELECT group_concat(seq) FROM entry"), "1,2");
  EXPECT_EQ(
      One(copy.get(),
          "SELECT instr(sql, 'note') FROM sqlite_master WHERE name = 'entry'"),
      "0");
}

TEST_F(SchemaTest, EachFormGoesOnFromWhereItIs) {
  MakeOld();
  ASSERT_THAT(BringToForm(db_.get(), {kSteps[0]}), IsOk());
  ASSERT_THAT(BringToForm(db_.get(), kSteps), IsOk());
  EXPECT_TRUE(Exists("a.db.form-1"));
  EXPECT_TRUE(Exists("a.db.form-2"));
  EXPECT_EQ(One(db_.get(), "SELECT group_concat(note) FROM entry"), "n1,n2");
}

TEST_F(SchemaTest, AFileOfALaterVersionIsRefusedAndLeftAlone) {
  MakeOld();
  ASSERT_THAT(db_->Execute("PRAGMA user_version=4"), IsOk());
  EXPECT_THAT(BringToForm(db_.get(), kSteps),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path_), HasSubstr("later version"),
                             HasSubstr("form 4"), HasSubstr("knows 3"))));
  EXPECT_EQ(One(db_.get(), "PRAGMA user_version"), "4");
  EXPECT_FALSE(Exists("a.db.form-4"));
}

TEST_F(SchemaTest, AStepThatFailsChangesNothing) {
  MakeOld();
  EXPECT_FALSE(
      BringToForm(db_.get(), {kSteps[0], "UPDATE nowhere SET x=1"}).ok());
  EXPECT_EQ(One(db_.get(), "PRAGMA user_version"), "0");
  EXPECT_EQ(
      One(db_.get(),
          "SELECT instr(sql, 'note') FROM sqlite_master WHERE name = 'entry'"),
      "0");
}

TEST_F(SchemaTest, NothingIsChangedWhenTheCopyCannotBeMade) {
  MakeOld();
  // What stands in the copy's place cannot be replaced by a file.
  std::filesystem::create_directories(folder_ + "/a.db.form-1/x");
  EXPECT_FALSE(BringToForm(db_.get(), kSteps).ok());
  EXPECT_EQ(One(db_.get(), "PRAGMA user_version"), "0");
  EXPECT_EQ(
      One(db_.get(),
          "SELECT instr(sql, 'note') FROM sqlite_master WHERE name = 'entry'"),
      "0");
}

TEST_F(SchemaTest, ANewFileIsOfTheLatestFormAtOnceAndNotCopied) {
  ASSERT_THAT(BringToForm(db_.get(), kSteps), IsOk());
  EXPECT_EQ(One(db_.get(), "PRAGMA user_version"), "3");
  EXPECT_FALSE(Exists("a.db.form-1"));
  ASSERT_THAT(BringToForm(db_.get(), kSteps), IsOk());
}

}  // namespace
}  // namespace cairn
