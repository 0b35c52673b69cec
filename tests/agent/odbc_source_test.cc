// The promise: tables that the agency's own database works out are those that
// an extract of the same records gives, to the cell; and a database that fails
// says so. The judge is SqliteSource over the rows, which the differential test
// holds against the sqlite3 program.
//
// Run by tests/support/with_postgres with six servers: one, and five over which
// the records of another are spread.

#include "agent/odbc_source.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "agent/extract_codes.h"
#include "core/query/filter_text.h"
#include "core/query/plan.h"
#include "core/store/sqlite.h"
#include "gtest/gtest.h"
#include "tests/support/loaded_world.h"
#include "tests/support/random_question.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr size_t kQuestionsPerWorld = 260;
constexpr size_t kMaxCells = 3'000;

std::vector<std::string> Ports() {
  const char* const ports = std::getenv("CAIRN_PG_PORTS");
  if (ports == nullptr) return {};
  return absl::StrSplit(ports, ' ');
}

// Runs a program of the system; its output.
std::string Shell(const std::string& command) {
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  std::string out;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    out.append(buffer, n);
  }
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << out;
  return out;
}

std::string Psql(const std::string& port, const std::string& folder,
                 const std::string& sql) {
  const std::string file = folder + "/psql.sql";
  std::ofstream(file) << sql;
  return Shell(absl::StrCat("psql -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p ",
                          port, " -U postgres -d postgres -f ", file));
}

std::string PgConnection(const std::string& port,
                         const std::string& user = "reader") {
  return absl::StrCat("DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=",
                      port, ";DATABASE=postgres;UID=", user, ";");
}

// The records of a world's extract as an agency would keep them: a day, a text
// for each code in somebody's spelling, a person, amounts.
class Ledger {
 public:
  explicit Ledger(const LoadedWorld& loaded)
      : rng_(loaded.world().options.seed) {
    Describe(loaded.source().meta(), loaded.data_set());
    Read(loaded);
  }

  const v1::ExtractMeta& meta() const { return meta_; }
  const LoadPlan& plan() const { return plan_; }

  std::string Columns() const {
    std::string columns = "\"When\" %DATE%, \"Who\" TEXT, site INTEGER";
    for (const v1::ExtractDimension& d : meta_.dimension()) {
      if (d.dimension() == time_) continue;
      absl::StrAppend(&columns, ", \"", d.dimension(), "\" TEXT");
    }
    for (const std::string& q : meta_.quantity()) {
      absl::StrAppend(&columns, ", \"", q, "\" NUMERIC");
    }
    return columns;
  }
  // `site`: only the records that are kept there; -1: all.
  std::string Inserts(const std::string& table, int site = -1) const {
    std::string sql = "BEGIN;\n";
    for (const auto& [at, values] : rows_) {
      if (site >= 0 && at != site) continue;
      absl::StrAppend(&sql, "INSERT INTO ", table, " VALUES (", values, ");\n");
    }
    return sql + "COMMIT;\n";
  }

 private:
  static LoadPlan::Column ColumnOf(const std::string& name, LoadPlan::To to) {
    LoadPlan::Column column;
    column.name = name;
    column.to = to;
    return column;
  }

  // What a database can hold of it: no several-valued variables, no hours.
  void Describe(const v1::ExtractMeta& from, const DataSet& data_set) {
    meta_ = from;
    meta_.clear_dimension();
    meta_.clear_era();
    meta_.clear_record_key_check();
    plan_.columns.push_back(ColumnOf("When", LoadPlan::To::kDate));
    plan_.columns.push_back(ColumnOf("Who", LoadPlan::To::kPerson));
    plan_.date_column = 0;
    plan_.person_column = from.has_person() ? 1 : -1;
    for (int d = 0; d < from.dimension_size(); ++d) {
      const v1::ExtractDimension& held = from.dimension(d);
      const Dimension& dimension = *std::find_if(
          data_set.dimensions.begin(), data_set.dimensions.end(),
          [&held](const Dimension& x) { return x.id == held.dimension(); });
      if (held.multi_valued() || dimension.kind == DimensionKind::kWeekday ||
          dimension.kind == DimensionKind::kHour) {
        continue;
      }
      if (dimension.kind == DimensionKind::kTime) time_ = held.dimension();
      AddDimension(d, held);
    }
    for (const std::string& name : meta_.quantity()) {
      plan_.quantities.push_back(data_set.FindQuantity(name));
      LoadPlan::Column column = ColumnOf(name, LoadPlan::To::kQuantity);
      column.quantity = plan_.quantities.back();
      plan_.columns.push_back(column);
    }
  }

  void AddDimension(int d, const v1::ExtractDimension& held) {
    const int slot = meta_.dimension_size();
    *meta_.add_dimension() = held;
    stored_.push_back(d);
    LoadPlan::Held of;
    of.codes = {held.code().begin(), held.code().end()};
    if (held.dimension() == time_) {
      of.from = LoadPlan::From::kMonth;
      std::vector<std::string> periods = {meta_.month().begin(),
                                          meta_.month().end()};
      const auto unknown = std::find(of.codes.begin(), of.codes.end(), "U");
      if (unknown != of.codes.end()) periods.push_back("U");
      for (const std::string& period : periods) AddEra(held, period);
    } else {
      LoadPlan::Column column = ColumnOf(held.dimension(), LoadPlan::To::kCode);
      column.slot = slot;
      for (size_t i = 0; i < of.codes.size(); ++i) {
        column.table.AddValue(of.codes[i], static_cast<int64_t>(i));
      }
      plan_.columns.push_back(std::move(column));
    }
    plan_.dimensions.push_back(std::move(of));
  }

  void AddEra(const v1::ExtractDimension& held, const std::string& period) {
    v1::ExtractEra* era = meta_.add_era();
    era->set_month(period);
    era->add_bound(meta_.sequence());
    const auto at = std::find(held.code().begin(), held.code().end(), period) -
                    held.code().begin();
    auto* in = era->add_in();
    in->set_variable(held.variable());
    in->set_code(period);
    for (const auto& roll_up : held.roll_up()) {
      in = era->add_in();
      in->set_variable(roll_up.variable());
      in->set_code(roll_up.code(static_cast<int>(at)));
    }
  }

  std::string Spelt(const std::string& code) {
    std::string text = code;
    if (rng_.Chance(30)) text = absl::AsciiStrToLower(text);
    if (rng_.Chance(20)) text = "  " + text + " ";
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
  }

  void Read(const LoadedWorld& loaded) {
    auto db = Database::Open(loaded.folder() + "/extract/events.db",
                             Database::Mode::kReadOnly);
    ASSERT_TRUE(db.ok());
    std::string columns = "person";
    for (const int d : stored_) absl::StrAppend(&columns, ",d", d);
    for (int q = 0; q < meta_.quantity_size(); ++q) {
      absl::StrAppend(&columns, ",q", q);
    }
    auto select =
        (*db)->Prepare(absl::StrCat("SELECT ", columns, " FROM record"));
    ASSERT_TRUE(select.ok());
    while (*select->Step()) AddRow(*select);
  }

  void AddRow(const Statement& row) {
    const int site = static_cast<int>(rng_.Below(5));
    const std::string who = row.IsNull(0) ? (rng_.Chance(50) ? "NULL" : "' '")
                                          : absl::StrCat("'p", row.Int(0), "'");
    std::string date, rest;
    for (size_t i = 0; i < stored_.size(); ++i) {
      const v1::ExtractDimension& held = meta_.dimension(static_cast<int>(i));
      const std::string& code =
          held.code(static_cast<int>(row.Int(static_cast<int>(i) + 1)));
      if (held.dimension() == time_) {
        date = code == "U"
                   ? "NULL"
                   : absl::StrCat("'", code, "-",
                                  10 + static_cast<int>(rng_.Below(19)), "'");
      } else {
        absl::StrAppend(&rest, ", ", Spelt(code));
      }
    }
    for (int q = 0; q < meta_.quantity_size(); ++q) {
      const int64_t amount = row.Int(static_cast<int>(stored_.size()) + 1 + q);
      const int decimals = plan_.quantities[static_cast<size_t>(q)]->decimals;
      absl::StrAppend(&rest, ", ", amount,
                      decimals == 0 ? "" : absl::StrCat("e-", decimals));
    }
    rows_.emplace_back(site, absl::StrCat(date, ", ", who, ", ", site, rest));
  }

  Rng rng_;
  v1::ExtractMeta meta_;
  LoadPlan plan_;
  std::string time_;
  std::vector<int> stored_;  // positions of meta_'s dimensions in the extract's
  std::vector<std::pair<int, std::string>> rows_;
};

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
  size_t compared = 0;
  for (size_t q = 0; compared < kQuestionsPerWorld && q < 6000; ++q) {
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
  EXPECT_EQ(compared, kQuestionsPerWorld);
}

std::unique_ptr<OdbcSource> Open(const LoadedWorld& loaded,
                                 const Ledger& ledger,
                                 const std::string& connection,
                                 const std::string& table = "events",
                                 const std::string& spread_by = "",
                                 int seconds = 60) {
  OdbcSettings settings;
  settings.connection = connection;
  settings.table = {table, spread_by};
  settings.timeout = std::chrono::seconds(seconds);
  auto source = OdbcSource::Open(settings, ledger.meta(), loaded.data_set(),
                                 ledger.plan());
  EXPECT_THAT(source, IsOk());
  return source.ok() ? *std::move(source) : nullptr;
}

std::string ReplaceDate(std::string text, const std::string& type) {
  return absl::StrReplaceAll(text, {{"%DATE%", type}});
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
  const auto source = Open(
      loaded, ledger, absl::StrCat("DRIVER={SQLite3};Database=", file, ";"));
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
  EXPECT_THAT(source->ProveReadOnly(), IsOk());
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
      "EXTENSION IF EXISTS postgres_fdw CASCADE; CREATE EXTENSION "
      "postgres_fdw; CREATE TABLE spread(",
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
        " OPTIONS (user 'postgres');\nCREATE FOREIGN TABLE spread", site,
        " PARTITION OF spread FOR VALUES IN (", site, ") SERVER s", site,
        " OPTIONS (table_name 'part');\n");
  }
  Psql(ports[0], loaded.folder(), hub);
  const auto source = Open(loaded, ledger, PgConnection(ports[0], "postgres"),
                           "spread", "site");
  Compare(loaded, *source);
}

INSTANTIATE_TEST_SUITE_P(Worlds, OdbcSourceTest, ::testing::ValuesIn(Worlds()),
                         [](const auto& world) {
                           return absl::StrCat("seed", world.param.seed);
                         });

}  // namespace
}  // namespace cairn
