#ifndef CAIRN_AGENT_EXTRACT_WRITER_H_
#define CAIRN_AGENT_EXTRACT_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cairn/v1/extract.pb.h"
#include "core/store/sqlite.h"

namespace cairn {

// <state_dir>/extract/<name>.db, in which proto/cairn/v1/extract.proto says
// what stands.
std::string ExtractPath(const std::string& state_dir, absl::string_view name);

// A database that is built aside, as <name>.db.new, and takes the place of the
// old one only when it is whole. Until then, and whenever this object goes
// before Replace() is done, the old one stays and nothing is left aside. One
// at a time: a lock file, <name>.db.lock, keeps others out.
class NewFile {
 public:
  // Makes the folders where missing and the file, for its owner only.
  // FAILED_PRECONDITION: another process is loading the same.
  // INTERNAL: it cannot be made; the message has the path.
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(
      const std::string& state_dir, absl::string_view name);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  const std::string& aside() const { return aside_; }
  // Syncs and renames. The database must be closed.
  absl::Status Replace();

 private:
  NewFile(std::string path, int lock)
      : path_(std::move(path)), aside_(path_ + ".new"), lock_(lock) {}

  const std::string path_;
  const std::string aside_;
  const int lock_;
  bool replaced_ = false;
};

// Makes table meta and writes its one row.
absl::Status WriteMeta(Database* db, const char* key, const std::string& value);

// Writes the records of one data set, in one transaction, in the order of
// their persons (those without a person first) if the data set has them.
//
//   Add(a record of the load)  AddOld(one of the extract before)   any order
//   Sift(..)                   of the load's: which are to be kept
//   Settle(places)             which era each is in; ends the adding
//   Finish(meta)
class ExtractWriter {
 public:
  // `columns` is how many dimensions and quantities each record has.
  static absl::StatusOr<std::unique_ptr<ExtractWriter>> Create(
      const std::string& state_dir, const std::string& data_set, int dimensions,
      int quantities, bool has_person);

  // Dimensions first, then quantities, as many as Create() was told of. The
  // month's position and the hash are MonthVersions'.
  absl::Status Add(std::optional<int64_t> person,
                   const std::vector<int64_t>& values, uint64_t key, int month,
                   uint64_t hash);
  absl::Status AddOld(std::optional<int64_t> person,
                      const std::vector<int64_t>& values, uint64_t key,
                      int era);

  // Takes out the load's records for which `keep` is false.
  absl::Status Sift(absl::FunctionRef<bool(int month, uint64_t hash)> keep);

  // Where records go. Those whose month or era has no place are left out.
  struct Places {
    std::vector<int> era_of_month;  // -1: none
    std::vector<int> era_of_era;
  };
  struct EraRows {
    int era;
    uint64_t rows, without_person;
  };
  absl::StatusOr<std::vector<EraRows>> Settle(const Places& places);

  // Writes `meta`, and puts the new extract in the place of the old.
  // `complete`, if there is one, adds to the closed file before that.
  absl::Status Finish(
      const v1::ExtractMeta& meta,
      const std::function<absl::Status(const std::string& path)>& complete);

 private:
  ExtractWriter(std::unique_ptr<NewFile> file, std::unique_ptr<Database> db,
                std::unique_ptr<Statement> insert, std::string columns,
                bool sorted)
      : file_(std::move(file)),
        db_(std::move(db)),
        insert_(std::move(insert)),
        columns_(std::move(columns)),
        sorted_(sorted) {}

  absl::Status Insert(std::optional<int64_t> person,
                      const std::vector<int64_t>& values, uint64_t key,
                      int64_t era, uint64_t hash);

  // The database is closed before its file is put away.
  std::unique_ptr<NewFile> file_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Statement> insert_;
  const std::string columns_;  // of a record, by name
  const bool sorted_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_EXTRACT_WRITER_H_
