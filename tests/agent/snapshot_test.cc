// The promises: a snapshot gives the figures that its rows give one by one, and
// one that is not what was written is never used.

#include "agent/snapshot.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/loader.h"
#include "agent/snapshot_tabulator.h"
#include "agent/snapshot_writer.h"
#include "agent/sqlite_source.h"
#include "agent/tabulator.h"
#include "core/base/digest.h"
#include "core/query/plan.h"
#include "core/store/sqlite.h"
#include "gtest/gtest.h"
#include "tests/agent/load_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// In place, which a disk likes better eight thousand times over.
void Flip(const std::string& path, size_t at, unsigned char bits) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ bits);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

struct Row {
  int64_t person = -1;
  // Era, then dimensions, then quantities, then the key.
  std::vector<int64_t> values;
};

// Rows in the order of their persons: most with one record, some with a few,
// now and then one with many.
std::vector<Row> RandomRows(std::mt19937_64* random, size_t rows,
                            const std::vector<size_t>& sizes, bool persons) {
  std::vector<Row> made;
  int64_t person = -1;
  size_t more = persons ? (*random)() % 40 : rows;  // of this person
  while (made.size() < rows) {
    if (more-- == 0) {
      person += 1 + static_cast<int64_t>((*random)() % 3);
      const uint64_t dice = (*random)() % 100;
      more = dice == 0 ? 150 : dice < 50 ? 0 : (*random)() % 6;
    }
    Row row{person, {static_cast<int64_t>((*random)() % 3)}};
    for (const size_t size : sizes) {
      row.values.push_back(static_cast<int64_t>((*random)() % size));
    }
    row.values.push_back(static_cast<int64_t>((*random)() % 500) - 100);
    row.values.push_back(static_cast<int64_t>((*random)()));
    made.push_back(std::move(row));
  }
  return made;
}

TableShape ShapeOf(const std::vector<size_t>& sizes) {
  TableShape shape;
  for (size_t a = 0; a < sizes.size(); ++a) {
    TableAxis axis;
    axis.variable = absl::StrCat("v", a);
    for (size_t i = 0; i < sizes[a]; ++i) {
      axis.codes.push_back(absl::StrCat("c", i));
    }
    axis.part.assign(sizes[a], false);
    shape.axes.push_back(std::move(axis));
  }
  return shape;
}

class SnapshotTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    path_ = folder_ + "/x.snapshot";
  }

  void WriteRows(const std::vector<Row>& rows,
                 const std::vector<size_t>& sizes) {
    std::vector<SnapshotWriter::Column> columns = {{ColumnKind::kEra, 0, 0, 2}};
    for (size_t d = 0; d < sizes.size(); ++d) {
      columns.push_back(
          {ColumnKind::kDimension, static_cast<uint32_t>(d), 0, sizes[d] - 1});
    }
    columns.push_back({ColumnKind::kQuantity, 0, -100, 500});
    columns.push_back({ColumnKind::kKey, 0, 0, ~uint64_t{0}});
    auto writer = SnapshotWriter::Create(path_, rows.size(), columns, digest_);
    ASSERT_THAT(writer, IsOk());
    for (const Row& row : rows) {
      ASSERT_THAT((*writer)->Add(row.person, row.values), IsOk());
    }
    ASSERT_THAT((*writer)->Finish(), IsOk());
  }

  // Looks at every column, as tables of all kinds would.
  absl::Status ReadAll() const {
    auto snapshot = Snapshot::Open(path_, digest_);
    if (!snapshot.ok()) return snapshot.status();
    for (const auto& [kind, number] :
         {std::pair{ColumnKind::kStart, 0}, std::pair{ColumnKind::kEra, 0},
          std::pair{ColumnKind::kDimension, 0},
          std::pair{ColumnKind::kDimension, 1},
          std::pair{ColumnKind::kQuantity, 0},
          std::pair{ColumnKind::kKey, 0}}) {
      const auto column =
          (*snapshot)->Find(kind, static_cast<uint32_t>(number));
      if (!column.ok()) return column.status();
    }
    return absl::OkStatus();
  }

  std::string path_;
  const std::string digest_ = Sha256("this extract");
};

ScanPlan PlanFor(const std::vector<size_t>& sizes,
                 const std::vector<bool>& chosen, bool persons, bool sums) {
  ScanPlan scan;
  for (size_t a = 0; a < sizes.size(); ++a) {
    scan.stored.push_back(static_cast<int>(a));
    ScanPlan::Axis axis;
    axis.column = a;
    for (size_t i = 0; i < sizes[a]; ++i) {
      // Not in the order in which they are stored.
      axis.position.push_back(static_cast<int64_t>((i + 1) % sizes[a]));
    }
    scan.axes.push_back(std::move(axis));
  }
  scan.options.persons = persons;
  scan.options.keys = true;
  if (sums) {
    scan.options.sums.emplace_back();
    scan.quantities.push_back(0);
  }
  scan.chosen = chosen;
  return scan;
}

// Tabulator takes the rows one by one, and its own test holds it against
// counting by hand.
FrequencyTable OneByOne(const std::vector<Row>& rows, const ScanPlan& scan,
                        const TableShape& shape) {
  Tabulator tabulator(shape, scan.options);
  const size_t axes = scan.axes.size();
  for (const Row& row : rows) {
    if (!scan.chosen[static_cast<size_t>(row.values[0])]) continue;
    std::vector<int64_t> codes;
    for (size_t a = 0; a < axes; ++a) {
      codes.push_back(
          scan.axes[a].position[static_cast<size_t>(row.values[a + 1])]);
    }
    std::vector<int64_t> values;
    if (!scan.quantities.empty()) values = {row.values[axes + 1]};
    tabulator.Add(codes, row.person, values,
                  static_cast<uint64_t>(row.values[axes + 2]));
  }
  return tabulator.Finish();
}

void ExpectSame(const FrequencyTable& a, const FrequencyTable& b) {
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.persons, b.persons);
  EXPECT_EQ(a.keyed_persons, b.keyed_persons);
  EXPECT_EQ(a.keys, b.keys);
  ASSERT_EQ(a.sums.size(), b.sums.size());
  for (size_t s = 0; s < a.sums.size(); ++s) {
    EXPECT_EQ(a.sums[s].total, b.sums[s].total);
    EXPECT_EQ(a.sums[s].largest, b.sums[s].largest);
    EXPECT_EQ(a.sums[s].second, b.sums[s].second);
  }
}

TEST_F(SnapshotTest, GivesTheFiguresOfItsRowsOneByOne) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<size_t> sizes;
    for (size_t a = random() % 5; a > 0; --a) sizes.push_back(1 + random() % 5);
    if (!sizes.empty() && round % 7 == 0) sizes[0] = 300;
    const bool persons = round % 4 != 0, sums = round % 3 != 0;
    const size_t many = round % 5 == 0 ? 9000 : random() % 400;
    const std::vector<Row> rows = RandomRows(&random, many, sizes, persons);
    WriteRows(rows, sizes);
    auto snapshot = Snapshot::Open(path_, digest_);
    ASSERT_THAT(snapshot, IsOk());
    const TableShape shape = ShapeOf(sizes);
    for (const std::vector<bool>& chosen :
         {std::vector<bool>{true, true, true}, {false, true, true}}) {
      const ScanPlan scan = PlanFor(sizes, chosen, persons, sums);
      const FrequencyTable want = OneByOne(rows, scan, shape);
      for (const int threads : {1, 3}) {
        const auto table =
            TabulateSnapshot(snapshot->get(), scan, shape, threads);
        ASSERT_THAT(table, IsOk());
        ExpectSame(*table, want);
        ASSERT_FALSE(HasFailure()) << "round " << round;
      }
    }
  }
}

TEST_F(SnapshotTest, WithAnyByteChangedOrMissingItIsRefused) {
  std::mt19937_64 random(4);
  WriteRows(RandomRows(&random, 70, {3, 300}, true), {3, 300});
  const std::string whole = Slurp(path_);
  ASSERT_THAT(ReadAll(), IsOk());
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char flip : {0x01, 0x80, 0xff}) {
      Flip(path_, at, flip);
      ASSERT_EQ(ReadAll().code(), absl::StatusCode::kDataLoss) << at;
      Flip(path_, at, flip);
    }
  }
  ASSERT_EQ(Slurp(path_), whole);
  for (size_t size = whole.size(); size-- > 0;) {
    std::filesystem::resize_file(path_, size);
    ASSERT_EQ(ReadAll().code(), absl::StatusCode::kDataLoss) << size;
  }
  Spill(path_, whole + '\0');
  EXPECT_EQ(ReadAll().code(), absl::StatusCode::kDataLoss);
  Spill(path_, whole);
  EXPECT_THAT(ReadAll(), IsOk());
  EXPECT_EQ(Snapshot::Open(path_, Sha256("another")).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(SnapshotTest, ACodeThatNoRecordCanHaveIsRefused) {
  std::vector<Row> rows(5, Row{-1, {0, 2, 0, 0}});
  WriteRows(rows, {3});
  auto snapshot = Snapshot::Open(path_, digest_);
  ASSERT_THAT(snapshot, IsOk());
  ScanPlan scan = PlanFor({3}, {true, true, true}, false, false);
  scan.axes[0].position[2] = -1;
  EXPECT_EQ(
      TabulateSnapshot(snapshot->get(), scan, ShapeOf({3}), 1).status().code(),
      absl::StatusCode::kDataLoss);
  scan.axes[0].position.pop_back();
  EXPECT_EQ(
      TabulateSnapshot(snapshot->get(), scan, ShapeOf({3}), 1).status().code(),
      absl::StatusCode::kDataLoss);
}

TEST_F(SnapshotTest, WhatIsNotAnExtractsRowsIsNotWritten) {
  const std::vector<SnapshotWriter::Column> columns = {
      {ColumnKind::kEra, 0, 0, 2}, {ColumnKind::kQuantity, 0, -5, 10}};
  const auto write = [&](const std::vector<Row>& rows) -> absl::Status {
    auto writer = SnapshotWriter::Create(path_, 2, columns, digest_);
    if (!writer.ok()) return writer.status();
    for (const Row& row : rows) {
      const absl::Status added = (*writer)->Add(row.person, row.values);
      if (!added.ok()) return added;
    }
    return (*writer)->Finish();
  };
  const Row sound{1, {2, 5}};
  for (const std::vector<Row>& rows : std::vector<std::vector<Row>>{
           {sound},                   // one is missing
           {sound, sound, sound},     // one too many
           {sound, {0, {2, 5}}},      // not in the order of persons
           {sound, {-1, {2, 5}}},     // nobody's must come first
           {{1, {3, 5}}, sound},      // there is no such era
           {{1, {-1, 5}}, sound},     // nor that one
           {{1, {0, 6}}, sound},      // more than the quantity can be
           {{1, {0, -6}}, sound}}) {  // and less
    EXPECT_EQ(write(rows).code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
  }
  EXPECT_THAT(write({{-1, {0, -5}}, sound}), IsOk());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

class SnapshotOfExtractTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    mapping_ = Write("map.textproto", R"pb(
      data_set: "events"
      version: 1
      column { name: "When" occurred_at: true }
      column { name: "Who" person_key: true }
      column { name: "Weapon" variable: "weapon" identity: true empty: "U" }
      column { name: "Why" variable: "reason" split: ";" identity: true }
      column { name: "Days" quantity: "days" }
    )pb");
  }

  void Load(int rows) {
    std::string text = "When,Who,Weapon,Why,Days\n";
    const char* const weapons[] = {"KNIFE", "GUN", "OTHER", ""};
    const char* const reasons[] = {"PP", "PP;OW", "OW"};
    for (int i = 0; i < rows; ++i) {
      absl::StrAppend(&text, "2024-0", 1 + i % 3, "-05,p", i % 17, ",",
                      weapons[i % 4], ",", reasons[i % 3], ",", i % 9, ".5\n");
    }
    LoadRequest request{*catalogue_, DataSetOf("events"), {}};
    request.source.set_data_set("events");
    request.source.set_mapping(mapping_);
    request.source.add_file(Write("f.csv", text));
    auto* span = request.source.add_covers();
    span->set_from("2024-01");
    span->set_to("2024-03");
    request.state_dir = folder_ + "/state";
    request.pseudonym_key = std::string(32, 'k');
    request.start_anew = true;
    request.complete = complete_;
    const auto report = LoadDataSet(request);
    ASSERT_THAT(report, IsOk());
  }

  std::vector<std::string> Snapshots() const {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ + "/state/extract")) {
      const std::string path = entry.path();
      if (path.find(".snapshot") != path.npos) found.push_back(path);
    }
    return found;
  }

  FrequencyTable Tabulate(SqliteSource::Scan scan) const {
    auto source = SqliteSource::Open(folder_ + "/state/extract/events.db",
                                     DataSetOf("events"), catalogue_->digest);
    EXPECT_THAT(source, IsOk());
    (*source)->ScanBy(scan);
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = {"weapon", "month"};
    query.measures = {*ParseMeasure("count"), *ParseMeasure("sum:days")};
    const auto plan = MakePlan(DataSetOf("events"), query);
    EXPECT_THAT(plan, IsOk());
    Refusal refusal;
    const auto shape = (*source)->Shape(*plan, &refusal);
    EXPECT_THAT(shape, IsOk());
    const auto table = (*source)->Tabulate(*plan, *shape, true);
    EXPECT_THAT(table, IsOk());
    return *table;
  }
  void ExpectRightAnswer() const {
    ExpectSame(Tabulate(SqliteSource::Scan::kSnapshot),
               Tabulate(SqliteSource::Scan::kRows));
  }

  std::string mapping_;
  std::function<absl::Status(const std::string&)> complete_;
};

TEST_F(SnapshotOfExtractTest, LoadLeavesTheSnapshotOfTheNewExtractAlone) {
  Load(40);
  const std::vector<std::string> first = Snapshots();
  ASSERT_EQ(first.size(), 1u);
  // As a process leaves it that is killed while it writes.
  Spill(first[0] + ".4711.new", "half");
  Load(140);
  const std::vector<std::string> second = Snapshots();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(first[0], second[0]);
  ExpectRightAnswer();
}

TEST_F(SnapshotOfExtractTest, AbsentDamagedOrAnothersItIsMadeAgain) {
  Load(40);
  const std::string path = Snapshots().at(0);
  const std::string sound = Slurp(path);
  std::filesystem::remove(path);
  Load(400);
  const std::string other = Slurp(Snapshots().at(0));
  std::filesystem::remove(Snapshots().at(0));
  Load(40);
  // The same content, loaded at another second, is another file.
  const std::string again = Snapshots().at(0);
  const std::string want = Slurp(again);
  std::vector<std::string> bad = {"", "x", sound.substr(0, 100), other,
                                  want.substr(0, want.size() - 1)};
  for (size_t at = 0; at < want.size(); at += 97) {
    bad.push_back(want);
    bad.back()[at] = static_cast<char>(bad.back()[at] ^ 0x10);
  }
  std::filesystem::remove(again);
  ExpectRightAnswer();
  EXPECT_EQ(Slurp(again), want);
  for (const std::string& bytes : bad) {
    Spill(again, bytes);
    ExpectRightAnswer();
  }
  Spill(again, other);
  ExpectRightAnswer();
  EXPECT_EQ(Slurp(again), want);
}

TEST_F(SnapshotOfExtractTest, AnExtractThatWasChangedHasNoSnapshot) {
  Load(40);
  const FrequencyTable before = Tabulate(SqliteSource::Scan::kSnapshot);
  {
    auto db = Database::Open(folder_ + "/state/extract/events.db",
                             Database::Mode::kScratch);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute("DELETE FROM record WHERE rowid = 7"), IsOk());
    ASSERT_THAT((*db)->Execute("UPDATE meta SET value = value"), IsOk());
  }
  EXPECT_EQ(Tabulate(SqliteSource::Scan::kSnapshot).counts.back(),
            before.counts.back() - 1);
}

// As load does with the tables of the release plan.
TEST_F(SnapshotOfExtractTest, AnExtractThatLoadAddsToKeepsIts) {
  complete_ = [](const std::string& path) -> absl::Status {
    auto db = Database::Open(path, Database::Mode::kScratch);
    if (!db.ok()) return db.status();
    return (*db)->Execute("CREATE TABLE more(x); INSERT INTO more VALUES (1)");
  };
  Load(40);
  const std::string path = Snapshots().at(0);
  struct stat before, after;
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  ExpectRightAnswer();
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);  // it was not made again
}

TEST_F(SnapshotOfExtractTest, WhereNoneCanBeMadeTheExtractItselfAnswers) {
  Load(40);
  const std::string path = Snapshots().at(0);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  ExpectRightAnswer();
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

}  // namespace
}  // namespace cairn
