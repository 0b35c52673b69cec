#include "agent/loader.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/extract_writer.h"
#include "cairn/v1/extract.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/load_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Rows = std::vector<std::vector<std::string>>;

constexpr char kHeader[] = "When,Who,Weapon,Age,Why,Days\n";
constexpr char kMapping[] = R"pb(
  data_set: "events"
  version: 3
  column { name: "When" occurred_at: true }
  column { name: "Who" person_key: true }
  column {
    name: "Weapon"
    variable: "weapon"
    unmapped: "OTHER"
    empty: "U"
    value { from: "k" to: "KNIFE" }
    value { from: "g" to: "GUN" }
  }
  column { name: "Age" variable: "age_band" number_to_band: true empty: "U" }
  column { name: "Why" variable: "reason" split: ";" identity: true empty: "U" }
  column { name: "Days" quantity: "days" empty: "0" }
)pb";

class LoaderTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    state_ = folder_ + "/state";
    mapping_ = Write("map.textproto", kMapping);
  }

  absl::StatusOr<LoadReport> LoadFiles(const std::vector<std::string>& files) {
    auto key = ReadOrMakeKey(state_);
    if (!key.ok()) return key.status();
    LoadRequest request{*catalogue_, DataSetOf("events"), {}};
    request.source.set_data_set("events");
    request.source.set_mapping(mapping_);
    for (const std::string& file : files) request.source.add_file(file);
    for (const auto& [from, to] : covers_) {
      request.source.add_covers()->set_from(from);
      request.source.mutable_covers()->rbegin()->set_to(to);
    }
    request.places = places_.get();
    request.state_dir = state_;
    request.pseudonym_key = *key;
    request.on_terminal = [this](const std::string& sentence) {
      terminal_.push_back(sentence);
    };
    request.progress = [this](double fraction, absl::string_view) {
      fractions_.push_back(fraction);
      if (stop_at_first_look_) stop_ = true;
    };
    request.stop = &stop_;
    return LoadDataSet(request);
  }
  // The records after the header.
  absl::StatusOr<LoadReport> Load(const std::string& rows) {
    return LoadFiles({Write("f.csv", kHeader + rows)});
  }
  std::string ErrorOf(const std::string& bytes) {
    return std::string(LoadFiles({Write("f.csv", bytes)}).status().message());
  }

  std::string Extract() const { return state_ + "/extract/events.db"; }

  // With SQLite itself, not with our own door to it.
  Rows Select(const std::string& sql) const {
    sqlite3* db = nullptr;
    EXPECT_EQ(
        sqlite3_open_v2(Extract().c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
        SQLITE_OK);
    Rows rows;
    const auto add = [](void* out, int count, char** texts, char**) {
      std::vector<std::string> row;
      for (int i = 0; i < count; ++i) {
        row.emplace_back(texts[i] == nullptr ? "null" : texts[i]);
      }
      static_cast<Rows*>(out)->push_back(std::move(row));
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), add, &rows, &error), SQLITE_OK)
        << error;
    sqlite3_close(db);
    return rows;
  }
  v1::ExtractMeta Meta() const {
    v1::ExtractMeta meta;
    const std::string hex =
        Select("SELECT hex(value) FROM meta WHERE key = 'extract'")[0][0];
    std::string bytes;
    for (size_t i = 0; i < hex.size(); i += 2) {
      bytes.push_back(
          static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    EXPECT_TRUE(meta.ParseFromString(bytes));
    return meta;
  }
  // Which dN holds a variable.
  int Column(const std::string& variable) const {
    const v1::ExtractMeta meta = Meta();
    for (int d = 0; d < meta.dimension_size(); ++d) {
      if (meta.dimension(d).variable() == variable) return d;
    }
    return -1;
  }

  std::string state_;
  std::string mapping_;
  std::vector<std::pair<std::string, std::string>> covers_ = {
      {"2024-01", "2024-03"}};
  std::unique_ptr<Places> places_;
  std::vector<std::string> terminal_;
  std::vector<double> fractions_;
  bool stop_at_first_look_ = false;
  std::atomic<bool> stop_{false};
};

TEST_F(LoaderTest, StoresEveryRecordAsWholeNumbers) {
  const auto report = Load(
      "2024-01-01 09:00,p1,k,30,PP;OW,2.5\n"
      "05/02/2024 23:59,,g,,,\n");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 2u);
  EXPECT_EQ(report->rows_without_person, 1u);
  // month, weekday, hour, weapon, age_band, reason; then days.
  EXPECT_EQ(Select("SELECT d0,d1,d2,d3,d4,d5,q0 FROM record"),
            (Rows{{"1", "0", "23", "1", "3", "8", "0"},
                  {"0", "0", "9", "0", "2", "5", "25"}}));
  EXPECT_EQ(Select("SELECT count(*) FROM record WHERE person IS NULL"),
            (Rows{{"1"}}));
  EXPECT_EQ(Select("SELECT name FROM sqlite_master WHERE type = 'table' "
                   "ORDER BY name"),
            (Rows{{"meta"}, {"record"}}));
  EXPECT_EQ(Select("PRAGMA integrity_check"), (Rows{{"ok"}}));
}

TEST_F(LoaderTest, ExplainsItselfInItsMeta) {
  ASSERT_TRUE(Load("2024-01-01 09:00,p1,k,30,PP,1\n").ok());
  const v1::ExtractMeta meta = Meta();
  EXPECT_EQ(meta.data_set(), "events");
  EXPECT_EQ(meta.catalogue_digest(), catalogue_->digest);
  EXPECT_EQ(meta.mapping_version(), 3u);
  EXPECT_THAT(meta.month(), ElementsAre("2024-01", "2024-02", "2024-03"));
  EXPECT_THAT(meta.quantity(), ElementsAre("days"));
  EXPECT_TRUE(meta.has_person());
  EXPECT_THAT(meta.epoch(), SizeIs(16));
  EXPECT_THAT(meta.loaded_at(), AllOf(SizeIs(20), HasSubstr("T")));
  EXPECT_TRUE(meta.dimension(5).multi_valued());
  EXPECT_THAT(meta.dimension(5).code(), ElementsAre("PP", "PA", "OW", "U"));
}

TEST_F(LoaderTest, StoresPersonsInOrder) {
  std::string rows;
  std::map<std::string, int> want;  // a naive recount
  for (int i = 0; i < 5000; ++i) {
    const std::string who = i % 7 == 0 ? "" : absl::StrCat("p", i * 37 % 611);
    absl::StrAppend(&rows, "2024-02-03 10:00,", who, ",k,", i % 90, ",PP,1\n");
    if (!who.empty()) ++want[who];
  }
  const auto report = Load(rows);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows_without_person, 715u);
  EXPECT_EQ(Select("SELECT count(*), count(DISTINCT person) FROM record"),
            (Rows{{"5000", absl::StrCat(want.size())}}));
  const Rows stored = Select("SELECT person FROM record");  // as it lies
  bool null_ended = false;
  int64_t last = -1;
  for (const auto& row : stored) {
    if (row[0] == "null") {
      EXPECT_FALSE(null_ended);
      continue;
    }
    null_ended = true;
    const int64_t person = std::stoll(row[0]);
    EXPECT_LE(last, person);
    last = person;
  }
}

TEST_F(LoaderTest, CountsAgreeWithANaiveRecount) {
  std::string rows;
  std::map<std::string, int> want;
  const char* const kWeapons[] = {"k", "G", " g ", "axe", "", "K"};
  const char* const kCodes[] = {"KNIFE", "GUN", "GUN", "OTHER", "U", "KNIFE"};
  for (int i = 0; i < 3000; ++i) {
    const int month = i % 5 + 1;  // of which 1 to 3 are covered
    absl::StrAppend(&rows, "2024-0", month, "-11 08:30,x,", kWeapons[i % 6],
                    ",20,PA,1\n");
    if (month <= 3) ++want[absl::StrCat(kCodes[i % 6], " ", month)];
  }
  const auto report = Load(rows);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 1800u);
  EXPECT_EQ(report->rows_outside_period, 1200u);
  const v1::ExtractMeta meta = Meta();
  const int weapon = Column("weapon");
  std::map<std::string, int> got;
  for (const auto& row : Select(absl::StrCat(
           "SELECT d", weapon, ", d0, count(*) FROM record GROUP BY 1, 2"))) {
    const std::string key =
        absl::StrCat(meta.dimension(weapon).code(std::stoi(row[0])), " ",
                     std::stoi(row[1]) + 1);
    got[key] = std::stoi(row[2]);
  }
  EXPECT_EQ(got, want);
}

TEST_F(LoaderTest, CountsRowsOutsideThePeriod) {
  covers_ = {{"2024-01", "2024-01"}, {"2024-03", "2024-03"}};
  const auto report = Load(
      "2024-01-31 23:59,p,k,1,PP,1\n"
      "2024-02-01 00:00,p,k,1,PP,1\n"
      "1999-02-01 00:00,p,no,such,thing,x\n"  // left out unread
      "2024-03-01 00:00,p,k,1,PP,1\n");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 2u);
  EXPECT_EQ(report->rows_outside_period, 2u);
  EXPECT_EQ(Meta().rows_outside_period(), 2u);
  EXPECT_THAT(Meta().month(), ElementsAre("2024-01", "2024-03"));
}

TEST_F(LoaderTest, ReportsWhereUnmappedValuesWent) {
  const auto report = Load(
      "2024-01-01 09:00,p,axe,1,PP,1\n"
      "2024-01-01 09:00,p,rope,1,PP,1\n"
      "2024-01-01 09:00,p,axe,1,PP,1\n"
      "2024-01-01 09:00,p,,1,PP,1\n");
  ASSERT_TRUE(report.ok()) << report.status();
  const ColumnCounts* weapon = nullptr;
  for (const ColumnCounts& column : report->columns) {
    if (column.column == "Weapon") weapon = &column;
  }
  ASSERT_NE(weapon, nullptr);
  EXPECT_EQ(weapon->unmapped_rows, 3u);
  EXPECT_EQ(weapon->unmapped_values, 2u);
  EXPECT_EQ(weapon->unmapped_to, "OTHER");
  EXPECT_EQ(weapon->empty_rows, 1u);
  EXPECT_EQ(weapon->empty_to, "U");
}

TEST_F(LoaderTest, NeverPrintsAValueInAnError) {
  const std::string good = "2024-01-01 09:00,p,k,1,PP,1\n";
  const std::string kSecret = "Zelda Quill";
  const absl::Status status =
      Load(absl::StrCat(good, kSecret, ",p,k,1,PP,1\n",               //
                        "2024-01-01 09:00,p,k,", kSecret, ",PP,1\n",  //
                        "2024-01-01 09:00,p,k,1,PP;", kSecret, ",1\n",
                        "2024-01-01 09:00,p,k,1,PP,", kSecret, "\n"))
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message,
              StartsWith("4 rows could not be read; nothing was loaded\n"));
  EXPECT_THAT(message, Not(HasSubstr("Zelda")));
  EXPECT_THAT(message, Not(HasSubstr("Quill")));
  EXPECT_THAT(message, AllOf(HasSubstr("f.csv:3: column 'When': "),
                             HasSubstr("f.csv:4: column 'Age': "),
                             HasSubstr("f.csv:5: column 'Why': "),
                             HasSubstr("f.csv:6: column 'Days': ")));
  // The steward's own terminal may show them.
  EXPECT_THAT(terminal_, AllOf(SizeIs(4), Each(HasSubstr(kSecret))));
}

class StructuralZeroLoadTest : public LoaderTest {
 protected:
  void SetUp() override {
    LoaderTest::SetUp();
    v1::Catalogue message;
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(kCatalogue, &message));
    ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(
        R"pb(structural_zero {
               part { variable: "adult" code: "no" }
               part { variable: "weapon" code: "GUN" }
               reason: "none are licensed"
             })pb",
        message.mutable_data_set(0)));
    catalogue_ = *MakeCatalogue(message);
  }
};

TEST_F(StructuralZeroLoadTest, RefusesARowThatNoRecordCanBe) {
  const absl::Status status = Load(
                                  "2024-01-01 09:00,p,k,12,PP,1\n"
                                  "2024-01-01 09:00,p,g,30,PP,1\n"
                                  "2024-01-01 09:00,p,g,12,PP,1\n"
                                  "2024-01-01 09:00,p,g,,PP,1\n")
                                  .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message,
              AllOf(StartsWith("1 row could not be read; nothing was loaded\n"),
                    HasSubstr("f.csv:4: column 'Age': "),
                    HasSubstr("structural_zero 1 of events (age_band, weapon): "
                              "none are licensed")));
  // Not what the record has.
  EXPECT_THAT(message, Not(HasSubstr("12")));
  EXPECT_THAT(message, Not(HasSubstr("0-17")));
  EXPECT_THAT(message, Not(HasSubstr("GUN")));
  EXPECT_THAT(terminal_, ElementsAre(HasSubstr("'12'")));
}

TEST_F(StructuralZeroLoadTest, TakesAllOtherRows) {
  const auto report = Load(
      "2024-01-01 09:00,p,k,12,PP,1\n"
      "2024-01-01 09:00,p,g,30,PP,1\n"
      "2024-01-01 09:00,p,axe,12,PP,1\n"
      "2024-01-01 09:00,p,,12,PP,1\n"
      "2024-01-01 09:00,p,g,,PP,1\n");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 5u);
}

// A mapping that makes one code of all records.
TEST_F(StructuralZeroLoadTest, SeesConstantsAndCoarserCodes) {
  mapping_ = Write("map.textproto", R"pb(
    data_set: "events"
    version: 3
    column { name: "When" occurred_at: true }
    column {
      name: "Weapon"
      variable: "weapon"
      unmapped: "U"
      empty: "U"
      value { from: "g" to: "GUN" }
    }
    constant { variable: "adult" code: "no" }
  )pb");
  EXPECT_TRUE(Load("2024-01-01 09:00,p,k,12,PP,1\n").ok());
  EXPECT_THAT(
      std::string(Load("2024-01-01 09:00,p,g,12,PP,1\n").status().message()),
      HasSubstr("f.csv:2: column 'Weapon': "));
}

TEST_F(LoaderTest, AValueOnTheTerminalCannotMoveTheCursor) {
  EXPECT_FALSE(Load("2024-01-01 09:00,p,k,\x1b[2J,PP,1\n").ok());
  EXPECT_THAT(terminal_, ElementsAre(Not(HasSubstr("\x1b"))));
}

TEST_F(LoaderTest, ShowsTheFirstTenBadRowsAndCountsThemAll) {
  std::string rows;
  for (int i = 0; i < 25; ++i) rows += "30/02/2024 10:00,p,k,1,PP,1\n";
  const std::string message(Load(rows).status().message());
  EXPECT_THAT(message, StartsWith("25 rows could not be read"));
  EXPECT_THAT(message, HasSubstr("f.csv:11: column 'When': the month of the "
                                 "date has no such day"));
  EXPECT_THAT(message, Not(HasSubstr("f.csv:12:")));
  EXPECT_THAT(message, HasSubstr("and 15 more"));
}

TEST_F(LoaderTest, OldDataStaysWhenTheNewFileIsBroken) {
  const std::string good = "2024-01-01 09:00,p,k,1,PP,1\n";
  ASSERT_TRUE(Load(good).ok());
  const std::string before = Slurp(Extract());
  const std::string whole = kHeader + good + good;
  std::string compressed = Gzip(absl::StrCat(whole, std::string(9000, '\n')));
  std::string many = "c0";
  for (int i = 1; i < 100'000; ++i) absl::StrAppend(&many, ",c", i);
  const std::map<std::string, std::string> broken = {
      {"a truncated gzip", compressed.substr(0, compressed.size() - 9)},
      {"a NUL", whole + std::string("2024-01-01 09:00,p,\0k,1,PP,1\n", 29)},
      {"a ragged row", whole + "2024-01-01 09:00,p,k\n"},
      {"a missing column", "When,Who,Weapon,Age,Why,Dayz\n" + good},
      {"no header", good + good},
      {"100,000 columns", many + "\n"},
      {"30 February", whole + "30/02/2024 09:00,p,k,1,PP,1\n"},
      {"an unknown code", whole + "2024-01-01 09:00,p,k,1,ZZ,1\n"},
      {"a coarser date", whole + "2024-01,p,k,1,PP,1\n"},
      {"an open quote", whole + "\"2024-01-01 09:00,p,k,1,PP,1\n"},
      {"nothing", ""},
  };
  for (const auto& [what, bytes] : broken) {
    const std::string error = ErrorOf(bytes);
    EXPECT_THAT(error, HasSubstr("f.csv")) << what;
    EXPECT_THAT(error, HasSubstr("nothing was loaded, the earlier data stays"))
        << what;
    EXPECT_EQ(Slurp(Extract()), before) << what;
    EXPECT_FALSE(std::filesystem::exists(Extract() + ".new")) << what;
  }
}

TEST_F(LoaderTest, AMissingFileLeavesTheOldData) {
  ASSERT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
  const std::string before = Slurp(Extract());
  const auto report = LoadFiles({folder_ + "/f.csv", folder_ + "/gone.csv"});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("gone.csv"));
  EXPECT_EQ(Slurp(Extract()), before);
}

TEST_F(LoaderTest, StoppingLeavesTheOldData) {
  ASSERT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
  const std::string before = Slurp(Extract());
  stop_at_first_look_ = true;
  const auto report = Load("2024-01-01 09:00,p,g,1,PP,1\n");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Slurp(Extract()), before);
  EXPECT_FALSE(std::filesystem::exists(Extract() + ".new"));
}

TEST_F(LoaderTest, WhatAKilledLoadLeftIsSweptAway) {
  ASSERT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
  Write("state/extract/events.db.new", "half of a database");
  ASSERT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
  EXPECT_FALSE(std::filesystem::exists(Extract() + ".new"));
}

TEST_F(LoaderTest, TwoLoadsDoNotMix) {
  auto first = NewFile::Create(state_, "events");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto report = Load("2024-01-01 09:00,p,k,1,PP,1\n");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  first->reset();
  EXPECT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
}

TEST_F(LoaderTest, ReloadingTheSameFileKeepsTheEpoch) {
  const std::string rows =
      "2024-01-01 09:00,p,k,1,PP,1\n2024-02-01 09:00,q,g,2,,\n";
  const auto first = Load(rows);
  const auto again = Load(rows);
  const auto zipped = LoadFiles({Write("f.csv.gz", Gzip(kHeader + rows))});
  ASSERT_TRUE(first.ok() && again.ok() && zipped.ok());
  EXPECT_EQ(first->epoch, again->epoch);
  EXPECT_EQ(first->epoch, zipped->epoch);
}

// Loaded for the first time each: what follows on from an earlier load is
// month_versions_test's.
TEST_F(LoaderTest, AnyOtherContentIsAnotherEpoch) {
  const std::string row = "2024-01-01 09:00,p,k,1,PP,1\n";
  std::vector<std::string> epochs = {Load(row)->epoch};
  const auto add = [&](const std::string& rows) {
    std::filesystem::remove(Extract());
    const auto report = Load(rows);
    ASSERT_TRUE(report.ok()) << report.status();
    for (const std::string& epoch : epochs) EXPECT_NE(report->epoch, epoch);
    epochs.push_back(report->epoch);
  };
  add(row + row);
  add("2024-01-01 09:00,other,k,1,PP,1\n");
  add("2024-01-01 09:00,p,k,1,PP,2\n");
  add("2024-01-01 09:00,,k,1,PP,1\n");
  covers_ = {{"2024-01", "2024-02"}};
  add(row);
  places_ = MakePlaces(R"(area { variable: "lad" code: "D1" })");
  add(row);
  // The same records, but their place now lies in another ward.
  Write("map.textproto",
        absl::StrCat(kMapping, "constant { variable: 'lsoa' code: 'L1' }"));
  places_ = MakePlaces();
  add(row);
  const std::string moved = absl::StrReplaceAll(kPlaces, {{"W1", "W2"}});
  places_ = *Places::Read(SourceOfPlaces(moved, ""), *catalogue_);
  add(row);
}

TEST_F(LoaderTest, AMappingInOtherWordsIsTheSameEpoch) {
  const std::string row = "2024-01-01 09:00,p,k,1,PP,1\n";
  const std::string epoch = Load(row)->epoch;
  Write("map.textproto", absl::StrCat(kMapping, "# changed\n"));
  EXPECT_EQ(Load(row)->epoch, epoch);
}

TEST_F(LoaderTest, ReadsSeveralFilesWithTheirColumnsInAnyOrder) {
  const auto report = LoadFiles(
      {Write("a.csv", absl::StrCat(kHeader, "2024-01-01 09:00,p,k,1,PP,1\n")),
       Write("b.csv",
             "Days,Extra,Why,Age,Weapon,Who,When\n"
             "1,note,PP,1,k,p,2024-01-01 09:00\n")});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(Select("SELECT count(*) FROM (SELECT DISTINCT * FROM record)"),
            (Rows{{"1"}}));
  EXPECT_EQ(report->rows, 2u);
  EXPECT_TRUE(std::is_sorted(fractions_.begin(), fractions_.end()));
  EXPECT_EQ(fractions_.back(), 1);
}

TEST_F(LoaderTest, TheFirstDateSaysHowFineTheSourceIs) {
  ASSERT_TRUE(
      Load("2024-01-02,p,k,1,PP,1\n2024-01-03 10:00,p,k,1,PP,1\n").ok());
  EXPECT_EQ(Column("hour"), -1);
  EXPECT_EQ(Column("weekday"), 1);
  ASSERT_TRUE(Load("2024-01,p,k,1,PP,1\n").ok());
  EXPECT_EQ(Column("weekday"), -1);
  EXPECT_EQ(Column("month"), 0);
}

TEST_F(LoaderTest, AnEmptyFileOfRecordsIsAnEmptyExtract) {
  const auto report = Load("");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 0u);
  EXPECT_THAT(Select("SELECT * FROM record"), IsEmpty());
}

TEST_F(LoaderTest, CoversMustBeWholeMonthsOfTheCataloguesPeriod) {
  const std::vector<std::pair<decltype(covers_), std::string>> cases = {
      {{}, "covers is missing"},
      {{{"2023-12", "2024-01"}},
       "2023-12, but the catalogue's period is "
       "2024-01 to 2024-12"},
      {{{"2024-03", "2024-01"}}, "end before they start"},
      {{{"2024-01-15", "2024-02"}}, "not a month"},
      {{{"2024-01", "2024-02"}, {"2024-02", "2024-02"}}, "2024-02 twice"},
  };
  for (const auto& [covers, error] : cases) {
    covers_ = covers;
    EXPECT_THAT(std::string(Load("").status().message()), HasSubstr(error));
  }
}

TEST_F(LoaderTest, OnlyTheOwnerCanReadWhatIsStored) {
  ASSERT_TRUE(Load("2024-01-01 09:00,p,k,1,PP,1\n").ok());
  for (const std::string& path :
       {Extract(), state_ + "/pseudonym.key", state_ + "/extract"}) {
    struct stat about {};
    ASSERT_EQ(stat(path.c_str(), &about), 0) << path;
    EXPECT_EQ(about.st_mode & 077, 0u) << path;
  }
}

TEST_F(LoaderTest, TheDatabaseHoldsNoTextOfTheRecords) {
  ASSERT_TRUE(Load("2024-01-01 09:00,Zelda Quill,Zulfiqar,1,PP,1\n").ok());
  const std::string bytes = Slurp(Extract());
  EXPECT_FALSE(absl::StrContains(bytes, "Zelda"));
  EXPECT_FALSE(absl::StrContains(bytes, "Zulfiqar"));
}

TEST_F(LoaderTest, TheKeyIsMadeOnceAndNeverReplaced) {
  const auto key = ReadOrMakeKey(state_);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_THAT(*key, SizeIs(32));
  EXPECT_EQ(*ReadOrMakeKey(state_), *key);
  EXPECT_NE(*ReadOrMakeKey(folder_ + "/other"), *key);
  const std::string path = state_ + "/pseudonym.key";
  chmod(path.c_str(), 0644);
  EXPECT_FALSE(ReadOrMakeKey(state_).ok());
  chmod(path.c_str(), 0600);
  Write("state/pseudonym.key", "short");
  EXPECT_EQ(ReadOrMakeKey(state_).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace cairn
