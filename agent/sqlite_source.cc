#include "agent/sqlite_source.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

std::string StampOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return "";
  return absl::StrCat(info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, ":",
                      info.st_size);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteSource>> SqliteSource::Open(
    const std::string& path, const DataSet& data_set,
    const std::string& catalogue_digest) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         Database::Open(path, Database::Mode::kReadOnly));
  v1::ExtractMeta meta;
  std::string digest, snapshot_path;
  {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        database->Prepare("SELECT value FROM meta WHERE key = 'extract'"));
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found || !ParseMessage(select.Blob(0), 16 << 20, &meta).ok()) {
      return absl::DataLossError(
          absl::StrCat(path, ": not an extract that load wrote; load again"));
    }
    const std::string bytes = select.Blob(0);
    snapshot_path = Snapshot::PathFor(path, meta.data_set(), Sha256(bytes));
    digest = Sha256(absl::StrCat(bytes, StampOf(path)));
  }
  if (meta.sequence() == 0) {
    return absl::DataLossError(absl::StrCat(
        path, ": was loaded by a version that kept no epochs; load again"));
  }
  if (meta.has_in_place()) {
    return absl::DataLossError(absl::StrCat(
        path,
        ": says of records that they stay in the database, and the "
        "configuration that load copies them; load again"));
  }
  if (meta.catalogue_digest() != catalogue_digest) {
    return absl::DataLossError(
        absl::StrCat(path, ": was loaded under another catalogue; load again"));
  }
  return std::unique_ptr<SqliteSource>(
      new SqliteSource(std::move(database), std::move(meta), std::move(digest),
                       std::move(snapshot_path), data_set));
}

SqliteSource::SqliteSource(std::unique_ptr<Database> database,
                           v1::ExtractMeta meta, std::string digest,
                           std::string snapshot_path, const DataSet& data_set)
    : DataSource(database->path(), std::move(meta), data_set),
      database_(std::move(database)),
      digest_(std::move(digest)),
      snapshot_path_(std::move(snapshot_path)) {}

}  // namespace cairn
