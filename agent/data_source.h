#ifndef CAIRN_AGENT_DATA_SOURCE_H_
#define CAIRN_AGENT_DATA_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/scan_plan.h"
#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/disclosure/eras.h"
#include "core/disclosure/meeting.h"
#include "core/disclosure/microdata.h"
#include "core/query/plan.h"
#include "core/query/table.h"

namespace cairn {

// Why an agency cannot answer: a typed reason and one sentence. It depends on
// the question and on what the steward declared, never on the records.
struct Refusal {
  v1::RefusalReason reason = v1::INVALID;
  std::string sentence;
};

// Puts it into an answer, as one printable line: what a sentence quotes may
// have been cut within a character, and nobody could read the message.
void SetRefusal(const Refusal& refusal, v1::Answer* answer);

// Fills `refusal`. FAILED_PRECONDITION with its sentence.
absl::Status Refuse(Refusal* refusal, v1::RefusalReason reason,
                    absl::string_view sentence);

// An error of a source whose question is refused with this sentence: it depends
// on the state of the agency's systems alone. The error's own message stays
// with the agency.
absl::Status TellInstead(absl::Status error, absl::string_view sentence);
// That sentence; empty if there is none.
std::string ToldInstead(const absl::Status& error);

// One data set of an agency: what is held of it, which follows from what load
// wrote down, and its tables, which follow from the records. One thread at a
// time.
class DataSource {
 public:
  virtual ~DataSource() = default;
  DataSource(const DataSource&) = delete;
  DataSource& operator=(const DataSource&) = delete;

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

  // Counts, distinct persons and sums of every cell and every margin.
  // `with_keys`: the cells' sums of record keys too, where CheckKeys() says
  // that there are any; else FAILED_PRECONDITION. Of the records in force, or
  // of another span.
  virtual absl::StatusOr<FrequencyTable> Tabulate(
      const Plan& plan, const TableShape& shape, bool with_keys = false,
      const EraSet* span = nullptr) const = 0;

  // Whether Records() gives any. Where only tables reach the agent, what is
  // hidden is proved from the tables alone.
  virtual bool gives_records() const { return false; }
  // The records, with the variables of these shapes, for certificates; not
  // `held`: what a record can say at all, and none. Errors as Tabulate().
  // UNIMPLEMENTED: gives_records() is false.
  virtual absl::StatusOr<Microdata> Records(
      const std::vector<const TableShape*>& shapes, bool held) const;

  // Whether the records have keys for the cell key method, made with the
  // agent's key as it is now (ReadOrMakeKey). FAILED_PRECONDITION, with a
  // sentence for the steward, if the extract is of a version that made none, or
  // the agent's key has been replaced since: both end with the next load.
  absl::Status CheckKeys(absl::string_view agent_key) const;

  // What this source can give, for Hello and `describe`: all that is declared.
  v1::Holding Holding() const;

 protected:
  // `path`: of what load wrote, for errors.
  DataSource(std::string path, v1::ExtractMeta meta, const DataSet& data_set);

  EraSet SpanAt(uint32_t sequence) const;
  // The code of each value that a stored column has. That of time is read from
  // the eras: a superseded record's month may not be covered any more.
  std::vector<std::string> ValuesAt(int at, const std::string& variable) const;
  // What a pass over the records has to read; errors as Tabulate().
  absl::StatusOr<ScanPlan> PlanScan(const Plan& plan, const TableShape& shape,
                                    bool with_keys, const EraSet* span) const;

  const v1::ExtractMeta meta_;
  const DataSet& data_set_;
  int time_ = -1;  // index in meta().dimension() of what the eras tell; or -1

 private:
  absl::Status NoKeys() const;
  absl::StatusOr<TableAxis> AxisOf(const PlanAxis& axis,
                                   Refusal* refusal) const;
  absl::StatusOr<TableAxis> PopulationAxis(const Dimension& dimension,
                                           Refusal* refusal) const;

  const std::string path_;
  Eras eras_;
  EraSet span_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_DATA_SOURCE_H_
