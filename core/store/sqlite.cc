#include "core/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr int kStepsBetweenLooks = 1000;

absl::Status SqliteError(sqlite3* db, int code, const std::string& path) {
  const std::string words =
      absl::StrCat(path, ": ", db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_INTERRUPT:
      return absl::DeadlineExceededError(words);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(words);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(words);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(words);
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(words);
    default:
      return absl::InternalError(words);
  }
}

// The second wall behind "no SQL from outside": what a reader may do at most.
void Harden(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  const std::pair<int, int> kLimits[] = {{SQLITE_LIMIT_LENGTH, 16'000'000},
                                         {SQLITE_LIMIT_SQL_LENGTH, 20'000},
                                         {SQLITE_LIMIT_COLUMN, 64},
                                         {SQLITE_LIMIT_EXPR_DEPTH, 20},
                                         {SQLITE_LIMIT_COMPOUND_SELECT, 3},
                                         {SQLITE_LIMIT_VDBE_OP, 25'000},
                                         {SQLITE_LIMIT_FUNCTION_ARG, 8},
                                         {SQLITE_LIMIT_ATTACHED, 0},
                                         {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
                                         {SQLITE_LIMIT_VARIABLE_NUMBER, 256},
                                         {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
                                         {SQLITE_LIMIT_WORKER_THREADS, 0}};
  for (const auto& [limit, value] : kLimits) sqlite3_limit(db, limit, value);
}

// Reads of the extract's own columns and nothing else: no writes, no attach, no
// functions but what an ordered scan needs.
int AuthorizeRead(void*, int action, const char*, const char*, const char*,
                  const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
      return SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

const char* Setup(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kReadOnly:
      return "PRAGMA query_only=1; PRAGMA cell_size_check=1; "
             "PRAGMA mmap_size=0;";
    case Database::Mode::kDurable:
      return "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
             "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=0;";
    case Database::Mode::kScratch:
      return "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
             "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-65536;";
  }
  return "";
}

// What can be undone is kept in memory, not in another folder. (temp_store does
// that too, but it slows a process for good that has grouped many rows.)
bool KeepUndoInMemory() {
  return sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1) == SQLITE_OK;
}

}  // namespace

// Compiled statements that nobody uses at the moment, by their texts. It lives
// as long as the database and each of its statements, whichever dies last.
class IdleStatements {
 public:
  explicit IdleStatements(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Null if there is none.
  sqlite3_stmt* Take(absl::string_view sql) {
    MutexLock lock(&mutex_);
    for (size_t i = 0; i < idle_.size(); ++i) {
      if (sql != sqlite3_sql(idle_[i])) continue;
      sqlite3_stmt* const found = idle_[i];
      idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
      return found;
    }
    return nullptr;
  }

  void GiveBack(sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    MutexLock lock(&mutex_);
    idle_.push_front(statement);
    if (!closed_ && idle_.size() <= kMaxIdle) return;
    sqlite3_finalize(idle_.back());
    idle_.pop_back();
  }

  // The database goes: nothing is kept any more.
  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
    for (sqlite3_stmt* statement : idle_) sqlite3_finalize(statement);
    idle_.clear();
  }

 private:
  static constexpr size_t kMaxIdle = 32;

  const std::string path_;
  Mutex mutex_;
  std::deque<sqlite3_stmt*> idle_ ABSL_GUARDED_BY(mutex_);  // newest first
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

Statement::~Statement() {
  if (statement_ != nullptr) idle_->GiveBack(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      idle_(std::move(other.idle_)) {}

absl::Status Statement::Failed(int code) const {
  return SqliteError(db_, code, idle_->path());
}

void Statement::BindInt(int parameter, int64_t value) {
  sqlite3_bind_int64(statement_, parameter, value);
}

void Statement::BindText(int parameter, absl::string_view value) {
  sqlite3_bind_text64(statement_, parameter, value.data(), value.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::BindBlob(int parameter, absl::string_view value) {
  sqlite3_bind_blob64(statement_, parameter, value.data(), value.size(),
                      SQLITE_TRANSIENT);
}

void Statement::BindNull(int parameter) {
  sqlite3_bind_null(statement_, parameter);
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  const absl::Status error = Failed(code);
  sqlite3_reset(statement_);
  return error;
}

absl::Status Statement::Run() {
  CAIRN_ASSIGN_OR_RETURN(const bool row, Step());
  if (row) {
    sqlite3_reset(statement_);
    return absl::InternalError(absl::StrCat(idle_->path(), ": unexpected row"));
  }
  return absl::OkStatus();
}

void Statement::Reset() { sqlite3_reset(statement_); }

int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string Statement::Text(int column) const { return Blob(column); }

std::string Statement::Blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes),
                                        static_cast<size_t>(size));
}

static std::string FolderOf(const std::string& path) {
  return path.substr(0, path.find_last_of('/') + 1) + ".";
}

static absl::Status SyncPath(const std::string& name) {
  const int file = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  const bool ok = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (ok) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      name, ": cannot be written to disk: ", std::strerror(error)));
}

// SQLite may refuse a journal mode without an error.
static absl::Status CheckDurable(Database* db) {
  CAIRN_ASSIGN_OR_RETURN(Statement mode, db->Prepare("PRAGMA journal_mode"));
  CAIRN_RETURN_IF_ERROR(mode.Step().status());
  if (mode.Text(0) != "wal") {
    return absl::InternalError(absl::StrCat(
        db->path(), ": this disk does not allow a write-ahead log"));
  }
  mode.Reset();
  // Makes the write-ahead log's file. Later SQLite syncs the folder that names
  // it, and does not mind where that fails: so it is done here. Only the
  // folder: who opens and closes a database's own file takes SQLite's locks on
  // it away (sqlite.org/howtocorrupt.html, 2.2), and another process then
  // deletes the log under this one.
  CAIRN_RETURN_IF_ERROR(db->Execute("SELECT 1 FROM sqlite_schema"));
  return SyncPath(FolderOf(db->path()));
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, Mode mode) {
  const bool read = mode == Mode::kReadOnly;
  if (read && access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  }
  [[maybe_unused]] static const bool in_memory = KeepUndoInMemory();
  sqlite3* raw = nullptr;
  const int flags = (read ? SQLITE_OPEN_READONLY
                          : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE |
                    // An extract is scanned by one thread at a time.
                    (read ? SQLITE_OPEN_NOMUTEX : SQLITE_OPEN_FULLMUTEX);
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<Database> db(new Database(raw, path));
  if (code != SQLITE_OK) return SqliteError(raw, code, path);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5000);
  CAIRN_RETURN_IF_ERROR(db->Execute(Setup(mode)));
  if (mode == Mode::kDurable) CAIRN_RETURN_IF_ERROR(CheckDurable(db.get()));
  if (read) {
    Harden(raw);
    sqlite3_set_authorizer(raw, AuthorizeRead, nullptr);
  }
  return db;
}

Database::Database(sqlite3* db, std::string path)
    : db_(db),
      path_(std::move(path)),
      idle_(std::make_shared<IdleStatements>(path_)) {}

Database::~Database() {
  idle_->Close();
  sqlite3_close_v2(db_);
}

absl::Status Database::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(db_, code, path_);
}

absl::Status Database::RunOne(absl::string_view sql) {
  CAIRN_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  return statement.Run();
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* raw = idle_->Take(sql);
  if (raw != nullptr) return Statement(db_, raw, idle_);
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(
      db_, sql.data(), static_cast<int>(sql.size()),
      SQLITE_PREPARE_PERSISTENT | SQLITE_PREPARE_NO_VTAB, &raw, &tail);
  if (code != SQLITE_OK) return SqliteError(db_, code, path_);
  if (tail != sql.data() + sql.size() || raw == nullptr) {
    sqlite3_finalize(raw);
    return absl::InternalError(absl::StrCat(path_, ": one statement expected"));
  }
  return Statement(db_, raw, idle_);
}

absl::Status Database::Transact(absl::FunctionRef<absl::Status()> body) {
  MutexLock lock(&transaction_);
  CAIRN_RETURN_IF_ERROR(RunOne("BEGIN IMMEDIATE"));
  absl::Status done = body();
  if (done.ok()) done = RunOne("COMMIT");
  if (!done.ok() && sqlite3_get_autocommit(db_) == 0) {
    Execute("ROLLBACK").IgnoreError();
  }
  return done;
}

absl::Status Database::Undoable(absl::FunctionRef<absl::Status()> body) {
  CAIRN_RETURN_IF_ERROR(RunOne("SAVEPOINT undoable"));
  const absl::Status done = body();
  if (done.ok()) return RunOne("RELEASE undoable");
  // After some errors SQLite has rolled all of it back already.
  const absl::Status undone = Execute("ROLLBACK TO undoable; RELEASE undoable");
  if (undone.ok()) return done;
  return absl::InternalError(absl::StrCat(
      done.message(), "; it cannot be undone alone: ", undone.message()));
}

absl::Status Database::CopyTo(const std::string& path) {
  const std::string aside = absl::StrCat(path, ".new");
  unlink(aside.c_str());
  {
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Database> copy,
                           Open(aside, Mode::kScratch));
    sqlite3_backup* backup =
        sqlite3_backup_init(copy->db_, "main", db_, "main");
    if (backup == nullptr) {
      return SqliteError(copy->db_, sqlite3_errcode(copy->db_), aside);
    }
    const int stepped = sqlite3_backup_step(backup, -1);
    const int finished = sqlite3_backup_finish(backup);
    if (stepped != SQLITE_DONE || finished != SQLITE_OK) {
      unlink(aside.c_str());
      return SqliteError(nullptr, stepped != SQLITE_DONE ? stepped : finished,
                         aside);
    }
    // A copy of a database with a write-ahead log says so in its header, and
    // would need files beside it to be read.
    CAIRN_RETURN_IF_ERROR(copy->Execute("PRAGMA journal_mode=DELETE"));
  }
  return ReplaceFile(aside, path);
}

void Database::LimitSteps(uint64_t steps) {
  steps_left_ = steps;
  Watch();
}

void Database::LimitTime(absl::Duration time) {
  using Clock = std::chrono::steady_clock;
  deadline_ = time == absl::InfiniteDuration()
                  ? Clock::time_point::max()
                  : Clock::now() + absl::ToChronoNanoseconds(time);
  Watch();
}

void Database::Watch() {
  const bool watched =
      steps_left_ > 0 ||
      deadline_ != std::chrono::steady_clock::time_point::max();
  sqlite3_progress_handler(db_, watched ? kStepsBetweenLooks : 0,
                           watched ? &Database::OnProgress : nullptr, this);
}

int Database::OnProgress(void* self) {
  auto* db = static_cast<Database*>(self);
  if (std::chrono::steady_clock::now() >= db->deadline_) return 1;
  if (db->steps_left_ == 0) return 0;
  if (db->steps_left_ <= kStepsBetweenLooks) return 1;
  db->steps_left_ -= kStepsBetweenLooks;
  return 0;
}

absl::Status SyncFile(const std::string& path) {
  CAIRN_RETURN_IF_ERROR(SyncPath(path));
  return SyncPath(FolderOf(path));
}

absl::Status ReplaceFile(const std::string& from, const std::string& to) {
  CAIRN_RETURN_IF_ERROR(SyncFile(from));
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return absl::InternalError(absl::StrCat("cannot rename ", from, " to ", to,
                                            ": ", std::strerror(errno)));
  }
  return SyncFile(to);
}

}  // namespace cairn
