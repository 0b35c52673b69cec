#include "core/store/sqlite_ledger_store.h"

#include <stdio.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/ledger.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

class SqliteLedgerStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/ledger_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    database_ = *Database::Open(folder_ + "/l.db", Database::Mode::kDurable);
    ASSERT_THAT(database_->Execute("CREATE TABLE beside(what INTEGER UNIQUE)"),
                IsOk());
    store_ = *SqliteLedgerStore::Create(database_.get());
    ledger_ = *Ledger::Open(store_.get(), &clock_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Entry Noted(int what) {
    return {"operator.action", "", {{"command", absl::StrCat("n", what)}}};
  }
  absl::Status WriteBeside(int what) {
    auto insert = *database_->Prepare("INSERT INTO beside(what) VALUES(?1)");
    insert.BindInt(1, what);
    return insert.Run();
  }
  // As another program sees the disk.
  int Count(const std::string& sql) {
    auto other = *Database::Open(folder_ + "/l.db", Database::Mode::kDurable);
    auto count = *other->Prepare(absl::StrCat("SELECT count(*) FROM ", sql));
    EXPECT_TRUE(*count.Step());
    return static_cast<int>(count.Int(0));
  }

  std::string folder_;
  SystemClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteLedgerStore> store_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(SqliteLedgerStoreTest, EachOfManyCallersHasItsEntryAndItsRowOrNeither) {
  constexpr int kThreads = 16, kRounds = 30;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kRounds; ++i) {
        const int what = t * kRounds + i;
        const bool fails = what % 5 == 0;
        const auto done =
            ledger_->Append({Noted(what), Noted(what)}, [&]() -> absl::Status {
              const absl::Status written = WriteBeside(what);
              return fails ? absl::AbortedError("after it wrote") : written;
            });
        EXPECT_EQ(done.ok(), !fails) << done.status();
        // A receipt is given only for what another program can read.
        if (fails || i % 10 != 1) continue;
        EXPECT_EQ(Count(absl::StrCat("beside WHERE what = ", what)), 1);
        EXPECT_EQ(Count(absl::StrCat("entry WHERE seq = ", done->index,
                                     " AND line LIKE '%\"n", what, "\"%'")),
                  1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr int kGood = kThreads * kRounds * 4 / 5;
  EXPECT_EQ(Count("beside"), kGood);
  EXPECT_EQ(Count("beside WHERE what % 5 = 0"), 0);
  EXPECT_EQ(Count("entry"), 2 * kGood);
  EXPECT_EQ(*ledger_->Verify(), 2u * kGood);
}

// `audit verify`, `preview`, an auditor's sqlite3: the last one to close
// deletes the write-ahead log, if it does not see the locks of the one that
// runs.
TEST_F(SqliteLedgerStoreTest, AnotherProcessThatReadsItTakesNoEntryAway) {
  const std::string read =
      absl::StrCat("sqlite3 ", folder_, "/l.db 'SELECT count(*) FROM entry'");
  for (const char* expected : {"1\n", "2\n", "3\n"}) {
    ASSERT_THAT(ledger_->Append(Noted(1)), IsOk());
    FILE* other = popen(read.c_str(), "r");
    ASSERT_NE(other, nullptr);
    char said[64] = {};
    EXPECT_NE(fgets(said, sizeof(said), other), nullptr);
    EXPECT_EQ(pclose(other), 0);
    EXPECT_STREQ(said, expected);
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/l.db-wal"));
  }
}

// As SQLite does of itself after some errors of the disk.
TEST_F(SqliteLedgerStoreTest, ACommitThatWasRolledBackUnderneathGoesNoFurther) {
  ASSERT_THAT(ledger_->Append(Noted(1)), IsOk());
  const auto done = ledger_->Append({Noted(2)}, [&] {
    EXPECT_THAT(database_->Execute("ROLLBACK"), IsOk());
    return absl::ResourceExhaustedError("disk full");
  });
  EXPECT_THAT(done,
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk full")));
  EXPECT_FALSE(ledger_->Append(Noted(3)).ok());
  EXPECT_EQ(Count("entry"), 1);
}

}  // namespace
}  // namespace cairn
