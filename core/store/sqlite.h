#ifndef CAIRN_CORE_STORE_SQLITE_H_
#define CAIRN_CORE_STORE_SQLITE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cairn {

// SQLite behind one door: sqlite.cc is the only file that includes sqlite3.h.
// Every literal is bound; there is no call that takes a value as SQL text.

class IdleStatements;  // sqlite.cc

// A prepared statement. Columns and parameters count from 0 and 1 as in SQLite.
// When it dies it is kept for the next Prepare of its text: to compile one
// costs more than to run it.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  void BindInt(int parameter, int64_t value);
  void BindText(int parameter, absl::string_view value);
  void BindBlob(int parameter, absl::string_view value);
  void BindNull(int parameter);

  // True: a row is there. False: done. The statement is reset for the next use
  // when it is done or failed.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();
  void Reset();

  int64_t Int(int column) const;
  bool IsNull(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* statement,
            std::shared_ptr<IdleStatements> idle)
      : db_(db), statement_(statement), idle_(std::move(idle)) {}

  absl::Status Failed(int code) const;

  sqlite3* db_;
  sqlite3_stmt* statement_;
  std::shared_ptr<IdleStatements> idle_;
};

class Database {
 public:
  enum class Mode {
    kReadOnly,  // an extract: query_only, defensive, no extensions, limits
    kDurable,   // our own log: WAL, synchronous=FULL, one writer
    kScratch,  // a file being built aside: no journal; Sync() before the rename
  };

  // NOT_FOUND if a read-only file is missing; UNAVAILABLE with the path and
  // SQLite's words for anything else.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A fixed text of ours, several statements allowed.
  absl::Status Execute(const char* sql);
  // One statement. INTERNAL if the text does not compile or has a tail.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Runs `body` in one transaction: committed if it returns OK, else rolled
  // back. One thread at a time: others wait. Not within another one.
  absl::Status Transact(absl::FunctionRef<absl::Status()> body);
  // Within a transaction: if `body` fails, only what it wrote is undone, and
  // its error returned. INTERNAL if it cannot be undone: all is then to be.
  absl::Status Undoable(absl::FunctionRef<absl::Status()> body);
  // Stops statements with DEADLINE_EXCEEDED after this many virtual-machine
  // steps, or after this time from now. 0 steps: never for steps.
  void LimitSteps(uint64_t steps);
  void LimitTime(absl::Duration time);

  // A whole copy of the file at this moment, made beside writers (SQLite's
  // online backup), synced, and put at `path` at once. INTERNAL if that fails;
  // what was at `path` is then still there.
  absl::Status CopyTo(const std::string& path);

  const std::string& path() const { return path_; }

 private:
  Database(sqlite3* db, std::string path);

  static int OnProgress(void* self);
  // A fixed text of one statement without rows.
  absl::Status RunOne(absl::string_view sql);

  sqlite3* db_;
  std::string path_;
  const std::shared_ptr<IdleStatements> idle_;
  void Watch();

  Mutex transaction_;
  uint64_t steps_left_ = 0;  // 0: any number
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::time_point::max();
};

// Writes the file and its folder to the disk. Never of a database that this
// process has open: closing the file drops SQLite's locks on it.
absl::Status SyncFile(const std::string& path);
// rename(2) and a sync of the folder: old or new, never a mix.
absl::Status ReplaceFile(const std::string& from, const std::string& to);

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SQLITE_H_
