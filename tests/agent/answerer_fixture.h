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
#include "tests/agent/agent_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {

class AnswererTest : public AgentTest {
 protected:
  void SetUp() override {
    AgentTest::SetUp();
    Load(40);
    Start();
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
};

}  // namespace cairn

#endif  // CAIRN_TESTS_AGENT_ANSWERER_FIXTURE_H_
