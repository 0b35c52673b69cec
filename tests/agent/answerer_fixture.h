#ifndef CAIRN_TESTS_AGENT_ANSWERER_FIXTURE_H_
#define CAIRN_TESTS_AGENT_ANSWERER_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/answerer.h"
#include "agent/loader.h"
#include "core/base/clock.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/agent/load_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {

// The real store, that fails when a line with this word in it comes.
class FailingStore : public LedgerStore {
 public:
  explicit FailingStore(LedgerStore* inner) : inner_(inner) {}

  absl::StatusOr<uint64_t> Size() override { return inner_->Size(); }
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
    return inner_->Commit(body);
  }
  absl::Status Append(const std::vector<Line>& lines,
                      absl::FunctionRef<absl::Status()> same_commit) override {
    for (const Line& line : lines) {
      if (!fail_at.empty() && line.text.find(fail_at) != std::string::npos) {
        return absl::ResourceExhaustedError("disk full");
      }
    }
    return inner_->Append(lines, same_commit);
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    return inner_->Read(from, to, each);
  }

  std::string fail_at;

 private:
  LedgerStore* const inner_;
};

class AnswererTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    settings_.config.set_agency("police");
    settings_.config.set_state_dir(folder_ + "/state");
    settings_.catalogue = catalogue_;
    settings_.config.add_source()->set_data_set("events");
    Load(40);
    Start();
  }
  void TearDown() override {
    Stop();
    LoadTest::TearDown();
  }

  // `knives` records with a knife, 3 with a gun, each of a person of its own.
  void Load(int knives) {
    std::string csv = "When,Who,Weapon,Age\n";
    for (int i = 0; i < knives + 3; ++i) {
      absl::StrAppend(&csv, "2024-0", 1 + i % 3, "-05 10:00,P", i, ",",
                      i < knives ? "KNIFE" : "GUN", ",", 10 + i % 30, "\n");
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
      column { name: "Age" variable: "age_band" number_to_band: true }
    )pb"));
    source.add_covers()->set_from("2024-01");
    source.mutable_covers(0)->set_to("2024-12");
    const LoadRequest request{.catalogue = *catalogue_,
                              .data_set = DataSetOf("events"),
                              .source = source,
                              .state_dir = settings_.config.state_dir(),
                              .pseudonym_key = std::string(32, 'k'),
                              .rule = settings_.policy.ToWords()};
    const auto report = LoadDataSet(request);
    ASSERT_THAT(report, IsOk());
  }

  void Start() {
    auto database =
        Database::Open(settings_.DatabasePath(), Database::Mode::kDurable);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    sqlite_ = *SqliteLedgerStore::Create(database_.get());
    store_ = std::make_unique<FailingStore>(sqlite_.get());
    ledger_ = *Ledger::Open(store_.get(), &clock_);
    releases_ = *ReleaseStore::Create(database_.get());
    asks_ =
        *AskBook::Create(database_.get(), releases_->commitments(), &clock_);
    answerer_ = std::make_unique<Answerer>(&settings_, ledger_.get(),
                                           releases_.get(), asks_.get());
  }
  void Stop() {
    answerer_.reset();
    asks_.reset();
    releases_.reset();
    ledger_.reset();
    store_.reset();
    sqlite_.reset();
    database_.reset();
  }

  std::string NewId() { return absl::StrCat("q", ++asked_); }

  v1::Ask Question(const std::vector<std::string>& by,
                   const std::string& where = "",
                   const std::vector<std::string>& measures = {"count"}) {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = by;
    for (const std::string& measure : measures) {
      query.measures.push_back(*ParseMeasure(measure));
    }
    if (!where.empty()) query.where = *ParseFilter(where, DataSetOf("events"));
    v1::Ask ask;
    ask.set_query_id(NewId());
    ask.set_asker("ana");
    ask.set_query(ToProto(query).SerializeAsString());
    return ask;
  }

  v1::Answer Answer(const v1::Ask& ask) {
    auto answer = answerer_->Answer(ask);
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? *std::move(answer) : v1::Answer();
  }
  std::string TableBytes(const v1::Answer& answer) {
    EXPECT_EQ(answer.tables().table_size(), 1) << answer.DebugString();
    return answer.tables().table(0).SerializeAsString();
  }

  // As another program would read the disk.
  std::vector<std::string> LinesOnDisk() {
    auto db =
        *Database::Open(settings_.DatabasePath(), Database::Mode::kReadOnly);
    auto rows = *db->Prepare("SELECT line FROM entry ORDER BY seq");
    std::vector<std::string> lines;
    while (*rows.Step()) lines.push_back(rows.Text(0));
    return lines;
  }
  int ReleasesOnDisk() {
    auto db =
        *Database::Open(settings_.DatabasePath(), Database::Mode::kReadOnly);
    auto rows = *db->Prepare("SELECT table_key FROM release");
    int n = 0;
    while (*rows.Step()) ++n;
    return n;
  }

  AgentSettings settings_;
  // The machine's, and what a test adds to it.
  class ShiftedClock : public Clock {
   public:
    absl::Time Now() const override { return absl::Now() + shift; }
    absl::Duration shift = absl::ZeroDuration();
  };
  ShiftedClock clock_;
  int asked_ = 0;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteLedgerStore> sqlite_;
  std::unique_ptr<FailingStore> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ReleaseStore> releases_;
  std::unique_ptr<AskBook> asks_;
  std::unique_ptr<Answerer> answerer_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_AGENT_ANSWERER_FIXTURE_H_
