#ifndef CAIRN_AGENT_SQL_DIALECT_H_
#define CAIRN_AGENT_SQL_DIALECT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// How databases differ in the one statement that the agent asks them.
struct SqlDialect {
  std::string name;
  char open = '"', close = '"';  // around a name
  std::string text = "TEXT";     // a type for any text
  std::string number = "DECIMAL(18,6)";
  std::string big = "BIGINT";
  std::string date = "?";  // a day that is a parameter, YYYY-MM-DD
  std::string exact;       // after a text: compared byte by byte
  std::string any_order;   // in OVER(), where an order is not wanted
  std::string count = "COUNT(*)";
  std::string materialized;  // in WITH: worked out once
  bool has_cube = true;      // GROUP BY CUBE(..)
  std::string no_day;        // after a date: it is not one that sorts as text
  // Of a connection: the driver hands out rows as they come.
  std::string piece_wise;

  // By what SQL_DBMS_NAME says. UNIMPLEMENTED: it is not one of PostgreSQL,
  // SQLite, Microsoft SQL Server, Oracle.
  static absl::StatusOr<SqlDialect> Of(absl::string_view product);

  // A name in quotes. A dot takes apart a schema and a table.
  std::string Quote(absl::string_view of) const;

  // What is left of a division of whole numbers.
  std::string Rest(absl::string_view of, absl::string_view by) const;

  // Statements that an account that can only read is refused, and that change
  // nothing. `table`: as it is written; `column`: any of it.
  std::vector<std::string> Writes(absl::string_view table,
                                  absl::string_view column) const;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SQL_DIALECT_H_
