#ifndef CAIRN_AGENT_AGGREGATE_SQL_H_
#define CAIRN_AGENT_AGGREGATE_SQL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/load_plan.h"
#include "agent/odbc.h"
#include "agent/own_database.h"
#include "agent/scan_plan.h"
#include "agent/sql_dialect.h"
#include "core/query/table.h"

namespace cairn {

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
  // All must outlive it. `months`: of each era, as YYYY-MM, or U: those without
  // a date.
  // INVALID_ARGUMENT: the mapping has what a database source cannot give, one
  // sentence.
  static absl::StatusOr<AggregateSql> Create(
      const LoadPlan& plan, const std::vector<std::string>& months,
      const SqlDialect& dialect, const SqlTable& table);

  SqlStatement Tabulate(const ScanPlan& scan, const TableShape& shape) const;

  // The one statement that tells whether records are still what they were: one
  // row of sums over hashes of them, made of the weights below. Two sets of
  // records that a table could tell apart have other sums, but for about one
  // chance in 2^31 times the number of dimensions.
  //
  //   r  each record: the weight of each of its codes (-1: unknown to the
  //      mapping), its person, its quantities
  //   h  each record's hash: the product of its weights, and of a fourth power
  //      for each quantity
  //   f  the records of a person: their hashes' sum
  //   -> records, persons, records without a person, sum of the fourth powers
  //      of f (so that who has which records together counts), and of each
  //      stored dimension its least weight
  struct Weights {
    std::vector<std::vector<int64_t>> of_code;  // by dimension and code
    std::vector<int64_t> of_quantity;
  };
  // Primes to this one; a product of two of them is a BIGINT.
  static constexpr int64_t kPrime = 2147483647;
  SqlStatement See(const Weights& weights, int time,
                   const std::vector<bool>& chosen) const;

 private:
  using Parameters = std::vector<std::string>;
  AggregateSql(const LoadPlan& plan, const std::vector<std::string>& months,
               const SqlDialect& dialect, const SqlTable& table)
      : plan_(plan), months_(months), dialect_(dialect), table_(table) {}

  std::string Text(const LoadPlan::Column& column) const;
  std::string Date() const;
  std::string Hash(const Weights& weights) const;
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
