#include "agent/sql_dialect.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cairn {

absl::StatusOr<SqlDialect> SqlDialect::Of(absl::string_view product) {
  const std::string lower = absl::AsciiStrToLower(product);
  SqlDialect dialect;
  dialect.name = std::string(product);
  if (absl::StrContains(lower, "postgres")) {
    dialect.date = "CAST(? AS DATE)";
    dialect.piece_wise = "UseDeclareFetch=1;Fetch=4096;";
  } else if (absl::StrContains(lower, "sqlite")) {
    dialect.number = "NUMERIC";
    dialect.big = "INTEGER";
    dialect.materialized = "MATERIALIZED ";
    dialect.has_cube = false;
    dialect.no_day = " NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'";
    dialect.piece_wise = "StepAPI=1;";
  } else if (absl::StrContains(lower, "sql server")) {
    dialect.open = '[';
    dialect.close = ']';
    dialect.text = "NVARCHAR(4000)";
    dialect.date = "CAST(? AS DATE)";
    dialect.exact = " COLLATE Latin1_General_BIN2";
    dialect.any_order = "ORDER BY (SELECT NULL)";
    dialect.count = "COUNT_BIG(*)";
  } else if (absl::StrContains(lower, "oracle")) {
    dialect.text = "VARCHAR2(4000)";
    dialect.number = "NUMBER(18,6)";
    dialect.big = "NUMBER(19)";
    dialect.date = "TO_DATE(?, 'YYYY-MM-DD')";
    dialect.any_order = "ORDER BY NULL";
  } else {
    return absl::UnimplementedError(absl::StrCat(
        "the database is ", product,
        "; the agent speaks to PostgreSQL, SQLite, Microsoft SQL Server and "
        "Oracle"));
  }
  return dialect;
}

std::string SqlDialect::Quote(absl::string_view of) const {
  std::string quoted(1, open);
  for (const char c : of) {
    if (c == close) quoted += c;
    quoted += c;
  }
  return absl::StrCat(quoted, std::string(1, close));
}

std::string SqlDialect::Rest(absl::string_view of, absl::string_view by) const {
  return absl::StrContains(absl::AsciiStrToLower(name), "oracle")
             ? absl::StrCat("MOD(", of, ", ", by, ")")
             : absl::StrCat("(", of, " % ", by, ")");
}

std::vector<std::string> SqlDialect::Writes(absl::string_view table,
                                            absl::string_view column) const {
  const std::string quoted = Quote(column);
  return {absl::StrCat("DELETE FROM ", table, " WHERE 1 = 0"),
          absl::StrCat("UPDATE ", table, " SET ", quoted, " = ", quoted,
                       " WHERE 1 = 0"),
          absl::StrCat("CREATE TABLE cairn_write_check (x ", big, ")")};
}

}  // namespace cairn
