#include "agent/odbc.h"

#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
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
  // PostgreSQL's driver says the same of a wrong password.
  if (state == "08001" || state == "08004") {
    return say(absl::StatusCode::kUnavailable,
               "cannot be reached, or does not let the account in");
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
  if (state == "55000") {
    return say(absl::StatusCode::kUnimplemented,
               "this cannot be done to the table or view");
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
      : timeout_(timeout),
        until_(Clock::now() + timeout),
        thread_([this, statement] {
          std::unique_lock<std::mutex> lock(mutex_);
          while (!ended_ && Clock::now() < until_) {
            done_.wait_until(lock, until_);
          }
          if (ended_) return;
          late_ = true;
          SQLCancel(statement);
        }) {}
  ~Watch() { End(); }

  // It is under way: its time begins anew.
  void Renew() {
    const std::lock_guard<std::mutex> lock(mutex_);
    until_ = Clock::now() + timeout_;
  }

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
  using Clock = std::chrono::steady_clock;

  const OdbcConnection::Seconds timeout_;
  std::mutex mutex_;
  std::condition_variable done_;
  Clock::time_point until_;
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

// The level at which a transaction sees one state of the database.
SQLULEN OneState(SQLHDBC connection) {
  SQLUINTEGER offered = 0;
  SQLGetInfo(connection, SQL_TXN_ISOLATION_OPTION, &offered, sizeof(offered),
             nullptr);
  SQLCHAR name[128] = {};
  SQLGetInfo(connection, SQL_DBMS_NAME, name, sizeof(name), nullptr);
  // Elsewhere, records may still come at this level.
  const bool postgres =
      absl::StrContains(reinterpret_cast<const char*>(name), "PostgreSQL");
  if (postgres && (offered & SQL_TXN_REPEATABLE_READ) != 0) {
    return SQL_TXN_REPEATABLE_READ;
  }
  return offered & SQL_TXN_SERIALIZABLE;
}

// UTF-16 as unixODBC has it; half a pair becomes U+FFFD.
void AppendUtf8(const std::u16string& units, std::string* text) {
  for (size_t i = 0; i < units.size(); ++i) {
    uint32_t c = units[i];
    if (c >= 0xD800 && c < 0xE000) {
      const bool pair = c < 0xDC00 && i + 1 < units.size() &&
                        units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000;
      c = pair ? 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00u)
               : 0xFFFD;
    }
    if (c < 0x80) {
      text->push_back(static_cast<char>(c));
      continue;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    text->push_back(static_cast<char>(kLead[more] | (c >> (6 * more))));
    for (int m = more - 1; m >= 0; --m) {
      text->push_back(static_cast<char>(0x80 | (c >> (6 * m) & 0x3F)));
    }
  }
}

}  // namespace

struct OdbcConnection::Handles {
  SQLHENV environment = nullptr;
  SQLHDBC connection = nullptr;
  bool connected = false;

  // Why a statement failed.
  absl::Status Failed(const Statement& statement, Watch* watch) const {
    const absl::Status error = statement.Error();
    if (watch->End()) return ErrorOf("HYT00");
    // Not every driver says so by its SQLSTATE.
    SQLUINTEGER dead = SQL_CD_FALSE;
    SQLGetConnectAttr(connection, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof(dead),
                      nullptr);
    return dead == SQL_CD_TRUE ? ErrorOf("08S01") : error;
  }

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
  const auto fail = [&] { return handles_->Failed(statement, &watch); };
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

absl::StatusOr<std::vector<std::vector<OdbcConnection::Row>>>
OdbcConnection::QueryTogether(const std::vector<Asked>& asked,
                              Seconds timeout) {
  const SQLHDBC connection = handles_->connection;
  const SQLULEN level = OneState(connection);
  if (level == 0 ||
      !Succeeded(SQLSetConnectAttr(connection, SQL_ATTR_TXN_ISOLATION,
                                   reinterpret_cast<SQLPOINTER>(level), 0))) {
    return absl::UnimplementedError(
        "the database cannot answer two questions of the same state");
  }
  SQLSetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT,
                    reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), 0);
  std::vector<std::vector<Row>> all;
  absl::Status status;
  for (const Asked& one : asked) {
    auto rows = Query(one.sql, one.most, timeout);
    status = rows.status();
    if (!status.ok()) break;
    all.push_back(*std::move(rows));
  }
  SQLEndTran(SQL_HANDLE_DBC, connection, SQL_ROLLBACK);
  SQLSetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT,
                    reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_ON), 0);
  CAIRN_RETURN_IF_ERROR(status);
  return all;
}

class OdbcConnection::Reading : public OdbcConnection::Texts {
 public:
  Reading(const Handles* handles, Seconds timeout)
      : handles_(handles), statement_(handles->connection), timeout_(timeout) {}

  absl::Status Begin(const SqlStatement& sql) {
    if (statement_.get() == nullptr) {
      return ErrorOf(StateOf(SQL_HANDLE_DBC, handles_->connection));
    }
    CAIRN_RETURN_IF_ERROR(statement_.Bind(sql.parameters));
    watch_.emplace(statement_.get(), timeout_);
    if (!Succeeded(SQLExecDirect(statement_.get(), Chars(sql.text), SQL_NTS))) {
      return handles_->Failed(statement_, &*watch_);
    }
    SQLNumResultCols(statement_.get(), &columns_);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(std::vector<std::string>* fields) override {
    constexpr uint64_t kRowsBetweenLooks = 1000;
    if (rows_++ % kRowsBetweenLooks == 0) watch_->Renew();
    const SQLRETURN fetched = SQLFetch(statement_.get());
    if (fetched == SQL_NO_DATA) return false;
    if (!Succeeded(fetched)) return handles_->Failed(statement_, &*watch_);
    fields->resize(static_cast<size_t>(columns_));
    for (SQLSMALLINT c = 0; c < columns_; ++c) {
      std::string* const field = &(*fields)[static_cast<size_t>(c)];
      CAIRN_RETURN_IF_ERROR(Get(static_cast<SQLUSMALLINT>(c + 1), field));
    }
    return true;
  }

 private:
  // A long text comes in pieces.
  absl::Status Get(SQLUSMALLINT column, std::string* text) {
    constexpr size_t kMost = size_t{1} << 20;
    text->clear();
    for (;;) {
      SQLLEN length = 0;
      const SQLRETURN got = SQLGetData(statement_.get(), column, SQL_C_WCHAR,
                                       piece_, sizeof(piece_), &length);
      if (got == SQL_NO_DATA || length == SQL_NULL_DATA) break;
      if (!Succeeded(got)) return handles_->Failed(statement_, &*watch_);
      // All but the NUL at the end.
      constexpr size_t kUnits = sizeof(piece_) / sizeof(piece_[0]) - 1;
      const bool cut =
          got == SQL_SUCCESS_WITH_INFO &&
          (length == SQL_NO_TOTAL ||
           static_cast<size_t>(length) > kUnits * sizeof(piece_[0]));
      units_.append(reinterpret_cast<const char16_t*>(piece_),
                    cut ? kUnits : static_cast<size_t>(length) / 2);
      if (units_.size() > kMost) {
        return absl::InvalidArgumentError(
            "the database: a text is longer than 1 MiB");
      }
      if (!cut) break;
    }
    AppendUtf8(units_, text);
    units_.clear();
    return absl::OkStatus();
  }

  const Handles* const handles_;
  Statement statement_;
  const Seconds timeout_;
  std::optional<Watch> watch_;  // ends before the statement does
  SQLSMALLINT columns_ = 0;
  uint64_t rows_ = 0;
  SQLWCHAR piece_[2048];
  std::u16string units_;
};

absl::StatusOr<std::unique_ptr<OdbcConnection::Texts>> OdbcConnection::Read(
    const SqlStatement& sql, Seconds timeout) {
  auto reading = std::make_unique<Reading>(handles_.get(), timeout);
  CAIRN_RETURN_IF_ERROR(reading->Begin(sql));
  return reading;
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
        "the database's account may write; give the agent one that can only "
        "read");
  }
  // SQLite has no accounts: a file that cannot be written says HY000.
  CAIRN_ASSIGN_OR_RETURN(const std::string product, Product());
  // A view of which no record can be written needs nobody to forbid it.
  const bool refused =
      absl::IsPermissionDenied(tried.status()) ||
      absl::IsUnimplemented(tried.status()) ||
      (product == "SQLite" && absl::IsInternal(tried.status()));
  return refused ? absl::OkStatus() : tried.status();
}

}  // namespace cairn
