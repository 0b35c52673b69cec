// An agent whose catalogue has a structural zero, from the load to the answer.

#include "core/query/structural_zeros.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/in_place.h"
#include "core/link/catalogue_file.h"
#include "core/link/translate.h"
#include "google/protobuf/text_format.h"
#include "tests/agent/answerer_fixture.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// No one young has a gun.
constexpr char kZero[] = R"pb(
  structural_zero {
    part { variable: "weapon" code: "GUN" }
    part { variable: "adult" code: "no" }
  }
)pb";

template <typename Base>
class WithZeros : public Base {
 protected:
  void Use(const std::string& zeros) {
    v1::Catalogue message;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(Base::kCatalogue,
                                                              &message));
    ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(
        zeros, message.mutable_data_set(0)));
    auto catalogue = MakeCatalogue(message);
    ASSERT_THAT(catalogue, IsOk());
    this->catalogue_ = *std::move(catalogue);
    this->settings_.catalogue = this->catalogue_;
  }
};

// 40 records with a knife, of all ages, and 3 with a gun, of adults.
class StructuralZeroAnswerTest : public WithZeros<AnswererTest> {
 protected:
  void SetUp() override {
    AgentTest::SetUp();
    Use(kZero);
    Load(40);
    Start();
  }

  static ProtectedTable TableOf(const v1::Answer& answer) {
    auto table = FromProto(answer.tables().table(0));
    EXPECT_THAT(table, IsOk());
    return *std::move(table);
  }
  // Of a table by weapon, and by age_band or adult.
  static Cell CellOf(const ProtectedTable& table, const std::string& weapon,
                     const std::string& age) {
    size_t cell = 0;
    for (size_t a = 0; a < 2; ++a) {
      const std::vector<std::string>& codes = table.shape().axes[a].codes;
      const auto at =
          std::find(codes.begin(), codes.end(), a == 0 ? weapon : age);
      cell += static_cast<size_t>(at - codes.begin()) * table.shape().stride(a);
    }
    return table.cells()[cell];
  }
};

TEST_F(StructuralZeroAnswerTest, IsShownThoughTheRuleHidesZeros) {
  for (const std::string measure : {"count", "distinct_persons"}) {
    const v1::Answer answer =
        Answer(Question({"weapon", "age_band"}, "", {measure}));
    ASSERT_TRUE(answer.has_tables()) << answer.DebugString();
    const ProtectedTable table = TableOf(answer);
    ASSERT_EQ(table.shape().axes[0].variable, "weapon");
    EXPECT_EQ(CellOf(table, "GUN", "0-17"), PublishedCell(0, 0, 0));
    EXPECT_EQ(table.structural_zeros(),
              StructuralZeroCells(DataSetOf("events"), table.shape()));
    EXPECT_EQ(CellOf(table, "GUN", "18-24").status, CellStatus::kSuppressed);
    // Told again from the disk, it is the same.
    Restart();
    EXPECT_EQ(
        TableBytes(Answer(Question({"weapon", "age_band"}, "", {measure}))),
        answer.tables().table(0).SerializeAsString());
  }
}

TEST_F(StructuralZeroAnswerTest, TiesTablesThatAreAskedForOneByOne) {
  for (const auto& by : std::vector<std::vector<std::string>>{
           {"weapon", "month"}, {"age_band", "month"}, {"weapon", "adult"}}) {
    const v1::Answer answer = Answer(Question(by));
    ASSERT_TRUE(answer.has_tables()) << answer.DebugString();
  }
  EXPECT_EQ(CellOf(TableOf(Answer(Question({"weapon", "adult"}))), "GUN", "no"),
            PublishedCell(0, 0, 0));
}

// A catalogue that gains or loses one is another catalogue: what was told
// stays, on the disk, and the records are loaded anew.
TEST_F(StructuralZeroAnswerTest, AChangedCatalogueLeavesWhatWasToldAsItWas) {
  const v1::Answer told = Answer(Question({"weapon", "age_band"}));
  const std::string bytes = told.tables().table(0).SerializeAsString();
  Stop();
  Use("");
  Start();
  EXPECT_EQ(Answer(Question({"weapon", "age_band"})).refusal().reason(),
            v1::NOT_READY);
  Load(40);
  const ProtectedTable without =
      TableOf(Answer(Question({"weapon", "age_band"})));
  EXPECT_NE(without.epoch(), told.tables().table(0).epoch());
  EXPECT_EQ(CellOf(without, "GUN", "0-17").status, CellStatus::kSuppressed);
  auto rows = *database_->Prepare("SELECT bytes FROM release ORDER BY rowid");
  ASSERT_TRUE(*rows.Step());
  EXPECT_EQ(rows.Blob(0), bytes);
  EXPECT_EQ(CellOf(TableOf(told), "GUN", "0-17"), PublishedCell(0, 0, 0));
}

TEST_F(StructuralZeroAnswerTest, RecordsThatHaveOneAreNotAnsweredFrom) {
  Stop();
  auto db = *Database::Open(settings_.ExtractPath("events"),
                            Database::Mode::kScratch);
  // GUN is code 1 of the weapons, 0-17 code 0 of the ages.
  ASSERT_THAT(db->Execute("UPDATE record SET d4 = 0 WHERE rowid = "
                          "(SELECT min(rowid) FROM record WHERE d3 = 1)"),
              IsOk());
  db.reset();
  Start();
  const auto answer = answerer_->Answer(Question({"weapon", "age_band"}));
  EXPECT_FALSE(answer.ok() && answer->has_tables());
  EXPECT_EQ(ReleasesOnDisk(), 0);
}

// Records that stay in the agency's own database.
class StructuralZeroInPlaceTest : public WithZeros<AgentTest> {
 protected:
  void SetUp() override {
    AgentTest::SetUp();
    Use(kZero);
    Own("CREATE TABLE events(\"When\" TEXT, Weapon TEXT, Age INTEGER);"
        "INSERT INTO events VALUES ('2024-01-05', 'KNIFE', 12),"
        "('2024-01-06', 'GUN', 30), ('2024-02-06', 'GUN', NULL)");
    source_.set_data_set("events");
    source_.mutable_database()->set_connection(absl::StrCat(
        "DRIVER={SQLite3};Database=file:", folder_, "/own.db?mode=ro;"));
    source_.mutable_database()->set_table("events");
    source_.mutable_database()->set_in_place(true);
    source_.set_mapping(Write("events.textproto", R"pb(
      data_set: "events"
      version: 1
      column { name: "When" occurred_at: true }
      column { name: "Weapon" variable: "weapon" identity: true }
      column {
        name: "Age"
        variable: "age_band"
        number_to_band: true
        empty: "U"
      }
    )pb"));
    source_.add_covers()->set_from("2024-01");
    source_.mutable_covers(0)->set_to("2024-12");
  }
  void Own(const std::string& sql) const {
    auto db = Database::Open(folder_ + "/own.db", Database::Mode::kScratch);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute(sql.c_str()), IsOk());
  }
  absl::StatusOr<LoadReport> LoadAll() const {
    const LoadRequest request{.catalogue = *catalogue_,
                              .data_set = DataSetOf("events"),
                              .source = source_,
                              .state_dir = settings_.config.state_dir(),
                              .pseudonym_key = std::string(32, 'k'),
                              .rule = settings_.policy.ToWords()};
    return LoadDataSet(request);
  }

  v1::Source source_;
};

TEST_F(StructuralZeroInPlaceTest, CheckAndLoadSeeARecordThatCannotBe) {
  const auto loaded = LoadAll();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->rows, 3u);
  EXPECT_THAT(TryInPlace(source_, DataSetOf("events"), *catalogue_, nullptr),
              IsOk());
  Own("INSERT INTO events VALUES ('2024-05-05', 'gun', 12)");
  for (const absl::Status& status :
       {LoadAll().status(),
        TryInPlace(source_, DataSetOf("events"), *catalogue_, nullptr)}) {
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("structural_zero 1 of events (weapon, "
                                   "age_band)")));
  }
  Own("DELETE FROM events WHERE Weapon = 'gun'");
  EXPECT_THAT(LoadAll(), IsOk());
}

}  // namespace
}  // namespace cairn
