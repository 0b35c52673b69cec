#ifndef CAIRN_AGENT_SQLITE_SOURCE_H_
#define CAIRN_AGENT_SQLITE_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/scan_plan.h"
#include "agent/snapshot.h"
#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/disclosure/eras.h"
#include "core/disclosure/meeting.h"
#include "core/disclosure/microdata.h"
#include "core/query/plan.h"
#include "core/query/table.h"
#include "core/store/sqlite.h"

namespace cairn {

// Why an agency cannot answer: a typed reason and one sentence. It depends on
// the question and on what the steward declared, never on the records.
struct Refusal {
  v1::RefusalReason reason = v1::INVALID;
  std::string sentence;
};

// One data set's extract (proto/cairn/v1/extract.proto), read only. Tables are
// cut from the snapshot beside it (docs/snapshot-format.md), which is made when
// it is first needed and is not there or is damaged; where it cannot be made,
// from the extract itself, which is slower. One thread at a time.
class SqliteSource {
 public:
  // NOT_FOUND if nothing was loaded; DATA_LOSS if the file is not what load
  // wrote, or was loaded under another catalogue.
  static absl::StatusOr<std::unique_ptr<SqliteSource>> Open(
      const std::string& path, const DataSet& data_set,
      const std::string& catalogue_digest);

  const v1::ExtractMeta& meta() const { return meta_; }
  const std::string& epoch() const { return meta_.epoch(); }

  // What the records are divided into by time, and what is in force now.
  const Eras& eras() const { return eras_; }
  const EraSet& span() const { return span_; }
  // This epoch and those before whose records can be held against these; each
  // with its span.
  struct Epoch {
    std::string id;
    EraSet span;
  };
  std::vector<Epoch> Epochs() const;

  // The shape of the table a plan needs here, or why it cannot be cut from this
  // source: a variable it lacks, a level finer than it has, too many cells.
  // Reads no record.
  absl::StatusOr<TableShape> Shape(const Plan& plan, Refusal* refusal) const;

  // The shape of a table in which others meet. FAILED_PRECONDITION where the
  // extract does not have one of its levels.
  absl::StatusOr<TableShape> MeetingShape(const MeetingAxes& axes) const;

  // What tables are cut from. kRows: never a snapshot.
  enum class Scan { kSnapshot, kRows };
  void ScanBy(Scan scan) { scan_ = scan; }
  // Makes the snapshot, whether or not there is one, and takes away those of
  // earlier extracts. INTERNAL: it cannot be written. DATA_LOSS: a record is
  // damaged.
  absl::Status MakeSnapshot() const;

  // Counts, distinct persons and sums of every cell and every margin, in one
  // pass over the columns concerned. No value of a question becomes SQL: the
  // statement names columns of ours only. `with_keys`: the cells' sums of
  // record keys too, where CheckKeys() says that there are any; else
  // FAILED_PRECONDITION. Of the records in force, or of another span.
  absl::StatusOr<FrequencyTable> Tabulate(const Plan& plan,
                                          const TableShape& shape,
                                          bool with_keys = false,
                                          const EraSet* span = nullptr) const;

  // The records, with the variables of these shapes, for certificates. Errors
  // as Tabulate().
  absl::StatusOr<Microdata> Records(
      const std::vector<const TableShape*>& shapes) const;

  // Whether the records have keys for the cell key method, made with the
  // agent's key as it is now (ReadOrMakeKey). FAILED_PRECONDITION, with a
  // sentence for the steward, if the extract is of a version that made none, or
  // the agent's key has been replaced since: both end with the next load.
  absl::Status CheckKeys(absl::string_view agent_key) const;

  // What this source can give, for Hello and `describe`.
  v1::Holding Holding() const;

 private:
  SqliteSource(std::unique_ptr<Database> database, v1::ExtractMeta meta,
               std::string digest, const DataSet& data_set);

  EraSet SpanAt(uint32_t sequence) const;
  // The code of each value that a stored column has. That of time is read from
  // the eras: a superseded record's month may not be covered any more.
  std::vector<std::string> ValuesAt(int at, const std::string& variable) const;

  // The snapshot, or null: there is none and none can be made.
  Snapshot* FindSnapshot() const;
  absl::StatusOr<FrequencyTable> TabulateRows(const ScanPlan& scan,
                                              const TableShape& shape) const;

  absl::Status NoKeys() const;
  absl::StatusOr<TableAxis> AxisOf(const PlanAxis& axis,
                                   Refusal* refusal) const;
  absl::StatusOr<TableAxis> PopulationAxis(const Dimension& dimension,
                                           Refusal* refusal) const;

  std::unique_ptr<Database> database_;
  v1::ExtractMeta meta_;
  const std::string digest_;  // of the meta as it stands in the file
  const DataSet& data_set_;
  Scan scan_ = Scan::kSnapshot;
  mutable std::unique_ptr<Snapshot> snapshot_;
  mutable bool no_snapshot_ = false;  // it was tried
  Eras eras_;
  EraSet span_;
  int time_ = -1;  // index in meta().dimension() of what the eras tell; or -1
};

}  // namespace cairn

#endif  // CAIRN_AGENT_SQLITE_SOURCE_H_
