#include "agent/month_versions.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/loader.h"
#include "agent/sqlite_source.h"
#include "gmock/gmock.h"
#include "tests/agent/load_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Fate = MonthChange::Fate;

// A record as the test thinks of it: month, person, weapon.
using Row = std::tuple<int, int, int>;
constexpr const char* kWeapons[] = {"KNIFE", "GUN", "OTHER"};

class MonthVersionsTest : public LoadTest {
 protected:
  absl::StatusOr<LoadReport> Load(const std::multiset<Row>& rows, int months,
                                  int first = 1) {
    std::vector<Row> order(rows.begin(), rows.end());
    std::shuffle(order.begin(), order.end(), random_);
    std::string csv = "When,Who,Weapon\n";
    for (const auto& [month, person, weapon] : order) {
      absl::StrAppend(&csv, "2024-0", month, "-05 10:00,P", person, ",",
                      kWeapons[weapon], "\n");
    }
    v1::Source source;
    source.set_data_set("events");
    source.add_file(Write("events.csv", csv));
    source.set_mapping(Write("events.textproto", R"pb(
      data_set: "events"
      version: 1
      column { name: "When" occurred_at: true }
      column { name: "Who" person_key: true }
      column { name: "Weapon" variable: "weapon" identity: true }
    )pb"));
    source.add_covers()->set_from(absl::StrCat("2024-0", first));
    source.mutable_covers(0)->set_to(absl::StrCat("2024-0", months));
    const LoadRequest request{.catalogue = *catalogue_,
                              .data_set = DataSetOf("events"),
                              .source = source,
                              .state_dir = folder_ + "/state",
                              .pseudonym_key = std::string(32, 'k'),
                              .rule = rule_,
                              .released = released_,
                              .start_anew = start_anew_};
    return LoadDataSet(request);
  }

  std::string Extract() const { return folder_ + "/state/extract/events.db"; }
  std::unique_ptr<SqliteSource> Open() {
    auto source =
        SqliteSource::Open(Extract(), DataSetOf("events"), catalogue_->digest);
    EXPECT_THAT(source, IsOk());
    return *std::move(source);
  }

  // Counts and persons by weapon, the total last.
  static std::vector<int64_t> CountsOf(const std::multiset<Row>& rows) {
    std::vector<int64_t> counts(4, 0);
    for (const Row& row : rows) {
      ++counts[static_cast<size_t>(std::get<2>(row))];
      ++counts[3];
    }
    return counts;
  }
  static std::vector<int64_t> PersonsOf(const std::multiset<Row>& rows) {
    std::vector<std::set<int>> persons(4);
    for (const Row& row : rows) {
      persons[static_cast<size_t>(std::get<2>(row))].insert(std::get<1>(row));
      persons[3].insert(std::get<1>(row));
    }
    std::vector<int64_t> counts;
    for (const auto& some : persons) {
      counts.push_back(static_cast<int64_t>(some.size()));
    }
    return counts;
  }
  FrequencyTable Tabulate(const SqliteSource& source, const EraSet& span) {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = {"weapon"};
    query.measures = {Measure{}};
    const auto plan = MakePlan(DataSetOf("events"), query);
    EXPECT_THAT(plan, IsOk());
    Refusal refusal;
    const auto shape = source.Shape(*plan, &refusal);
    EXPECT_THAT(shape, IsOk());
    auto table = source.Tabulate(*plan, *shape, false, &span);
    EXPECT_THAT(table, IsOk());
    return *std::move(table);
  }
  static Fate FateOf(const LoadReport& report, const std::string& month) {
    for (const MonthChange& change : report.months) {
      if (change.month == month) return change.fate;
    }
    ADD_FAILURE() << "nothing is said of " << month;
    return Fate::kNew;
  }

  static std::multiset<Row> Some(int month, int count, int from = 0) {
    std::multiset<Row> rows;
    for (int i = 0; i < count; ++i) rows.insert({month, from + i, i % 3});
    return rows;
  }
  static std::multiset<Row> Both(std::multiset<Row> a,
                                 const std::multiset<Row>& b) {
    a.insert(b.begin(), b.end());
    return a;
  }

  std::mt19937 random_{4};
  std::string rule_;
  std::vector<std::string> released_;
  bool start_anew_ = false;
  std::set<int> seen_;  // months that were covered before
};

TEST_F(MonthVersionsTest, FewChangesOfAMonthWaitUntilTheyAreTen) {
  const auto first = Load(Some(1, 40), 1);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(FateOf(*first, "2024-01"), Fate::kNew);
  EXPECT_THAT(WordsOf(first->months), IsEmpty());
  for (const int more : {1, 5, 9}) {
    const auto load = Load(Some(1, 40 + more), 1);
    ASSERT_THAT(load, IsOk());
    EXPECT_EQ(load->epoch, first->epoch);
    EXPECT_EQ(load->rows, 40u);
    EXPECT_EQ(FateOf(*load, "2024-01"), Fate::kKeptBack);
    EXPECT_THAT(
        WordsOf(load->months),
        ElementsAre(absl::StrCat(
            more, more == 1 ? " record" : " records",
            " of 2024-01 changed; a closed month is revised from 10 changed "
            "records on, so its figures stay as released")));
  }
  const auto revised = Load(Some(1, 50), 1);
  EXPECT_NE(revised->epoch, first->epoch);
  EXPECT_EQ(revised->rows, 50u);
  EXPECT_EQ(FateOf(*revised, "2024-01"), Fate::kRevised);
  EXPECT_THAT(
      WordsOf(revised->months),
      ElementsAre("1 month revised: 2024-01 (10 records changed); figures are "
                  "told anew where at least 10 records of a cell changed"));
}

// Nine persons who are others now are nine records, not eighteen.
TEST_F(MonthVersionsTest, AnAlteredRecordCountsOnce) {
  const auto first = Load(Some(1, 40), 1);
  const auto kept = Load(Both(Some(1, 31), Some(1, 9, 900)), 1);
  EXPECT_EQ(kept->epoch, first->epoch);
  const auto revised = Load(Both(Some(1, 30), Some(1, 10, 900)), 1);
  EXPECT_NE(revised->epoch, first->epoch);
}

TEST_F(MonthVersionsTest, ANewMonthBeginsAnEpochAndChangesNoOther) {
  const auto first = Load(Some(1, 40), 1);
  const auto both = Both(Some(1, 44), Some(2, 3));
  const auto second = Load(both, 2);
  EXPECT_NE(second->epoch, first->epoch);
  EXPECT_EQ(second->rows, 43u);
  EXPECT_EQ(FateOf(*second, "2024-01"), Fate::kKeptBack);
  EXPECT_EQ(FateOf(*second, "2024-02"), Fate::kNew);
  const auto dropped = Load(Some(2, 3), 2, 2);
  EXPECT_EQ(FateOf(*dropped, "2024-01"), Fate::kDropped);
  EXPECT_EQ(dropped->rows, 3u);
  EXPECT_EQ(Tabulate(*Open(), Open()->span()).counts.back(), 3);
}

TEST_F(MonthVersionsTest, AnotherPolicyBeginsAnEpochOfTheSameRecords) {
  const auto first = Load(Some(1, 40), 1);
  rule_ = "stricter";
  const auto second = Load(Some(1, 41), 1);
  EXPECT_NE(second->epoch, first->epoch);
  const auto epochs = Open()->Epochs();
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[0].span, epochs[1].span);
}

// A second implementation: plain multisets of rows.
TEST_F(MonthVersionsTest, EveryEpochCanBeCountedAgainHoweverLoadsCameAndWent) {
  for (int world = 0; world < 12 && !HasFailure(); ++world) {
    std::filesystem::remove(Extract());
    released_.clear();
    std::map<int, std::multiset<Row>> given, in_force;
    std::map<std::string, std::multiset<Row>> epochs;  // all that was in force
    std::map<int, std::multiset<Row>> undo;
    int months = 0;
    for (int load = 0; load < 7; ++load) {
      if (load == 0 || random_() % 3 == 0) {
        ++months;
        // The first is never empty: dates say how fine they are.
        const int least = months == 1 ? 20 : 0;
        given[months] = Some(months, least + static_cast<int>(random_() % 60));
        undo[months] = given[months];
      }
      for (int month = 1; month <= months; ++month) {
        std::multiset<Row>& rows = given[month];
        switch (random_() % 5) {
          case 0:  // some come, now and then the same again
            rows = Both(rows, Some(month, static_cast<int>(random_() % 20),
                                   static_cast<int>(random_() % 2) * 500));
            break;
          case 1:  // some go
            if (month == 1 && rows.size() < 25) break;
            for (size_t n = random_() % 20; n > 0 && !rows.empty(); --n) {
              rows.erase(std::next(rows.begin(),
                                   static_cast<long>(random_() % rows.size())));
            }
            break;
          case 2:  // a load is undone
            std::swap(rows, undo[month]);
            break;
          default:
            break;
        }
        std::multiset<Row> came, went, &now = in_force[month];
        std::set_difference(rows.begin(), rows.end(), now.begin(), now.end(),
                            std::inserter(came, came.end()));
        std::set_difference(now.begin(), now.end(), rows.begin(), rows.end(),
                            std::inserter(went, went.end()));
        const bool is_new = load == 0 || epochs.empty() || now.empty();
        if (is_new || std::max(came.size(), went.size()) >= 10) {
          // An empty month that is filled by few is kept back as any other.
          const bool fill = now.empty() && seen_.count(month) > 0;
          if (!fill || came.size() >= 10) now = rows;
        }
        seen_.insert(month);
      }
      std::multiset<Row> all, everything;
      for (const auto& [month, rows] : given) all = Both(all, rows);
      for (const auto& [month, rows] : in_force) {
        everything = Both(everything, rows);
      }
      const auto report = Load(all, months);
      ASSERT_THAT(report, IsOk());
      EXPECT_EQ(report->rows, everything.size());
      // The same months with the same records are the same epoch.
      const auto [known, fresh] = epochs.try_emplace(report->epoch, everything);
      EXPECT_EQ(known->second, everything);
      if (fresh) released_.push_back(report->epoch);
      const auto source = Open();
      size_t counted = 0;
      for (const SqliteSource::Epoch& epoch : source->Epochs()) {
        ASSERT_EQ(epochs.count(epoch.id), 1u);
        const FrequencyTable table = Tabulate(*source, epoch.span);
        EXPECT_EQ(table.counts, CountsOf(epochs[epoch.id]));
        EXPECT_EQ(table.persons, PersonsOf(epochs[epoch.id]));
        ++counted;
      }
      EXPECT_EQ(counted, epochs.size());
    }
    seen_.clear();
  }
}

TEST_F(MonthVersionsTest, RecordsThatNoFigureWasMadeOfAreNotKept) {
  const auto first = Load(Some(1, 40), 1);
  ASSERT_THAT(Load(Some(1, 60, 100), 1), IsOk());
  EXPECT_EQ(Open()->meta().rows_superseded(), 40u);  // it may be asked just now
  ASSERT_THAT(Load(Some(1, 60, 200), 1), IsOk());
  EXPECT_EQ(Open()->meta().rows_superseded(), 60u);
  released_ = {Open()->epoch()};
  ASSERT_THAT(Load(Some(1, 60, 300), 1), IsOk());
  ASSERT_THAT(Load(Some(1, 60, 400), 1), IsOk());
  EXPECT_EQ(Open()->meta().rows_superseded(), 120u);
}

TEST_F(MonthVersionsTest, AnExtractThatIsOlderThanItsFiguresIsNotFollowed) {
  const auto first = Load(Some(1, 40), 1);
  std::filesystem::copy_file(Extract(), folder_ + "/backup.db");
  const auto second = Load(Some(1, 60), 1);
  released_ = {first->epoch, second->epoch};
  std::filesystem::copy_file(folder_ + "/backup.db", Extract(),
                             std::filesystem::copy_options::overwrite_existing);
  const auto refused = Load(Some(1, 80), 1);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("--start-anew")));
  EXPECT_EQ(Open()->epoch(), first->epoch);  // untouched
  std::filesystem::remove(Extract());
  EXPECT_THAT(Load(Some(1, 80), 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("nothing was loaded")));
  start_anew_ = true;
  const auto anew = Load(Some(1, 80), 1);
  ASSERT_THAT(anew, IsOk());
  EXPECT_TRUE(anew->stands_apart);
  EXPECT_EQ(Open()->Epochs().size(), 1u);
  start_anew_ = false;
  EXPECT_THAT(Load(Some(1, 80), 1), IsOk());
}

TEST_F(MonthVersionsTest, ALostExtractOfTheSameRecordsIsMadeAgain) {
  const auto first = Load(Some(1, 40), 1);
  released_ = {first->epoch};
  std::filesystem::remove(Extract());
  const auto again = Load(Some(1, 40), 1);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->epoch, first->epoch);
  std::filesystem::remove(Extract());
  EXPECT_THAT(Load(Some(1, 41), 1),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace cairn
