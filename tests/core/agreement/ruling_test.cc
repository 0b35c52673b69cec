#include "core/agreement/ruling.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cairn/v1/agreement.pb.h"
#include "core/link/agreement_file.h"
#include "core/query/question_text.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/example_agreement.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"
#include "tests/support/text_proto.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Outcome = Ruling::Outcome;

// One question as the tests write it: the agreement's view and the oracle's.
struct Asked {
  std::string asker = "p-1";
  std::string data_set = "events";
  std::vector<std::string> by;
  // Each condition is written in a way that has no coarser spelling.
  std::vector<std::string> filtered;
  std::vector<std::string> measures;
  std::string purpose = "research";
  absl::CivilDay day = absl::CivilDay(2026, 6, 1);
  bool first_use = false;
  bool outside_plan = false;
  std::vector<std::string> earlier;  // data sets asked today
};

const std::map<std::string, std::string>& Conditions() {
  static const auto& conditions = *new std::map<std::string, std::string>{
      {"month", "month = '2024-02'"}, {"quarter", "quarter = '2024-Q1'"},
      {"lsoa", "lsoa = 'E01000001'"}, {"ward", "ward = 'E05000001'"},
      {"weapon", "weapon = 'GUN'"},   {"age_band", "age_band = '18-24'"},
      {"adult", "adult = 'no'"},      {"armed", "armed = 1"}};
  return conditions;
}

class World {
 public:
  Ruling Check(const Agreement& agreement, const Asked& asked) {
    QuestionText text;
    text.from = asked.data_set;
    text.by = absl::StrJoin(asked.by, ",");
    text.measures = asked.measures;
    text.purpose = asked.purpose;
    text.where =
        absl::StrJoin(asked.filtered, " AND ",
                      [](std::string* out, const std::string& variable) {
                        out->append(Conditions().at(variable));
                      });
    plan_ = ReadQuestion(*catalogue, text);
    EXPECT_THAT(plan_, IsOk()) << text.where;
    if (!plan_.ok()) return {};
    AskedNow now;
    now.plan = &*plan_;
    now.asker = asked.asker;
    now.now = absl::FromCivil(asked.day, absl::UTCTimeZone());
    now.first_use_of_crossing = asked.first_use;
    now.outside_release_plan = asked.outside_plan;
    for (const auto& budget : agreement.budgets) {
      now.asked.push_back(std::count_if(
          asked.earlier.begin(), asked.earlier.end(),
          [&](const std::string& id) {
            return budget.data_set == nullptr || budget.data_set->id == id;
          }));
    }
    return CheckAgainstAgreement(agreement, now);
  }

  Agreement Parse(const std::string& text) const {
    auto agreement = ParseAgreement("a", text, *catalogue);
    EXPECT_THAT(agreement, IsOk()) << text;
    return agreement.ok() ? *std::move(agreement) : Agreement{};
  }

  const std::shared_ptr<const Catalogue> catalogue = ExampleCatalogue();

 private:
  absl::StatusOr<Plan> plan_;
};

// The second implementation: it knows the text of the agreement and of the
// catalogue, and works with names of variables only.
class Oracle {
 public:
  explicit Oracle(v1::Agreement agreement) : agreement_(std::move(agreement)) {
    const v1::Catalogue catalogue = ExampleCatalogueMessage();
    std::vector<v1::Dimension> dimensions(catalogue.shared().begin(),
                                          catalogue.shared().end());
    for (const auto& data_set : catalogue.data_set()) {
      for (const auto& dimension : data_set.dimension()) {
        dimensions.push_back(dimension);
      }
      for (const auto& population : data_set.population()) {
        coarser_[population.variable()] = {population.variable()};
      }
    }
    for (const auto& dimension : dimensions) {
      for (const auto& level : dimension.level()) {
        std::set<std::string>& names = coarser_[level.variable()];
        names.insert(level.variable());
        names.insert(level.nests_in().begin(), level.nests_in().end());
      }
    }
  }

  // The clauses that do not allow it; the number of approvers if there are
  // none.
  std::set<int> Against(const Asked& asked) const {
    std::set<int> clauses;
    const auto& askers = agreement_.asker();
    if (!askers.empty() &&
        std::count(askers.begin(), askers.end(), asked.asker) == 0) {
      clauses.insert(1);
    }
    const std::string day = absl::FormatCivilTime(asked.day);
    if (day < agreement_.starts() || day > agreement_.ends()) clauses.insert(2);
    bool purpose = false;
    for (const auto& terms : agreement_.purpose()) {
      purpose = purpose || terms.id() == asked.purpose;
    }
    if (!purpose) clauses.insert(3);
    const v1::DataSetTerms* terms = nullptr;
    for (const auto& given : agreement_.data_set()) {
      if (given.id() == asked.data_set) terms = &given;
    }
    if (terms == nullptr) {
      clauses.insert(4);
    } else {
      AgainstTable(*terms, asked, &clauses);
    }
    for (const auto& budget : agreement_.budget()) {
      if (!budget.data_set().empty() && budget.data_set() != asked.data_set) {
        continue;
      }
      uint32_t used = 0;
      for (const std::string& id : asked.earlier) {
        if (budget.data_set().empty() || budget.data_set() == id) ++used;
      }
      if (used >= budget.questions()) clauses.insert(8);
    }
    return clauses;
  }

  std::vector<std::string> Classes(const Asked& asked) const {
    std::vector<std::string> ids;
    for (const auto& given : agreement_.approval()) {
      bool match = true;
      if (given.data_set_size() > 0) {
        match = std::count(given.data_set().begin(), given.data_set().end(),
                           asked.data_set) > 0;
      }
      if (given.variable_size() > 0) {
        bool uses = false;
        for (const std::string& needed : Needed(asked)) {
          for (const std::string& variable : given.variable()) {
            uses = uses || coarser_.at(needed).count(variable) > 0;
          }
        }
        match = match && uses;
      }
      if (given.first_use_of_crossing()) match = match && asked.first_use;
      if (given.outside_release_plan()) match = match && asked.outside_plan;
      if (match) ids.push_back(given.id());
    }
    return ids;
  }

 private:
  // The variables that the table is cut at: of two of one fact, the finer.
  std::vector<std::string> Needed(const Asked& asked) const {
    std::set<std::string> names(asked.by.begin(), asked.by.end());
    names.insert(asked.filtered.begin(), asked.filtered.end());
    std::vector<std::string> needed;
    for (const std::string& name : names) {
      const bool finer_there =
          std::any_of(names.begin(), names.end(), [&](const std::string& o) {
            return o != name && coarser_.at(o).count(name) > 0;
          });
      if (!finer_there) needed.push_back(name);
    }
    return needed;
  }

  bool Fits(std::vector<std::string> needed,
            const v1::DataSetTerms::Crossing& crossing) const {
    if (needed.size() > static_cast<size_t>(crossing.by_size())) return false;
    std::vector<std::string> by(crossing.by().begin(), crossing.by().end());
    std::sort(by.begin(), by.end());
    do {  // every way to put the one against the other
      bool fits = true;
      for (size_t i = 0; i < needed.size(); ++i) {
        fits = fits && coarser_.at(by[i]).count(needed[i]) > 0;
      }
      if (fits) return true;
    } while (std::next_permutation(by.begin(), by.end()));
    return false;
  }

  void AgainstTable(const v1::DataSetTerms& terms, const Asked& asked,
                    std::set<int>* clauses) const {
    const std::vector<std::string> needed = Needed(asked);
    for (const std::string& name : needed) {
      bool covered = false;
      for (const std::string& finest : terms.variable()) {
        covered = covered || coarser_.at(finest).count(name) > 0;
      }
      if (!covered) clauses->insert(5);
    }
    std::set<std::string> allowed(terms.measure().begin(),
                                  terms.measure().end());
    if (allowed.empty()) allowed = {"count"};
    std::set<std::string> wanted(asked.measures.begin(), asked.measures.end());
    if (wanted.empty()) wanted = {"count"};
    if (wanted.erase("mean:days") > 0) {
      wanted.insert("sum:days");
      wanted.insert("count");
    }
    for (const std::string& measure : wanted) {
      if (allowed.count(measure) == 0) clauses->insert(6);
    }
    const uint32_t any =
        terms.has_any_crossing_of() ? terms.any_crossing_of() : 1;
    bool together = needed.size() <= any;
    for (const auto& crossing : terms.crossing()) {
      together = together || Fits(needed, crossing);
    }
    if (!together) clauses->insert(7);
  }

  const v1::Agreement agreement_;
  std::map<std::string, std::set<std::string>> coarser_;
};

class RandomTerms {
 public:
  explicit RandomTerms(uint32_t seed) : random_(seed) {}

  v1::Agreement MakeAgreement() {
    auto agreement = ParseText<v1::Agreement>(ExampleAgreementText());
    if (Chance(30)) agreement.add_asker("p-1");
    if (Chance(30)) agreement.add_asker("p-2");
    if (Chance(50)) {
      *agreement.add_purpose() =
          ParseText<v1::PurposeTerms>("id: 'planning' lawful_basis: 'duty'");
    }
    agreement.clear_data_set();
    agreement.clear_budget();
    agreement.clear_approval();
    if (Chance(90)) AddDataSet("events", &agreement);
    if (agreement.data_set().empty() || Chance(40)) {
      AddDataSet("calls", &agreement);
    }
    const std::string& covered =
        agreement.data_set(Below(agreement.data_set_size())).id();
    for (int i = Below(3); i > 0; --i) {
      v1::Budget* budget = agreement.add_budget();
      if (Chance(50)) budget->set_data_set(covered);
      budget->set_questions(static_cast<uint32_t>(1 + Below(4)));
      budget->set_days(1);
    }
    for (int i = Below(4); i > 0; --i) AddClass(i, covered, &agreement);
    return agreement;
  }

  Asked MakeQuestion() {
    Asked asked;
    asked.asker = absl::StrCat("p-", 1 + Below(2));
    asked.data_set = Chance(75) ? "events" : "calls";
    std::vector<std::vector<std::string>> dimensions =
        Dimensions(asked.data_set);
    std::shuffle(dimensions.begin(), dimensions.end(), random_);
    dimensions.resize(std::min<size_t>(dimensions.size(), Below(5)));
    for (const auto& levels : dimensions) {
      const int use = Below(3);
      if (use != 0) asked.by.push_back(Pick(levels));
      if (use != 1) asked.filtered.push_back(Pick(levels));
    }
    static const std::vector<std::string> kMeasures = {
        "count", "distinct_persons", "sum:days", "mean:days"};
    for (int i = Below(3); i > 0; --i) {
      const std::string measure =
          asked.data_set == "calls" ? "count" : Pick(kMeasures);
      if (std::count(asked.measures.begin(), asked.measures.end(), measure) ==
          0) {
        asked.measures.push_back(measure);
      }
    }
    asked.purpose = Chance(80) ? "research" : "planning";
    using Day = absl::CivilDay;
    const std::vector<Day> days = {Day(2026, 3, 31), Day(2026, 4, 1),
                                   Day(2027, 3, 31), Day(2027, 4, 1)};
    if (Chance(20)) asked.day = Pick(days);
    asked.first_use = Chance(50);
    asked.outside_plan = Chance(50);
    for (int i = Below(4); i > 0; --i) {
      asked.earlier.push_back(Chance(50) ? "events" : "calls");
    }
    return asked;
  }

 private:
  static std::vector<std::vector<std::string>> Dimensions(
      const std::string& data_set) {
    if (data_set == "calls") return {{"month", "quarter"}, {"weapon"}};
    return {{"month", "quarter"},
            {"lsoa", "ward"},
            {"weapon"},
            {"age_band", "adult"},
            {"armed"}};
  }

  void AddDataSet(const std::string& id, v1::Agreement* agreement) {
    v1::DataSetTerms* terms = agreement->add_data_set();
    terms->set_id(id);
    if (id == "events") {
      for (const char* measure : {"count", "distinct_persons", "sum:days"}) {
        if (Chance(60)) terms->add_measure(measure);
      }
    }
    std::vector<std::vector<std::string>> listed;
    for (const auto& levels : Dimensions(id)) {
      if (!Chance(80)) continue;
      const size_t finest = static_cast<size_t>(Below(levels.size()));
      terms->add_variable(levels[finest]);
      listed.emplace_back(levels.begin() + static_cast<long>(finest),
                          levels.end());
    }
    for (int i = Below(4); i > 0 && !listed.empty(); --i) {
      std::shuffle(listed.begin(), listed.end(), random_);
      const size_t size =
          1 + static_cast<size_t>(Below(std::min<size_t>(listed.size(), 4)));
      v1::DataSetTerms::Crossing* crossing = terms->add_crossing();
      for (size_t d = 0; d < size; ++d) crossing->add_by(Pick(listed[d]));
    }
    if (Chance(70)) {
      terms->set_any_crossing_of(static_cast<uint32_t>(Below(5)));
    }
  }

  void AddClass(int number, const std::string& covered,
                v1::Agreement* agreement) {
    v1::QueryClass* given = agreement->add_approval();
    given->set_id(absl::StrCat("class-", number));
    given->set_title("Some");
    given->set_approvers(static_cast<uint32_t>(1 + Below(3)));
    if (Chance(40)) given->add_data_set(covered);
    if (Chance(60)) {
      given->add_variable(Pick(Pick(Dimensions(covered))));
    }
    given->set_first_use_of_crossing(Chance(30));
    given->set_outside_release_plan(Chance(30));
    given->set_one_from_agency(Chance(30));
    given->set_result_too(Chance(30));
  }

  bool Chance(int percent) { return Below(100) < percent; }
  int Below(size_t limit) {
    return static_cast<int>(random_() % static_cast<uint32_t>(limit));
  }
  template <typename T>
  T Pick(const std::vector<T>& values) {
    return values[static_cast<size_t>(Below(values.size()))];
  }

  std::mt19937 random_;
};

TEST(Ruling, AgreesWithASecondImplementation) {
  World world;
  std::map<int, int> refused;
  int allowed = 0, approval = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    RandomTerms random(seed);
    const v1::Agreement message = random.MakeAgreement();
    std::string text;
    google::protobuf::TextFormat::PrintToString(message, &text);
    const Agreement agreement = world.Parse(text);
    const Oracle oracle(message);
    for (int i = 0; i < 40; ++i) {
      const Asked asked = random.MakeQuestion();
      const Ruling ruling = world.Check(agreement, asked);
      const std::set<int> against = oracle.Against(asked);
      SCOPED_TRACE(absl::StrCat(
          "seed ", seed, " question ", i, " by ", absl::StrJoin(asked.by, ","),
          " where ", absl::StrJoin(asked.filtered, ","), "\n", text));
      if (!against.empty()) {
        ASSERT_EQ(ruling.outcome, Outcome::kRefused);
        ASSERT_EQ(static_cast<int>(ruling.clause), *against.begin());
        ASSERT_FALSE(ruling.sentence.empty());
        ++refused[*against.begin()];
        continue;
      }
      const std::vector<std::string> classes = oracle.Classes(asked);
      std::vector<std::string> given;
      for (const auto* read : ruling.classes) given.push_back(read->id);
      ASSERT_EQ(given, classes) << ruling.sentence;
      ASSERT_EQ(ruling.outcome,
                classes.empty() ? Outcome::kAllowed : Outcome::kNeedsApproval);
      int most = 0;
      bool own = false, result = false;
      for (const auto& asks : message.approval()) {
        if (std::count(classes.begin(), classes.end(), asks.id()) == 0) {
          continue;
        }
        most = std::max(most, static_cast<int>(asks.approvers()));
        own = own || asks.one_from_agency();
        result = result || asks.result_too();
      }
      ASSERT_EQ(ruling.approvers, most);
      ASSERT_EQ(ruling.one_from_agency, own);
      ASSERT_EQ(ruling.result_too, result);
      ++(classes.empty() ? allowed : approval);
    }
  }
  // The comparison is of something: each outcome and clause came up.
  EXPECT_GT(allowed, 300);
  EXPECT_GT(approval, 300);
  for (int clause = 1; clause <= 8; ++clause) {
    EXPECT_GT(refused[clause], 20) << "clause " << clause;
  }
}

class RulingTest : public ::testing::Test {
 protected:
  void ExpectRefused(const Asked& asked, Clause clause, const char* words) {
    const Ruling ruling = world_.Check(agreement_, asked);
    EXPECT_EQ(ruling.outcome, Outcome::kRefused);
    EXPECT_EQ(ruling.clause, clause) << ruling.sentence;
    EXPECT_THAT(ruling.sentence, HasSubstr(words));
  }

  World world_;
  Agreement agreement_ = world_.Parse(ExampleAgreementText());
};

TEST_F(RulingTest, ARefusalNamesTheClauseAndWhatIsAllowed) {
  Asked asked;
  asked.purpose = "planning";
  ExpectRefused(asked, Clause::kWhatFor, "it allows: research");
  asked = Asked{};
  asked.data_set = "calls";
  ExpectRefused(asked, Clause::kWhichRecords, "it covers: events");
  asked = Asked{};
  asked.by = {"lsoa"};
  ExpectRefused(asked, Clause::kWhichFacts, "ask by ward or coarser");
  asked.by = {"weapon"};
  ExpectRefused(asked, Clause::kWhichFacts,
                "it covers: month, ward, age_band, armed");
  asked = Asked{};
  asked.measures = {"distinct_persons"};
  ExpectRefused(asked, Clause::kWhichMeasures, "it allows: count, sum:days");
  asked = Asked{};
  asked.by = {"month", "ward"};
  ExpectRefused(asked, Clause::kTogether,
                "the nearest it allows is quarter, ward, age_band");
  asked = Asked{};
  asked.earlier.assign(100, "events");
  ExpectRefused(asked, Clause::kHowMuch, "100 questions in 30 days");
}

TEST_F(RulingTest, AFilterCountsLikeAVariable) {
  Asked asked;
  asked.filtered = {"weapon"};
  ExpectRefused(asked, Clause::kWhichFacts, "weapon");
  // A question by ward for one neighbourhood needs cells of neighbourhoods.
  asked.by = {"ward"};
  asked.filtered = {"lsoa"};
  ExpectRefused(asked, Clause::kWhichFacts, "finer than agreed");
}

TEST_F(RulingTest, ItStopsAtMidnightAfterItsLastDay) {
  Asked asked;
  asked.day = absl::CivilDay(2027, 3, 31);
  EXPECT_EQ(world_.Check(agreement_, asked).outcome, Outcome::kAllowed);
  asked.day = absl::CivilDay(2027, 4, 1);
  ExpectRefused(asked, Clause::kHowLong, "ended on 2027-03-31");
  asked.day = absl::CivilDay(2026, 4, 1);
  EXPECT_EQ(world_.Check(agreement_, asked).outcome, Outcome::kAllowed);
  asked.day = absl::CivilDay(2026, 3, 31);
  ExpectRefused(asked, Clause::kHowLong, "from 2026-04-01");
}

TEST_F(RulingTest, ABudgetThatNobodyCountedIsUsedUp) {
  AskedNow now;
  const auto plan = ReadQuestion(
      *world_.catalogue, QuestionText{"events", "month", {}, "", "research"});
  ASSERT_THAT(plan, IsOk());
  now.plan = &*plan;
  now.now = absl::FromCivil(absl::CivilDay(2026, 6, 1), absl::UTCTimeZone());
  EXPECT_EQ(CheckAgainstAgreement(agreement_, now).clause, Clause::kHowMuch);
  now.asked = {99};
  EXPECT_EQ(CheckAgainstAgreement(agreement_, now).outcome, Outcome::kAllowed);
}

}  // namespace
}  // namespace cairn
