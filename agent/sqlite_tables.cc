// SqliteSource::Tabulate and the snapshot that it is served from.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/snapshot_tabulator.h"
#include "agent/snapshot_writer.h"
#include "agent/sqlite_source.h"
#include "agent/tabulator.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// A scan is stopped after this many steps of SQLite's machine a row.
constexpr uint64_t kStepsPerRow = 100;
constexpr uint64_t kStepsAtLeast = 10'000'000;
constexpr absl::Duration kScanWithin = absl::Seconds(60);

// The most that a stored number of a dimension can be.
uint64_t MostOf(const v1::ExtractDimension& stored) {
  const int codes = stored.code_size();
  if (!stored.multi_valued()) {
    return static_cast<uint64_t>(std::max(codes - 1, 0));
  }
  return codes >= 64 ? ~uint64_t{0} : (uint64_t{1} << codes) - 1;
}

}  // namespace

absl::Status SqliteSource::MakeSnapshot() const {
  std::vector<SnapshotWriter::Column> columns;
  std::vector<std::string> names = {"person"};
  const auto add = [&](ColumnKind kind, int number, int64_t base, uint64_t most,
                       std::string name) {
    columns.push_back({kind, static_cast<uint32_t>(number), base, most});
    names.push_back(std::move(name));
  };
  add(ColumnKind::kEra, 0, 0,
      static_cast<uint64_t>(std::max(meta_.era_size() - 1, 0)), "era");
  for (int d = 0; d < meta_.dimension_size(); ++d) {
    if (d == time_) continue;  // the era says it
    add(ColumnKind::kDimension, d, 0, MostOf(meta_.dimension(d)),
        absl::StrCat("d", d));
  }
  for (int q = 0; q < meta_.quantity_size(); ++q) {
    const Quantity* quantity = data_set_.FindQuantity(meta_.quantity(q));
    if (quantity == nullptr) return absl::NotFoundError(meta_.quantity(q));
    add(ColumnKind::kQuantity, q, quantity->clip_low,
        static_cast<uint64_t>(quantity->clip_high - quantity->clip_low),
        absl::StrCat("q", q));
  }
  if (!meta_.record_key_check().empty()) {
    add(ColumnKind::kKey, 0, 0, ~uint64_t{0}, "key");
  }

  const uint64_t rows = meta_.rows() + meta_.rows_superseded();
  CAIRN_ASSIGN_OR_RETURN(
      const auto writer,
      SnapshotWriter::Create(snapshot_path_, rows, columns, digest_));
  database_->LimitSteps(std::max(kStepsAtLeast, rows * kStepsPerRow));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM record")));
  std::vector<int64_t> values(columns.size());
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = select.Int(static_cast<int>(i) + 1);
    }
    CAIRN_RETURN_IF_ERROR(
        writer->Add(select.IsNull(0) ? -1 : select.Int(0), values));
  }
  CAIRN_RETURN_IF_ERROR(writer->Finish());
  Snapshot::RemoveOthers(snapshot_path_, meta_.data_set());
  snapshot_.reset();
  no_snapshot_ = false;
  return absl::OkStatus();
}

absl::Status SqliteSource::KeepSnapshot(const std::string& path,
                                        const SqliteSource& before) {
  CAIRN_ASSIGN_OR_RETURN(const auto now, Open(path, before.data_set_,
                                              before.meta_.catalogue_digest()));
  if (now->snapshot_path_ != before.snapshot_path_) {
    return absl::NotFoundError(now->snapshot_path_);
  }
  return Snapshot::Rededicate(before.snapshot_path_, before.digest_,
                              now->digest_);
}

Snapshot* SqliteSource::FindSnapshot() const {
  if (scan_ == Scan::kRows || no_snapshot_) return nullptr;
  if (snapshot_ != nullptr) return snapshot_.get();
  auto snapshot = Snapshot::Open(snapshot_path_, digest_);
  if (!snapshot.ok()) {
    const absl::Status made = MakeSnapshot();
    snapshot = made.ok() ? Snapshot::Open(snapshot_path_, digest_) : made;
  }
  if (!snapshot.ok()) {
    LogLine("snapshot.failed",
            {{"data_set", meta_.data_set()},
             {"reason", std::string(snapshot.status().message())}});
    no_snapshot_ = true;
    return nullptr;
  }
  snapshot_ = *std::move(snapshot);
  return snapshot_.get();
}

absl::StatusOr<FrequencyTable> SqliteSource::Tabulate(
    const Plan& plan, const TableShape& shape, bool with_keys,
    const EraSet* span) const {
  CAIRN_ASSIGN_OR_RETURN(const ScanPlan scan,
                         PlanScan(plan, shape, with_keys, span));
  absl::StatusOr<FrequencyTable> table = absl::DataLossError("");
  // A snapshot that turns out to be damaged is made once more.
  for (int tries = 0; tries < 2 && absl::IsDataLoss(table.status()); ++tries) {
    Snapshot* const snapshot = FindSnapshot();
    if (snapshot == nullptr) break;
    table =
        TabulateSnapshot(snapshot, scan, shape, ThreadsFor(snapshot->rows()));
    if (table.ok()) break;
    no_snapshot_ = !MakeSnapshot().ok();
  }
  if (!table.ok()) table = TabulateRows(scan, shape);
  if (!table.ok()) return table.status();
  table->data_set = data_set_.id;
  table->epoch = meta_.epoch();
  return table;
}

absl::StatusOr<FrequencyTable> SqliteSource::TabulateRows(
    const ScanPlan& scan, const TableShape& shape) const {
  std::vector<std::string> names = {scan.options.persons ? "person" : "NULL",
                                    "era"};
  for (const int at : scan.stored) {
    names.push_back(at == time_ ? "era" : absl::StrCat("d", at));
  }
  for (const int quantity : scan.quantities) {
    names.push_back(absl::StrCat("q", quantity));
  }
  if (scan.options.keys) names.emplace_back("key");
  Tabulator tabulator(shape, scan.options);
  database_->LimitTime(kScanWithin);
  const absl::Cleanup unlimited = [this] {
    database_->LimitTime(absl::InfiniteDuration());
  };
  database_->LimitSteps(std::max(
      kStepsAtLeast, (meta_.rows() + meta_.rows_superseded()) * kStepsPerRow));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM record")));
  const absl::Status damaged = absl::DataLossError(
      absl::StrCat(database_->path(), ": a record is damaged; load again"));
  int64_t last_person = -1;
  std::vector<int64_t> row(scan.stored.size()), codes,
      values(scan.quantities.size());
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    const int64_t person = select.IsNull(0) ? -1 : select.Int(0);
    // An exact distinct count rests on the order that load wrote.
    if (person < last_person) return damaged;
    last_person = person;
    const int64_t era = select.Int(1);
    if (era < 0 || static_cast<size_t>(era) >= scan.chosen.size()) {
      return damaged;
    }
    if (!scan.chosen[static_cast<size_t>(era)]) continue;
    int column = 2;
    for (int64_t& value : row) value = select.Int(column++);
    for (int64_t& value : values) value = select.Int(column++);
    if (!FindCodes(scan, row, &codes)) return damaged;
    const int64_t key = scan.options.keys ? select.Int(column) : 0;
    tabulator.Add(codes, person, values, static_cast<uint64_t>(key));
  }
  return tabulator.Finish();
}

}  // namespace cairn
