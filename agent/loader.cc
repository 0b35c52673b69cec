#include "agent/loader.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/earlier_extract.h"
#include "agent/extract_writer.h"
#include "agent/in_place.h"
#include "agent/record_reader.h"
#include "agent/sqlite_source.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/disclosure/cell_key.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

constexpr uint64_t kRowsBetweenLooks = 16384;
constexpr size_t kMaxProblems = 10;
constexpr size_t kMaxShownBytes = 80;

// The parts of a load, in their order, and about where in its time each ends.
// Without records before, the second and fourth take nothing.
struct Part {
  const char* doing;
  double begin, end;
};
constexpr Part kEarlier = {"looking back, ", 0, 0.1};
constexpr Part kReading = {"reading, ", 0.1, 0.45};
constexpr Part kFirstReading = {"reading, ", 0, 0.6};
constexpr Part kPlacing = {"comparing, ", 0.45, 0.6};
constexpr Part kSorting = {"sorting ", 0.6, 0.85};
constexpr Part kWriting = {"writing ", 0.85, 0.93};
constexpr Part kSnapshot = {"writing the snapshot of ", 0.93, 1};

// One load of one data set.
class Loader {
 public:
  explicit Loader(const LoadRequest& request)
      : request_(request), start_(absl::Now()) {}

  absl::StatusOr<LoadReport> Load() {
    CAIRN_RETURN_IF_ERROR(Prepare());
    for (int f = 0; f < RecordReader::PartsOf(request_.source); ++f) {
      const absl::Status read = ReadRows(f);
      if (read.ok()) continue;
      return bad_rows_ == 0 ? Nothing(read, read.message()) : BadRows(&read);
    }
    if (bad_rows_ > 0) return BadRows(nullptr);
    return Finish();
  }

 private:
  absl::Status Prepare() {
    const v1::Source& source = request_.source;
    if (source.data_set() != request_.data_set.id) {
      return absl::InvalidArgumentError(
          absl::StrCat("this source is of data set '", source.data_set(),
                       "', not of ", request_.data_set.id));
    }
    if (RecordReader::PartsOf(source) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("source of ", request_.data_set.id,
                       ": it names no file and no database"));
    }
    CAIRN_ASSIGN_OR_RETURN(months_, CoveredMonths(source, request_.data_set));
    CAIRN_ASSIGN_OR_RETURN(mapping_bytes_, ReadFile(source.mapping()));
    CAIRN_RETURN_IF_ERROR(
        ParseTextProto(source.mapping(), mapping_bytes_, &mapping_));
    MappingInputs inputs;
    inputs.mapping = &mapping_;
    inputs.path = source.mapping();
    inputs.data_set = &request_.data_set;
    inputs.places = request_.places;
    inputs.months = months_;
    const auto precision = FindPrecision(source, mapping_);
    if (!precision.ok())
      return Nothing(precision.status(), precision.status().message());
    inputs.precision = *precision;
    CAIRN_ASSIGN_OR_RETURN(mapper_,
                           RowMapper::Create(inputs, request_.pseudonym_key));
    CAIRN_ASSIGN_OR_RETURN(
        writer_,
        ExtractWriter::Create(request_.state_dir, request_.data_set.id,
                              static_cast<int>(mapper_->dimensions().size()),
                              static_cast<int>(mapper_->Quantities().size()),
                              mapper_->has_person()));
    DescribeRecords();
    return FollowOn();
  }

  // All of the meta that does not follow from the records.
  void DescribeRecords() {
    meta_.set_data_set(request_.data_set.id);
    meta_.set_catalogue_digest(request_.catalogue.digest);
    meta_.set_mapping_version(mapping_.version());
    meta_.set_has_person(mapper_->has_person());
    for (const std::string& month : months_) meta_.add_month(month);
    DescribeUnmapped(mapper_->plan(), request_.data_set, &meta_);
    for (const v1::ExtractDimension& held : mapper_->dimensions()) {
      *meta_.add_dimension() = held;
    }
    for (const std::string& name : mapper_->Quantities()) {
      meta_.add_quantity(name);
    }
    if (request_.places != nullptr) meta_.set_area(request_.places->area());
    meta_.set_record_key_check(
        RecordKeyCheck(request_.pseudonym_key, request_.data_set.id));
    meta_.set_rule(request_.rule);
    versions_ = std::make_unique<MonthVersions>(&meta_, request_.pseudonym_key);
  }

  // Holds the load against the extract before, or says why it cannot be.
  absl::Status FollowOn() {
    before_ = EarlierExtract::Open(
        ExtractPath(request_.state_dir, request_.data_set.id));
    const v1::ExtractMeta before =
        before_ == nullptr ? v1::ExtractMeta() : before_->meta();
    const bool lost = !CheckVouched(before, request_.released).ok();
    // The same records may be there still: one cannot know yet.
    must_be_ = before_ == nullptr && request_.released.size() == 1 &&
                       !request_.start_anew
                   ? request_.released[0]
                   : "";
    if (lost && !request_.start_anew && must_be_.empty()) return Lost();
    if (before_ != nullptr && before.outline() == meta_.outline() && !lost) {
      versions_->Follow(before);
      uint64_t row = 0;
      const absl::Status looked =
          before_->ForEach([&](const auto& record, uint64_t) {
            versions_->NoteOld(record);
            return AtRow(kEarlier, row++, RowsBefore());
          });
      return looked.ok() ? looked : Nothing(looked, looked.message());
    }
    before_.reset();
    stands_apart_ = must_be_.empty() && !request_.released.empty();
    versions_->StandApart(before, must_be_.empty()
                                      ? request_.released
                                      : std::vector<std::string>());
    return absl::OkStatus();
  }

  absl::Status Lost() const {
    return Nothing(
        absl::FailedPreconditionError(""),
        absl::StrCat(
            ExtractPath(request_.state_dir, request_.data_set.id),
            ": is missing or older than what was released of these records, as "
            "when only part of a backup is put back; put back the extract of "
            "the same time, or run load with --start-anew: what is released "
            "from then on is not held against what was released before"));
  }

  absl::Status ReadRows(int f) {
    CAIRN_ASSIGN_OR_RETURN(const auto records,
                           RecordReader::Open(request_.source, f, mapping_));
    CAIRN_RETURN_IF_ERROR(mapper_->Bind(records->name(), records->header()));
    std::vector<absl::string_view> fields;
    MappedRow row;
    RowProblem problem;
    for (;;) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, records->Next(&fields));
      if (!more) break;
      if (rows_read_++ % kRowsBetweenLooks == 0) {
        CAIRN_RETURN_IF_ERROR(LookAround(f, records->fraction_read()));
      }
      switch (mapper_->Map(fields, &row, &problem)) {
        case RowMapper::Outcome::kStored:
          // After a bad row nothing will be kept; the rest is only checked.
          if (bad_rows_ > 0) break;
          CAIRN_RETURN_IF_ERROR(Store(row));
          break;
        case RowMapper::Outcome::kOutsidePeriod:
          ++rows_outside_period_;
          break;
        case RowMapper::Outcome::kBad:
          Note(records->where(), problem);
          break;
      }
    }
    return LookAround(f, 1);
  }

  absl::Status Store(const MappedRow& row) {
    const MonthVersions::Record record{row.person, row.values};
    const std::optional<uint64_t> hash = versions_->NoteNew(record);
    // One that is there already stays there.
    if (!hash.has_value()) return absl::OkStatus();
    return writer_->Add(row.person, row.values, row.key,
                        versions_->MonthOf(record), *hash);
  }

  absl::Status LookAround(int f, double fraction) const {
    return Tell(before_ == nullptr ? kFirstReading : kReading,
                (f + fraction) / RecordReader::PartsOf(request_.source),
                rows_read_);
  }

  // While one after the other of `rows` is looked at.
  absl::Status AtRow(const Part& part, uint64_t row, uint64_t rows) const {
    if (row % kRowsBetweenLooks != 0) return absl::OkStatus();
    return Tell(part, static_cast<double>(row) / static_cast<double>(rows + 1),
                row);
  }

  // `done`: of the part.
  absl::Status Tell(const Part& part, double done, uint64_t rows) const {
    if (request_.stop != nullptr && request_.stop->load()) {
      return absl::CancelledError("the load was stopped");
    }
    if (request_.progress) {
      request_.progress(part.begin + done * (part.end - part.begin),
                        absl::StrCat(part.doing, rows, " rows"));
    }
    return absl::OkStatus();
  }

  uint64_t RowsBefore() const {
    return before_->meta().rows() + before_->meta().rows_superseded();
  }

  void Note(const std::string& where, const RowProblem& problem) {
    if (++bad_rows_ > kMaxProblems) return;
    problems_.push_back(
        absl::StrCat(where, ": column '", problem.column, "': ", problem.what));
    if (!request_.on_terminal) return;
    request_.on_terminal(absl::StrCat(
        problems_.back(), ": '",
        PrintableUtf8(problem.value.substr(0, kMaxShownBytes)), "'"));
  }

  // The error of a load that leaves all as it was.
  absl::Status Nothing(const absl::Status& why,
                       absl::string_view sentence) const {
    const std::string old =
        ExtractPath(request_.state_dir, request_.data_set.id);
    const bool has_old = access(old.c_str(), F_OK) == 0;
    return absl::Status(
        why.code(), absl::StrCat(sentence, "; nothing was loaded",
                                 has_old ? ", the earlier data stays" : ""));
  }

  // `stopped_by`: what ended the reading early, if anything.
  absl::Status BadRows(const absl::Status* stopped_by) const {
    const absl::Status first = Nothing(
        stopped_by != nullptr ? *stopped_by : absl::InvalidArgumentError(""),
        absl::StrCat(bad_rows_, bad_rows_ == 1 ? " row" : " rows",
                     " could not be read"));
    std::vector<std::string> lines = {std::string(first.message())};
    lines.insert(lines.end(), problems_.begin(), problems_.end());
    if (bad_rows_ > problems_.size()) {
      lines.push_back(
          absl::StrCat("and ", bad_rows_ - problems_.size(), " more"));
    }
    if (stopped_by != nullptr) lines.emplace_back(stopped_by->message());
    return absl::Status(first.code(), absl::StrJoin(lines, "\n"));
  }

  absl::StatusOr<LoadReport> Finish() {
    const absl::Status settled = Settle();
    if (!settled.ok()) return Nothing(settled, settled.message());
    if (!must_be_.empty() && meta_.epoch() != must_be_) return Lost();
    meta_.set_rows_outside_period(rows_outside_period_);
    meta_.set_loaded_at(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                         absl::UTCTimeZone()));
    LoadReport report;
    report.months = versions_->changes();
    // Eight bytes for each record, now and before: room that the rest needs.
    versions_.reset();
    before_.reset();
    CAIRN_RETURN_IF_ERROR(Tell(kWriting, 0, meta_.rows()));
    const absl::Status finished = writer_->Finish(
        meta_, [this](const std::string& path) { return Complete(path); });
    if (!finished.ok()) return Nothing(finished, finished.message());
    if (request_.progress) request_.progress(1, "");
    report.data_set = meta_.data_set();
    report.epoch = meta_.epoch();
    report.rows = meta_.rows();
    report.rows_outside_period = rows_outside_period_;
    report.rows_without_person = meta_.rows_without_person();
    report.has_person = meta_.has_person();
    report.columns = mapper_->Counts();
    report.stands_apart = stands_apart_;
    report.seconds = absl::ToDoubleSeconds(absl::Now() - start_);
    return report;
  }

  // The new extract's snapshot stands beside the old one's until then. It is
  // not worth failing for: it can be made again at any time.
  absl::Status Complete(const std::string& path) const {
    CAIRN_ASSIGN_OR_RETURN(
        const auto source,
        SqliteSource::Open(path, request_.data_set, request_.catalogue.digest));
    CAIRN_RETURN_IF_ERROR(Tell(kSnapshot, 0, meta_.rows()));
    absl::Status made = source->MakeSnapshot();
    if (request_.complete) {
      CAIRN_RETURN_IF_ERROR(request_.complete(path));
      if (made.ok()) made = SqliteSource::KeepSnapshot(path, *source);
    }
    if (!made.ok()) {
      LogLine("snapshot.failed", {{"data_set", request_.data_set.id},
                                  {"reason", std::string(made.message())}});
    }
    return absl::OkStatus();
  }

  // Puts each record, of the load and of before, into its era.
  absl::Status Settle() {
    versions_->Decide(request_.released);
    uint64_t row = 0;
    const int rounds = versions_->HasSuperseded() ? 2 : 1;
    for (const bool in_force : {true, false}) {
      if (before_ == nullptr || (!in_force && rounds == 1)) {
        break;
      }
      CAIRN_RETURN_IF_ERROR(before_->ForEach(
          [&](const MonthVersions::Record& record, uint64_t key) {
            const absl::Status going =
                AtRow(kPlacing, row++, rounds * RowsBefore());
            if (!going.ok()) return going;
            const int era = versions_->EraOfOld(record, in_force);
            if (era < 0) return absl::OkStatus();
            std::vector<int64_t> values(record.values.begin(),
                                        record.values.end());
            const int slot = versions_->time_slot();
            if (slot >= 0) values[slot] = versions_->TimeValue(values[slot]);
            return writer_->AddOld(record.person, values, key, era);
          }));
    }
    ExtractWriter::Places places;
    bool any_revised = false;
    for (int month = 0; month < versions_->months(); ++month) {
      places.era_of_month.push_back(versions_->EraOfMonth(month));
      any_revised = any_revised || versions_->IsRevised(month);
    }
    if (any_revised) {
      CAIRN_RETURN_IF_ERROR(writer_->Sift([&](int month, uint64_t hash) {
        return !versions_->IsRevised(month) || versions_->TakeNew(month, hash);
      }));
    }
    places.era_of_era = versions_->FinalEras();
    CAIRN_RETURN_IF_ERROR(Tell(kSorting, 0, rows_read_));
    CAIRN_ASSIGN_OR_RETURN(const auto rows, writer_->Settle(places));
    versions_->Describe(&meta_);
    for (const ExtractWriter::EraRows& era : rows) {
      if (meta_.era(era.era).bound_size() % 2 == 0) {
        meta_.set_rows_superseded(meta_.rows_superseded() + era.rows);
        continue;
      }
      meta_.set_rows(meta_.rows() + era.rows);
      meta_.set_rows_without_person(meta_.rows_without_person() +
                                    era.without_person);
    }
    return absl::OkStatus();
  }

  const LoadRequest& request_;
  const absl::Time start_;
  std::vector<std::string> months_;
  std::string mapping_bytes_;
  v1::Mapping mapping_;
  std::unique_ptr<RowMapper> mapper_;
  v1::ExtractMeta meta_;
  std::unique_ptr<MonthVersions> versions_;
  std::unique_ptr<EarlierExtract> before_;  // null: not held against
  std::string must_be_;                     // this epoch, or nothing is loaded
  bool stands_apart_ = false;
  std::unique_ptr<ExtractWriter> writer_;
  uint64_t rows_read_ = 0;
  uint64_t rows_outside_period_ = 0;
  uint64_t bad_rows_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace

absl::StatusOr<LoadReport> LoadDataSet(const LoadRequest& request) {
  if (request.source.database().in_place()) return LoadInPlace(request);
  return Loader(request).Load();
}

}  // namespace cairn
