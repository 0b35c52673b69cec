#include "agent/odbc_source.h"

#include <optional>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("the database ", what));
}

// Puts one row of figures where it belongs.
absl::Status Place(const OdbcConnection::Row& row, FrequencyTable* table) {
  const TableShape& shape = table->shape;
  const size_t axes = shape.axes.size();
  if (row.size() != axes + 3 + 3 * table->sums.size()) {
    return Damaged("gave other columns than were asked for");
  }
  size_t cell = 0;
  for (size_t a = 0; a < axes; ++a) {
    const int64_t at =
        row[a].value_or(static_cast<int64_t>(shape.axes[a].margin()));
    if (at < 0) {
      return Damaged(absl::StrCat(
          "has a record with a value of ", shape.axes[a].variable,
          " that the mapping does not know; load again to see which column"));
    }
    const bool margin = !row[a].has_value();
    if (!margin && static_cast<size_t>(at) >= shape.axes[a].codes.size()) {
      return Damaged("gave a cell that the table has not");
    }
    cell += static_cast<size_t>(at) * shape.stride(a);
  }
  // Over no records at all a sum is NULL.
  const auto figure = [&](size_t i) { return row[axes + i].value_or(0); };
  if (table->counts[cell] != 0 || figure(0) < figure(1) || figure(1) < 0) {
    return Damaged("gave figures that cannot be");
  }
  table->counts[cell] = figure(0);
  if (!table->persons.empty()) {
    table->keyed_persons[cell] = figure(1);
    table->persons[cell] = figure(1) + figure(2);
  }
  for (size_t s = 0; s < table->sums.size(); ++s) {
    table->sums[s].total[cell] = figure(3 + 3 * s);
    table->sums[s].largest[cell] = figure(4 + 3 * s);
    table->sums[s].second[cell] = figure(5 + 3 * s);
  }
  return absl::OkStatus();
}

}  // namespace

OdbcSource::OdbcSource(OdbcSettings settings, v1::ExtractMeta meta,
                       const DataSet& data_set, LoadPlan plan)
    : DataSource(settings.table.table, std::move(meta), data_set),
      settings_(std::move(settings)),
      plan_(std::move(plan)) {}

absl::StatusOr<std::unique_ptr<OdbcSource>> OdbcSource::Open(
    OdbcSettings settings, v1::ExtractMeta meta, const DataSet& data_set,
    LoadPlan plan) {
  auto source = absl::WrapUnique(new OdbcSource(
      std::move(settings), std::move(meta), data_set, std::move(plan)));
  const v1::ExtractMeta& told = source->meta();
  for (int m = 0; m < told.month_size(); ++m) {
    source->months_.push_back(told.month(m));
    if (m >= told.era_size()) {
      return absl::InvalidArgumentError("the description has too few eras");
    }
  }
  CAIRN_RETURN_IF_ERROR(AggregateSql::Create(source->plan_, source->months_,
                                             source->dialect_,
                                             source->settings_.table)
                            .status());
  return source;
}

absl::Status OdbcSource::Connect() const {
  if (connection_ != nullptr) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(
      auto connection,
      OdbcConnection::Open(settings_.connection, settings_.timeout));
  CAIRN_ASSIGN_OR_RETURN(const std::string product, connection->Product());
  CAIRN_ASSIGN_OR_RETURN(dialect_, SqlDialect::Of(product));
  connection_ = std::move(connection);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OdbcConnection::Row>> OdbcSource::Ask(
    const ScanPlan& scan, const TableShape& shape) const {
  const bool fresh = connection_ == nullptr;
  CAIRN_RETURN_IF_ERROR(Connect());
  CAIRN_ASSIGN_OR_RETURN(
      const AggregateSql sql,
      AggregateSql::Create(plan_, months_, dialect_, settings_.table));
  // A cell in which a value is not known comes on top.
  size_t most = shape.cells();
  for (const TableAxis& axis : shape.axes) most += shape.cells() / axis.size();
  auto rows = connection_->Query(sql.Tabulate(scan, shape), 2 * most,
                                 settings_.timeout);
  if (!absl::IsUnavailable(rows.status())) return rows;
  connection_.reset();
  return fresh ? rows : Ask(scan, shape);
}

absl::StatusOr<FrequencyTable> OdbcSource::Tabulate(const Plan& plan,
                                                    const TableShape& shape,
                                                    bool with_keys,
                                                    const EraSet* span) const {
  CAIRN_ASSIGN_OR_RETURN(const ScanPlan scan,
                         PlanScan(plan, shape, with_keys, span));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<OdbcConnection::Row> rows,
                         Ask(scan, shape));
  FrequencyTable table;
  table.data_set = data_set_.id;
  table.epoch = meta_.epoch();
  table.shape = shape;
  const size_t cells = shape.cells();
  table.counts.assign(cells, 0);
  if (meta_.has_person()) {
    table.persons.assign(cells, 0);
    table.keyed_persons.assign(cells, 0);
  }
  for (FrequencyTable::Sum sum : scan.options.sums) {
    sum.total.assign(cells, 0);
    sum.largest.assign(cells, 0);
    sum.second.assign(cells, 0);
    table.sums.push_back(std::move(sum));
  }
  for (const OdbcConnection::Row& row : rows) {
    CAIRN_RETURN_IF_ERROR(Place(row, &table));
  }
  return table;
}

absl::Status OdbcSource::ProveReadOnly() const {
  CAIRN_RETURN_IF_ERROR(Connect());
  CAIRN_ASSIGN_OR_RETURN(
      const AggregateSql sql,
      AggregateSql::Create(plan_, months_, dialect_, settings_.table));
  for (const std::string& write : sql.Writes()) {
    CAIRN_RETURN_IF_ERROR(connection_->MustRefuse(write, settings_.timeout));
  }
  return absl::OkStatus();
}

}  // namespace cairn
