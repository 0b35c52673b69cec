// The promise: an answer worked out inside the process is what the records say,
// exactly; and what leaves the process holds the truth. The judge is the
// sqlite3 program, which gets SQL text that was written without any of our
// code.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/figure_cache.h"
#include "core/disclosure/protect.h"
#include "core/query/evaluate.h"
#include "core/query/filter_text.h"
#include "core/query/plan.h"
#include "gtest/gtest.h"
#include "tests/support/loaded_world.h"
#include "tests/support/protect_one.h"
#include "tests/support/random_question.h"
#include "tests/support/sql_oracle.h"

namespace cairn {
namespace {

constexpr size_t kQuestionsPerWorld = 170;
constexpr size_t kMaxCells = 12'000;
// Protected tables that are pinned together; then a new epoch is played.
constexpr size_t kPinnedTables = 3;
constexpr size_t kMaxProtectedCells = 600;
constexpr size_t kMostFailures = 8;

std::vector<WorldOptions> AllWorlds() {
  std::vector<WorldOptions> worlds(13);
  for (size_t w = 0; w < worlds.size(); ++w) {
    worlds[w].seed = 1000 + w;
    worlds[w].rows = 700;
  }
  worlds[0].rows = 2500;
  worlds[1].gap = true;
  worlds[2].rows = 0;
  worlds[3].rows = 1;
  worlds[3].tidy_dates = true;
  worlds[4].duplicates = 60;
  worlds[5].missing_codes = true;
  worlds[6].coarse = true;
  worlds[7].two_trees = worlds[7].short_cover = true;
  worlds[8].gap = worlds[8].short_cover = worlds[8].tidy_dates = true;
  worlds[9].day_dates = worlds[9].no_ward = true;
  worlds[10].rows = 60;
  worlds[10].gap = worlds[10].two_trees = worlds[10].no_ward = true;
  worlds[11].coarse = worlds[11].gap = true;
  worlds[11].rows = 1500;
  worlds[12].rows = 1500;
  worlds[12].tidy_dates = true;
  worlds[12].duplicates = 30;
  return worlds;
}

std::vector<std::pair<std::string, DisclosurePolicy>> AllPolicies() {
  DisclosurePolicy standard, hes, strict, exact;
  hes.profile = "hes";
  hes.minimum_persons = 3;
  hes.zeros_shown = true;
  strict.profile = "strict";
  strict.largest_hidden_count = 12;
  strict.minimum_persons = 10;
  exact.profile = "exact";
  exact.largest_hidden_count = 9;
  exact.rounding_base = 1;
  exact.minimum_persons = 10;
  return {{"standard", standard},
          {"hes", hes},
          {"strict", strict},
          {"exact", exact}};
}

// A question with its plan, and the table it needs.
struct Asked {
  RandomQuestion question;
  Plan plan;
  TableShape shape;
  size_t number = 0;
};

std::string Words(const LoadedWorld& loaded, const RandomQuestion& question) {
  return absl::StrCat("world ", loaded.world().options.seed, ": --by ",
                      absl::StrJoin(question.by, ","), " --where \"",
                      question.text, "\"");
}

absl::StatusOr<Plan> PlanOf(const DataSet& data_set,
                            const RandomQuestion& question,
                            const std::string& text) {
  Query query;
  query.data_set = "events";
  query.by = question.by;
  query.purpose = "research";
  for (const std::string& measure : question.measures) {
    auto parsed = ParseMeasure(measure);
    if (!parsed.ok()) return parsed.status();
    query.measures.push_back(*parsed);
  }
  if (question.where) {
    auto filter = ParseFilter(text, data_set);
    if (!filter.ok()) return filter.status();
    query.where = *std::move(filter);
  }
  return MakePlan(data_set, query);
}

// Random questions whose tables are small enough for a test. Every other
// refusal is a failure: the generator knows what may be asked.
std::vector<Asked> MakeQuestions(const LoadedWorld& loaded, size_t count) {
  Rng rng(loaded.world().options.seed * 7919);
  std::vector<Asked> asked;
  while (asked.size() < count && !::testing::Test::HasFailure()) {
    Asked one;
    one.question = MakeQuestion(loaded.world(), &rng);
    auto plan = PlanOf(loaded.data_set(), one.question, one.question.text);
    EXPECT_TRUE(plan.ok()) << Words(loaded, one.question) << "\n"
                           << plan.status();
    if (!plan.ok()) break;
    one.plan = *std::move(plan);
    Refusal refusal;
    auto shape = loaded.source().Shape(one.plan, &refusal);
    if (!shape.ok() && refusal.reason == v1::TOO_LARGE) continue;
    EXPECT_TRUE(shape.ok()) << Words(loaded, one.question) << "\n"
                            << shape.status();
    if (!shape.ok()) break;
    if (shape->cells() > kMaxCells) continue;
    one.shape = *std::move(shape);
    one.number = asked.size();
    asked.push_back(std::move(one));
  }
  return asked;
}

const std::vector<int64_t>& FiguresOf(const FrequencyTable& table,
                                      const Measure& measure) {
  if (measure.kind == Measure::Kind::kCount) return table.counts;
  if (measure.kind == Measure::Kind::kDistinctPersons) {
    return table.keyed_persons;
  }
  for (const FrequencyTable::Sum& sum : table.sums) {
    if (sum.quantity == measure.quantity) return sum.total;
  }
  ADD_FAILURE() << "no figures for " << measure.ToString();
  return table.counts;
}

int64_t TruthOf(const Truth& truth, const Measure& measure) {
  if (measure.kind == Measure::Kind::kCount) return truth.count;
  if (measure.kind == Measure::Kind::kDistinctPersons) return truth.persons;
  return measure.quantity == "days" ? truth.days : truth.cost;
}

bool Additive(const Measure& measure) {
  return measure.kind != Measure::Kind::kDistinctPersons;
}

std::string Describe(const Cell& cell) {
  static constexpr const char* kNames[] = {"published", "suppressed", "bounded",
                                           "unavailable", "not applicable"};
  return absl::StrCat(
      kNames[static_cast<int>(cell.status)], " ", cell.value, " (", cell.low,
      "..", cell.high == kNoLimit ? "" : absl::StrCat(cell.high), ")");
}

// What a question says about time and about codes that are not held.
class Expectations {
 public:
  Expectations(const LoadedWorld& loaded, const Asked& asked,
               const OracleAnswer& truth)
      : world_(loaded.world()), asked_(asked), truth_(truth) {
    for (size_t a = 0; a < asked.plan.axes.size(); ++a) {
      const WorldDimension& d =
          world_.dimensions[static_cast<size_t>(asked.plan.axes[a].dimension)];
      time_ = time_ || d.kind == WorldKind::kTime;
      multi_ = multi_ || d.multi;
      // U is not held where nothing maps to it; nothing is lost there.
      gaps_in_codes_ = gaps_in_codes_ || !d.holds_all;
    }
  }

  bool multi() const { return multi_; }
  bool MustBeUnavailable(const std::vector<std::string>& key) const {
    return time_ && truth_.uncovered.count(key) > 0;
  }
  bool MayBeUnavailable(const std::vector<std::string>& key) const {
    if (MustBeUnavailable(key) || gaps_in_codes_) return true;
    // A quarter or year that reaches beyond the period.
    for (size_t i = 0; i < key.size(); ++i) {
      for (const WorldLevel& level : world_.Find("occurred").levels) {
        if (level.variable != asked_.question.by[i]) continue;
        for (size_t c = 0; c < level.codes.size(); ++c) {
          if (level.codes[c].id == key[i] && !level.whole[c]) return true;
        }
      }
    }
    return false;
  }

 private:
  const World& world_;
  const Asked& asked_;
  const OracleAnswer& truth_;
  bool time_ = false;
  bool multi_ = false;
  bool gaps_in_codes_ = false;
};

// What is wrong with a row, in one sentence; "" if it says what the oracle
// says.
std::string ProblemOf(const Expectations& expect, const Measure& measure,
                      const AnswerRow& row, int64_t want) {
  const Cell& cell = row.cell;
  if (cell.low > want || want > cell.high) return "the truth lies outside";
  const bool plain = Additive(measure) && !expect.multi();
  const bool exact = cell.low == want && cell.high == want;
  const bool missing = expect.MustBeUnavailable(row.key);
  switch (cell.status) {
    case CellStatus::kPublished:
      if (cell.value != want || !exact) return "it is not the truth";
      return missing ? "months without records are part of it" : "";
    case CellStatus::kBounded:
      if (plain) return "an exact figure is due";
      return missing ? "months without records are part of it" : "";
    case CellStatus::kUnavailable:
      if (plain && cell.low != want) return "what is held is more";
      return expect.MayBeUnavailable(row.key) ? "" : "all of it is held";
    case CellStatus::kNotApplicable:
      return want == 0 ? "" : "there are such records";
    case CellStatus::kSuppressed:
      break;
  }
  return "nothing was hidden yet";
}

// Every row of the oracle is there, and every row says what the oracle says.
// The first problem, or "".
std::string CompareExact(const Expectations& expect, const Measure& measure,
                         const std::vector<AnswerRow>& rows,
                         const OracleAnswer& truth, size_t* exact) {
  std::set<std::vector<std::string>> seen;
  for (const AnswerRow& row : rows) {
    const std::string name = absl::StrJoin(row.key, "/");
    if (!seen.insert(row.key).second) {
      return absl::StrCat("the row ", name, " is there twice");
    }
    const auto found = truth.rows.find(row.key);
    const int64_t want =
        found == truth.rows.end() ? 0 : TruthOf(found->second, measure);
    const std::string problem = ProblemOf(expect, measure, row, want);
    if (!problem.empty()) {
      return absl::StrCat(measure.ToString(), " of ", name, " is ", want,
                          " by sqlite3, here ", Describe(row.cell), ": ",
                          problem);
    }
    if (row.cell.status == CellStatus::kPublished) ++*exact;
  }
  for (const auto& [key, row] : truth.rows) {
    if (row.count == 0 || seen.count(key) > 0) continue;
    return absl::StrCat("there is no row ", absl::StrJoin(key, "/"), ", which ",
                        "has ", row.count, " records by sqlite3");
  }
  return "";
}

// Without a filter, and at the level of the table, a row is one cell: exact,
// for distinct persons and several-valued variables too.
std::string ProblemOfSingleCells(const Plan& plan,
                                 const std::vector<AnswerRow>& rows) {
  if (!plan.selection.axes().empty()) return "";
  for (const AnswerRow& row : rows) {
    if (row.cell.status != CellStatus::kBounded) continue;
    return absl::StrCat(absl::StrJoin(row.key, "/"), " is one cell, but ",
                        Describe(row.cell));
  }
  return "";
}

// What has been released in one world under one policy.
struct Released {
  DisclosurePolicy policy;
  std::map<std::string, std::map<std::string, ProtectedTable>> tables;
};

// No cell gives away what the policy hides, and each holds its figure.
std::string ProblemOfCells(const ProtectedTable& table,
                           const FrequencyTable& figures) {
  const std::vector<int64_t>& want = FiguresOf(figures, table.measure());
  const DisclosurePolicy& policy = table.policy();
  for (size_t c = 0; c < want.size(); ++c) {
    const Cell& cell = table.cells()[c];
    const int64_t count = figures.counts[c];
    const char* problem = "";
    if (cell.low > want[c] || want[c] > cell.high) {
      problem = "the truth lies outside";
    } else if (cell.status != CellStatus::kPublished) {
      continue;
    } else if (count == 0 ? !policy.zeros_shown
                          : count <= policy.largest_hidden_count) {
      problem = "a small count is shown";
    } else if (2 * std::abs(cell.value - want[c]) > table.base() ||
               cell.high - cell.low >= table.base()) {
      problem = "it is rounded too far";
    } else if (count > 0 && figures.persons[c] < policy.minimum_persons) {
      problem = "too few persons stand behind it";
    } else if (count > 0 && !table.additive() &&
               want[c] <= policy.largest_hidden_count) {
      problem = "so few persons are shown";
    }
    if (*problem == 0) continue;
    return absl::StrCat("cell ", c, " is ", want[c], " of ", count,
                        " records, released as ", Describe(cell), ": ",
                        problem);
  }
  return "";
}

std::string CompareProtected(const Asked& asked, const Measure& measure,
                             const FrequencyTable& figures,
                             const OracleAnswer& truth, FigureCache* cache,
                             Released* released) {
  const std::string what =
      absl::StrCat(released->policy.profile, ": ", measure.ToString(), " of ");
  auto& tables = released->tables[measure.ToString()];
  const std::string key = asked.plan.TableKey();
  auto found = tables.find(key);
  if (found == tables.end()) {
    if (tables.size() == kPinnedTables) tables.clear();
    std::vector<const ProtectedTable*> pinned;
    for (const auto& [other, table] : tables) pinned.push_back(&table);
    auto protection = ProtectOne(figures, measure, released->policy, pinned,
                                 [&](const TableShape& shape) {
                                   return cache->Tabulate(shape, measure);
                                 });
    if (!protection.ok()) return protection.status().ToString();
    found = tables.emplace(key, std::move(protection->table)).first;
    const std::string problem = ProblemOfCells(found->second, figures);
    if (!problem.empty()) {
      std::vector<std::string> keys;
      for (const auto& [other, table] : tables) keys.push_back(other);
      return absl::StrCat(what, key, ", ", problem,
                          "; released together: ", absl::StrJoin(keys, "; "));
    }
  }
  const auto rows = Evaluate(asked.plan, found->second.shape(),
                             found->second.cells(), found->second.additive());
  if (!rows.ok()) return rows.status().ToString();
  for (const AnswerRow& row : *rows) {
    const auto at = truth.rows.find(row.key);
    const int64_t want =
        at == truth.rows.end() ? 0 : TruthOf(at->second, measure);
    if (row.cell.low <= want && want <= row.cell.high) continue;
    return absl::StrCat(what, absl::StrJoin(row.key, "/"), " is ", want,
                        " by sqlite3, but ", Describe(row.cell));
  }
  return "";
}

// Every figure of two tables; the first that differs, or "".
std::string Difference(const FrequencyTable& a, const FrequencyTable& b) {
  if (a.counts != b.counts) return "counts";
  if (a.persons != b.persons) return "persons";
  if (a.keyed_persons != b.keyed_persons) return "keyed persons";
  if (a.keys != b.keys) return "keys";
  if (a.sums.size() != b.sums.size()) return "sums";
  for (size_t s = 0; s < a.sums.size(); ++s) {
    if (a.sums[s].total != b.sums[s].total) return "a sum";
    if (a.sums[s].largest != b.sums[s].largest) return "the largest share";
    if (a.sums[s].second != b.sums[s].second) return "the second share";
  }
  return "";
}

// The snapshot says what the extract's rows say one by one, also of a part of
// the time, and also where several threads share the work.
std::string ProblemOfSnapshot(const LoadedWorld& loaded, const Asked& asked) {
  EraSet half;
  for (size_t e = asked.number % 2; e < loaded.source().eras().size(); e += 2) {
    half.push_back(static_cast<int>(e));
  }
  for (const EraSet* span : {static_cast<const EraSet*>(nullptr),
                             static_cast<const EraSet*>(&half)}) {
    const auto rows =
        loaded.rows_source().Tabulate(asked.plan, asked.shape, true, span);
    if (!rows.ok()) return rows.status().ToString();
    const auto snapshot =
        loaded.source().Tabulate(asked.plan, asked.shape, true, span);
    if (!snapshot.ok()) return snapshot.status().ToString();
    const std::string difference = Difference(*rows, *snapshot);
    if (!difference.empty()) {
      return absl::StrCat("rows and snapshot differ in ", difference);
    }
  }
  return "";
}

// Everything about one question; the first problem, or "".
std::string ProblemOfQuestion(const LoadedWorld& loaded, const Asked& asked,
                              const OracleAnswer& truth,
                              std::vector<Released>* released, size_t* exact) {
  const std::string difference = ProblemOfSnapshot(loaded, asked);
  if (!difference.empty()) return difference;
  const auto figures = loaded.source().Tabulate(asked.plan, asked.shape);
  if (!figures.ok()) return figures.status().ToString();
  FigureCache cache(&loaded.source(), &loaded.data_set(), false);
  const Expectations expect(loaded, asked, truth);
  for (const Measure& measure : asked.plan.tables) {
    std::vector<Cell> cells;
    for (const int64_t n : FiguresOf(*figures, measure)) {
      cells.push_back(PublishedCell(n, n, n));
    }
    const auto rows =
        Evaluate(asked.plan, asked.shape, cells, Additive(measure));
    if (!rows.ok()) return rows.status().ToString();
    std::string problem = CompareExact(expect, measure, *rows, truth, exact);
    if (problem.empty()) problem = ProblemOfSingleCells(asked.plan, *rows);
    if (!problem.empty()) return problem;
    if (asked.shape.cells() > kMaxProtectedCells) continue;
    // One rule a question: each of them gets its share.
    for (size_t p = 0; p < released->size(); ++p) {
      if (p != asked.number % released->size()) continue;
      Released& policy = (*released)[p];
      problem =
          CompareProtected(asked, measure, *figures, truth, &cache, &policy);
      if (!problem.empty()) return problem;
    }
  }
  return "";
}

class DifferentialTest : public ::testing::TestWithParam<WorldOptions> {};

TEST_P(DifferentialTest, AnswersAreWhatTheSqlite3ProgramSays) {
  const LoadedWorld loaded(GetParam());
  ASSERT_TRUE(loaded.ok());
  const std::vector<Asked> asked = MakeQuestions(loaded, kQuestionsPerWorld);
  ASSERT_EQ(asked.size(), kQuestionsPerWorld);
  std::vector<RandomQuestion> questions;
  for (const Asked& one : asked) questions.push_back(one.question);
  std::string problem;
  const std::vector<OracleAnswer> truth =
      AskSqlite(loaded.world(), questions, loaded.folder(), &problem);
  ASSERT_EQ(problem, "");

  std::vector<Released> released;
  for (const auto& [name, policy] : AllPolicies())
    released.push_back({policy, {}});
  size_t exact = 0, failed = 0;
  for (size_t q = 0; q < asked.size() && failed < kMostFailures; ++q) {
    const std::string problem_here =
        ProblemOfQuestion(loaded, asked[q], truth[q], &released, &exact);
    if (problem_here.empty()) continue;
    ++failed;
    ADD_FAILURE() << Words(loaded, asked[q].question) << "\n" << problem_here;
  }
  EXPECT_GT(exact, kQuestionsPerWorld);
}

INSTANTIATE_TEST_SUITE_P(Worlds, DifferentialTest,
                         ::testing::ValuesIn(AllWorlds()),
                         [](const auto& world) {
                           return absl::StrCat("seed", world.param.seed);
                         });

}  // namespace
}  // namespace cairn
