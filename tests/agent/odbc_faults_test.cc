// The promise: a database that is not as it should be, or goes away, gives a
// clear error and never a figure; and no error has a value of a record.
//
// Run by tests/support/with_postgres.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/odbc_source.h"
#include "core/query/plan.h"
#include "gtest/gtest.h"
#include "tests/support/own_database.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

WorldOptions SmallWorld() {
  WorldOptions options;
  options.seed = 77;
  options.rows = 200;
  return options;
}

class OdbcFaultsTest : public ::testing::Test {
 protected:
  OdbcFaultsTest() : loaded_(SmallWorld()), ledger_(loaded_) {}

  void SetUp() override {
    if (Ports().empty()) GTEST_SKIP() << "run by tests/support/with_postgres";
    Own(absl::StrCat(
        "SET client_min_messages = warning; DROP TABLE IF EXISTS events "
        "CASCADE; CREATE TABLE events(",
        ReplaceDate(ledger_.Columns(), "DATE"), ");\n",
        ledger_.Inserts("events"),
        "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object "
        "THEN NULL; END $$;\nGRANT SELECT ON events TO reader;\n"));
  }

  std::string Own(const std::string& sql) const {
    return Psql(Ports()[0], loaded_.folder(), sql);
  }
  std::unique_ptr<OdbcSource> Reader(const std::string& table = "events",
                                     int seconds = 60) const {
    return Open(loaded_, ledger_, PgConnection(Ports()[0]), table, "", seconds,
                "events");
  }

  // A variable of the world that is a column, and a quantity.
  std::string Column() const {
    for (const v1::ExtractDimension& d : ledger_.meta().dimension()) {
      for (const Dimension& dimension : loaded_.data_set().dimensions) {
        if (dimension.id == d.dimension() &&
            dimension.kind == DimensionKind::kCategory) {
          return d.variable();
        }
      }
    }
    return "";
  }

  Plan MakeQuestion() const {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = {Column()};
    query.measures = {*ParseMeasure("count"),
                      *ParseMeasure("sum:" + ledger_.meta().quantity(0))};
    auto plan = MakePlan(loaded_.data_set(), query);
    EXPECT_THAT(plan, IsOk());
    return *std::move(plan);
  }
  absl::StatusOr<FrequencyTable> Ask(const OdbcSource& source,
                                     bool with_keys = false) const {
    const Plan plan = MakeQuestion();
    Refusal refusal;
    const auto shape = source.Shape(plan, &refusal);
    EXPECT_THAT(shape, IsOk());
    return source.Tabulate(plan, *shape, with_keys);
  }

  const LoadedWorld loaded_;
  const Ledger ledger_;
};

TEST_F(OdbcFaultsTest, AnAccountThatCanWriteIsFoundOutAndNothingIsWritten) {
  const std::string before =
      Own("SELECT md5(string_agg(e::text, ',' ORDER BY "
          "e::text)) FROM events e;");
  EXPECT_THAT(Ask(*Reader()), IsOk());
  const auto owner =
      Open(loaded_, ledger_, PgConnection(Ports()[0], "postgres"));
  const absl::Status proved = Ask(*owner).status();
  EXPECT_EQ(proved.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(proved.message(), HasSubstr("may write"));
  // One right too many is enough.
  for (const std::string right : {"UPDATE", "DELETE"}) {
    Own("GRANT " + right + " ON events TO reader;");
    EXPECT_THAT(std::string(Ask(*Reader()).status().message()),
                HasSubstr("may write"));
    Own("REVOKE " + right + " ON events FROM reader;");
  }
  Own("GRANT CREATE ON SCHEMA public TO reader;");
  EXPECT_THAT(std::string(Ask(*Reader()).status().message()),
              HasSubstr("may write"));
  Own("REVOKE CREATE ON SCHEMA public FROM reader;");
  // A view that nobody can write through is no reason to mistrust an account.
  Own("CREATE VIEW distinct_events AS SELECT DISTINCT * FROM events; GRANT "
      "SELECT ON distinct_events TO reader;");
  EXPECT_THAT(
      Ask(*Open(loaded_, ledger_, PgConnection(Ports()[0]), "distinct_events")),
      IsOk());
  EXPECT_EQ(Own("SELECT md5(string_agg(e::text, ',' ORDER BY e::text)) FROM "
                "events e;"),
            before);
  EXPECT_EQ(Own("SELECT count(*) FROM pg_class WHERE relname = "
                "'cairn_write_check';"),
            "0\n");
}

TEST_F(OdbcFaultsTest, AColumnThatIsGoneIsSaid) {
  const auto source = Reader();
  EXPECT_THAT(Ask(*source), IsOk());
  Own(absl::StrCat("ALTER TABLE events DROP COLUMN \"",
                   ledger_.meta().quantity(0), "\";"));
  EXPECT_EQ(Ask(*source).status().code(),
            absl::StatusCode::kFailedPrecondition);
  Own("DROP TABLE events;");
  EXPECT_EQ(Ask(*source).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(OdbcFaultsTest, AValueOfAnotherTypeIsSaidWithoutTheValue) {
  const std::string column = ledger_.meta().quantity(0);
  Own(absl::StrCat("ALTER TABLE events ALTER COLUMN \"", column,
                   "\" TYPE TEXT; UPDATE events SET \"", column,
                   "\" = 'Jane Doe' WHERE ctid = (SELECT min(ctid) FROM "
                   "events);"));
  const auto table = Ask(*Reader());
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(table.status().message()), Not(HasSubstr("Jane")));
}

TEST_F(OdbcFaultsTest, AValueThatTheMappingDoesNotKnowIsSaidWithoutTheValue) {
  std::string dimension;
  for (const v1::ExtractDimension& d : ledger_.meta().dimension()) {
    if (d.variable() == Column()) dimension = d.dimension();
  }
  Own(absl::StrCat("UPDATE events SET \"", dimension,
                   "\" = 'Jane Doe' WHERE ctid = (SELECT min(ctid) FROM "
                   "events);"));
  const auto table = Ask(*Reader());
  EXPECT_EQ(table.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(table.status().message()), HasSubstr(Column()));
  EXPECT_THAT(std::string(table.status().message()), Not(HasSubstr("Jane")));
}

TEST_F(OdbcFaultsTest, WhatTakesTooLongIsStopped) {
  Own("CREATE VIEW slow AS SELECT e.* FROM events e, (SELECT pg_sleep(60)) s; "
      "GRANT SELECT ON slow TO reader;");
  const auto source = Reader("slow", 1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Ask(*source).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  // And not only on our side.
  EXPECT_EQ(Own("SELECT count(*) FROM pg_stat_activity WHERE usename = "
                "'reader' AND state = 'active';"),
            "0\n");
}

TEST_F(OdbcFaultsTest, AConnectionThatWasLostIsMadeAnew) {
  const auto source = Reader();
  const auto before = Ask(*source);
  ASSERT_THAT(before, IsOk());
  Own("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
      "'reader';");
  const auto after = Ask(*source);
  ASSERT_THAT(after, IsOk()) << after.status();
  EXPECT_EQ(before->counts, after->counts);
}

TEST_F(OdbcFaultsTest, RecordsThatChangedSinceTheLoadAreNotTold) {
  const auto source = Reader();
  ASSERT_THAT(Ask(*source), IsOk());
  std::string category;
  for (const v1::ExtractDimension& d : ledger_.meta().dimension()) {
    if (d.variable() == Column()) category = d.dimension();
  }
  const std::string amount = ledger_.meta().quantity(0);
  const std::string one = " WHERE ctid = (SELECT min(ctid) FROM events)";
  // Each but the first leaves the number of records as it was; a swap leaves
  // all margins of the codes as they were, and two persons' records changing
  // hands leave the number of persons as it was.
  const std::vector<std::string> changes = {
      "DELETE FROM events" + one,
      absl::StrCat("UPDATE events SET \"", amount, "\" = CASE WHEN \"", amount,
                   "\" > 1 THEN 0 ELSE 3 END", one),
      absl::StrCat("UPDATE events SET \"When\" = CASE WHEN \"When\" IS NULL "
                   "THEN (SELECT max(\"When\") FROM events) END",
                   one),
      absl::StrCat("UPDATE events SET \"Who\" = 'somebody else' WHERE ctid = "
                   "(SELECT min(ctid) FROM events WHERE \"Who\" IN (SELECT "
                   "\"Who\" FROM events GROUP BY \"Who\" HAVING count(*) > "
                   "1))"),
      absl::StrCat(
          "WITH two AS (SELECT min(ctid) AS a, max(ctid) AS b FROM events), "
          "w AS (SELECT x.ctid AS at, y.\"",
          category,
          "\" AS v FROM events x, events y, two WHERE (x.ctid, "
          "y.ctid) IN ((two.a, two.b), (two.b, two.a))) UPDATE events e SET \"",
          category, "\" = w.v FROM w WHERE e.ctid = w.at")};
  for (const std::string& change : changes) {
    SCOPED_TRACE(change);
    Own("CREATE TABLE kept AS SELECT * FROM events; " + change + ";");
    const absl::Status told = Ask(*source).status();
    EXPECT_EQ(told.code(), absl::StatusCode::kAborted) << told;
    EXPECT_THAT(ToldInstead(told), HasSubstr("changed since they were last"));
    Own("DELETE FROM events; INSERT INTO events SELECT * FROM kept; DROP "
        "TABLE kept;");
    EXPECT_THAT(Ask(*source), IsOk());
  }
}

TEST_F(OdbcFaultsTest, ATableAndItsProofAreOfOneStateOfTheDatabase) {
  Own("CREATE TABLE growing(x INT); GRANT SELECT, INSERT ON growing TO "
      "reader;");
  const auto connection =
      OdbcConnection::Open(PgConnection(Ports()[0]), std::chrono::seconds(60));
  ASSERT_THAT(connection, IsOk());
  const SqlStatement count = {"SELECT COUNT(*) FROM growing", {}};
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    Own("INSERT INTO growing VALUES (1);");
  });
  const auto both = (*connection)
                        ->QueryTogether({{count, 1},
                                         {{"SELECT 1 FROM (SELECT "
                                           "pg_sleep(4)) s",
                                           {}},
                                          1},
                                         {count, 1}},
                                        std::chrono::seconds(60));
  other.join();
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ((*both)[0], (*both)[2]);
  const auto after = (*connection)->Query(count, 1, std::chrono::seconds(60));
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ((*after)[0][0], 1);
  Own("DROP TABLE growing;");
}

TEST_F(OdbcFaultsTest, ADatabaseThatIsNotThereOrLetsNobodyInIsSaid) {
  EXPECT_EQ(Ask(*Open(loaded_, ledger_, PgConnection("1"))).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Ask(*Open(loaded_, ledger_, "DSN=no_such_source")).status().code(),
            absl::StatusCode::kUnavailable);
  Own("REVOKE SELECT ON events FROM reader;");
  EXPECT_EQ(Ask(*Reader()).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(OdbcFaultsTest, ItGivesNeitherRecordsNorKeys) {
  const auto source = Reader();
  EXPECT_FALSE(source->gives_records());
  EXPECT_EQ(source->Records({}, true).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Ask(*source, true).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(source->CheckKeys("key").code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cairn
