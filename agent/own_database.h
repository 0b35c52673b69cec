#ifndef CAIRN_AGENT_OWN_DATABASE_H_
#define CAIRN_AGENT_OWN_DATABASE_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/odbc.h"
#include "agent/sql_dialect.h"
#include "cairn/v1/config.pb.h"

namespace cairn {

// Where an agency's records lie in its own database.
struct SqlTable {
  std::string table;  // or view; a dot takes apart schema and name
  // A column by which the table is spread over several servers, or empty: it is
  // grouped by, so that each server can do its own part.
  std::string spread_by;

  // As the dialect writes it.
  std::string In(const SqlDialect& dialect) const;
};

// How to reach an agency's own database.
struct OdbcSettings {
  std::string connection;  // without a password
  // Where that is read from at each connection; one of them, or none.
  std::string password_file, password_environment;
  SqlTable table;
  std::chrono::seconds timeout{60};
};

// What of a configured database can be checked without a look at anything else.
// INVALID_ARGUMENT: one sentence that never repeats the connection.
absl::Status CheckOwnDatabase(const v1::OwnDatabase& config);

OdbcSettings OdbcSettingsOf(const v1::OwnDatabase& config);

// A connection whose account was refused each write that was tried, and how its
// database speaks.
struct ReadingConnection {
  std::unique_ptr<OdbcConnection> connection;
  SqlDialect dialect;
};

enum class Fetch {
  kWhole,      // the driver may hold all rows of an answer
  kPieceWise,  // where it can be told to, it does not
};

// Tries to write to the table, and undoes it: ODBC's own read-only flag
// protects nothing. `column`: any of the table. FAILED_PRECONDITION: the
// account may write. UNIMPLEMENTED: it is a database that the agent does not
// speak to. Other errors as OdbcConnection.
absl::StatusOr<ReadingConnection> ConnectToRead(const OdbcSettings& settings,
                                                const std::string& column,
                                                Fetch fetch = Fetch::kWhole);

// For a question, so that it is refused with a sentence that says whether to
// wait. The agent's log has the error itself.
absl::Status OfOwnDatabase(const absl::Status& error);

}  // namespace cairn

#endif  // CAIRN_AGENT_OWN_DATABASE_H_
