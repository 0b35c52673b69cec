#ifndef CAIRN_TESTS_SUPPORT_OWN_DATABASE_H_
#define CAIRN_TESTS_SUPPORT_OWN_DATABASE_H_

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "agent/odbc_source.h"
#include "core/store/sqlite.h"
#include "gtest/gtest.h"
#include "tests/support/loaded_world.h"
#include "tests/support/random_world.h"
#include "tests/support/status_matchers.h"

namespace cairn {

// Those that tests/support/with_postgres has started; none without it.
inline std::vector<std::string> Ports() {
  const char* const ports = std::getenv("CAIRN_PG_PORTS");
  if (ports == nullptr) return {};
  return absl::StrSplit(ports, ' ');
}

// Runs a program of the system; its output.
inline std::string Shell(const std::string& command) {
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  std::string out;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    out.append(buffer, n);
  }
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << out;
  return out;
}

inline std::string Psql(const std::string& port, const std::string& folder,
                        const std::string& sql) {
  const std::string file = folder + "/psql.sql";
  std::ofstream(file) << sql;
  return Shell(absl::StrCat("psql -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p ",
                            port, " -U postgres -d postgres -f ", file));
}

inline std::string PgConnection(const std::string& port,
                                const std::string& user = "reader") {
  return absl::StrCat("DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=",
                      port, ";DATABASE=postgres;UID=", user, ";");
}

// The records of a world's extract as an agency would keep them: a day, a text
// for each code in somebody's spelling, a person, amounts.
class Ledger {
 public:
  explicit Ledger(const LoadedWorld& loaded)
      : rng_(loaded.world().options.seed) {
    Describe(loaded.source().meta(), loaded.data_set());
    Read(loaded);
  }

  const v1::ExtractMeta& meta() const { return meta_; }
  const LoadPlan& plan() const { return plan_; }

  std::string Columns() const {
    std::string columns = "\"When\" %DATE%, \"Who\" TEXT, site INTEGER";
    for (const v1::ExtractDimension& d : meta_.dimension()) {
      if (d.dimension() == time_) continue;
      absl::StrAppend(&columns, ", \"", d.dimension(), "\" TEXT");
    }
    for (const std::string& q : meta_.quantity()) {
      absl::StrAppend(&columns, ", \"", q, "\" NUMERIC");
    }
    return columns;
  }
  // `site`: only the records that are kept there; -1: all.
  std::string Inserts(const std::string& table, int site = -1) const {
    std::string sql = "BEGIN;\n";
    for (const auto& [at, values] : rows_) {
      if (site >= 0 && at != site) continue;
      absl::StrAppend(&sql, "INSERT INTO ", table, " VALUES (", values, ");\n");
    }
    return sql + "COMMIT;\n";
  }

 private:
  static LoadPlan::Column ColumnOf(const std::string& name, LoadPlan::To to) {
    LoadPlan::Column column;
    column.name = name;
    column.to = to;
    return column;
  }

  // What a database can hold of it: no several-valued variables, no hours.
  void Describe(const v1::ExtractMeta& from, const DataSet& data_set) {
    meta_ = from;
    meta_.clear_dimension();
    meta_.clear_era();
    meta_.clear_record_key_check();
    plan_.columns.push_back(ColumnOf("When", LoadPlan::To::kDate));
    plan_.columns.push_back(ColumnOf("Who", LoadPlan::To::kPerson));
    plan_.date_column = 0;
    plan_.person_column = from.has_person() ? 1 : -1;
    for (int d = 0; d < from.dimension_size(); ++d) {
      const v1::ExtractDimension& held = from.dimension(d);
      const Dimension& dimension = *std::find_if(
          data_set.dimensions.begin(), data_set.dimensions.end(),
          [&held](const Dimension& x) { return x.id == held.dimension(); });
      if (held.multi_valued() || dimension.kind == DimensionKind::kWeekday ||
          dimension.kind == DimensionKind::kHour) {
        continue;
      }
      if (dimension.kind == DimensionKind::kTime) time_ = held.dimension();
      AddDimension(d, held);
    }
    for (const std::string& name : meta_.quantity()) {
      plan_.quantities.push_back(data_set.FindQuantity(name));
      LoadPlan::Column column = ColumnOf(name, LoadPlan::To::kQuantity);
      column.quantity = plan_.quantities.back();
      plan_.columns.push_back(column);
    }
  }

  void AddDimension(int d, const v1::ExtractDimension& held) {
    const int slot = meta_.dimension_size();
    *meta_.add_dimension() = held;
    stored_.push_back(d);
    LoadPlan::Held of{};
    of.codes = {held.code().begin(), held.code().end()};
    if (held.dimension() == time_) {
      of.from = LoadPlan::From::kMonth;
      std::vector<std::string> periods = {meta_.month().begin(),
                                          meta_.month().end()};
      const auto unknown = std::find(of.codes.begin(), of.codes.end(), "U");
      if (unknown != of.codes.end()) periods.push_back("U");
      for (const std::string& period : periods) AddEra(held, period);
    } else {
      LoadPlan::Column column = ColumnOf(held.dimension(), LoadPlan::To::kCode);
      column.slot = slot;
      for (size_t i = 0; i < of.codes.size(); ++i) {
        column.table.AddValue(of.codes[i], static_cast<int64_t>(i));
      }
      plan_.columns.push_back(std::move(column));
    }
    plan_.dimensions.push_back(std::move(of));
  }

  void AddEra(const v1::ExtractDimension& held, const std::string& period) {
    v1::ExtractEra* era = meta_.add_era();
    era->set_month(period);
    era->add_bound(meta_.sequence());
    const auto at = std::find(held.code().begin(), held.code().end(), period) -
                    held.code().begin();
    auto* in = era->add_in();
    in->set_variable(held.variable());
    in->set_code(period);
    for (const auto& roll_up : held.roll_up()) {
      in = era->add_in();
      in->set_variable(roll_up.variable());
      in->set_code(roll_up.code(static_cast<int>(at)));
    }
  }

  std::string Spelt(const std::string& code) {
    std::string text = code;
    if (rng_.Chance(30)) text = absl::AsciiStrToLower(text);
    if (rng_.Chance(20)) text = "  " + text + " ";
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
  }

  void Read(const LoadedWorld& loaded) {
    auto db = Database::Open(loaded.folder() + "/extract/events.db",
                             Database::Mode::kReadOnly);
    ASSERT_TRUE(db.ok());
    std::string columns = "person";
    for (const int d : stored_) absl::StrAppend(&columns, ",d", d);
    for (int q = 0; q < meta_.quantity_size(); ++q) {
      absl::StrAppend(&columns, ",q", q);
    }
    auto select =
        (*db)->Prepare(absl::StrCat("SELECT ", columns, " FROM record"));
    ASSERT_TRUE(select.ok());
    while (*select->Step()) AddRow(*select);
  }

  void AddRow(const Statement& row) {
    const int site = static_cast<int>(rng_.Below(5));
    const std::string who = row.IsNull(0) ? (rng_.Chance(50) ? "NULL" : "' '")
                                          : absl::StrCat("'p", row.Int(0), "'");
    std::string date, rest;
    for (size_t i = 0; i < stored_.size(); ++i) {
      const v1::ExtractDimension& held = meta_.dimension(static_cast<int>(i));
      const std::string& code =
          held.code(static_cast<int>(row.Int(static_cast<int>(i) + 1)));
      if (held.dimension() == time_) {
        date = code == "U"
                   ? "NULL"
                   : absl::StrCat("'", code, "-",
                                  10 + static_cast<int>(rng_.Below(19)), "'");
      } else {
        absl::StrAppend(&rest, ", ", Spelt(code));
      }
    }
    for (int q = 0; q < meta_.quantity_size(); ++q) {
      const int64_t amount = row.Int(static_cast<int>(stored_.size()) + 1 + q);
      const int decimals = plan_.quantities[static_cast<size_t>(q)]->decimals;
      absl::StrAppend(&rest, ", ", amount,
                      decimals == 0 ? "" : absl::StrCat("e-", decimals));
    }
    rows_.emplace_back(site, absl::StrCat(date, ", ", who, ", ", site, rest));
  }

  Rng rng_;
  v1::ExtractMeta meta_;
  LoadPlan plan_;
  std::string time_;
  std::vector<int> stored_;  // positions of meta_'s dimensions in the extract's
  std::vector<std::pair<int, std::string>> rows_;
};

// `seen_in`: the table whose records are what load saw; empty: the same.
inline std::unique_ptr<OdbcSource> Open(const LoadedWorld& loaded,
                                        const Ledger& ledger,
                                        const std::string& connection,
                                        const std::string& table = "events",
                                        const std::string& spread_by = "",
                                        int seconds = 60,
                                        const std::string& seen_in = "") {
  OdbcSettings settings;
  settings.connection = connection;
  settings.table = {seen_in.empty() ? table : seen_in, spread_by};
  v1::ExtractMeta meta = ledger.meta();
  {
    const auto load = OdbcSource::Open(settings, meta, loaded.data_set(),
                                       ledger.plan(), "key");
    EXPECT_THAT(load, IsOk());
    EraSet all;
    for (int e = 0; e < meta.era_size(); ++e) all.push_back(e);
    const auto seen = (*load)->See(all);
    // What cannot be reached or read says so when it is asked.
    if (seen.ok()) meta.mutable_in_place()->set_seen(seen->digest);
  }
  settings.table.table = table;
  settings.timeout = std::chrono::seconds(seconds);
  auto source =
      OdbcSource::Open(settings, meta, loaded.data_set(), ledger.plan(), "key");
  EXPECT_THAT(source, IsOk());
  return source.ok() ? *std::move(source) : nullptr;
}

inline std::string ReplaceDate(std::string text, const std::string& type) {
  return absl::StrReplaceAll(text, {{"%DATE%", type}});
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_OWN_DATABASE_H_
