#ifndef CAIRN_AGENT_ODBC_SOURCE_H_
#define CAIRN_AGENT_ODBC_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/aggregate_sql.h"
#include "agent/data_source.h"
#include "agent/load_plan.h"
#include "agent/odbc.h"
#include "agent/own_database.h"

namespace cairn {

// A data set whose records stay in the agency's own database: each table is
// one statement there (agent/aggregate_sql.h), and only figures of cells come
// back, to the agent even. It gives no records, and they have no keys.
//
// Figures that were released stay, so those of one epoch must be of the same
// records. With each table, in one transaction, the database is asked what all
// records come to (AggregateSql::See): only as load saw it is a table taken.
class OdbcSource : public DataSource {
 public:
  // `meta` describes what the mapping `plan` makes of the records: its eras are
  // months, or that of an unknown date. `agent_key`: ReadOrMakeKey(). The
  // connection is made when it is first needed.
  // INVALID_ARGUMENT: the mapping has what a database cannot give, or the eras
  // are others.
  static absl::StatusOr<std::unique_ptr<OdbcSource>> Open(
      OdbcSettings settings, v1::ExtractMeta meta, const DataSet& data_set,
      LoadPlan plan, absl::string_view agent_key);

  // Errors of ConnectToRead and OdbcConnection, and: DATA_LOSS: a record has a
  // value that the mapping does not know, or the database gave a figure that
  // cannot be. ABORTED: the records are not what load saw. A connection that
  // was lost since the last time is made anew once. All say what a question is
  // told (OfOwnDatabase).
  absl::StatusOr<FrequencyTable> Tabulate(
      const Plan& plan, const TableShape& shape, bool with_keys = false,
      const EraSet* span = nullptr) const override;

  // What the records of some eras come to. Errors as Tabulate(), but ABORTED.
  struct Seen {
    uint64_t rows = 0, without_person = 0;
    std::string digest;  // hex
  };
  absl::StatusOr<Seen> See(const EraSet& eras) const;
  // Those of all eras are as load saw them. Errors as Tabulate().
  absl::Status CheckSeen() const;
  // None of all eras is one that the catalogue's structural zeros rule out,
  // which is DATA_LOSS, as of every table. Errors as Tabulate().
  absl::Status CheckStructuralZeros() const;

 private:
  OdbcSource(OdbcSettings settings, v1::ExtractMeta meta,
             const DataSet& data_set, LoadPlan plan);

  AggregateSql::Weights WeightsBy(absl::string_view agent_key) const;
  // What the statements ask for, of the same state of the database.
  using Rows = std::vector<OdbcConnection::Row>;
  using Statements =
      std::function<std::vector<OdbcConnection::Asked>(const AggregateSql&)>;
  absl::StatusOr<std::vector<Rows>> Ask(const Statements& statements) const;
  OdbcConnection::Asked SeeAll(const AggregateSql& sql,
                               const EraSet& eras) const;
  absl::StatusOr<Seen> ReadSeen(const Rows& rows) const;
  absl::Status AsLoadSaw(const Seen& seen) const;
  EraSet AllEras() const;
  absl::StatusOr<FrequencyTable> Fill(const ScanPlan& scan,
                                      const TableShape& shape,
                                      const Rows& rows) const;

  const OdbcSettings settings_;
  const LoadPlan plan_;
  std::vector<std::string> months_;  // by era
  AggregateSql::Weights weights_;
  mutable ReadingConnection database_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ODBC_SOURCE_H_
