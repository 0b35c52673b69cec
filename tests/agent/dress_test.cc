// The promise: the same question in other words gets the same bytes, today and
// after a restart. So nobody learns more by asking again in another way.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/agent.h"
#include "agent/answerer.h"
#include "core/link/translate.h"
#include "core/query/evaluate.h"
#include "core/query/filter_text.h"
#include "core/query/plan.h"
#include "gtest/gtest.h"
#include "tests/support/loaded_world.h"
#include "tests/support/random_question.h"

namespace cairn {
namespace {

constexpr size_t kBaseQuestions = 32;
constexpr size_t kDresses = 100;
constexpr size_t kDressesAfterRestart = 10;
constexpr size_t kMaxCells = 250;

// What an analyst gets of a question, as bytes.
struct Bytes {
  std::string tables;  // as they leave the agent
  std::string rows;    // as they are worked out from these tables
  size_t published = 0;
};

class DressTest : public ::testing::Test {
 protected:
  DressTest() : loaded_(Options()), settings_(loaded_.Settings()) {}

  void SetUp() override {
    ASSERT_TRUE(loaded_.ok());
    Restart();
  }

  static WorldOptions Options() {
    WorldOptions options;
    options.seed = 4242;
    options.rows = 6000;
    options.gap = true;
    return options;
  }

  // Everything in memory goes; the disk stays.
  void Restart() {
    answerer_.reset();
    state_.reset();
    auto state = OpenAgentState(settings_);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    answerer_ =
        std::make_unique<Answerer>(&settings_, state_->ledger.get(),
                                   state_->releases.get(), state_->asks.get());
  }

  absl::StatusOr<Query> QueryOf(const RandomQuestion& question,
                                const std::string& text) const {
    Query query;
    query.data_set = "events";
    query.by = question.by;
    query.purpose = "research";
    query.measures = {Measure{}};
    auto filter = ParseFilter(text, loaded_.data_set());
    if (!filter.ok()) return filter.status();
    query.where = *std::move(filter);
    return query;
  }

  // Asks as a coordinator does, and works out the rows as it does.
  absl::StatusOr<Bytes> Ask(const RandomQuestion& question,
                            const std::string& text) {
    auto query = QueryOf(question, text);
    if (!query.ok()) return query.status();
    v1::Ask ask;
    ask.set_query_id(absl::StrCat("q", ++asked_));
    ask.set_asker(absl::StrCat("analyst", asked_ % 7));
    ask.set_query(ToProto(*query).SerializeAsString());
    auto answer = answerer_->Answer(ask);
    if (!answer.ok()) return answer.status();
    if (!answer->has_tables()) {
      return absl::InternalError(answer->refusal().sentence());
    }
    const auto plan = MakePlan(loaded_.data_set(), *query);
    if (!plan.ok()) return plan.status();
    Bytes bytes;
    bytes.tables = answer->tables().SerializeAsString();
    for (const v1::ProtectedTable& message : answer->tables().table()) {
      const auto table = FromProto(message);
      if (!table.ok()) return table.status();
      const auto rows =
          Evaluate(*plan, table->shape(), table->cells(), table->additive());
      if (!rows.ok()) return rows.status();
      for (const AnswerRow& row : *rows) {
        const Cell& cell = row.cell;
        absl::StrAppend(&bytes.rows, absl::StrJoin(row.key, "|"), "|",
                        static_cast<int>(cell.status), "|", cell.value, "|",
                        cell.low, "|", cell.high, "\n");
        if (cell.status == CellStatus::kPublished) ++bytes.published;
      }
    }
    return bytes;
  }

  // Questions with a filter whose rows differ from one another's, some of them
  // shown. With what they got when they were asked first, plainly.
  std::vector<std::pair<RandomQuestion, Bytes>> BaseQuestions() {
    Rng rng(99);
    std::vector<std::pair<RandomQuestion, Bytes>> base;
    std::set<std::string> different;
    for (int tries = 0; tries < 4000 && base.size() < kBaseQuestions; ++tries) {
      RandomQuestion question = MakeQuestion(loaded_.world(), &rng);
      if (!question.where) continue;
      question.text = CairnText(loaded_.world(), *question.where);
      if (!IsSmall(question)) continue;
      auto bytes = Ask(question, question.text);
      EXPECT_TRUE(bytes.ok()) << question.text << "\n" << bytes.status();
      if (!bytes.ok()) break;
      if (bytes->published == 0 || !different.insert(bytes->rows).second) {
        continue;
      }
      base.emplace_back(std::move(question), *std::move(bytes));
    }
    return base;
  }

  bool IsSmall(const RandomQuestion& question) const {
    const auto query = QueryOf(question, question.text);
    EXPECT_TRUE(query.ok()) << question.text << "\n" << query.status();
    if (!query.ok()) return false;
    const auto plan = MakePlan(loaded_.data_set(), *query);
    EXPECT_TRUE(plan.ok()) << question.text << "\n" << plan.status();
    Refusal refusal;
    const auto shape = loaded_.source().Shape(*plan, &refusal);
    // A filter that matters: else there is nothing to dress.
    return shape.ok() && shape->cells() <= kMaxCells &&
           !plan->selection.axes().empty();
  }

  // One that has no more conditions than a filter may have: some grow so far.
  std::string DressThatFits(const RandomQuestion& question, Rng* rng) const {
    std::string text;
    for (int tries = 0; tries < 20; ++tries) {
      const Node other = Dress(loaded_.world(), *question.where, rng);
      text = CairnText(loaded_.world(), other, rng);
      const auto query = QueryOf(question, text);
      if (query.ok() || !absl::StrContains(query.status().message(),
                                           "more than 2000 conditions")) {
        break;
      }
    }
    return text;
  }

  void AskInDresses(const RandomQuestion& question, const Bytes& first,
                    size_t dresses, Rng* rng, std::set<std::string>* texts) {
    for (size_t d = 0; d < dresses; ++d) {
      const std::string text = DressThatFits(question, rng);
      texts->insert(text);
      const auto bytes = Ask(question, text);
      ASSERT_TRUE(bytes.ok()) << text << "\n" << bytes.status();
      ASSERT_TRUE(bytes->tables == first.tables && bytes->rows == first.rows)
          << "--by " << absl::StrJoin(question.by, ",") << " --where \""
          << question.text << "\"\nand in another dress:\n"
          << text;
    }
  }

  LoadedWorld loaded_;
  const AgentSettings settings_;
  std::unique_ptr<AgentState> state_;
  std::unique_ptr<Answerer> answerer_;
  size_t asked_ = 0;
};

TEST_F(DressTest, TheSameQuestionGetsTheSameBytesTodayAndAfterARestart) {
  const auto base = BaseQuestions();
  ASSERT_EQ(base.size(), kBaseQuestions);
  Rng rng(7);
  std::set<std::string> texts;
  for (const auto& [question, first] : base) {
    AskInDresses(question, first, kDresses, &rng, &texts);
    if (HasFatalFailure()) return;
  }
  // They were other words indeed.
  EXPECT_GT(texts.size(), kBaseQuestions * kDresses / 2);
  ASSERT_NO_FATAL_FAILURE(Restart());
  // Also in another order than they were released in.
  for (size_t q = base.size(); q-- > 0;) {
    AskInDresses(base[q].first, base[q].second, kDressesAfterRestart, &rng,
                 &texts);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace cairn
