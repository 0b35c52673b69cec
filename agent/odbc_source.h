#ifndef CAIRN_AGENT_ODBC_SOURCE_H_
#define CAIRN_AGENT_ODBC_SOURCE_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/aggregate_sql.h"
#include "agent/data_source.h"
#include "agent/load_plan.h"
#include "agent/odbc.h"
#include "agent/sql_dialect.h"

namespace cairn {

// How to reach an agency's own database.
struct OdbcSettings {
  std::string connection;
  SqlTable table;
  std::chrono::seconds timeout{60};
};

// A data set whose records stay in the agency's own database: each table is
// one statement there (agent/aggregate_sql.h), and only figures of cells come
// back, to the agent even. It gives no records, and they have no keys.
class OdbcSource : public DataSource {
 public:
  // `meta` describes what the mapping `plan` makes of the records: its eras are
  // the months covered, in order, and last that of an unknown date, if the
  // mapping has one. The connection is made when it is first needed.
  // INVALID_ARGUMENT: the mapping has what a database cannot give, or the eras
  // are others. Errors of OdbcConnection.
  static absl::StatusOr<std::unique_ptr<OdbcSource>> Open(
      OdbcSettings settings, v1::ExtractMeta meta, const DataSet& data_set,
      LoadPlan plan);

  // Also DATA_LOSS: a record has a value that the mapping does not know, or the
  // database gave a figure that cannot be. A connection that was lost since the
  // last time is made anew once.
  absl::StatusOr<FrequencyTable> Tabulate(
      const Plan& plan, const TableShape& shape, bool with_keys = false,
      const EraSet* span = nullptr) const override;

  // Tries to write, and undoes it. OK: the account was refused each time.
  // Errors as OdbcConnection::MustRefuse.
  absl::Status ProveReadOnly() const;

 private:
  OdbcSource(OdbcSettings settings, v1::ExtractMeta meta,
             const DataSet& data_set, LoadPlan plan);

  absl::Status Connect() const;
  absl::StatusOr<std::vector<OdbcConnection::Row>> Ask(
      const ScanPlan& scan, const TableShape& shape) const;

  const OdbcSettings settings_;
  const LoadPlan plan_;
  std::vector<std::string> months_;
  mutable SqlDialect dialect_;
  mutable std::unique_ptr<OdbcConnection> connection_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ODBC_SOURCE_H_
