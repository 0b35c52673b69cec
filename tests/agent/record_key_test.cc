#include "agent/record_key.h"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/loader.h"
#include "agent/sqlite_source.h"
#include "cairn/v1/extract.pb.h"
#include "core/disclosure/cell_key.h"
#include "core/query/plan.h"
#include "gtest/gtest.h"
#include "tests/agent/load_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr char kColumns[] = R"pb(
  data_set: "events"
  version: 1
  column { name: "When" occurred_at: true }
  column { name: "Who" person_key: true }
  column { name: "Weapon" variable: "weapon" identity: true unmapped: "OTHER" }
  column { name: "Age" variable: "age_band" number_to_band: true empty: "U" }
  column { name: "Why" variable: "reason" split: ";" identity: true empty: "U" }
)pb";
constexpr char kNumbered[] = "column { name: 'No' record_key: true }\n";
constexpr char kHeader[] = "No,When,Who,Weapon,Age,Why\n";

class RecordKeyTest : public LoadTest {
 protected:
  struct Loaded {
    FrequencyTable table;  // weapon by reason
    std::multiset<uint64_t> keys;
  };

  void SetUp() override {
    LoadTest::SetUp();
    state_ = folder_ + "/state";
    mapping_ = Write("map.textproto", kColumns);
  }

  // What an agent does anew in each run: the key is read from its file.
  absl::StatusOr<LoadReport> LoadFiles(const std::vector<std::string>& files) {
    auto key = ReadOrMakeKey(state_);
    if (!key.ok()) return key.status();
    agent_key_ = *key;
    LoadRequest request{*catalogue_, DataSetOf("events"), {}};
    request.source.set_data_set("events");
    request.source.set_mapping(mapping_);
    for (const std::string& file : files) request.source.add_file(file);
    auto* span = request.source.add_covers();
    span->set_from("2024-01");
    span->set_to("2024-03");
    request.state_dir = state_;
    request.pseudonym_key = agent_key_;
    return LoadDataSet(request);
  }

  std::unique_ptr<SqliteSource> Open() const {
    auto source =
        SqliteSource::Open(Extract(), DataSetOf("events"), catalogue_->digest);
    EXPECT_THAT(source, IsOk());
    return source.ok() ? *std::move(source) : nullptr;
  }
  std::string Extract() const { return state_ + "/extract/events.db"; }

  absl::StatusOr<FrequencyTable> Tabulate(bool with_keys) const {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = {"weapon", "reason"};
    query.measures = {{Measure::Kind::kCount, ""}};
    const auto plan = MakePlan(DataSetOf("events"), query);
    EXPECT_THAT(plan, IsOk());
    const auto source = Open();
    Refusal refusal;
    const auto shape = source->Shape(*plan, &refusal);
    EXPECT_THAT(shape, IsOk());
    return source->Tabulate(*plan, *shape, with_keys);
  }

  Loaded LoadRows(const std::vector<std::string>& rows) {
    std::string text = kHeader;
    for (const std::string& row : rows) absl::StrAppend(&text, row, "\n");
    return LoadBoth({Write("f.csv", text)});
  }
  Loaded LoadBoth(const std::vector<std::string>& files) {
    Loaded loaded;
    const auto report = LoadFiles(files);
    EXPECT_THAT(report, IsOk());
    auto table = Tabulate(true);
    EXPECT_THAT(table, IsOk());
    loaded.table = *std::move(table);
    for (const std::string& key : Run("SELECT key FROM record")) {
      loaded.keys.insert(static_cast<uint64_t>(std::stoll(key)));
    }
    EXPECT_EQ(loaded.keys.size(), report->rows);
    return loaded;
  }

  // With SQLite itself: the first column of all rows.
  std::vector<std::string> Run(const std::string& sql) const {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(Extract().c_str(), &db), SQLITE_OK);
    std::vector<std::string> found;
    const auto add = [](void* out, int, char** texts, char**) {
      static_cast<std::vector<std::string>*>(out)->emplace_back(texts[0]);
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), add, &found, &error), SQLITE_OK)
        << error;
    sqlite3_close(db);
    return found;
  }

  // Some of them alike in every field, some with a number and some without.
  static std::vector<std::string> SomeRows(int count) {
    std::vector<std::string> rows;
    std::mt19937 random(5);
    const char* const weapons[] = {"KNIFE", "GUN", "OTHER"};
    const char* const reasons[] = {"PP", "PA;OW", "OW", ""};
    for (int i = 0; i < count; ++i) {
      rows.push_back(absl::StrCat(
          random() % 3 == 0 ? "" : absl::StrCat("N", random() % 900), ",2024-0",
          1 + random() % 3, "-0", 1 + random() % 3, " 10:00,p", random() % 9,
          ",", weapons[random() % 3], ",", random() % 3 * 15, ",",
          reasons[random() % 4]));
    }
    return rows;
  }

  std::string state_, mapping_, agent_key_;
};

TEST_F(RecordKeyTest, OutlivesReloadsAndTheOrderOfRowsAndFiles) {
  for (const bool numbered : {false, true}) {
    mapping_ = Write("map.textproto",
                     absl::StrCat(kColumns, numbered ? kNumbered : ""));
    std::vector<std::string> rows = SomeRows(600);
    const Loaded first = LoadRows(rows);
    const Loaded again = LoadRows(rows);
    EXPECT_EQ(again.keys, first.keys);
    EXPECT_EQ(again.table.keys, first.table.keys);
    std::mt19937 random(6);
    for (int i = 0; i < 5; ++i) {
      std::shuffle(rows.begin(), rows.end(), random);
      const Loaded shuffled = LoadRows(rows);
      EXPECT_EQ(shuffled.keys, first.keys);
      EXPECT_EQ(shuffled.table.keys, first.table.keys);
    }
    // In two files, the later rows first, and with the columns turned round.
    std::string early = kHeader, late = "Why,Age,Weapon,Who,When,No\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i < 200) {
        absl::StrAppend(&early, rows[i], "\n");
        continue;
      }
      std::vector<std::string> fields = absl::StrSplit(rows[i], ',');
      std::reverse(fields.begin(), fields.end());
      absl::StrAppend(&late, absl::StrJoin(fields, ","), "\n");
    }
    const Loaded split =
        LoadBoth({Write("late.csv", late), Write("early.csv", early)});
    EXPECT_EQ(split.keys, first.keys);
    EXPECT_EQ(split.table.keys, first.table.keys);
  }
}

TEST_F(RecordKeyTest, NoiseIsTheSameInAThousandAsksAndAfterEveryLoad) {
  DisclosurePolicy policy;
  policy.cell_key = CellKeyNoise();
  std::vector<std::string> rows = SomeRows(600);
  const Loaded first = LoadRows(rows);
  const auto ask = [&](const FrequencyTable& table) {
    return *PerturbCounts(table, policy, CellKeySecret(agent_key_, "events"));
  };
  const std::vector<int64_t> noisy = ask(first.table);
  EXPECT_NE(noisy, first.table.counts);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ask(*Tabulate(true)), noisy);
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(ask(LoadRows(rows).table), noisy);
}

TEST_F(RecordKeyTest, OneFileMoreLeavesTheOthersKeysAsTheyAre) {
  const std::vector<std::string> rows = SomeRows(300);
  std::string text = kHeader, more = kHeader;
  for (const std::string& row : rows) absl::StrAppend(&text, row, "\n");
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&more, "X", i, ",2024-03-05 11:00,q", i, ",GUN,70,PP\n");
  }
  const std::string old = Write("old.csv", text);
  const Loaded before = LoadBoth({old});
  const Loaded after = LoadBoth({Write("new.csv", more), old});
  EXPECT_EQ(after.keys.size(), before.keys.size() + 50);
  EXPECT_TRUE(std::includes(after.keys.begin(), after.keys.end(),
                            before.keys.begin(), before.keys.end()));
}

TEST_F(RecordKeyTest, TheRecordsOwnNumberAloneMakesItWhereItHasOne) {
  mapping_ = Write("map.textproto", absl::StrCat(kColumns, kNumbered));
  const std::string row = "N1,2024-01-01 10:00,p1,KNIFE,20,PP";
  const uint64_t key = *LoadRows({row}).keys.begin();
  const auto key_of = [this](const std::string& other) {
    // Else so small a change would be kept back.
    std::filesystem::remove(Extract());
    return *LoadRows({other}).keys.begin();
  };
  // A corrected weapon, another way to write a field.
  EXPECT_EQ(key_of("N1,2024-01-02 10:00,p1,GUN,30,OW"), key);
  EXPECT_EQ(key_of(" N1 ,2024-01-01 10:00,p1 ,KNIFE,20,PP"), key);
  // Another number, another person in it, no number.
  EXPECT_NE(key_of("N2,2024-01-01 10:00,p1,KNIFE,20,PP"), key);
  EXPECT_NE(key_of("N1,2024-01-01 10:00,p2,KNIFE,20,PP"), key);
  const uint64_t none = key_of(",2024-01-01 10:00,p1,KNIFE,20,PP");
  EXPECT_NE(none, key);
  // Without a number every field counts, a date by what it means.
  EXPECT_EQ(key_of(",01/01/2024 10:00:59,p1,KNIFE,20,PP"), none);
  for (const char* other :
       {",2024-01-01 10:01,p1,KNIFE,20,PP", ",2024-01-01 10:00,p2,KNIFE,20,PP",
        ",2024-01-01 10:00,p1,GUN,20,PP", ",2024-01-01 10:00,p1,KNIFE,21,PP",
        ",2024-01-01 10:00,p1,KNIFE,20,PA"}) {
    EXPECT_NE(key_of(other), none) << other;
  }
}

TEST_F(RecordKeyTest, AnotherAgentHasOtherKeys) {
  const std::vector<std::string> rows = SomeRows(100);
  const Loaded here = LoadRows(rows);
  state_ = folder_ + "/elsewhere";
  const Loaded there = LoadRows(rows);
  std::vector<uint64_t> both;
  std::set_intersection(here.keys.begin(), here.keys.end(), there.keys.begin(),
                        there.keys.end(), std::back_inserter(both));
  EXPECT_TRUE(both.empty());
}

TEST_F(RecordKeyTest, KeysAreTabulatedOnlyWhereAskedFor) {
  LoadRows(SomeRows(10));
  EXPECT_TRUE(Tabulate(false)->keys.empty());
  EXPECT_EQ(Tabulate(true)->keys.size(), Tabulate(true)->counts.size());
}

TEST_F(RecordKeyTest, AnExtractWithoutKeysOpensAndSaysToLoadAgain) {
  LoadRows(SomeRows(10));
  EXPECT_THAT(Open()->CheckKeys(agent_key_), IsOk());
  EXPECT_THAT(
      Open()->CheckKeys("another"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("load again")));
  // As a version before keys wrote it.
  v1::ExtractMeta meta = Open()->meta();
  EXPECT_EQ(meta.record_key_check().size(), 16u);
  meta.clear_record_key_check();
  Run(absl::StrCat("UPDATE meta SET value = x'",
                   absl::BytesToHexString(meta.SerializeAsString()),
                   "' WHERE key = 'extract'; ALTER TABLE record DROP key"));
  EXPECT_THAT(
      Open()->CheckKeys(agent_key_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("load again")));
  EXPECT_EQ(Tabulate(false)->counts.back(), 10);
  EXPECT_THAT(Tabulate(true), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("load again")));
}

}  // namespace
}  // namespace cairn
