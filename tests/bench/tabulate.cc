// cairn-bench-tabulate: a cross-tab with all its margins, as an agent works it
// out, against one GROUP BY of SQLite over the same rows of the same file.
//
// SQLite is asked in two ways, and the faster one is the yardstick:
//   stored   GROUP BY the stored columns, however fine they are
//   same     GROUP BY the very cells of the table: where the table is cut at a
//            coarser level, through a look-up table with an integer key
// The agent's time has more in it: every margin, and where the records carry a
// person key, the distinct persons of each cell whatever was asked, because the
// disclosure rule needs them. Passes alternate; figures are medians. Every cell
// of every pass is compared with SQLite's: a fast wrong answer is no answer.

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

// A figure of one cell: count, then distinct persons, then the sum.
using Figures = std::vector<int64_t>;

struct Crossing {
  const char* name;
  std::vector<std::string> by;
};

class Yardstick {
 public:
  static absl::StatusOr<std::unique_ptr<Yardstick>> Open(
      const std::string& path) {
    sqlite3* db = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    std::unique_ptr<Yardstick> yardstick(new Yardstick(db));
    if (code != SQLITE_OK) return yardstick->Error();
    return yardstick;
  }
  ~Yardstick() { sqlite3_close_v2(db_); }

  absl::Status Execute(const std::string& sql) {
    return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) ==
                   SQLITE_OK
               ? absl::OkStatus()
               : Error();
  }

  // All rows of a statement, as whole numbers.
  absl::StatusOr<std::vector<Figures>> Rows(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) !=
        SQLITE_OK) {
      return Error();
    }
    std::vector<Figures> rows;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
      Figures row(static_cast<size_t>(sqlite3_column_count(statement)));
      for (size_t i = 0; i < row.size(); ++i) {
        row[i] = sqlite3_column_int64(statement, static_cast<int>(i));
      }
      rows.push_back(std::move(row));
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) return Error();
    return rows;
  }

 private:
  explicit Yardstick(sqlite3* db) : db_(db) {}
  absl::Status Error() const {
    return absl::InternalError(
        absl::StrCat("SQLite: ", db_ ? sqlite3_errmsg(db_) : "no memory"));
  }

  sqlite3* const db_;
};

// What SQLite is asked for one plan: both texts, and where its cells lie.
struct Sql {
  std::string stored;
  std::string same;
};

// Position on the axis of each stored code, and whether that is a roll-up.
struct StoredAxis {
  int column = 0;
  bool rolled_up = false;
  std::vector<size_t> position;
};

absl::StatusOr<StoredAxis> FindStored(const v1::ExtractMeta& meta,
                                      const std::string& dimension,
                                      const TableAxis& axis) {
  for (int d = 0; d < meta.dimension_size(); ++d) {
    const v1::ExtractDimension& stored = meta.dimension(d);
    if (stored.dimension() != dimension) continue;
    StoredAxis found{d, stored.variable() != axis.variable, {}};
    const auto* codes = &stored.code();
    for (const auto& roll_up : stored.roll_up()) {
      if (roll_up.variable() == axis.variable) codes = &roll_up.code();
    }
    for (const std::string& code : *codes) {
      found.position.push_back(static_cast<size_t>(
          std::find(axis.codes.begin(), axis.codes.end(), code) -
          axis.codes.begin()));
    }
    return found;
  }
  return absl::NotFoundError(absl::StrCat("no column for ", axis.variable));
}

// Makes the look-up tables and the two statements.
absl::StatusOr<Sql> MakeSql(const SqliteSource& source, const Plan& plan,
                            const TableShape& shape, bool persons, bool sum,
                            Yardstick* yardstick) {
  std::vector<std::string> stored, same;
  std::string from = "record";
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const std::string& dimension =
        plan.data_set->dimensions[plan.axes[a].dimension].id;
    CAIRN_ASSIGN_OR_RETURN(const StoredAxis axis,
                           FindStored(source.meta(), dimension, shape.axes[a]));
    stored.push_back(absl::StrCat("d", axis.column));
    // Where the codes of the axis stand in another order than the stored ones,
    // the look-up is needed to compare; it is timed only for a roll-up.
    const std::string table = absl::StrCat("look_up_", a);
    CAIRN_RETURN_IF_ERROR(yardstick->Execute(absl::StrCat(
        "DROP TABLE IF EXISTS temp.", table, "; CREATE TEMP TABLE ", table,
        "(code INTEGER PRIMARY KEY, position INTEGER)")));
    for (size_t i = 0; i < axis.position.size(); ++i) {
      CAIRN_RETURN_IF_ERROR(yardstick->Execute(
          absl::StrCat("INSERT INTO temp.", table, " VALUES(", i, ",",
                       axis.position[i], ")")));
    }
    if (axis.rolled_up) {
      absl::StrAppend(&from, " JOIN temp.", table, " ON ", table, ".code = d",
                      axis.column);
      same.push_back(absl::StrCat(table, ".position"));
    } else {
      same.push_back(stored.back());
    }
  }
  std::string figures = ", count(*)";
  if (persons) absl::StrAppend(&figures, ", count(DISTINCT person)");
  if (sum) absl::StrAppend(&figures, ", sum(q0)");
  std::vector<std::string> numbers;
  for (size_t a = 0; a < stored.size(); ++a) {
    numbers.push_back(absl::StrCat(a + 1));
  }
  const std::string group =
      absl::StrCat(figures, " FROM %s GROUP BY ", absl::StrJoin(numbers, ", "));
  const auto text = [&](const std::vector<std::string>& columns,
                        const std::string& tables) {
    std::string sql =
        absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), group);
    sql.replace(sql.find("%s"), 2, tables);
    return sql;
  };
  return Sql{text(stored, "record"), text(same, from)};
}

// Compares the finest cells of our table with SQLite's rows. Axes that are not
// rolled up hold stored codes in the rows; they are put in the axis' order.
absl::Status Compare(const SqliteSource& source, const Plan& plan,
                     const FrequencyTable& table,
                     const std::vector<Figures>& rows, bool persons, bool sum) {
  const size_t axes = table.shape.axes.size();
  std::vector<StoredAxis> stored;
  for (size_t a = 0; a < axes; ++a) {
    CAIRN_ASSIGN_OR_RETURN(
        StoredAxis axis,
        FindStored(source.meta(),
                   plan.data_set->dimensions[plan.axes[a].dimension].id,
                   table.shape.axes[a]));
    stored.push_back(std::move(axis));
  }
  int64_t all = 0;
  for (const Figures& row : rows) {
    size_t cell = 0;
    for (size_t a = 0; a < axes; ++a) {
      const auto code = static_cast<size_t>(row[a]);
      cell += (stored[a].rolled_up ? code : stored[a].position[code]) *
              table.shape.stride(a);
    }
    bool equal = table.counts[cell] == row[axes];
    if (persons) equal = equal && table.keyed_persons[cell] == row[axes + 1];
    if (sum) equal = equal && table.sums[0].total[cell] == row.back();
    if (!equal) {
      return absl::InternalError(
          absl::StrCat("cell ", cell, " differs from SQLite's"));
    }
    all += row[axes];
  }
  if (all != table.counts.back()) {
    return absl::InternalError("SQLite's rows are not all of the records");
  }
  return absl::OkStatus();
}

struct Times {
  std::vector<double> ours, stored, same, plain;
  size_t cells = 0;
};

void Print(const std::string& name, const Times& times) {
  const double ours = Median(times.ours);
  const double stored = Median(times.stored), same = Median(times.same);
  std::printf("%-44s %6zu cells %8.0f ms | SQLite %6.0f same %6.0f ms | %5.2f",
              name.c_str(), times.cells, ours, stored, same,
              ours / std::min(stored, same));
  if (!times.plain.empty()) {
    std::printf(" | of a plain count %5.2f", ours / Median(times.plain));
  }
  std::printf("\n");
  std::fflush(stdout);
}

absl::Status Run(SqliteSource* source, const DataSet& data_set,
                 const Crossing& crossing, bool persons, bool sum, int passes,
                 Yardstick* yardstick) {
  Query query;
  query.data_set = data_set.id;
  query.by = crossing.by;
  query.measures = {{Measure::Kind::kCount, ""}};
  if (persons) {
    query.measures.push_back({Measure::Kind::kDistinctPersons, ""});
  }
  if (sum) {
    query.measures.push_back({Measure::Kind::kSum, source->meta().quantity(0)});
  }
  CAIRN_ASSIGN_OR_RETURN(const Plan plan, MakePlan(data_set, query));
  Refusal refusal;
  CAIRN_ASSIGN_OR_RETURN(const TableShape shape, source->Shape(plan, &refusal));
  CAIRN_ASSIGN_OR_RETURN(
      const Sql sql, MakeSql(*source, plan, shape, persons, sum, yardstick));
  CAIRN_ASSIGN_OR_RETURN(
      const Sql plain, MakeSql(*source, plan, shape, false, false, yardstick));
  Times times;
  times.cells = shape.cells();
  for (int pass = -1; pass < passes; ++pass) {  // the first warms up
    const Stopwatch ours;
    auto table = source->Tabulate(plan, shape);
    const double ours_ms = ours.Ms();
    if (!table.ok()) return table.status();
    const Stopwatch stored;
    const auto stored_rows = yardstick->Rows(sql.stored);
    const double stored_ms = stored.Ms();
    if (!stored_rows.ok()) return stored_rows.status();
    const Stopwatch same;
    const auto same_rows = yardstick->Rows(sql.same);
    const double same_ms = same.Ms();
    if (!same_rows.ok()) return same_rows.status();
    CAIRN_RETURN_IF_ERROR(
        Compare(*source, plan, *table, *same_rows, persons, sum));
    double plain_ms = 0;
    if (persons || sum) {
      const Stopwatch watch;
      CAIRN_RETURN_IF_ERROR(yardstick->Rows(plain.stored).status());
      plain_ms = watch.Ms();
    }
    if (pass < 0) continue;
    times.ours.push_back(ours_ms);
    times.stored.push_back(stored_ms);
    times.same.push_back(same_ms);
    if (plain_ms > 0) times.plain.push_back(plain_ms);
  }
  Print(absl::StrCat(crossing.name, persons ? ", persons" : "",
                     sum ? ", sum" : ""),
        times);
  return absl::OkStatus();
}

absl::Status Main(const std::string& catalogue_path,
                  const std::string& extract_path, int passes) {
  CAIRN_ASSIGN_OR_RETURN(const auto catalogue, ReadCatalogue(catalogue_path));
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         catalogue->Find("police_incidents"));
  CAIRN_ASSIGN_OR_RETURN(
      const auto source,
      SqliteSource::Open(extract_path, *data_set, catalogue->digest));
  CAIRN_ASSIGN_OR_RETURN(const auto yardstick, Yardstick::Open(extract_path));
  const bool persons = source->meta().has_person();
  std::printf("%llu rows, %s person key, median of %d\n",
              static_cast<unsigned long long>(source->meta().rows()),
              persons ? "with a" : "without", passes);
  const Crossing crossings[] = {
      {"lad x month x offence_class", {"lad", "month", "offence_class"}},
      {"age_core x sex x weapon", {"age_core", "sex", "weapon"}},
      {"ward x month x offence_class", {"ward", "month", "offence_class"}}};
  const bool sums = source->meta().quantity_size() > 0;
  for (const Crossing& crossing : crossings) {
    CAIRN_RETURN_IF_ERROR(Run(source.get(), *data_set, crossing, persons, false,
                              passes, yardstick.get()));
    if (!persons || !sums) continue;
    CAIRN_RETURN_IF_ERROR(Run(source.get(), *data_set, crossing, persons, true,
                              passes, yardstick.get()));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr,
                 "usage: cairn-bench-tabulate CATALOGUE EXTRACT.db [PASSES]\n"
                 "EXTRACT.db: police_incidents as cairn-agent load wrote it.\n"
                 "See tests/bench/run.sh.\n");
    return 2;
  }
  const int passes = argc == 4 ? std::max(1, std::atoi(argv[3])) : 7;
  const absl::Status status = cairn::Main(argv[1], argv[2], passes);
  if (status.ok()) return 0;
  std::fprintf(stderr, "cairn-bench-tabulate: %s\n",
               std::string(status.message()).c_str());
  return 1;
}
