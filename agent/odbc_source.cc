#include "agent/odbc_source.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/query/structural_zeros.h"

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

// No record is where the catalogue says that none can be.
absl::Status CheckRuledOut(const DataSet& data_set,
                           const FrequencyTable& table) {
  const StructuralZeros zeros(data_set, table.shape.axes);
  if (zeros.empty()) return absl::OkStatus();
  std::vector<size_t> at(table.shape.axes.size());
  for (size_t cell = 0; cell < table.counts.size(); ++cell) {
    if (table.counts[cell] == 0) continue;
    for (size_t a = 0; a < at.size(); ++a) at[a] = table.shape.at(cell, a);
    const int number = zeros.Find(at);
    if (number == StructuralZeros::kNone) continue;
    return Damaged(absl::StrCat("has records that cannot be, by ",
                                StructuralZeroInWords(data_set, number)));
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
    LoadPlan plan, absl::string_view agent_key) {
  auto source = absl::WrapUnique(new OdbcSource(
      std::move(settings), std::move(meta), data_set, std::move(plan)));
  if (source->time_ < 0) {
    return absl::InvalidArgumentError(
        "a data set that is asked in place needs months");
  }
  for (const v1::ExtractEra& era : source->meta_.era()) {
    source->months_.push_back(era.month());
  }
  CAIRN_RETURN_IF_ERROR(AggregateSql::Create(source->plan_, source->months_,
                                             SqlDialect(),
                                             source->settings_.table)
                            .status());
  source->weights_ = source->WeightsBy(agent_key);
  return source;
}

// Nobody who has no key knows which records would come to the same.
AggregateSql::Weights OdbcSource::WeightsBy(absl::string_view agent_key) const {
  const std::string secret = HmacSha256(
      agent_key, absl::StrCat("cairn/records-in-place/1 ", data_set_.id));
  const Pseudonymiser weigh(secret);
  const auto weight = [&weigh](absl::string_view of, absl::string_view code) {
    const uint64_t bits =
        weigh.Bits(absl::StrCat(of.size(), ":", of, " ", code));
    return 1 + static_cast<int64_t>(
                   bits % static_cast<uint64_t>(AggregateSql::kPrime - 1));
  };
  AggregateSql::Weights weights;
  for (int d = 0; d < meta_.dimension_size(); ++d) {
    const v1::ExtractDimension& held = meta_.dimension(d);
    weights.of_code.emplace_back();
    if (d == time_) {
      for (const std::string& month : months_) {
        weights.of_code.back().push_back(weight(held.dimension(), month));
      }
      continue;
    }
    for (const std::string& code : held.code()) {
      weights.of_code.back().push_back(weight(held.dimension(), code));
    }
  }
  for (const std::string& quantity : meta_.quantity()) {
    weights.of_quantity.push_back(weight("quantity", quantity));
  }
  return weights;
}

absl::StatusOr<std::vector<OdbcSource::Rows>> OdbcSource::Ask(
    const Statements& statements) const {
  const bool fresh = database_.connection == nullptr;
  if (fresh) {
    const std::string& column =
        plan_.columns[static_cast<size_t>(plan_.date_column)].name;
    CAIRN_ASSIGN_OR_RETURN(database_, ConnectToRead(settings_, column));
  }
  CAIRN_ASSIGN_OR_RETURN(
      const AggregateSql sql,
      AggregateSql::Create(plan_, months_, database_.dialect, settings_.table));
  auto rows =
      database_.connection->QueryTogether(statements(sql), settings_.timeout);
  if (!absl::IsUnavailable(rows.status())) return rows;
  database_.connection.reset();
  return fresh ? rows : Ask(statements);
}

OdbcConnection::Asked OdbcSource::SeeAll(const AggregateSql& sql,
                                         const EraSet& eras) const {
  std::vector<bool> chosen(months_.size(), false);
  for (const int era : eras) chosen[static_cast<size_t>(era)] = true;
  return {sql.See(weights_, time_, chosen), 1};
}

EraSet OdbcSource::AllEras() const {
  EraSet eras;
  for (size_t e = 0; e < months_.size(); ++e) {
    eras.push_back(static_cast<int>(e));
  }
  return eras;
}

absl::StatusOr<OdbcSource::Seen> OdbcSource::ReadSeen(const Rows& rows) const {
  constexpr size_t kSums = 4;
  const size_t dimensions = plan_.dimensions.size();
  if (rows.size() != 1 || rows[0].size() != kSums + dimensions) {
    return Damaged("gave other figures than were asked for");
  }
  for (size_t d = 0; d < dimensions; ++d) {
    if (rows[0][kSums + d].value_or(1) > 0) continue;
    return Damaged(absl::StrCat(
        "has a record with a value of ",
        meta_.dimension(static_cast<int>(d)).variable(),
        " that the mapping does not know, or that is not in any form that it "
        "could have"));
  }
  Seen seen;
  seen.rows = static_cast<uint64_t>(rows[0][0].value_or(0));
  seen.without_person = static_cast<uint64_t>(rows[0][2].value_or(0));
  std::string all;
  for (size_t i = 0; i < kSums; ++i) {
    absl::StrAppend(&all, rows[0][i].value_or(0), " ");
  }
  seen.digest = Sha256Hex(all);
  return seen;
}

absl::StatusOr<OdbcSource::Seen> OdbcSource::See(const EraSet& eras) const {
  auto rows = Ask([&](const AggregateSql& sql) {
    return std::vector<OdbcConnection::Asked>{SeeAll(sql, eras)};
  });
  if (!rows.ok()) return OfOwnDatabase(rows.status());
  auto seen = ReadSeen(rows->front());
  if (!seen.ok()) return OfOwnDatabase(seen.status());
  return seen;
}

absl::Status OdbcSource::CheckSeen() const {
  CAIRN_ASSIGN_OR_RETURN(const Seen seen, See(AllEras()));
  return AsLoadSaw(seen);
}

absl::Status OdbcSource::AsLoadSaw(const Seen& seen) const {
  if (seen.digest == meta_.in_place().seen()) return absl::OkStatus();
  return OfOwnDatabase(absl::AbortedError(
      absl::StrCat(settings_.table.table,
                   ": its records are not those that load saw; run: "
                   "cairn-agent load")));
}

absl::StatusOr<FrequencyTable> OdbcSource::Fill(const ScanPlan& scan,
                                                const TableShape& shape,
                                                const Rows& rows) const {
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
  CAIRN_RETURN_IF_ERROR(CheckRuledOut(data_set_, table));
  return table;
}

// A table of each one's variables, as finely as they are held: a code that the
// mapping takes for several is ruled out where all of them are.
absl::Status OdbcSource::CheckStructuralZeros() const {
  const EraSet eras = AllEras();
  std::set<MeetingAxes> looked_at;
  for (const StructuralZero& zero : data_set_.structural_zeros) {
    Query query;
    MeetingAxes axes;
    for (const StructuralZero::Part& part : zero.parts) {
      const int at = FindStored(
          meta_, data_set_.dimensions[static_cast<size_t>(part.dimension)].id);
      if (at < 0) break;
      query.by.push_back(meta_.dimension(at).variable());
      axes.push_back({query.by.back()});
    }
    if (axes.size() < zero.parts.size()) continue;
    CAIRN_ASSIGN_OR_RETURN(const Plan plan, MakePlan(data_set_, query));
    // In the plan's order.
    std::sort(axes.begin(), axes.end(), [this](const auto& a, const auto& b) {
      return data_set_.FindVariable(a[0])->dimension <
             data_set_.FindVariable(b[0])->dimension;
    });
    if (!looked_at.insert(axes).second) continue;
    CAIRN_ASSIGN_OR_RETURN(const TableShape shape, MeetingShape(axes));
    CAIRN_RETURN_IF_ERROR(Tabulate(plan, shape, false, &eras).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<FrequencyTable> OdbcSource::Tabulate(const Plan& plan,
                                                    const TableShape& shape,
                                                    bool with_keys,
                                                    const EraSet* span) const {
  CAIRN_ASSIGN_OR_RETURN(const ScanPlan scan,
                         PlanScan(plan, shape, with_keys, span));
  // A cell in which a value is not known comes on top.
  size_t most = shape.cells();
  for (const TableAxis& axis : shape.axes) most += shape.cells() / axis.size();
  auto rows = Ask([&](const AggregateSql& sql) {
    return std::vector<OdbcConnection::Asked>{
        SeeAll(sql, AllEras()), {sql.Tabulate(scan, shape), 2 * most}};
  });
  if (!rows.ok()) return OfOwnDatabase(rows.status());
  const auto seen = ReadSeen(rows->front());
  if (!seen.ok()) return OfOwnDatabase(seen.status());
  CAIRN_RETURN_IF_ERROR(AsLoadSaw(*seen));
  auto table = Fill(scan, shape, rows->back());
  if (!table.ok()) return OfOwnDatabase(table.status());
  return table;
}

}  // namespace cairn
