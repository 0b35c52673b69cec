#include "agent/aggregate_sql.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/query/catalogue.h"

namespace cairn {
namespace {

// The first day of the month after YYYY-MM.
std::string DayAfter(const std::string& month) {
  const int year = std::stoi(month.substr(0, 4));
  const int next = std::stoi(month.substr(5)) + 1;
  return absl::StrCat(next > 12 ? year + 1 : year, "-",
                      next > 12   ? "01"
                      : next < 10 ? absl::StrCat("0", next)
                                  : absl::StrCat(next),
                      "-01");
}

std::string Marks(size_t count) {
  return absl::StrJoin(std::vector<std::string>(count, "?"), ", ");
}

std::vector<std::string> Names(absl::string_view name, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(absl::StrCat(name, i));
  return names;
}

int64_t At(const std::vector<int64_t>& to, int64_t value) {
  return value >= 0 && static_cast<size_t>(value) < to.size()
             ? to[static_cast<size_t>(value)]
             : -1;
}

absl::Status Refuse(absl::string_view column, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "column '", column, "': a database source cannot have ", what));
}

// GROUP BY of one step of the statement.
std::string GroupBy(const std::vector<std::string>& by) {
  return by.empty() ? "" : absl::StrCat(" GROUP BY ", absl::StrJoin(by, ", "));
}

}  // namespace

absl::StatusOr<AggregateSql> AggregateSql::Create(
    const LoadPlan& plan, const std::vector<std::string>& months,
    const SqlDialect& dialect, const SqlTable& table) {
  for (const LoadPlan::Column& column : plan.columns) {
    if (column.multi_valued) {
      return Refuse(column.name, "several values in one field");
    }
    if (column.to == LoadPlan::To::kBirthDate) {
      return Refuse(column.name,
                    "a date of birth; let a view work out the age");
    }
    if (column.to == LoadPlan::To::kDate && !column.table.Exact().empty()) {
      return Refuse(column.name,
                    "texts for dates that are not known; let them be NULL");
    }
  }
  for (const LoadPlan::Held& held : plan.dimensions) {
    if (held.from == LoadPlan::From::kWeekday ||
        held.from == LoadPlan::From::kHour) {
      return Refuse(plan.columns[static_cast<size_t>(plan.date_column)].name,
                    "days of the week or hours");
    }
  }
  return AggregateSql(plan, months, dialect, table);
}

std::string AggregateSql::Text(const LoadPlan::Column& column) const {
  return absl::StrCat("TRIM(CAST(", dialect_.Quote(column.name), " AS ",
                      dialect_.text, "))", dialect_.exact);
}

std::string AggregateSql::Date() const {
  return dialect_.Quote(
      plan_.columns[static_cast<size_t>(plan_.date_column)].name);
}

// Months in a row are one stretch.
std::string AggregateSql::InPeriods(const std::vector<bool>& chosen,
                                    Parameters* parameters) const {
  std::vector<std::string> parts;
  for (size_t m = 0; m < months_.size(); ++m) {
    if (!chosen[m]) continue;
    if (months_[m] == kUnknownCode) {
      parts.push_back(absl::StrCat(Date(), " IS NULL"));
      continue;
    }
    size_t last = m;
    while (last + 1 < months_.size() && chosen[last + 1] &&
           months_[last + 1] != kUnknownCode &&
           DayAfter(months_[last]) == months_[last + 1] + "-01") {
      ++last;
    }
    parts.push_back(absl::StrCat("(", Date(), " >= ", dialect_.date, " AND ",
                                 Date(), " < ", dialect_.date, ")"));
    parameters->push_back(months_[m] + "-01");
    parameters->push_back(DayAfter(months_[last]));
    m = last;
  }
  return parts.empty() ? "1 = 0" : absl::StrJoin(parts, " OR ");
}

std::string AggregateSql::PeriodCode(const std::vector<int64_t>& to,
                                     Parameters* parameters) const {
  std::string sql = "CASE";
  for (size_t m = 0; m < months_.size(); ++m) {
    const int64_t code = At(to, static_cast<int64_t>(m));
    if (months_[m] == kUnknownCode) {
      absl::StrAppend(&sql, " WHEN ", Date(), " IS NULL THEN ", code);
      continue;
    }
    absl::StrAppend(&sql, " WHEN ", Date(), " >= ", dialect_.date, " AND ",
                    Date(), " < ", dialect_.date, " THEN ", code);
    parameters->push_back(months_[m] + "-01");
    parameters->push_back(DayAfter(months_[m]));
  }
  return absl::StrCat(sql, " ELSE -1 END");
}

// Texts by the code they stand for; compared as they are only where that says
// something else than without regard to case.
std::string AggregateSql::Listed(const LoadPlan::Column& column,
                                 const std::vector<int64_t>& to,
                                 Parameters* parameters) const {
  const std::string text = Text(column);
  const auto folded = column.table.Folded();
  std::map<int64_t, Parameters> as_is, by_code;
  for (const auto& [exact, value] : column.table.Exact()) {
    const auto same = std::find_if(
        folded.begin(), folded.end(), [&exact = exact](const auto& entry) {
          return entry.first == absl::AsciiStrToLower(exact);
        });
    if (same == folded.end() || same->second != value) {
      as_is[At(to, value)].push_back(exact);
    }
  }
  for (const auto& [lower, value] : folded) {
    by_code[At(to, value)].push_back(lower);
  }
  std::string sql;
  const auto add = [&](const std::map<int64_t, Parameters>& texts,
                       const std::string& compared) {
    for (const auto& [code, all] : texts) {
      absl::StrAppend(&sql, " WHEN ", compared, " IN (", Marks(all.size()),
                      ") THEN ", code);
      parameters->insert(parameters->end(), all.begin(), all.end());
    }
  };
  add(as_is, text);
  add(by_code, absl::StrCat("LOWER(", text, ")"));
  return sql;
}

std::string AggregateSql::Code(int dimension, bool is_time,
                               const std::vector<int64_t>& to,
                               Parameters* parameters) const {
  const LoadPlan::Held& held = plan_.dimensions[static_cast<size_t>(dimension)];
  if (is_time) return PeriodCode(to, parameters);
  if (held.from == LoadPlan::From::kConstant) return absl::StrCat(At(to, 0));
  const auto found = std::find_if(
      plan_.columns.begin(), plan_.columns.end(),
      [dimension](const auto& column) { return column.slot == dimension; });
  const LoadPlan::Column& column = *found;
  const std::string text = Text(column);
  std::string sql = absl::StrCat("CASE WHEN ", dialect_.Quote(column.name),
                                 " IS NULL OR ", text, " = '' THEN ",
                                 At(to, column.table.empty.value_or(-1)));
  absl::StrAppend(&sql, Listed(column, to, parameters));
  for (const CodeTable::Band& band : column.table.bands()) {
    // 17.5 years are 17, and not yet 18.
    const std::string number =
        absl::StrCat("CAST(", text, " AS ", dialect_.number, ")");
    absl::StrAppend(&sql, " WHEN ", number, " >= ", band.low);
    if (band.high < INT64_MAX / 2) {
      absl::StrAppend(&sql, " AND ", number, " < ", band.high + 1);
    }
    absl::StrAppend(&sql, " THEN ", At(to, band.value));
  }
  return absl::StrCat(sql, " ELSE ", At(to, column.table.unmapped.value_or(-1)),
                      " END");
}

std::string AggregateSql::Axis(const ScanPlan& scan, const ScanPlan::Axis& axis,
                               Parameters* parameters) const {
  const auto is_time = [&scan](size_t column) {
    return scan.stored[column] == scan.time;
  };
  const PopulationMap& population = axis.population;
  if (population.admitted.empty()) {
    return Code(scan.stored[axis.column], is_time(axis.column), axis.position,
                parameters);
  }
  // Where the record lies in the population's lattice. A value that the
  // mapping does not know makes it less than 0.
  const size_t before = parameters->size();
  std::vector<std::string> parts;
  for (const PopulationMap::Column& column : population.columns) {
    std::vector<int64_t> to;
    for (const size_t code : column.filter) {
      to.push_back(static_cast<int64_t>(code * column.stride));
    }
    const std::string code =
        Code(scan.stored[column.at], is_time(column.at), to, parameters);
    parts.push_back(absl::StrCat(
        "(",
        absl::StrReplaceAll(code, {{"THEN -1", "THEN -1000000000"},
                                   {"ELSE -1", "ELSE -1000000000"}}),
        ")"));
  }
  std::vector<size_t> in;
  for (size_t i = 0; i < population.admitted.size(); ++i) {
    if (population.admitted[i]) in.push_back(i);
  }
  // The parts stand twice in the text, and so do their parameters.
  const std::string sum = absl::StrJoin(parts, " + ");
  std::string sql = absl::StrCat("CASE WHEN ", sum, " < 0 THEN -1");
  if (!in.empty()) {
    const Parameters once(
        parameters->begin() + static_cast<std::ptrdiff_t>(before),
        parameters->end());
    parameters->insert(parameters->end(), once.begin(), once.end());
    absl::StrAppend(&sql, " WHEN ", sum, " IN (", absl::StrJoin(in, ", "),
                    ") THEN 0");
  }
  return absl::StrCat(sql, " ELSE 1 END");
}

std::string AggregateSql::Person(Parameters* parameters) const {
  if (plan_.person_column < 0) {
    return absl::StrCat("CAST(NULL AS ", dialect_.text, ")");
  }
  const LoadPlan::Column& column =
      plan_.columns[static_cast<size_t>(plan_.person_column)];
  const std::string text = Text(column);
  // Whoever is listed, and an empty text, is nobody.
  Parameters nobody = {""};
  for (const auto& [lower, value] : column.table.Folded()) {
    nobody.push_back(lower);
  }
  std::string sql =
      absl::StrCat("CASE WHEN LOWER(", text, ") IN (", Marks(nobody.size()),
                   ") THEN NULL ELSE ", text, " END");
  parameters->insert(parameters->end(), nobody.begin(), nobody.end());
  return sql;
}

std::string AggregateSql::Amount(int quantity, Parameters* parameters) const {
  const Quantity* const held = plan_.quantities[static_cast<size_t>(quantity)];
  const auto found = std::find_if(
      plan_.columns.begin(), plan_.columns.end(),
      [held](const auto& column) { return column.quantity == held; });
  const LoadPlan::Column& column = *found;
  const std::string text = Text(column);
  int64_t scale = 1;
  for (int d = 0; d < held->decimals; ++d) scale *= 10;
  // In whole numbers of 10^-decimals.
  const std::string amount =
      absl::StrCat("CAST(ROUND(CAST(", text, " AS ", dialect_.number, ") * ",
                   scale, ", 0) AS ", dialect_.big, ")");
  std::string sql = absl::StrCat("CASE WHEN ", dialect_.Quote(column.name),
                                 " IS NULL OR ", text, " = '' THEN ",
                                 column.table.empty.value_or(held->clip_low));
  for (const auto& [lower, value] : column.table.Folded()) {
    absl::StrAppend(&sql, " WHEN LOWER(", text, ") = ? THEN ", value);
    parameters->push_back(lower);
  }
  return absl::StrCat(sql, " WHEN ", amount, " < ", held->clip_low, " THEN ",
                      held->clip_low, " WHEN ", amount, " > ", held->clip_high,
                      " THEN ", held->clip_high, " ELSE ", amount, " END");
}

std::string AggregateSql::Records(const ScanPlan& scan,
                                  Parameters* parameters) const {
  std::vector<std::string> columns;
  for (size_t a = 0; a < scan.axes.size(); ++a) {
    columns.push_back(
        absl::StrCat(Axis(scan, scan.axes[a], parameters), " AS a", a));
  }
  columns.push_back(absl::StrCat(Person(parameters), " AS p"));
  for (size_t s = 0; s < scan.quantities.size(); ++s) {
    columns.push_back(
        absl::StrCat(Amount(scan.quantities[s], parameters), " AS q", s));
  }
  if (!scan.quantities.empty()) {
    // Without a person each record is a contributor of its own.
    columns.push_back(
        absl::StrCat("ROW_NUMBER() OVER (", dialect_.any_order, ") AS own"));
  }
  if (!table_.spread_by.empty()) {
    columns.push_back(
        absl::StrCat(dialect_.Quote(table_.spread_by), " AS server"));
  }
  std::string sql = absl::StrCat("SELECT ", absl::StrJoin(columns, ", "),
                                 " FROM ", table_.In(dialect_), " WHERE ");
  absl::StrAppend(&sql, InPeriods(scan.chosen, parameters));
  return sql;
}

SqlStatement AggregateSql::Tabulate(const ScanPlan& scan,
                                    const TableShape& shape) const {
  SqlStatement sql;
  const size_t sums = scan.quantities.size();
  const std::vector<std::string> axes = Names("a", shape.axes.size());
  std::vector<std::string> who = {"p"};
  if (sums > 0) who.emplace_back("k");
  std::string s_columns;
  for (size_t s = 0; s < sums; ++s) absl::StrAppend(&s_columns, ", s", s);
  const auto columns = [&](std::vector<std::string> first) {
    first.insert(first.end(), who.begin(), who.end());
    return absl::StrJoin(first, ", ");
  };
  const auto summed = [&](absl::string_view from, absl::string_view count) {
    std::string text = absl::StrCat(", ", count, " AS n");
    for (size_t s = 0; s < sums; ++s) {
      absl::StrAppend(&text, ", SUM(", from, s, ") AS s", s);
    }
    return text;
  };

  // b
  std::vector<std::string> by = axes;
  by.insert(by.end(), who.begin(), who.end());
  if (!table_.spread_by.empty()) by.emplace_back("server");
  std::string records = Records(scan, &sql.parameters);
  if (sums > 0) {
    records = absl::StrCat(
        "SELECT r.*, CASE WHEN p IS NULL THEN own END AS k "
        "FROM (",
        records, ") r");
  }
  sql.text = absl::StrCat("WITH b AS ", dialect_.materialized, "(SELECT ",
                          columns(axes), summed("q", dialect_.count), " FROM (",
                          records, ") r", GroupBy(by), "), c AS (");
  // c
  std::vector<std::string> last = who;
  if (dialect_.has_cube && !axes.empty()) {
    last.insert(last.begin(),
                absl::StrCat("CUBE(", absl::StrJoin(axes, ", "), ")"));
  }
  const size_t subsets = dialect_.has_cube ? 1 : size_t{1} << axes.size();
  for (size_t margins = 0; margins < subsets; ++margins) {
    std::vector<std::string> shown = axes, group = last;
    for (size_t a = 0; !dialect_.has_cube && a < axes.size(); ++a) {
      if ((margins >> a & 1) != 0) {
        shown[a] = absl::StrCat("NULL AS ", axes[a]);
      } else {
        group.push_back(axes[a]);
      }
    }
    absl::StrAppend(&sql.text, margins == 0 ? "" : " UNION ALL ", "SELECT ",
                    columns(shown), summed("s", "SUM(n)"), " FROM b",
                    GroupBy(group));
  }
  // w
  std::string from = "c";
  if (sums > 0) {
    absl::StrAppend(&sql.text, "), w AS (SELECT ", columns(axes), ", n",
                    s_columns);
    for (size_t s = 0; s < sums; ++s) {
      absl::StrAppend(&sql.text, ", ROW_NUMBER() OVER (",
                      axes.empty() ? "" : "PARTITION BY ",
                      absl::StrJoin(axes, ", "), axes.empty() ? "" : " ",
                      "ORDER BY s", s, " DESC) AS r", s);
    }
    absl::StrAppend(&sql.text, " FROM c");
    from = "w";
  }
  std::vector<std::string> result = axes;
  result.insert(result.end(), {"SUM(n)", "COUNT(p)",
                               "MAX(CASE WHEN p IS NULL THEN 1 ELSE 0 END)"});
  for (size_t s = 0; s < sums; ++s) {
    result.push_back(absl::StrCat("SUM(s", s, ")"));
    for (const int rank : {1, 2}) {
      result.push_back(absl::StrCat("MAX(CASE WHEN r", s, " = ", rank, " AND s",
                                    s, " > 0 THEN s", s, " ELSE 0 END)"));
    }
  }
  absl::StrAppend(&sql.text, ") SELECT ", absl::StrJoin(result, ", "), " FROM ",
                  from, GroupBy(axes));
  return sql;
}

std::string AggregateSql::Hash(const Weights& weights) const {
  const std::string prime = absl::StrCat(kPrime);
  std::string hash = "1";
  const auto times = [&](const std::string& factor) {
    hash = dialect_.Rest(absl::StrCat(hash, " * ", factor), prime);
  };
  for (size_t d = 0; d < plan_.dimensions.size(); ++d) {
    times(absl::StrCat("w", d));
  }
  for (size_t q = 0; q < plan_.quantities.size(); ++q) {
    const std::string number = dialect_.Rest(
        absl::StrCat("(q", q, " - (", plan_.quantities[q]->clip_low, ") + ",
                     weights.of_quantity[q], ")"),
        prime);
    for (int power = 0; power < 4; ++power) times(number);
  }
  return hash;
}

SqlStatement AggregateSql::See(const Weights& weights, int time,
                               const std::vector<bool>& chosen) const {
  SqlStatement sql;
  const std::string prime = absl::StrCat(kPrime);
  std::vector<std::string> columns, least, least_of_all;
  for (size_t d = 0; d < plan_.dimensions.size(); ++d) {
    const int at = static_cast<int>(d);
    columns.push_back(absl::StrCat(
        "CAST(", Code(at, at == time, weights.of_code[d], &sql.parameters),
        " AS ", dialect_.big, ") AS w", d));
    least.push_back(absl::StrCat("MIN(w", d, ") AS m", d));
    least_of_all.push_back(absl::StrCat("MIN(m", d, ")"));
  }
  columns.push_back(absl::StrCat(Person(&sql.parameters), " AS p"));
  for (size_t q = 0; q < plan_.quantities.size(); ++q) {
    columns.push_back(
        absl::StrCat(Amount(static_cast<int>(q), &sql.parameters), " AS q", q));
  }
  // Each server can add up its own part.
  const std::string server = table_.spread_by.empty() ? "" : ", server";
  if (!server.empty()) {
    columns.push_back(
        absl::StrCat(dialect_.Quote(table_.spread_by), " AS server"));
  }
  std::string where = InPeriods(chosen, &sql.parameters);
  // A record with no date that can be read lies in no period and is no code.
  if (std::find(months_.begin(), months_.end(), kUnknownCode) ==
      months_.end()) {
    absl::StrAppend(&where, " OR ", Date(), " IS NULL");
  }
  if (!dialect_.no_day.empty()) {
    absl::StrAppend(&where, " OR ", Date(), dialect_.no_day);
  }
  const auto whole = [this](absl::string_view sum) {
    return absl::StrCat("CAST(SUM(", sum, ") AS ", dialect_.big, ")");
  };
  std::vector<std::string> again;
  for (size_t d = 0; d < plan_.dimensions.size(); ++d) {
    again.push_back(absl::StrCat("MIN(m", d, ") AS m", d));
  }
  const std::string rest = dialect_.Rest("s", prime);
  const std::string square =
      dialect_.Rest(absl::StrCat(rest, " * ", rest), prime);
  sql.text = absl::StrCat(
      "WITH r AS (SELECT ", absl::StrJoin(columns, ", "), " FROM ",
      table_.In(dialect_), " WHERE ", where, "), h AS (SELECT r.*, ",
      Hash(weights), " AS h FROM r), g AS (SELECT p", server, ", ",
      dialect_.count, " AS n, ", whole("h"), " AS s, ",
      absl::StrJoin(least, ", "), " FROM h GROUP BY p", server,
      "), f AS (SELECT p, SUM(n) AS n, ", whole("s"), " AS s, ",
      absl::StrJoin(again, ", "),
      " FROM g GROUP BY p) SELECT SUM(n), COUNT(p), SUM(CASE WHEN p IS NULL "
      "THEN n ELSE 0 END), SUM(CASE WHEN p IS NULL THEN ",
      rest, " ELSE ", dialect_.Rest(absl::StrCat(square, " * ", square), prime),
      " END), ", absl::StrJoin(least_of_all, ", "), " FROM f");
  return sql;
}

}  // namespace cairn
