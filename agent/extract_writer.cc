#include "agent/extract_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::Status SystemError(const std::string& path, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
    return absl::OkStatus();
  }
  return SystemError(path, "the folder cannot be made");
}

absl::StatusOr<int> Lock(const std::string& path) {
  const int lock =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return SystemError(path, "cannot be made");
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  const int error = errno;
  close(lock);
  errno = error;
  if (error != EWOULDBLOCK) return SystemError(path, "cannot be locked");
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": another load of the same is running; wait until it is done"));
}

// As CREATE TABLE wants columns.
std::string Integers(absl::string_view columns) {
  return absl::StrCat(absl::StrReplaceAll(columns, {{",", " INTEGER,"}}),
                      " INTEGER");
}

std::string InsertInto(absl::string_view table, int columns) {
  std::string sql = absl::StrCat("INSERT INTO ", table, " VALUES (?");
  for (int i = 0; i < columns; ++i) absl::StrAppend(&sql, ",?");
  return absl::StrCat(sql, ")");
}

}  // namespace

std::string ExtractPath(const std::string& state_dir, absl::string_view name) {
  return absl::StrCat(state_dir, "/extract/", name, ".db");
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(
    const std::string& state_dir, absl::string_view name) {
  CAIRN_RETURN_IF_ERROR(MakeFolder(state_dir));
  CAIRN_RETURN_IF_ERROR(MakeFolder(state_dir + "/extract"));
  const std::string path = ExtractPath(state_dir, name);
  CAIRN_ASSIGN_OR_RETURN(const int lock, Lock(path + ".lock"));
  auto file = absl::WrapUnique(new NewFile(path, lock));
  // What a load that was killed has left.
  unlink(file->aside().c_str());
  const int made =
      open(file->aside().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return SystemError(file->aside(), "cannot be made");
  close(made);
  return file;
}

NewFile::~NewFile() {
  if (!replaced_) unlink(aside_.c_str());
  close(lock_);
}

absl::Status NewFile::Replace() {
  CAIRN_RETURN_IF_ERROR(ReplaceFile(aside_, path_));
  replaced_ = true;
  return absl::OkStatus();
}

absl::Status WriteMeta(Database* db, const char* key,
                       const std::string& value) {
  CAIRN_RETURN_IF_ERROR(
      db->Execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB)"));
  CAIRN_ASSIGN_OR_RETURN(Statement insert,
                         db->Prepare("INSERT INTO meta VALUES (?, ?)"));
  insert.BindText(1, key);
  insert.BindBlob(2, value);
  return insert.Run();
}

absl::StatusOr<std::unique_ptr<ExtractWriter>> ExtractWriter::Create(
    const std::string& state_dir, const std::string& data_set, int dimensions,
    int quantities, bool has_person) {
  std::string columns = "person";
  for (int d = 0; d < dimensions; ++d) absl::StrAppend(&columns, ",d", d);
  for (int q = 0; q < quantities; ++q) absl::StrAppend(&columns, ",q", q);
  absl::StrAppend(&columns, ",key");
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file,
                         NewFile::Create(state_dir, data_set));
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> db,
      Database::Open(file->aside(), Database::Mode::kScratch));
  CAIRN_RETURN_IF_ERROR(db->Execute("BEGIN IMMEDIATE"));
  CAIRN_RETURN_IF_ERROR(
      db->Execute(absl::StrCat("CREATE TABLE staging(", Integers(columns),
                               ",era INTEGER,hash INTEGER)")
                      .c_str()));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      db->Prepare(InsertInto("staging", dimensions + quantities + 3)));
  return absl::WrapUnique(
      new ExtractWriter(std::move(file), std::move(db),
                        std::make_unique<Statement>(std::move(insert)),
                        std::move(columns), has_person));
}

absl::Status ExtractWriter::Insert(std::optional<int64_t> person,
                                   const std::vector<int64_t>& values,
                                   uint64_t key, int64_t era, uint64_t hash) {
  if (person.has_value()) {
    insert_->BindInt(1, *person);
  } else {
    insert_->BindNull(1);
  }
  int at = 2;
  for (const int64_t value : values) insert_->BindInt(at++, value);
  insert_->BindInt(at++, static_cast<int64_t>(key));
  insert_->BindInt(at++, era);
  insert_->BindInt(at, static_cast<int64_t>(hash));
  return insert_->Run();
}

// A staged era is -1 - month until the record has its place.
absl::Status ExtractWriter::Add(std::optional<int64_t> person,
                                const std::vector<int64_t>& values,
                                uint64_t key, int month, uint64_t hash) {
  return Insert(person, values, key, -1 - month, hash);
}

absl::Status ExtractWriter::AddOld(std::optional<int64_t> person,
                                   const std::vector<int64_t>& values,
                                   uint64_t key, int era) {
  return Insert(person, values, key, era, 0);
}

absl::Status ExtractWriter::Sift(
    absl::FunctionRef<bool(int month, uint64_t hash)> keep) {
  std::vector<int64_t> out;
  {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        db_->Prepare("SELECT rowid, era, hash FROM staging WHERE era < 0"));
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      if (!keep(static_cast<int>(-1 - select.Int(1)),
                static_cast<uint64_t>(select.Int(2)))) {
        out.push_back(select.Int(0));
      }
    }
  }
  CAIRN_ASSIGN_OR_RETURN(Statement drop,
                         db_->Prepare("DELETE FROM staging WHERE rowid = ?"));
  for (const int64_t row : out) {
    drop.BindInt(1, row);
    CAIRN_RETURN_IF_ERROR(drop.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ExtractWriter::EraRows>> ExtractWriter::Settle(
    const Places& places) {
  insert_.reset();
  CAIRN_RETURN_IF_ERROR(db_->Execute(
      "CREATE TABLE place(staged INTEGER PRIMARY KEY, era INTEGER)"));
  {
    CAIRN_ASSIGN_OR_RETURN(Statement insert,
                           db_->Prepare("INSERT INTO place VALUES (?, ?)"));
    const auto add = [&insert](int64_t staged, int era) -> absl::Status {
      if (era < 0) return absl::OkStatus();
      insert.BindInt(1, staged);
      insert.BindInt(2, era);
      return insert.Run();
    };
    for (size_t m = 0; m < places.era_of_month.size(); ++m) {
      CAIRN_RETURN_IF_ERROR(
          add(-1 - static_cast<int64_t>(m), places.era_of_month[m]));
    }
    for (size_t e = 0; e < places.era_of_era.size(); ++e) {
      CAIRN_RETURN_IF_ERROR(add(static_cast<int64_t>(e), places.era_of_era[e]));
    }
  }
  const std::string settle = absl::StrCat(
      "CREATE TABLE record(", Integers(columns_),
      ",era INTEGER); INSERT INTO record SELECT ", columns_,
      ",place.era FROM staging CROSS JOIN place ON place.staged = staging.era ",
      sorted_ ? "ORDER BY person, staging.rowid" : "ORDER BY staging.rowid",
      "; DROP TABLE staging; DROP TABLE place");
  CAIRN_RETURN_IF_ERROR(db_->Execute(settle.c_str()));
  CAIRN_ASSIGN_OR_RETURN(
      Statement count,
      db_->Prepare("SELECT era, count(*), count(*) - count(person) FROM record "
                   "GROUP BY era"));
  std::vector<EraRows> rows;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, count.Step());
    if (!more) return rows;
    rows.push_back({static_cast<int>(count.Int(0)),
                    static_cast<uint64_t>(count.Int(1)),
                    static_cast<uint64_t>(count.Int(2))});
  }
}

absl::Status ExtractWriter::Finish(
    const v1::ExtractMeta& meta,
    const std::function<absl::Status(const std::string& path)>& complete) {
  CAIRN_RETURN_IF_ERROR(
      WriteMeta(db_.get(), "extract", meta.SerializeAsString()));
  CAIRN_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  // Gives back the room of the unsorted copy.
  CAIRN_RETURN_IF_ERROR(db_->Execute("VACUUM"));
  db_.reset();
  if (complete) CAIRN_RETURN_IF_ERROR(complete(file_->aside()));
  return file_->Replace();
}

}  // namespace cairn
