// The statement in the dialects of databases that were not at hand to be asked,
// as texts to be read; PostgreSQL's and SQLite's are run by odbc_source_test.

#include "agent/aggregate_sql.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

LoadPlan::Column ColumnOf(const std::string& name, LoadPlan::To to, int slot) {
  LoadPlan::Column column;
  column.name = name;
  column.to = to;
  column.slot = slot;
  return column;
}

class AggregateSqlTest : public ::testing::Test {
 protected:
  AggregateSqlTest() {
    plan_.columns = {ColumnOf("When", LoadPlan::To::kDate, -1),
                     ColumnOf("Who", LoadPlan::To::kPerson, -1),
                     ColumnOf("We\"ap]on", LoadPlan::To::kCode, 0),
                     ColumnOf("Age", LoadPlan::To::kCode, 1),
                     ColumnOf("Days", LoadPlan::To::kQuantity, 2)};
    plan_.date_column = 0;
    plan_.person_column = 1;
    CodeTable& weapon = plan_.columns[2].table;
    weapon.AddValue("Knife", 0);
    weapon.AddValue("blade", 0);
    weapon.AddValue("Gun", 1);
    weapon.empty = 2;
    plan_.columns[3].table.AddBand({0, 17, 0});
    plan_.columns[3].table.AddBand({18, 120, 1});
    plan_.columns[3].table.unmapped = 2;
    plan_.columns[4].quantity = &days_;
    plan_.dimensions.resize(2);
    plan_.dimensions[0].codes = {"KNIFE", "GUN", "U"};
    plan_.dimensions[1].codes = {"0-17", "18+", "U"};
    plan_.quantities = {&days_};
    days_.variable = "days";
    days_.decimals = 1;
    days_.clip_high = 450;

    TableAxis axis;
    axis.variable = "weapon";
    axis.codes = {"KNIFE", "GUN", "U"};
    shape_.axes = {axis};
    scan_.stored = {0};
    scan_.axes.resize(1);
    scan_.axes[0].position = {0, 1, 2};
    scan_.options.persons = true;
    scan_.chosen = {true, true, false};
  }

  SqlStatement Tabulate(const std::string& product,
                        const SqlTable& table = {"dbo.events", ""}) const {
    const auto dialect = SqlDialect::Of(product);
    EXPECT_THAT(dialect, IsOk());
    const auto sql = AggregateSql::Create(plan_, months_, *dialect, table);
    EXPECT_THAT(sql, IsOk());
    const SqlStatement statement = sql->Tabulate(scan_, shape_);
    EXPECT_EQ(static_cast<size_t>(std::count(statement.text.begin(),
                                             statement.text.end(), '?')),
              statement.parameters.size());
    return statement;
  }

  const std::vector<std::string> months_ = {"2023-11", "2023-12", "2024-02"};
  Quantity days_;
  LoadPlan plan_;
  TableShape shape_;
  ScanPlan scan_;
};

TEST_F(AggregateSqlTest, ForSqlServer) {
  const SqlStatement sql = Tabulate("Microsoft SQL Server");
  EXPECT_EQ(sql.text,
            "WITH b AS (SELECT a0, p, COUNT_BIG(*) AS n FROM (SELECT "
            "CASE WHEN [We\"ap]]on] IS NULL"
            " OR TRIM(CAST([We\"ap]]on] AS NVARCHAR(4000)))"
            " COLLATE Latin1_General_BIN2 = '' THEN 2"
            " WHEN LOWER(TRIM(CAST([We\"ap]]on] AS NVARCHAR(4000)))"
            " COLLATE Latin1_General_BIN2) IN (?, ?) THEN 0"
            " WHEN LOWER(TRIM(CAST([We\"ap]]on] AS NVARCHAR(4000)))"
            " COLLATE Latin1_General_BIN2) IN (?) THEN 1"
            " ELSE -1 END AS a0, "
            "CASE WHEN LOWER(TRIM(CAST([Who] AS NVARCHAR(4000)))"
            " COLLATE Latin1_General_BIN2) IN (?) THEN NULL"
            " ELSE TRIM(CAST([Who] AS NVARCHAR(4000)))"
            " COLLATE Latin1_General_BIN2 END AS p "
            "FROM [dbo].[events] WHERE ([When] >= CAST(? AS DATE)"
            " AND [When] < CAST(? AS DATE))) r GROUP BY a0, p), "
            "c AS (SELECT a0, p, SUM(n) AS n FROM b GROUP BY CUBE(a0), p) "
            "SELECT a0, SUM(n), COUNT(p),"
            " MAX(CASE WHEN p IS NULL THEN 1 ELSE 0 END) FROM c GROUP BY a0");
  // Two months in a row are one stretch; the third is not asked for.
  EXPECT_THAT(sql.parameters, ElementsAre("blade", "knife", "gun", "",
                                          "2023-11-01", "2024-01-01"));
}

TEST_F(AggregateSqlTest, ForOracleWithASum) {
  scan_.quantities = {0};
  scan_.options.sums.emplace_back();
  const SqlStatement sql = Tabulate("Oracle", {"EVENTS", "REGION"});
  EXPECT_EQ(sql.text,
            "WITH b AS (SELECT a0, p, k, COUNT(*) AS n, SUM(q0) AS s0 FROM "
            "(SELECT r.*, CASE WHEN p IS NULL THEN own END AS k FROM (SELECT "
            "CASE WHEN \"We\"\"ap]on\" IS NULL"
            " OR TRIM(CAST(\"We\"\"ap]on\" AS VARCHAR2(4000))) = '' THEN 2"
            " WHEN LOWER(TRIM(CAST(\"We\"\"ap]on\" AS VARCHAR2(4000))))"
            " IN (?, ?) THEN 0"
            " WHEN LOWER(TRIM(CAST(\"We\"\"ap]on\" AS VARCHAR2(4000))))"
            " IN (?) THEN 1 ELSE -1 END AS a0, "
            "CASE WHEN LOWER(TRIM(CAST(\"Who\" AS VARCHAR2(4000)))) IN (?)"
            " THEN NULL ELSE TRIM(CAST(\"Who\" AS VARCHAR2(4000))) END AS p, "
            "CASE WHEN \"Days\" IS NULL OR TRIM(CAST(\"Days\" AS "
            "VARCHAR2(4000))) = ''"
            " THEN 0 WHEN CAST(ROUND(CAST(TRIM(CAST(\"Days\" AS "
            "VARCHAR2(4000))) AS NUMBER(18,6)) * 10, 0) AS NUMBER(19))"
            " < 0 THEN 0 WHEN CAST(ROUND(CAST(TRIM(CAST(\"Days\" AS "
            "VARCHAR2(4000))) AS NUMBER(18,6)) * 10, 0) AS NUMBER(19))"
            " > 450 THEN 450 ELSE CAST(ROUND(CAST(TRIM(CAST(\"Days\" AS "
            "VARCHAR2(4000))) AS NUMBER(18,6)) * 10, 0) AS NUMBER(19))"
            " END AS q0, "
            "ROW_NUMBER() OVER (ORDER BY NULL) AS own, "
            "\"REGION\" AS server FROM \"EVENTS\" "
            "WHERE (\"When\" >= TO_DATE(?, 'YYYY-MM-DD')"
            " AND \"When\" < TO_DATE(?, 'YYYY-MM-DD'))) r) r"
            " GROUP BY a0, p, k, server), "
            "c AS (SELECT a0, p, k, SUM(n) AS n, SUM(s0) AS s0 FROM b"
            " GROUP BY CUBE(a0), p, k), "
            "w AS (SELECT a0, p, k, n, s0,"
            " ROW_NUMBER() OVER (PARTITION BY a0 ORDER BY s0 DESC) AS r0"
            " FROM c) "
            "SELECT a0, SUM(n), COUNT(p),"
            " MAX(CASE WHEN p IS NULL THEN 1 ELSE 0 END), SUM(s0),"
            " MAX(CASE WHEN r0 = 1 AND s0 > 0 THEN s0 ELSE 0 END),"
            " MAX(CASE WHEN r0 = 2 AND s0 > 0 THEN s0 ELSE 0 END)"
            " FROM w GROUP BY a0");
}

TEST_F(AggregateSqlTest, BandsTakeNumbersBetweenTheirWholeYears) {
  scan_.stored = {1};
  shape_.axes[0].variable = "age";
  const SqlStatement sql = Tabulate("PostgreSQL");
  EXPECT_THAT(sql.text,
              HasSubstr("WHEN CAST(TRIM(CAST(\"Age\" AS TEXT)) AS "
                        "DECIMAL(18,6)) >= 0 AND CAST(TRIM(CAST(\"Age\" AS "
                        "TEXT)) AS DECIMAL(18,6)) < 18 THEN 0"));
}

TEST_F(AggregateSqlTest, WhatADatabaseCannotGiveIsRefused) {
  const auto refused = [this] {
    return AggregateSql::Create(plan_, months_, *SqlDialect::Of("PostgreSQL"),
                                {"events", ""})
        .status();
  };
  EXPECT_THAT(refused(), IsOk());
  plan_.columns[3].to = LoadPlan::To::kBirthDate;
  EXPECT_THAT(std::string(refused().message()), HasSubstr("'Age'"));
  plan_.columns[3].to = LoadPlan::To::kCode;
  plan_.columns[3].multi_valued = true;
  EXPECT_THAT(std::string(refused().message()), HasSubstr("several values"));
  plan_.columns[3].multi_valued = false;
  plan_.dimensions[1].from = LoadPlan::From::kHour;
  EXPECT_THAT(std::string(refused().message()), HasSubstr("hours"));
  EXPECT_EQ(SqlDialect::Of("dBase").status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace cairn
