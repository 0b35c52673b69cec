#ifndef CAIRN_AGENT_AGGREGATE_SQL_H_
#define CAIRN_AGENT_AGGREGATE_SQL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/load_plan.h"
#include "agent/odbc.h"
#include "agent/scan_plan.h"
#include "agent/sql_dialect.h"
#include "core/query/table.h"

namespace cairn {

// Where an agency's records lie in its own database.
struct SqlTable {
  std::string table;  // or view; a dot takes apart schema and name
  // A column by which the table is spread over several servers, or empty: it is
  // grouped by, so that each server can do its own part.
  std::string spread_by;
};

// The one statement that fills a table: grouped in the database, so that only
// figures of cells come back. Codes are worked out there too, by the same
// mapping as a file's.
//
//   r  each record: what it adds up to on each axis (-1: it has a value that
//   the
//      mapping does not know), its person, its quantities
//   b  r by cell and person           the heavy step; servers do their own
//   c  b by every margin and person   a person counts once in each
//   w  c, and whose share is largest  only where there are sums
//   -> axes (NULL: margin), records, persons with a key, 1 where others have
//      none, and of each sum its total, its largest share, its second largest
class AggregateSql {
 public:
  // All must outlive it. `months`: covered, in order, as YYYY-MM.
  // INVALID_ARGUMENT: the mapping has what a database source cannot give, one
  // sentence.
  static absl::StatusOr<AggregateSql> Create(
      const LoadPlan& plan, const std::vector<std::string>& months,
      const SqlDialect& dialect, const SqlTable& table);

  SqlStatement Tabulate(const ScanPlan& scan, const TableShape& shape) const;

  // Statements that an account that can only read is refused.
  std::vector<std::string> Writes() const;

 private:
  using Parameters = std::vector<std::string>;
  AggregateSql(const LoadPlan& plan, const std::vector<std::string>& months,
               const SqlDialect& dialect, const SqlTable& table)
      : plan_(plan), months_(months), dialect_(dialect), table_(table) {}

  std::string From() const;
  std::string Text(const LoadPlan::Column& column) const;
  std::string Date() const;
  std::string InPeriods(const std::vector<bool>& chosen,
                        Parameters* parameters) const;
  std::string PeriodCode(const std::vector<int64_t>& to,
                         Parameters* parameters) const;
  // The code of a stored dimension, by its stored index.
  std::string Code(int dimension, bool is_time, const std::vector<int64_t>& to,
                   Parameters* parameters) const;
  std::string Listed(const LoadPlan::Column& column,
                     const std::vector<int64_t>& to,
                     Parameters* parameters) const;
  std::string Axis(const ScanPlan& scan, const ScanPlan::Axis& axis,
                   Parameters* parameters) const;
  std::string Person(Parameters* parameters) const;
  std::string Amount(int quantity, Parameters* parameters) const;
  std::string Records(const ScanPlan& scan, Parameters* parameters) const;

  const LoadPlan& plan_;
  const std::vector<std::string>& months_;
  const SqlDialect& dialect_;
  const SqlTable& table_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_AGGREGATE_SQL_H_
