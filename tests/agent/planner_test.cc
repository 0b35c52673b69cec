#include "agent/planner.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/answerer.h"
#include "agent/loader.h"
#include "agent/plan_load.h"
#include "core/base/clock.h"
#include "core/link/plan_file.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/agent/agent_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PlannerTest : public AgentTest {
 protected:
  void Agree(const std::string& tables) {
    const std::string path =
        Write("plan.textproto",
              absl::StrCat("data_set { id: \"events\" ", tables, " }"));
    auto plan = ReadReleasePlan(path, *catalogue_);
    ASSERT_THAT(plan, IsOk());
    settings_.plan = *std::move(plan);
  }

  // Records of a person each: knives three in four, spread over 12 months and
  // three ages.
  void Load(int records = 900) {
    std::string csv = "When,Who,Weapon,Age\n";
    for (int i = 0; i < records; ++i) {
      absl::StrAppend(&csv, "2024-", i % 12 < 9 ? "0" : "", 1 + i % 12,
                      "-05 10:00,P", i, ",", i % 4 < 3 ? "KNIFE" : "GUN", ",",
                      10 + i % 30, "\n");
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
    LoadRequest request{.catalogue = *catalogue_,
                        .data_set = DataSetOf("events"),
                        .source = source,
                        .state_dir = settings_.config.state_dir(),
                        .pseudonym_key = std::string(32, 'k')};
    request.complete = [this](const std::string& path) -> absl::Status {
      auto said = PlanAtLoad(settings_, DataSetOf("events"), path,
                             std::string(32, 'k'), {});
      if (said.ok()) said_ = *said;
      return said.status();
    };
    ASSERT_THAT(LoadDataSet(request), IsOk());
  }

  Query QueryOf(const std::vector<std::string>& by,
                const std::string& where = "",
                const std::string& measure = "count") {
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = by;
    query.measures = {*ParseMeasure(measure)};
    if (!where.empty()) query.where = *ParseFilter(where, DataSetOf("events"));
    return query;
  }
  v1::Answer Ask(const Query& query) {
    v1::Ask ask;
    ask.set_query_id(NewId());
    ask.set_asker("ana");
    ask.set_query(ToProto(query).SerializeAsString());
    auto answer = answerer_->Answer(ask);
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? *std::move(answer) : v1::Answer();
  }
  std::string Bytes(const v1::Answer& answer) {
    EXPECT_EQ(answer.tables().table_size(), 1) << answer.DebugString();
    return answer.tables().table(0).SerializeAsString();
  }

  // As another program would read the disk.
  std::vector<std::string> OnDisk(const char* sql) {
    auto db =
        *Database::Open(settings_.DatabasePath(), Database::Mode::kReadOnly);
    auto rows = *db->Prepare(sql);
    std::vector<std::string> lines;
    while (*rows.Step()) lines.push_back(rows.Text(0));
    return lines;
  }
  std::vector<std::string> ReleasedKeys() {
    return OnDisk("SELECT table_key FROM release ORDER BY table_key");
  }
  std::vector<std::string> PlanEntries() {
    std::vector<std::string> entries;
    for (const std::string& line :
         OnDisk("SELECT line FROM entry ORDER BY seq")) {
      if (line.find("plan.released") != std::string::npos) {
        entries.push_back(line);
      }
    }
    return entries;
  }

  std::string said_;
};

constexpr char kTwo[] =
    "table { by: [\"quarter\", \"weapon\"] } table { by: \"age_band\" }";

TEST_F(PlannerTest, ThePlanIsReleasedWithOneEntryBeforeAnyAnswer) {
  Agree(kTwo);
  Load();
  EXPECT_THAT(said_, HasSubstr("2 tables protected"));
  Start();
  EXPECT_THAT(ReleasedKeys(), IsEmpty());
  ASSERT_EQ(answerer_->Holdings().size(), 1u);
  EXPECT_THAT(ReleasedKeys(), ElementsAre("age_band", "quarter,weapon"));
  EXPECT_THAT(PlanEntries(), ElementsAre(HasSubstr("\"tables\":2")));
  EXPECT_TRUE(Ask(QueryOf({"weapon"})).has_tables());
  Restart();
  EXPECT_TRUE(Ask(QueryOf({"quarter"})).has_tables());
  EXPECT_THAT(PlanEntries(), SizeIs(1)) << "released a second time";
}

TEST_F(PlannerTest, ACommitThatFailsLeavesNothingAndNoAnswer) {
  Agree(kTwo);
  Load();
  Start();
  store_->fail_at = "plan.released";
  v1::Ask ask;
  ask.set_query(ToProto(QueryOf({"weapon"})).SerializeAsString());
  const auto answer = answerer_->Answer(ask);
  EXPECT_TRUE(!answer.ok() || answer->has_refusal());
  EXPECT_THAT(ReleasedKeys(), IsEmpty());
  EXPECT_THAT(PlanEntries(), IsEmpty());
  Restart();
  EXPECT_TRUE(Ask(QueryOf({"weapon"})).has_tables());
  EXPECT_THAT(ReleasedKeys(), SizeIs(2));
}

TEST_F(PlannerTest, AQuestionInsideThePlanReleasesNoTable) {
  Agree(kTwo);
  Load();
  Start();
  const std::vector<Query> inside = {
      QueryOf({}), QueryOf({"weapon"}), QueryOf({"adult"}),
      QueryOf({"quarter"}, "weapon = 'KNIFE'"),
      QueryOf({}, "age_band IN ('0-17', '18-24') OR age_band = '25+'")};
  for (const Query& query : inside) {
    EXPECT_TRUE(Ask(query).has_tables());
    EXPECT_THAT(ReleasedKeys(), SizeIs(2));
  }
  EXPECT_TRUE(Ask(QueryOf({"weapon", "age_band"})).has_tables());
  EXPECT_THAT(ReleasedKeys(), SizeIs(3));
}

// 900 records, 225 a quarter, and 10 in 30 are under 20: 8 in 30 under 18.
TEST_F(PlannerTest, APlannedTableHasAReceiptLikeAnyOther) {
  Agree(kTwo);
  Load();
  Start();
  const v1::Answer answer = Ask(QueryOf({"weapon", "month"}));
  const v1::DisclosureReceipt& said = answer.receipt().disclosure();
  ASSERT_EQ(said.table_size(), 1);
  EXPECT_EQ(said.table(0).full_receipt().size(), 32u);
}

TEST_F(PlannerTest, WhatIsWorkedOutHoldsTheTruth) {
  Agree("table { by: [\"month\", \"age_band\"] }");
  Load();
  Start();
  const v1::Answer answer = Ask(QueryOf({"quarter", "adult"}));
  ASSERT_EQ(answer.tables().table_size(), 1);
  EXPECT_TRUE(answer.tables().table(0).worked_out());
  const auto table = FromProto(answer.tables().table(0));
  ASSERT_THAT(table, IsOk());
  size_t summed = 0;
  for (size_t cell = 0; cell < table->cells().size(); ++cell) {
    const TableShape& shape = table->shape();
    int64_t truth = 0;
    for (int i = 0; i < 900; ++i) {
      const std::string quarter = absl::StrCat("2024-Q", 1 + i % 12 / 3);
      const std::string adult = 10 + i % 30 < 18 ? "no" : "yes";
      bool in = true;
      for (size_t a = 0; a < 2; ++a) {
        const size_t at = shape.at(cell, a);
        const TableAxis& axis = shape.axes[a];
        const bool time = axis.variable == "quarter";
        in = in && (at == axis.margin() ||
                    axis.codes[at] == (time ? quarter : adult));
      }
      truth += in ? 1 : 0;
    }
    EXPECT_LE(table->cells()[cell].low, truth);
    EXPECT_GE(table->cells()[cell].high, truth);
    summed += table->cells()[cell].high - table->cells()[cell].low > 4 ? 1 : 0;
  }
  EXPECT_GT(summed, 0u) << "no sum among the cells: this test cannot fail";
  // It is no release: asked again it is worked out again, the same.
  EXPECT_EQ(Bytes(Ask(QueryOf({"quarter", "adult"}))), Bytes(answer));
  EXPECT_THAT(ReleasedKeys(), SizeIs(1));
}

TEST_F(PlannerTest, ATableReleasedSinceTheLoadIsKeptAndThePlanMadeAnew) {
  Load();
  Start();
  const std::string before = Bytes(Ask(QueryOf({"weapon"})));
  Stop();
  Agree("table { by: \"weapon\" } table { by: [\"quarter\", \"weapon\"] }");
  // Load sees what was released; it protects only the other.
  Load();
  EXPECT_THAT(said_, HasSubstr("1 tables protected"));
  EXPECT_THAT(said_, HasSubstr("1 released before"));
  // A third is released behind its back: what load has made no longer counts.
  const ReleasePlan agreed = settings_.plan;
  settings_.plan.clear();
  Start();
  const std::string between = Bytes(Ask(QueryOf({"quarter"})));
  Stop();
  settings_.plan = agreed;
  Start();
  EXPECT_EQ(Bytes(Ask(QueryOf({"weapon"}))), before);
  EXPECT_EQ(Bytes(Ask(QueryOf({"quarter"}))), between);
  EXPECT_THAT(ReleasedKeys(),
              ElementsAre("quarter", "quarter,weapon", "weapon"));
  EXPECT_THAT(PlanEntries(), ElementsAre(HasSubstr("\"tables\":1")));
}

TEST_F(PlannerTest, UnderAnotherPolicyNothingIsImported) {
  Agree(kTwo);
  Load();
  settings_.policy.largest_hidden_count = 12;
  Start();
  EXPECT_TRUE(Ask(QueryOf({"weapon"})).has_tables());
  // Not what load made under the old policy.
  for (const std::string& key : ReleasedKeys()) {
    const auto table =
        (*releases_->Tables("events", answerer_->Holdings()[0].epoch(),
                            Measure{}))
            ->at(key);
    EXPECT_EQ(table->policy().largest_hidden_count, 12);
  }
  EXPECT_THAT(ReleasedKeys(), SizeIs(2));
}

TEST_F(PlannerTest, PastTheQuotaARefusalNamesTheNearestPlannedTable) {
  Agree(kTwo);
  settings_.config.set_new_tables_per_epoch(1);
  Load();
  Start();
  EXPECT_TRUE(Ask(QueryOf({"month"})).has_tables());
  const v1::Answer refused = Ask(QueryOf({"quarter", "weapon", "age_band"}));
  EXPECT_EQ(refused.refusal().reason(), v1::NOT_RELEASED);
  EXPECT_THAT(refused.refusal().sentence(),
              AllOf(HasSubstr("1 tables"), HasSubstr("--by quarter,weapon")));
  EXPECT_THAT(ReleasedKeys(), SizeIs(3));
  // What was released, and what is planned, is still answered; so after a
  // restart, and the refusal is the same.
  Restart();
  EXPECT_TRUE(Ask(QueryOf({"month"})).has_tables());
  EXPECT_TRUE(Ask(QueryOf({"weapon"})).has_tables());
  EXPECT_EQ(Ask(QueryOf({"quarter", "weapon", "age_band"}))
                .refusal()
                .SerializeAsString(),
            refused.refusal().SerializeAsString());
}

TEST_F(PlannerTest, APreviewShowsThePlanAndWritesNothing) {
  Agree(kTwo);
  Load();
  Start();
  const auto preview = answerer_->MakePreview(QueryOf({"weapon"}));
  ASSERT_THAT(preview, IsOk());
  ASSERT_EQ(preview->tables.size(), 1u);
  EXPECT_TRUE(preview->tables[0].table->worked_out());
  EXPECT_THAT(ReleasedKeys(), IsEmpty());
  EXPECT_THAT(PlanEntries(), IsEmpty());
  EXPECT_EQ(Bytes(Ask(QueryOf({"weapon"}))),
            ToProto(*preview->tables[0].table).SerializeAsString());
  EXPECT_THAT(ReleasedKeys(), SizeIs(2));
}

TEST_F(PlannerTest, ATableThisSourceCannotGiveIsLeftOutAndNamed) {
  Agree("table { by: \"lsoa\" } table { by: \"weapon\" }");
  Load();
  EXPECT_THAT(said_, AllOf(HasSubstr("1 tables protected"),
                           HasSubstr("not here: count by lsoa")));
  Start();
  EXPECT_TRUE(Ask(QueryOf({"weapon"})).has_tables());
  EXPECT_THAT(ReleasedKeys(), ElementsAre("weapon"));
}

}  // namespace
}  // namespace cairn
