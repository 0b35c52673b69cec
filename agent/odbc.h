#ifndef CAIRN_AGENT_ODBC_H_
#define CAIRN_AGENT_ODBC_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// A statement whose every value from outside is a parameter, bound as text.
struct SqlStatement {
  std::string text;
  std::vector<std::string> parameters;
};

// One connection through unixODBC; odbc.cc is the only file that includes
// sql.h. No error has a word of the driver's, which may hold a record's value:
// it has the SQLSTATE and what that means.
//
// UNAVAILABLE: the database is not there, or has gone. DEADLINE_EXCEEDED: it
// took too long and was told to stop. PERMISSION_DENIED: the account may not.
// FAILED_PRECONDITION: a table or column is missing, or the statement is not
// understood. INVALID_ARGUMENT: a value has another type. INTERNAL: all else.
class OdbcConnection {
 public:
  using Seconds = std::chrono::seconds;

  // `connection`: what the driver manager wants ("DSN=records", "DRIVER=..").
  static absl::StatusOr<std::unique_ptr<OdbcConnection>> Open(
      const std::string& connection, Seconds timeout);
  ~OdbcConnection();
  OdbcConnection(const OdbcConnection&) = delete;
  OdbcConnection& operator=(const OdbcConnection&) = delete;

  // What the database calls itself: "PostgreSQL", "SQLite", ..
  absl::StatusOr<std::string> Product() const;

  // All rows of a statement as whole numbers; nothing where one is NULL.
  // RESOURCE_EXHAUSTED: more than `most` rows.
  using Row = std::vector<std::optional<int64_t>>;
  absl::StatusOr<std::vector<Row>> Query(const SqlStatement& sql, size_t most,
                                         Seconds timeout);

  // The rows of several statements, all of the same state of the database:
  // what others write meanwhile is not seen. `timeout`: of each.
  // UNIMPLEMENTED: the database has no such transactions.
  struct Asked {
    SqlStatement sql;
    size_t most;
  };
  absl::StatusOr<std::vector<std::vector<Row>>> QueryTogether(
      const std::vector<Asked>& asked, Seconds timeout);

  // The rows of a statement as texts, one after another.
  class Texts;
  // `timeout`: until there is a first row, and for each thousand more.
  absl::StatusOr<std::unique_ptr<Texts>> Read(const SqlStatement& sql,
                                              Seconds timeout);

  // OK where the database refuses a statement because the account may not;
  // whatever it did is undone. FAILED_PRECONDITION: it was carried out. Other
  // errors: it was refused for another reason, which proves nothing.
  absl::Status MustRefuse(const std::string& sql, Seconds timeout);

 private:
  struct Handles;
  class Reading;
  explicit OdbcConnection(std::unique_ptr<Handles> handles);

  std::unique_ptr<Handles> handles_;
};

// The connection must outlive it, and does nothing else meanwhile.
class OdbcConnection::Texts {
 public:
  virtual ~Texts() = default;
  // In UTF-8; NULL is empty. False: there are no more. Errors as above;
  // INVALID_ARGUMENT: a text of more than 1 MiB.
  virtual absl::StatusOr<bool> Next(std::vector<std::string>* fields) = 0;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ODBC_H_
