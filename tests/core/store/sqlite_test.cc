#include "core/store/sqlite.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/store/sqlite_ledger_store.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Mode = Database::Mode;

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/sqlite_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ + "/extract.db";
    auto db = Open(Mode::kDurable);
    ASSERT_THAT(db->Execute("CREATE TABLE record(d0 INTEGER, d1 INTEGER); "
                            "CREATE INDEX by_d1 ON record(d1); "
                            "INSERT INTO record VALUES(1, 2), (3, 4);"),
                IsOk());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Database> Open(Mode mode) {
    auto db = Database::Open(path_, mode);
    EXPECT_THAT(db, IsOk());
    return db.ok() ? *std::move(db) : nullptr;
  }
  int64_t Rows(Database* db) {
    auto statement = db->Prepare("SELECT d0 FROM record");
    EXPECT_THAT(statement, IsOk());
    int64_t rows = 0;
    while (*statement->Step()) ++rows;
    return rows;
  }

  std::string folder_, path_;
};

TEST_F(SqliteTest, AReaderReadsItsColumns) {
  auto db = Open(Mode::kReadOnly);
  auto statement = db->Prepare("SELECT d0, d1 FROM record WHERE d0 > ?1");
  ASSERT_THAT(statement, IsOk());
  statement->BindInt(1, 2);
  ASSERT_TRUE(*statement->Step());
  EXPECT_EQ(statement->Int(0), 3);
  EXPECT_EQ(statement->Int(1), 4);
  EXPECT_FALSE(*statement->Step());
  EXPECT_EQ(Rows(db.get()), 2);
}

TEST_F(SqliteTest, AReaderIsDeniedEverythingElse) {
  auto db = Open(Mode::kReadOnly);
  for (const char* sql :
       {"INSERT INTO record VALUES(5, 6)",
        "UPDATE record SET d0 = 9",
        "DELETE FROM record",
        "DROP TABLE record",
        "CREATE TABLE x(a)",
        "CREATE TEMP TABLE x(a)",
        "CREATE VIEW v AS SELECT 1",
        "ATTACH DATABASE ':memory:' AS other",
        "DETACH DATABASE main",
        "PRAGMA query_only=0",
        "PRAGMA table_info(record)",
        "PRAGMA writable_schema=1",
        "BEGIN",
        "SAVEPOINT s",
        "VACUUM",
        "VACUUM INTO '/tmp/copy.db'",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "SELECT count(*) FROM record",
        "SELECT d0 FROM record WHERE abs(d0) = 1",
        "SELECT randomblob(9)",
        "SELECT readfile('/etc/passwd')",
        "SELECT hex(d0) FROM record",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) "
        "SELECT x FROM c"}) {
    auto statement = db->Prepare(sql);
    // Some compile and fail at the first step.
    const bool denied = !statement.ok() || !statement->Step().ok();
    EXPECT_TRUE(denied) << sql;
  }
  EXPECT_FALSE(db->Execute("DELETE FROM record").ok());
  EXPECT_EQ(Rows(db.get()), 2);
}

TEST_F(SqliteTest, TextInDoubleQuotesIsAColumnOrAnError) {
  auto db = Open(Mode::kReadOnly);
  EXPECT_THAT(db->Prepare("SELECT d0 FROM record WHERE d1 = \"two\""),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("two")));
  EXPECT_THAT(db->Prepare("SELECT \"d0\" FROM record"), IsOk());
}

TEST_F(SqliteTest, OneStatementAndNothingBehindIt) {
  for (const Mode mode : {Mode::kReadOnly, Mode::kDurable}) {
    auto db = Open(mode);
    for (const char* sql :
         {"SELECT d0 FROM record; DELETE FROM record", "SELECT 1;SELECT 2", "",
          "-- nothing", "SELECT d0 FROM"}) {
      EXPECT_THAT(db->Prepare(sql), StatusIs(absl::StatusCode::kInternal))
          << sql;
    }
  }
}

TEST_F(SqliteTest, ARunawayStatementIsStopped) {
  auto writer = Open(Mode::kDurable);
  ASSERT_THAT(
      writer->Execute(
          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
          "FROM c WHERE x < 2000) INSERT INTO record SELECT x, x FROM c"),
      IsOk());
  auto db = Open(Mode::kReadOnly);
  db->LimitSteps(100'000);
  auto runaway =
      db->Prepare("SELECT a.d0 FROM record a, record b WHERE a.d0 * b.d0 < 0");
  ASSERT_THAT(runaway, IsOk());
  absl::StatusOr<bool> step = runaway->Step();
  EXPECT_THAT(step, StatusIs(absl::StatusCode::kDeadlineExceeded));
  db->LimitSteps(0);
  EXPECT_EQ(Rows(db.get()), 2002);
}

TEST_F(SqliteTest, AStatementPastItsTimeIsStoppedAndTheNextIsNot) {
  auto writer = Open(Mode::kDurable);
  ASSERT_THAT(
      writer->Execute(
          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
          "FROM c WHERE x < 20000) INSERT INTO record SELECT x, x FROM c"),
      IsOk());
  auto db = Open(Mode::kReadOnly);
  // 400 million pairs: minutes, were it not stopped.
  auto runaway =
      db->Prepare("SELECT a.d0 FROM record a, record b WHERE a.d0 * b.d0 < 0");
  ASSERT_THAT(runaway, IsOk());
  db->LimitTime(absl::Milliseconds(50));
  EXPECT_THAT(runaway->Step(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  db->LimitTime(absl::InfiniteDuration());
  EXPECT_EQ(Rows(db.get()), 20002);
}

TEST_F(SqliteTest, ATransactionThatFailsLeavesNothingBehind) {
  auto db = Open(Mode::kDurable);
  const absl::Status failed = db->Transact([&]() -> absl::Status {
    EXPECT_THAT(db->Execute("INSERT INTO record VALUES(5, 6)"), IsOk());
    return absl::ResourceExhaustedError("quota");
  });
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("quota")));
  EXPECT_EQ(Rows(db.get()), 2);
  EXPECT_THAT(db->Transact([&] {
    return db->Execute("INSERT INTO record VALUES(5, 6)");
  }),
              IsOk());
  EXPECT_EQ(Rows(Open(Mode::kReadOnly).get()), 3);
}

TEST_F(SqliteTest, AStatementThatFailsRollsItsTransactionBack) {
  auto db = Open(Mode::kDurable);
  ASSERT_THAT(db->Execute("CREATE TABLE k(a INTEGER PRIMARY KEY)"), IsOk());
  EXPECT_THAT(db->Transact([&] {
    return db->Execute("INSERT INTO k VALUES(1); INSERT INTO k VALUES(1)");
  }),
              StatusIs(absl::StatusCode::kAlreadyExists));
  auto left = db->Prepare("SELECT a FROM k");
  EXPECT_FALSE(*left->Step());
}

TEST_F(SqliteTest, ValuesAreBoundAndNeverRead) {
  auto db = Open(Mode::kDurable);
  ASSERT_THAT(db->Execute("CREATE TABLE t(a TEXT, b BLOB, c)"), IsOk());
  const std::string evil = "'); DROP TABLE record; --";
  const std::string bytes("a\0b", 3);
  auto insert = db->Prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
  insert->BindText(1, evil);
  insert->BindBlob(2, bytes);
  insert->BindNull(3);
  ASSERT_THAT(insert->Run(), IsOk());
  auto select = db->Prepare("SELECT a, b, c FROM t");
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Text(0), evil);
  EXPECT_EQ(select->Blob(1), bytes);
  EXPECT_TRUE(select->IsNull(2));
  EXPECT_FALSE(select->IsNull(0));
  EXPECT_EQ(Rows(db.get()), 2);
}

// A statement is used again once it is let go: nothing of its last use is left.
TEST_F(SqliteTest, AStatementThatIsPreparedAgainBeginsAnew) {
  auto db = Open(Mode::kDurable);
  const char kSql[] = "SELECT d0, ?1 FROM record ORDER BY d0";
  {
    auto first = db->Prepare(kSql);
    first->BindText(1, "bound");
    ASSERT_TRUE(*first->Step());
    EXPECT_EQ(first->Text(1), "bound");
  }  // let go in the middle of its rows
  auto again = db->Prepare(kSql);
  ASSERT_TRUE(*again->Step());
  EXPECT_EQ(again->Int(0), 1);
  EXPECT_TRUE(again->IsNull(1));
  // Two at a time are two.
  auto other = db->Prepare(kSql);
  ASSERT_TRUE(*other->Step());
  ASSERT_TRUE(*again->Step());
  EXPECT_EQ(again->Int(0), 3);
  EXPECT_EQ(other->Int(0), 1);
}

TEST_F(SqliteTest, AStatementLetGoHoldsNoLockAndSeesNewColumns) {
  auto db = Open(Mode::kDurable);
  { auto cut_short = db->Prepare("SELECT * FROM record")->Step(); }
  ASSERT_THAT(db->Execute("DROP INDEX by_d1; "
                          "ALTER TABLE record ADD COLUMN d2 INTEGER; "
                          "UPDATE record SET d2 = 7"),
              IsOk());
  auto select = db->Prepare("SELECT * FROM record");
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Int(2), 7);
}

TEST_F(SqliteTest, AStatementMayOutliveItsDatabase) {
  auto db = Open(Mode::kDurable);
  auto left = std::make_unique<absl::StatusOr<Statement>>(
      db->Prepare("SELECT d0 FROM record"));
  { auto kept = db->Prepare("SELECT d1 FROM record"); }
  db.reset();
  ASSERT_TRUE(*(*left)->Step());
  EXPECT_EQ((*left)->Int(0), 1);
  left.reset();
  EXPECT_EQ(Rows(Open(Mode::kDurable).get()), 2);
}

TEST_F(SqliteTest, AMissingFileIsNotCreatedByAReader) {
  const std::string none = folder_ + "/none.db";
  EXPECT_THAT(Database::Open(none, Mode::kReadOnly),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.db")));
  EXPECT_FALSE(std::filesystem::exists(none));
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsNotTrusted) {
  const std::string text = folder_ + "/text.db";
  std::ofstream(text) << std::string(5000, 'x');
  auto db = Database::Open(text, Mode::kReadOnly);
  if (db.ok()) {
    EXPECT_FALSE((*db)->Prepare("SELECT d0 FROM record").ok());
  } else {
    EXPECT_THAT(db, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(text)));
  }
}

TEST_F(SqliteTest, ASymbolicLinkIsNotFollowed) {
  const std::string link = folder_ + "/link.db";
  std::filesystem::create_symlink(path_, link);
  EXPECT_FALSE(Database::Open(link, Mode::kReadOnly).ok());
}

TEST_F(SqliteTest, ReplaceFilePutsTheNewInThePlaceOfTheOld) {
  const std::string from = folder_ + "/new", to = folder_ + "/old";
  std::ofstream(from) << "new";
  std::ofstream(to) << "old";
  ASSERT_THAT(ReplaceFile(from, to), IsOk());
  std::string text;
  std::ifstream(to) >> text;
  EXPECT_EQ(text, "new");
  EXPECT_FALSE(std::filesystem::exists(from));
  EXPECT_THAT(ReplaceFile(folder_ + "/none", to),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("none")));
}

TEST_F(SqliteTest, TheLedgerStoreKeepsItsLinesAndWhatIsCommittedWithThem) {
  auto db = Open(Mode::kDurable);
  auto store = SqliteLedgerStore::Create(db.get());
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(*(*store)->Size(), 0u);
  ASSERT_THAT(
      (*store)->Append(
          {{0, "line", "hash"}, {1, "more", "h2"}},
          [&] { return db->Execute("INSERT INTO record VALUES(9, 9)"); }),
      IsOk());
  // The second commit fails at its own writing: neither line nor row stays.
  EXPECT_THAT((*store)->Append(
                  {{2, "lost", "h3"}},
                  [&]() -> absl::Status {
                    EXPECT_THAT(db->Execute("INSERT INTO record VALUES(8, 8)"),
                                IsOk());
                    return absl::AbortedError("no");
                  }),
              StatusIs(absl::StatusCode::kAborted));
  // An entry is never written over; what came with it is not kept either.
  EXPECT_FALSE(
      (*store)
          ->Append(
              {{1, "other", "h"}},
              [&] { return db->Execute("INSERT INTO record VALUES(7, 7)"); })
          .ok());
  EXPECT_EQ(Rows(db.get()), 3);
  store->reset();
  db = Open(Mode::kDurable);
  store = SqliteLedgerStore::Create(db.get());
  EXPECT_EQ(*(*store)->Size(), 2u);
  std::vector<std::string> lines;
  ASSERT_THAT((*store)->Read(1, 9,
                             [&lines](const LedgerStore::Line& line) {
                               lines.push_back(line.text);
                               return absl::OkStatus();
                             }),
              IsOk());
  EXPECT_EQ(lines, std::vector<std::string>{"more"});
  // A reader that stops early leaves the store usable.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT((*store)->Read(0, 1,
                               [](const LedgerStore::Line& line) {
                                 return absl::AbortedError(line.hashes);
                               }),
                StatusIs(absl::StatusCode::kAborted, "hash"));
  }
}

}  // namespace
}  // namespace cairn
