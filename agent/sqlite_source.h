#ifndef CAIRN_AGENT_SQLITE_SOURCE_H_
#define CAIRN_AGENT_SQLITE_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/data_source.h"
#include "agent/scan_plan.h"
#include "agent/snapshot.h"
#include "core/store/sqlite.h"

namespace cairn {

// One data set's extract (proto/cairn/v1/extract.proto), read only. Tables are
// cut from the snapshot beside it (docs/snapshot-format.md), which is made when
// it is first needed and is not there or is damaged; where it cannot be made,
// from the extract itself, which is slower. No value of a question becomes SQL:
// statements name columns of ours only.
class SqliteSource : public DataSource {
 public:
  // NOT_FOUND if nothing was loaded; DATA_LOSS if the file is not what load
  // wrote, or was loaded under another catalogue.
  static absl::StatusOr<std::unique_ptr<SqliteSource>> Open(
      const std::string& path, const DataSet& data_set,
      const std::string& catalogue_digest);

  // What tables are cut from. kRows: never a snapshot.
  enum class Scan { kSnapshot, kRows };
  void ScanBy(Scan scan) { scan_ = scan; }
  // Makes the snapshot, whether or not there is one, and takes away those of
  // earlier extracts. INTERNAL: it cannot be written. DATA_LOSS: a record is
  // damaged.
  absl::Status MakeSnapshot() const;
  // To be called when the extract was added to, but for its records: the
  // snapshot that was made of it before is its own again. NOT_FOUND: there is
  // none. Other errors as Snapshot::Open.
  static absl::Status KeepSnapshot(const std::string& path,
                                   const SqliteSource& before);

  absl::StatusOr<FrequencyTable> Tabulate(
      const Plan& plan, const TableShape& shape, bool with_keys = false,
      const EraSet* span = nullptr) const override;
  bool gives_records() const override { return true; }
  absl::StatusOr<Microdata> Records(
      const std::vector<const TableShape*>& shapes, bool held) const override;

 private:
  SqliteSource(std::unique_ptr<Database> database, v1::ExtractMeta meta,
               std::string digest, std::string snapshot_path,
               const DataSet& data_set);

  // The snapshot, or null: there is none and none can be made.
  Snapshot* FindSnapshot() const;
  absl::StatusOr<FrequencyTable> TabulateRows(const ScanPlan& scan,
                                              const TableShape& shape) const;

  std::unique_ptr<Database> database_;
  // Of the meta as it stands in the file, and of the file's size and time: an
  // extract that was changed behind our back has no snapshot.
  const std::string digest_;
  const std::string snapshot_path_;
  Scan scan_ = Scan::kSnapshot;
  mutable std::unique_ptr<Snapshot> snapshot_;
  mutable bool no_snapshot_ = false;  // it was tried
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SQLITE_SOURCE_H_
