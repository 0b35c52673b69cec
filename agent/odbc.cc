#include "agent/odbc.h"

#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

bool Succeeded(SQLRETURN code) {
  return code == SQL_SUCCESS || code == SQL_SUCCESS_WITH_INFO;
}

SQLCHAR* Chars(const std::string& text) {
  return reinterpret_cast<SQLCHAR*>(const_cast<char*>(text.c_str()));
}

// SQL Server and Oracle have no SQLSTATE of their own for what an account may
// not do; by their own numbers.
bool IsForbidden(SQLINTEGER native) {
  return native == 229 || native == 230 || native == 262 || native == 1031;
}

std::string StateOf(SQLSMALLINT kind, SQLHANDLE handle) {
  SQLCHAR state[6] = {}, words[1] = {};
  SQLINTEGER native = 0;
  SQLSMALLINT length = 0;
  if (!Succeeded(SQLGetDiagRec(kind, handle, 1, state, &native, words,
                               sizeof(words), &length))) {
    return "HY000";
  }
  const std::string found = reinterpret_cast<const char*>(state);
  return IsForbidden(native) && found != "HY000" && found[0] == '4' ? "42501"
                                                                    : found;
}

absl::Status ErrorOf(const std::string& state) {
  const auto say = [&state](absl::StatusCode code, absl::string_view words) {
    return absl::Status(
        code, absl::StrCat("the database: ", words, " (SQLSTATE ", state, ")"));
  };
  if (state == "HYT00" || state == "HYT01" || state == "57014" ||
      state == "HY008") {
    return say(absl::StatusCode::kDeadlineExceeded,
               "took too long and was stopped");
  }
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "57P")) {
    return say(absl::StatusCode::kUnavailable,
               "cannot be reached, or has gone away");
  }
  if (state == "IM002" || state == "IM003" || state == "01000") {
    return say(absl::StatusCode::kUnavailable,
               "the driver manager does not know this data source or driver");
  }
  if (state == "42501" || absl::StartsWith(state, "28") || state == "25006") {
    return say(absl::StatusCode::kPermissionDenied,
               "the account is not allowed to");
  }
  if (absl::StartsWith(state, "42")) {
    return say(absl::StatusCode::kFailedPrecondition,
               "a table or column is missing, or has another type than the "
               "mapping says");
  }
  if (absl::StartsWith(state, "22")) {
    return say(absl::StatusCode::kInvalidArgument,
               "a value has another type than the mapping says");
  }
  return say(absl::StatusCode::kInternal, "did not carry out a statement");
}

// Tells a statement to stop when it has taken too long.
class Watch {
 public:
  Watch(SQLHSTMT statement, OdbcConnection::Seconds timeout)
      : thread_([this, statement, timeout] {
          std::unique_lock<std::mutex> lock(mutex_);
          if (!done_.wait_for(lock, timeout, [this] { return ended_; })) {
            late_ = true;
            SQLCancel(statement);
          }
        }) {}
  ~Watch() { End(); }

  // Whether it was told to stop.
  bool End() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
    }
    done_.notify_one();
    if (thread_.joinable()) thread_.join();
    return late_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool ended_ = false, late_ = false;
  std::thread thread_;  // last: it uses the others
};

class Statement {
 public:
  explicit Statement(SQLHDBC connection) {
    SQLAllocHandle(SQL_HANDLE_STMT, connection, &handle_);
  }
  ~Statement() {
    if (handle_ != nullptr) SQLFreeHandle(SQL_HANDLE_STMT, handle_);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  SQLHSTMT get() const { return handle_; }
  absl::Status Error() const {
    return ErrorOf(StateOf(SQL_HANDLE_STMT, handle_));
  }

  absl::Status Bind(const std::vector<std::string>& parameters) {
    lengths_.assign(parameters.size(), SQL_NTS);
    for (size_t i = 0; i < parameters.size(); ++i) {
      const SQLULEN size = std::max<SQLULEN>(parameters[i].size(), 1);
      if (!Succeeded(SQLBindParameter(
              handle_, static_cast<SQLUSMALLINT>(i + 1), SQL_PARAM_INPUT,
              SQL_C_CHAR, SQL_VARCHAR, size, 0, Chars(parameters[i]),
              static_cast<SQLLEN>(parameters[i].size()), &lengths_[i]))) {
        return Error();
      }
    }
    return absl::OkStatus();
  }

 private:
  SQLHSTMT handle_ = nullptr;
  std::vector<SQLLEN> lengths_;
};

}  // namespace

struct OdbcConnection::Handles {
  SQLHENV environment = nullptr;
  SQLHDBC connection = nullptr;
  bool connected = false;

  ~Handles() {
    if (connected) SQLDisconnect(connection);
    if (connection != nullptr) SQLFreeHandle(SQL_HANDLE_DBC, connection);
    if (environment != nullptr) SQLFreeHandle(SQL_HANDLE_ENV, environment);
  }
};

OdbcConnection::OdbcConnection(std::unique_ptr<Handles> handles)
    : handles_(std::move(handles)) {}
OdbcConnection::~OdbcConnection() = default;

absl::StatusOr<std::unique_ptr<OdbcConnection>> OdbcConnection::Open(
    const std::string& connection, Seconds timeout) {
  auto handles = std::make_unique<Handles>();
  if (!Succeeded(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE,
                                &handles->environment)) ||
      !Succeeded(SQLSetEnvAttr(handles->environment, SQL_ATTR_ODBC_VERSION,
                               reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3),
                               0)) ||
      !Succeeded(SQLAllocHandle(SQL_HANDLE_DBC, handles->environment,
                                &handles->connection))) {
    return absl::InternalError("the ODBC driver manager does not start");
  }
  SQLSetConnectAttr(handles->connection, SQL_ATTR_LOGIN_TIMEOUT,
                    reinterpret_cast<SQLPOINTER>(timeout.count()), 0);
  if (!Succeeded(SQLDriverConnect(handles->connection, nullptr,
                                  Chars(connection),
                                  static_cast<SQLSMALLINT>(connection.size()),
                                  nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT))) {
    return ErrorOf(StateOf(SQL_HANDLE_DBC, handles->connection));
  }
  handles->connected = true;
  // A hint to the driver; check proves what the account may do.
  SQLSetConnectAttr(handles->connection, SQL_ATTR_ACCESS_MODE,
                    reinterpret_cast<SQLPOINTER>(SQL_MODE_READ_ONLY), 0);
  return absl::WrapUnique(new OdbcConnection(std::move(handles)));
}

absl::StatusOr<std::string> OdbcConnection::Product() const {
  SQLCHAR name[128] = {};
  SQLSMALLINT length = 0;
  if (!Succeeded(SQLGetInfo(handles_->connection, SQL_DBMS_NAME, name,
                            sizeof(name), &length))) {
    return ErrorOf(StateOf(SQL_HANDLE_DBC, handles_->connection));
  }
  return std::string(reinterpret_cast<const char*>(name));
}

absl::StatusOr<std::vector<OdbcConnection::Row>> OdbcConnection::Query(
    const SqlStatement& sql, size_t most, Seconds timeout) {
  Statement statement(handles_->connection);
  if (statement.get() == nullptr) {
    return ErrorOf(StateOf(SQL_HANDLE_DBC, handles_->connection));
  }
  CAIRN_RETURN_IF_ERROR(statement.Bind(sql.parameters));
  Watch watch(statement.get(), timeout);
  const auto fail = [&] {
    const absl::Status error = statement.Error();
    if (watch.End()) return ErrorOf("HYT00");
    // Not every driver says so by its SQLSTATE.
    SQLUINTEGER dead = SQL_CD_FALSE;
    SQLGetConnectAttr(handles_->connection, SQL_ATTR_CONNECTION_DEAD, &dead,
                      sizeof(dead), nullptr);
    return dead == SQL_CD_TRUE ? ErrorOf("08S01") : error;
  };
  const SQLRETURN run =
      SQLExecDirect(statement.get(), Chars(sql.text), SQL_NTS);
  // A write that finds no row has no data, and was carried out.
  if (!Succeeded(run) && run != SQL_NO_DATA) return fail();
  SQLSMALLINT columns = 0;
  SQLNumResultCols(statement.get(), &columns);
  std::vector<Row> rows;
  if (columns == 0) return rows;
  for (;;) {
    const SQLRETURN fetched = SQLFetch(statement.get());
    if (fetched == SQL_NO_DATA) break;
    if (!Succeeded(fetched)) return fail();
    if (rows.size() == most) {
      return absl::ResourceExhaustedError(
          "the database gave more rows than the table has cells");
    }
    Row row;
    for (SQLSMALLINT c = 1; c <= columns; ++c) {
      SQLBIGINT value = 0;
      SQLLEN length = 0;
      if (!Succeeded(SQLGetData(statement.get(), static_cast<SQLUSMALLINT>(c),
                                SQL_C_SBIGINT, &value, sizeof(value),
                                &length))) {
        return fail();
      }
      row.push_back(length == SQL_NULL_DATA ? std::nullopt
                                            : std::optional<int64_t>(value));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::Status OdbcConnection::MustRefuse(const std::string& sql,
                                        Seconds timeout) {
  SQLSetConnectAttr(handles_->connection, SQL_ATTR_AUTOCOMMIT,
                    reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), 0);
  const auto tried = Query({sql, {}}, 0, timeout);
  SQLEndTran(SQL_HANDLE_DBC, handles_->connection, SQL_ROLLBACK);
  SQLSetConnectAttr(handles_->connection, SQL_ATTR_AUTOCOMMIT,
                    reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_ON), 0);
  if (tried.ok()) {
    return absl::FailedPreconditionError(
        "the account may write; give the agent one that can only read");
  }
  // SQLite has no accounts: a file that cannot be written says HY000.
  CAIRN_ASSIGN_OR_RETURN(const std::string product, Product());
  const bool refused =
      absl::IsPermissionDenied(tried.status()) ||
      (product == "SQLite" && absl::IsInternal(tried.status()));
  return refused ? absl::OkStatus() : tried.status();
}

}  // namespace cairn
