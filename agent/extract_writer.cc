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
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kDigestBytes = 64 << 10;

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

void Append(int64_t number, std::string* bytes) {
  char out[8];
  const auto bits = static_cast<uint64_t>(number);
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(bits >> (8 * i));
  bytes->append(out, sizeof(out));
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
  std::string columns = "(person INTEGER";
  for (int d = 0; d < dimensions; ++d) {
    absl::StrAppend(&columns, ", d", d, " INTEGER");
  }
  for (int q = 0; q < quantities; ++q) {
    absl::StrAppend(&columns, ", q", q, " INTEGER");
  }
  absl::StrAppend(&columns, ", key INTEGER)");
  const char* const table = has_person ? "staging" : "record";
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file,
                         NewFile::Create(state_dir, data_set));
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> db,
      Database::Open(file->aside(), Database::Mode::kScratch));
  CAIRN_RETURN_IF_ERROR(db->Execute("BEGIN IMMEDIATE"));
  CAIRN_RETURN_IF_ERROR(
      db->Execute(absl::StrCat("CREATE TABLE ", table, columns).c_str()));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      db->Prepare(InsertInto(table, dimensions + quantities + 1)));
  return absl::WrapUnique(
      new ExtractWriter(std::move(file), std::move(db),
                        std::make_unique<Statement>(std::move(insert)),
                        std::move(columns), has_person));
}

absl::Status ExtractWriter::Add(std::optional<int64_t> person,
                                const std::vector<int64_t>& values,
                                uint64_t key) {
  if (person.has_value()) {
    insert_->BindInt(1, *person);
  } else {
    insert_->BindNull(1);
    ++rows_without_person_;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    insert_->BindInt(static_cast<int>(i) + 2, values[i]);
  }
  insert_->BindInt(static_cast<int>(values.size()) + 2,
                   static_cast<int64_t>(key));
  ++rows_;
  Digest(person, values);
  return insert_->Run();
}

void ExtractWriter::Digest(std::optional<int64_t> person,
                           const std::vector<int64_t>& values) {
  Append(person.value_or(-1), &undigested_);  // a pseudonym is never negative
  for (const int64_t value : values) Append(value, &undigested_);
  if (undigested_.size() < kDigestBytes) return;
  digest_.Add(undigested_);
  undigested_.clear();
}

std::string ExtractWriter::Digest() {
  digest_.Add(undigested_);
  undigested_.clear();
  return digest_.Finish();
}

absl::Status ExtractWriter::Finish(
    const v1::ExtractMeta& meta,
    const std::function<absl::Status(const std::string& path)>& complete) {
  insert_.reset();
  if (sorted_) {
    const std::string sort = absl::StrCat(
        "CREATE TABLE record", columns_,
        "; INSERT INTO record SELECT * FROM staging ORDER BY person, rowid; "
        "DROP TABLE staging");
    CAIRN_RETURN_IF_ERROR(db_->Execute(sort.c_str()));
  }
  CAIRN_RETURN_IF_ERROR(
      WriteMeta(db_.get(), "extract", meta.SerializeAsString()));
  CAIRN_RETURN_IF_ERROR(db_->Execute("COMMIT"));
  // Gives back the room of the unsorted copy.
  if (sorted_) CAIRN_RETURN_IF_ERROR(db_->Execute("VACUUM"));
  db_.reset();
  if (complete) CAIRN_RETURN_IF_ERROR(complete(file_->aside()));
  return file_->Replace();
}

}  // namespace cairn
