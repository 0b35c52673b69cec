// The promise: tables that the agency's own database works out are those that
// an extract of the same records gives, to the cell; and a database that fails
// says so. The judge is SqliteSource over the rows, which the differential test
// holds against the sqlite3 program.
//
// Run by tests/support/with_postgres with six servers: one, and five over which
// the records of another are spread.

#include "agent/odbc_source.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/aggregate_sql.h"
#include "agent/extract_codes.h"
#include "core/query/filter_text.h"
#include "core/query/plan.h"
#include "gtest/gtest.h"
#include "tests/support/loaded_world.h"
#include "tests/support/own_database.h"
#include "tests/support/random_question.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

constexpr size_t kMaxCells = 3'000;

// tests/agent/differential_all asks more.
size_t QuestionsPerWorld() {
  const char* const given = std::getenv("CAIRN_QUESTIONS");
  return given == nullptr ? 60 : std::stoul(given);
}

std::vector<WorldOptions> Worlds() {
  std::vector<WorldOptions> worlds(5);
  for (size_t w = 0; w < worlds.size(); ++w) {
    worlds[w].seed = 2000 + w;
    worlds[w].rows = 500;
  }
  worlds[0].gap = true;
  worlds[1].rows = 0;
  worlds[2].rows = 1;
  worlds[2].tidy_dates = true;
  worlds[3].duplicates = 60;
  worlds[3].missing_codes = true;
  worlds[4].two_trees = worlds[4].short_cover = true;
  return worlds;
}

absl::StatusOr<Plan> PlanOf(const DataSet& data_set,
                            const RandomQuestion& question) {
  Query query;
  query.data_set = "events";
  query.by = question.by;
  query.purpose = "research";
  for (const std::string& measure : question.measures) {
    auto parsed = ParseMeasure(measure);
    if (!parsed.ok()) return parsed.status();
    query.measures.push_back(*parsed);
  }
  if (question.where) {
    auto filter = ParseFilter(question.text, data_set);
    if (!filter.ok()) return filter.status();
    query.where = *std::move(filter);
  }
  return MakePlan(data_set, query);
}

std::string Difference(const FrequencyTable& a, const FrequencyTable& b) {
  if (a.counts != b.counts) return "counts";
  if (a.persons != b.persons) return "persons";
  if (a.keyed_persons != b.keyed_persons) return "keyed persons";
  for (size_t s = 0; s < a.sums.size(); ++s) {
    if (a.sums[s].total != b.sums[s].total) return "a sum";
    if (a.sums[s].largest != b.sums[s].largest) return "the largest share";
    if (a.sums[s].second != b.sums[s].second) return "the second share";
  }
  return a.sums.size() == b.sums.size() ? "" : "the number of sums";
}

// Asks both until enough tables were compared.
void Compare(const LoadedWorld& loaded, const OdbcSource& source) {
  Rng rng(loaded.world().options.seed * 31);
  const size_t wanted = QuestionsPerWorld();
  size_t compared = 0;
  for (size_t q = 0; compared < wanted && q < 6000; ++q) {
    const RandomQuestion question = MakeQuestion(loaded.world(), &rng);
    const auto plan = PlanOf(loaded.data_set(), question);
    ASSERT_THAT(plan, IsOk());
    Refusal refusal;
    const auto shape = source.Shape(*plan, &refusal);
    if (!shape.ok() || shape->cells() > kMaxCells) continue;
    ++compared;
    EraSet half;
    for (size_t e = 0; e < source.eras().size(); e += 2) {
      half.push_back(static_cast<int>(e));
    }
    const auto want = loaded.rows_source().Tabulate(*plan, *shape);
    ASSERT_THAT(want, IsOk());
    const auto table = source.Tabulate(*plan, *shape);
    ASSERT_THAT(table, IsOk()) << absl::StrJoin(question.by, ",");
    ASSERT_EQ(Difference(*want, *table), "")
        << absl::StrJoin(question.by, ",") << " where " << question.text;
    if (compared % 8 != 0) continue;
    // A part of the time: more than nothing and less than all.
    const auto part = source.Tabulate(*plan, *shape, false, &half);
    ASSERT_THAT(part, IsOk());
    EXPECT_LE(part->counts.back(), table->counts.back());
  }
  EXPECT_EQ(compared, wanted);
}

// The statement with its parameters in place, for EXPLAIN.
std::string InPlace(const SqlStatement& sql) {
  std::string text;
  size_t next = 0;
  for (const char c : sql.text) {
    if (c == '?') {
      absl::StrAppend(&text, "'", sql.parameters[next++], "'");
    } else {
      text += c;
    }
  }
  return text;
}

// How the hub would work out a table of the first category.
std::string PlanOfHub(const LoadedWorld& loaded, const Ledger& ledger,
                      const OdbcSource& source, const SqlTable& table) {
  Query query;
  query.data_set = "events";
  query.purpose = "research";
  query.measures = {{Measure::Kind::kCount, ""}};
  int time = -1;
  for (int d = 0; d < source.meta().dimension_size(); ++d) {
    const v1::ExtractDimension& held = source.meta().dimension(d);
    if (held.variable() == "month") time = d;
    if (held.dimension() == "weapon") query.by = {held.variable()};
  }
  const auto plan = MakePlan(loaded.data_set(), query);
  EXPECT_THAT(plan, IsOk());
  Refusal refusal;
  const auto shape = source.Shape(*plan, &refusal);
  EXPECT_THAT(shape, IsOk());
  auto scan = MakeScanPlan(
      *plan, *shape, source.meta(), [&](int at, const std::string& variable) {
        return CodesAt(source.meta().dimension(at), variable);
      });
  EXPECT_THAT(scan, IsOk());
  scan->time = time;
  scan->chosen.assign(source.eras().size(), true);
  std::vector<std::string> months;
  for (const auto& era : source.meta().era()) months.push_back(era.month());
  const auto dialect = SqlDialect::Of("PostgreSQL");
  const auto sql = AggregateSql::Create(ledger.plan(), months, *dialect, table);
  EXPECT_THAT(sql, IsOk());
  return Psql(Ports()[0], loaded.folder(),
              "EXPLAIN (VERBOSE, COSTS OFF) " +
                  InPlace(sql->Tabulate(*scan, *shape)) + ";");
}

size_t Times(const std::string& text, const std::string& part) {
  size_t times = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++times;
  return times;
}

class OdbcSourceTest : public ::testing::TestWithParam<WorldOptions> {
 protected:
  void SetUp() override {
    if (Ports().size() < 6)
      GTEST_SKIP() << "run by tests/support/with_postgres";
  }
};

TEST_P(OdbcSourceTest, SqliteGivesTheTablesOfAnExtract) {
  const LoadedWorld loaded(GetParam());
  ASSERT_TRUE(loaded.ok());
  const Ledger ledger(loaded);
  const std::string file = loaded.folder() + "/own.sqlite";
  std::ofstream(file + ".sql")
      << "CREATE TABLE events(" << ReplaceDate(ledger.Columns(), "TEXT")
      << ");\n"
      << ledger.Inserts("events");
  Shell(absl::StrCat("sqlite3 ", file, " < ", file, ".sql"));
  const auto source =
      Open(loaded, ledger,
           absl::StrCat("DRIVER={SQLite3};Database=file:", file, "?mode=ro;"));
  Compare(loaded, *source);
}

TEST_P(OdbcSourceTest, PostgresGivesTheTablesOfAnExtract) {
  const LoadedWorld loaded(GetParam());
  ASSERT_TRUE(loaded.ok());
  const Ledger ledger(loaded);
  Psql(Ports()[0], loaded.folder(),
       absl::StrCat("SET client_min_messages = warning; DROP TABLE IF EXISTS "
                    "events; DROP ROLE IF EXISTS reader; CREATE TABLE events(",
                    ReplaceDate(ledger.Columns(), "DATE"), ");\n",
                    ledger.Inserts("events"),
                    "CREATE ROLE reader LOGIN; GRANT SELECT ON events TO "
                    "reader;\n"));
  const auto source = Open(loaded, ledger, PgConnection(Ports()[0]));
  Compare(loaded, *source);
  Psql(Ports()[0], loaded.folder(), "DROP OWNED BY reader;");
}

TEST_P(OdbcSourceTest, FiveServersGiveTheTablesOfAnExtract) {
  const LoadedWorld loaded(GetParam());
  ASSERT_TRUE(loaded.ok());
  const Ledger ledger(loaded);
  const std::vector<std::string> ports = Ports();
  const std::string columns = ReplaceDate(ledger.Columns(), "DATE");
  std::string hub = absl::StrCat(
      "SET client_min_messages = warning; DROP TABLE IF EXISTS spread; DROP "
      "EXTENSION IF EXISTS postgres_fdw CASCADE; DROP ROLE IF EXISTS hub; "
      "CREATE ROLE hub LOGIN; CREATE EXTENSION postgres_fdw; CREATE TABLE "
      "spread(",
      columns, ") PARTITION BY LIST (site);\n");
  for (int site = 0; site < 5; ++site) {
    const std::string& port = ports[static_cast<size_t>(site) + 1];
    Psql(port, loaded.folder(),
         absl::StrCat("SET client_min_messages = warning; DROP TABLE IF EXISTS "
                      "part; CREATE TABLE part(",
                      columns, ");\n", ledger.Inserts("part", site),
                      "ANALYZE part;\n"));
    absl::StrAppend(
        &hub, "CREATE SERVER s", site,
        " FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '",
        port, "', dbname 'postgres', async_capable 'true');\n",
        "CREATE USER MAPPING FOR postgres SERVER s", site,
        " OPTIONS (user 'postgres');\nCREATE USER MAPPING FOR hub SERVER s",
        site,
        " OPTIONS (user 'postgres', password_required 'false');\nCREATE "
        "FOREIGN "
        "TABLE spread",
        site, " PARTITION OF spread FOR VALUES IN (", site, ") SERVER s", site,
        " OPTIONS (table_name 'part');\n");
  }
  Psql(ports[0], loaded.folder(), hub + "GRANT SELECT ON spread TO hub;\n");
  const auto source =
      Open(loaded, ledger, PgConnection(ports[0], "hub"), "spread", "site");
  Compare(loaded, *source);
  // Each server groups its own records. (Where it has few, the hub may find
  // that fetching them is as cheap.)
  Psql(ports[0], loaded.folder(),
       "ALTER DATABASE postgres SET enable_hashagg = off;"
       "ALTER DATABASE postgres SET enable_sort = off;");
  const std::string plan =
      PlanOfHub(loaded, ledger, *source, {"spread", "site"});
  EXPECT_EQ(Times(plan, "Relations: Aggregate on"), 5u) << plan;
  EXPECT_EQ(Times(PlanOfHub(loaded, ledger, *source, {"spread", ""}),
                  "Relations: Aggregate on"),
            0u);
  Psql(
      ports[0], loaded.folder(),
      "ALTER DATABASE postgres RESET ALL; DROP OWNED BY hub; DROP USER MAPPING "
      "IF EXISTS FOR hub SERVER s0;");
}

INSTANTIATE_TEST_SUITE_P(Worlds, OdbcSourceTest, ::testing::ValuesIn(Worlds()),
                         [](const auto& world) {
                           return absl::StrCat("seed", world.param.seed);
                         });

}  // namespace
}  // namespace cairn
