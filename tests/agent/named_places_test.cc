// Places that a partnership names: asked for by name, told apart by the areas
// they are made of, and held against each other by one who takes one from the
// other.

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/agent.h"
#include "agent/loader.h"
#include "core/link/catalogue_file.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "tests/agent/load_fixture.h"
#include "tests/core/disclosure/integer_attacker.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// P and Q differ by area A2 alone; R is P again, put together from a ward and
// an area; S is what neither has, and one more.
constexpr char kNamed[] = R"pb(
  place {
    id: "p"
    label: "Old town"
    version: 1
    area { variable: "lsoa" code: "A1" }
    area { variable: "lsoa" code: "A2" }
    area { variable: "lsoa" code: "A3" }
  }
  place {
    id: "q"
    version: 1
    area { variable: "lsoa" code: "A1" }
    area { variable: "lsoa" code: "A3" }
  }
  place {
    id: "r"
    version: 1
    area { variable: "ward" code: "W1" }
    area { variable: "lsoa" code: "A3" }
  }
  place {
    id: "s"
    version: 1
    area { variable: "lsoa" code: "A4" }
    area { variable: "lsoa" code: "A1" }
  }
)pb";
const std::map<std::string, std::set<std::string>> kAreasOf = {
    {"p", {"A1", "A2", "A3"}},
    {"q", {"A1", "A3"}},
    {"r", {"A1", "A2", "A3"}},
    {"s", {"A1", "A4"}}};
const std::map<std::string, std::string> kWardOf = {
    {"A1", "W1"}, {"A2", "W1"}, {"A3", "W2"}, {"A4", "W2"}};
// Not known and outside are places to an outsider like any other.
const std::vector<std::string> kAreas = {"A1", "A2", "A3", "A4", "U", "OUT"};
const std::vector<std::string> kWeapons = {"KNIFE", "GUN", "OTHER", "U"};

class NamedPlacesTest : public LoadTest {
 protected:
  void SetUp() override {
    LoadTest::SetUp();
    v1::Catalogue message;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        std::string(kCatalogue) + kNamed, &message));
    auto catalogue = MakeCatalogue(message);
    ASSERT_THAT(catalogue, IsOk());
    catalogue_ = *std::move(catalogue);
    settings_.config.set_agency("police");
    settings_.catalogue = catalogue_;
    settings_.config.add_source()->set_data_set("events");
    source_.set_data_set("events");
    source_.set_mapping(Write("events.textproto", R"pb(
      data_set: "events"
      version: 1
      column { name: "When" occurred_at: true }
      column { name: "Area" variable: "lsoa" identity: true unmapped: "U" }
      column { name: "Weapon" variable: "weapon" identity: true unmapped: "U" }
    )pb"));
    source_.add_covers()->set_from("2024-01");
    source_.mutable_covers(0)->set_to("2024-12");
    places_ =
        *Places::Read(SourceOfPlaces("code,name,ward,lad,lad_name,people\n"
                                     "A1,a,W1,D1,North,1\nA2,b,W1,D1,North,1\n"
                                     "A3,c,W2,D1,North,1\nA4,d,W2,D1,North,1\n",
                                     ""),
                      *catalogue_);
  }

  // counts[area][weapon], loaded into an agent of its own.
  using Counts = std::map<std::string, std::map<std::string, int>>;
  void Load(const Counts& counts) {
    answerer_.reset();
    state_.reset();
    settings_.config.set_state_dir(absl::StrCat(folder_, "/state", ++loads_));
    std::string csv = "When,Area,Weapon\n";
    for (const auto& [area, weapons] : counts) {
      for (const auto& [weapon, count] : weapons) {
        for (int i = 0; i < count; ++i) {
          absl::StrAppend(&csv, "2024-03-05 10:00,", area, ",", weapon, "\n");
        }
      }
    }
    source_.clear_file();
    source_.add_file(Write("events.csv", csv));
    const LoadRequest request{.catalogue = *catalogue_,
                              .data_set = DataSetOf("events"),
                              .source = source_,
                              .places = places_.get(),
                              .state_dir = settings_.config.state_dir(),
                              .pseudonym_key = std::string(32, 'k')};
    ASSERT_THAT(LoadDataSet(request), IsOk());
    auto state = OpenAgentState(settings_);
    ASSERT_THAT(state, IsOk());
    state_ = *std::move(state);
    answerer_ =
        std::make_unique<Answerer>(&settings_, state_->ledger.get(),
                                   state_->releases.get(), state_->asks.get());
  }

  absl::StatusOr<ProtectedTable> Ask(const std::vector<std::string>& by,
                                     const std::string& where = "") {
    if (answerer_ == nullptr) return absl::InternalError("nothing is loaded");
    Query query;
    query.data_set = "events";
    query.purpose = "research";
    query.by = by;
    query.measures = {Measure{}};
    if (!where.empty()) query.where = *ParseFilter(where, DataSetOf("events"));
    v1::Ask ask;
    ask.set_query_id(absl::StrCat("q", ++asked_));
    ask.set_query(ToProto(query).SerializeAsString());
    auto answer = answerer_->Answer(ask);
    if (!answer.ok()) return answer.status();
    if (!answer->has_tables()) {
      return absl::FailedPreconditionError(answer->refusal().sentence());
    }
    return FromProto(answer->tables().table(0));
  }

  // Whether the records of an area and weapon fall into a code of a variable.
  static bool Falls(const std::string& area, const std::string& weapon,
                    const std::string& variable, const std::string& code) {
    if (variable == "weapon") return weapon == code;
    if (variable == "lsoa") return area == code;
    if (area == "U" || area == "OUT") return area == code;
    if (variable == "ward") return kWardOf.at(area) == code;
    const bool in = kAreasOf.at(variable).count(area) > 0;
    return code == (in ? "1" : "0");
  }
  // The atoms (area x weapon) of a cell.
  static std::vector<int> Members(const TableShape& shape, size_t cell) {
    std::vector<int> members;
    for (size_t atom = 0; atom < kAreas.size() * 4; ++atom) {
      bool in = true;
      for (size_t a = 0; a < shape.axes.size(); ++a) {
        const TableAxis& axis = shape.axes[a];
        const size_t at = shape.at(cell, a);
        in = in &&
             (at == axis.margin() || Falls(kAreas[atom / 4], kWeapons[atom % 4],
                                           axis.variable, axis.codes[at]));
      }
      if (in) members.push_back(static_cast<int>(atom));
    }
    return members;
  }

  AgentSettings settings_;
  v1::Source source_;
  std::unique_ptr<Places> places_;
  std::unique_ptr<AgentState> state_;
  std::unique_ptr<Answerer> answerer_;
  int asked_ = 0;
  int loads_ = 0;
};

TEST_F(NamedPlacesTest, AreAskedForByNameAndCountTheirAreas) {
  Load({{"A1", {{"KNIFE", 20}}},
        {"A2", {{"KNIFE", 30}}},
        {"A3", {{"KNIFE", 40}}},
        {"A4", {{"KNIFE", 50}}},
        {"elsewhere", {{"KNIFE", 60}}}});
  settings_.policy.largest_hidden_count = 4;
  settings_.policy.rounding_base = 1;
  const std::map<std::string, std::vector<int64_t>> expected = {
      // 0, 1, U, Total
      {"p", {50, 90, 60, 200}},
      {"q", {80, 60, 60, 200}},
      {"r", {50, 90, 60, 200}},
      {"s", {70, 70, 60, 200}}};
  for (const auto& [place, counts] : expected) {
    const auto table = Ask({place});
    ASSERT_THAT(table, IsOk()) << place;
    std::vector<int64_t> shown;
    for (size_t i = 0; i < table->cells().size(); ++i) {
      const bool code = i < table->shape().axes[0].codes.size();
      // OUT has no record: hidden, as a zero is.
      if (code && table->shape().axes[0].codes[i] == "OUT") continue;
      shown.push_back(table->cells()[i].value);
    }
    EXPECT_EQ(shown, counts) << place;
  }
}

TEST_F(NamedPlacesTest, MeanTheSameByNameAndByVariable) {
  const DataSet& data_set = DataSetOf("events");
  for (const char* text :
       {"place = 'p'", "PLACE = 'P'", "place = 'Old town'", "p = '1'"}) {
    const auto filter = ParseFilter(text, data_set);
    ASSERT_THAT(filter, IsOk()) << text;
    EXPECT_EQ(filter->variable, "p") << text;
    EXPECT_EQ(std::get<std::string>(filter->values[0]), "1") << text;
  }
  for (const auto& [text, says] :
       std::vector<std::pair<const char*, const char*>>{
           {"place = 'old twon'", "there is no place 'old twon'"},
           {"place = 'A1'", "such as lsoa"},
           {"place IN ('p', 'q')", "the name of a place"},
           {"place IS NULL", "the name of a place"},
           {"place = ", "there is no place"},
           {"p = 'yes please'", "p has no code 'yes please'"}}) {
    EXPECT_THAT(ParseFilter(text, data_set),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(says)))
        << text;
  }
}

struct Rule {
  int64_t threshold, base;
  bool zeros_shown;
};

// Attack: two places that differ by one small area are asked for, one after the
// other, with everything else the same; the difference is taken, and every
// table of whole numbers tried.
TEST_F(NamedPlacesTest, ASliverBetweenPlacesStaysHidden) {
  std::mt19937 random(7);
  size_t hidden = 0, slivers = 0;
  int undecided = 0, asked = 0;
  for (int world = 0; world < 24; ++world) {
    const Rule rule = std::vector<Rule>{
        {7, 1, false}, {7, 5, false}, {4, 1, true}}[world % 3];
    settings_.policy = DisclosurePolicy();
    settings_.policy.largest_hidden_count = rule.threshold;
    settings_.policy.rounding_base = rule.base;
    settings_.policy.zeros_shown = rule.zeros_shown;
    Counts counts;
    std::vector<int64_t> truth;
    for (const std::string& area : kAreas) {
      for (const std::string& weapon : kWeapons) {
        if (area == "U" || area == "OUT") {
          truth.push_back(0);
          continue;
        }
        // A2 is the small one.
        const int least = area == "A2" ? (rule.zeros_shown ? 1 : 0) : 6;
        const int most = area == "A2" ? 4 : 24;
        counts[area][weapon] =
            least + static_cast<int>(random() % (most - least + 1));
        truth.push_back(counts[area][weapon]);
      }
    }
    Load(counts);
    IntegerAttacker attacker(truth);
    std::set<std::vector<int>> small;
    std::vector<std::vector<std::string>> asks = {{"p", "weapon"},
                                                  {"q", "weapon"},
                                                  {"s", "weapon"},
                                                  {"ward", "weapon"},
                                                  {"r"}};
    std::shuffle(asks.begin(), asks.end(), random);
    std::string log;
    for (const std::vector<std::string>& by : asks) {
      const auto table = Ask(by);
      ASSERT_THAT(table, IsOk()) << absl::StrJoin(by, ",");
      absl::StrAppend(&log, "\n", absl::StrJoin(by, " x "), ":");
      for (size_t cell = 0; cell < table->cells().size(); ++cell) {
        const Cell& now = table->cells()[cell];
        const std::vector<int> members = Members(table->shape(), cell);
        int64_t count = 0;
        for (const int atom : members) count += truth[atom];
        ASSERT_LE(now.low, count);
        ASSERT_GE(now.high, count);
        attacker.Learn(members, now.low, now.high);
        absl::StrAppend(&log, " ", count, " in ", now.low, "..",
                        now.high == kNoLimit ? -1 : now.high);
        if (now.status == CellStatus::kSuppressed && !members.empty() &&
            now.high == rule.threshold) {
          small.insert(members);
        }
      }
    }
    hidden += small.size();
    // The slivers: nobody asked for area A2, with a weapon or in all.
    for (int weapon = 0; weapon < 4; ++weapon) small.insert({4 + weapon});
    slivers += 4;
    for (const std::vector<int>& cell : small) {
      int64_t least = 0;
      for (const int atom : cell) {
        least += rule.zeros_shown && truth[atom] > 0 ? 1 : 0;
      }
      for (int64_t value = least; value <= rule.threshold; ++value) {
        const auto possible = attacker.CanBe(cell, value, 400000);
        ++asked;
        if (!possible.has_value()) ++undecided;
        EXPECT_TRUE(possible.value_or(true))
            << "world " << world << ": " << cell.size() << " atoms from "
            << cell[0] << " cannot be " << value << log;
      }
    }
  }
  EXPECT_GT(hidden + slivers, 96u);
  EXPECT_LT(undecided * 50, asked);
}

TEST_F(NamedPlacesTest, AnAgencyWithoutTheirLevelsDoesNotHoldThem) {
  // Wards only: p, q and s are finer than that.
  v1::PlacesSource wards;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(column { name: "ward" variable: "ward" })pb", &wards));
  wards.set_file(Write("wards.csv", "ward\nW1\nW2\n"));
  places_ = *Places::Read(wards, *catalogue_);
  source_.set_mapping(Write("events.textproto", R"pb(
    data_set: "events"
    version: 1
    column { name: "When" occurred_at: true }
    column { name: "Area" variable: "ward" identity: true unmapped: "U" }
    column { name: "Weapon" variable: "weapon" identity: true unmapped: "U" }
  )pb"));
  Load({{"W1", {{"KNIFE", 20}}}});
  EXPECT_THAT(Ask({"ward"}), IsOk());
  EXPECT_THAT(Ask({"p"}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr("keeps ward, not p")));
}

}  // namespace
}  // namespace cairn
