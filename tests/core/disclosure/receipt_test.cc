#include "core/disclosure/receipt.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/protect_one.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Counts over two variables, margins worked out here.
FrequencyTable Crossing(const std::vector<std::vector<int64_t>>& inner) {
  FrequencyTable table;
  table.data_set = "events";
  table.epoch = "e1";
  TableAxis rows, columns;
  rows.variable = "ward";
  columns.variable = "weapon";
  for (size_t r = 0; r < inner.size(); ++r) {
    rows.codes.push_back("w" + std::to_string(r));
    rows.part.push_back(false);
  }
  for (size_t c = 0; c < inner[0].size(); ++c) {
    columns.codes.push_back("k" + std::to_string(c));
    columns.part.push_back(false);
  }
  table.shape.axes = {rows, columns};
  std::vector<int64_t> last(inner[0].size() + 1, 0);
  for (const std::vector<int64_t>& row : inner) {
    int64_t sum = 0;
    for (size_t c = 0; c < row.size(); ++c) {
      table.counts.push_back(row[c]);
      sum += row[c];
      last[c] += row[c];
    }
    table.counts.push_back(sum);
    last.back() += sum;
  }
  table.counts.insert(table.counts.end(), last.begin(), last.end());
  return table;
}

DisclosurePolicy Exact() {
  DisclosurePolicy policy;
  policy.profile = "exact \"as it is\"";
  policy.largest_hidden_count = 4;
  policy.rounding_base = 1;
  policy.minimum_persons = 1;
  return policy;
}

Protection Protected(const FrequencyTable& table) {
  auto made = ProtectOne(table, Measure{}, Exact());
  EXPECT_THAT(made, IsOk());
  return *std::move(made);
}

DisclosureReceipt Terms() {
  return {kRuleEngine, std::string(64, 'a'), std::string(64, 'b'), 7, {}};
}

TEST(TableReceipt, CountsWhatTheTableShowsAndTheShareOfItsTotal) {
  // One small cell; its row, its column and a corner hide with it.
  const Protection made =
      Protected(Crossing({{2, 30, 40}, {50, 60, 70}, {80, 90, 100}}));
  const TableReceipt receipt = MakeTableReceipt(made.table);
  EXPECT_EQ(receipt.measure, "count");
  EXPECT_EQ(receipt.variables, (std::vector<std::string>{"ward", "weapon"}));
  EXPECT_EQ(receipt.epoch, "e1");
  EXPECT_EQ(receipt.cells, 16);
  // Counted here, from the cells themselves.
  int64_t shown = 0, inner = 0;
  for (size_t i = 0; i < 16; ++i) {
    const Cell& cell = made.table.cells()[i];
    if (cell.status != CellStatus::kPublished) continue;
    ++shown;
    if (i % 4 != 3 && i / 4 != 3) inner += cell.value;
  }
  EXPECT_EQ(receipt.shown, shown);
  EXPECT_EQ(receipt.hidden, 16 - shown);
  ASSERT_EQ(made.table.cells().back(), PublishedCell(522, 522, 522));
  ASSERT_TRUE(receipt.shown_permille.has_value());
  EXPECT_EQ(*receipt.shown_permille, inner * 1000 / 522);
  // Nothing is rounded here, so the true share is the same.
  EXPECT_EQ(made.proof.shown_permille, receipt.shown_permille);
}

TEST(TableReceipt, GivesNoShareOfAHiddenTotal) {
  const Protection made = Protected(Crossing({{1, 0}, {0, 2}}));
  EXPECT_EQ(MakeTableReceipt(made.table).shown_permille, std::nullopt);
  EXPECT_EQ(MakeTableReceipt(made.table).shown, 0);
}

// Which of the hidden cells are small is not to be read off what leaves: the
// same table must come with the same public receipt, whatever is behind it.
TEST(TableReceipt, IsTheSameForTheSameTableWhateverIsHidden) {
  // 2 x 2 hidden, one small (2) with three complements, or two small ones.
  const Protection one = Protected(Crossing({{2, 8, 50}, {8, 2, 60}}));
  const Protection other = Protected(Crossing({{4, 6, 50}, {6, 4, 60}}));
  const auto same_marks = [](const Protection& a, const Protection& b) {
    for (size_t i = 0; i < a.why.size(); ++i) {
      if ((a.why[i] == HiddenWhy::kShown) != (b.why[i] == HiddenWhy::kShown)) {
        return false;
      }
    }
    return true;
  };
  ASSERT_TRUE(same_marks(one, other));
  EXPECT_EQ(MakeTableReceipt(one.table), MakeTableReceipt(other.table));
}

TEST(FullReceipt, SaysOfEveryCellWhyAndCountsTheReasons) {
  const Protection made =
      Protected(Crossing({{2, 30, 40}, {50, 60, 70}, {80, 90, 100}}));
  const std::string text = FullReceiptText(Terms(), made);
  const std::string letters = WhyLetters(text);
  ASSERT_EQ(letters.size(), made.why.size());
  int small = 0, complement = 0;
  for (size_t i = 0; i < letters.size(); ++i) {
    const bool hidden = made.table.cells()[i].status != CellStatus::kPublished;
    EXPECT_EQ(letters[i] != '.', hidden);
    EXPECT_EQ(letters[i] == 's', i == 0);
    small += letters[i] == 's' ? 1 : 0;
    complement += letters[i] == 'c' ? 1 : 0;
    EXPECT_EQ(*WhyInWords(letters[i]) != 0, hidden);
  }
  EXPECT_EQ(small, 1);
  EXPECT_GE(complement, 3);
  EXPECT_THAT(text, HasSubstr("\"small\":1,"));
  EXPECT_THAT(text,
              HasSubstr("\"complement\":" + std::to_string(complement) + ","));
  EXPECT_THAT(text, HasSubstr("\"engine\":\"cairn-rules/1\""));
  EXPECT_THAT(text, HasSubstr("\"catalogue_version\":7"));
  // A steward's own text does not break out of its place.
  EXPECT_THAT(text, HasSubstr("\"exact \\\"as it is\\\"\""));
  EXPECT_EQ(FullReceiptText(Terms(), made), text);
}

TEST(FullReceipt, SaysWhatTheProofStandsOn) {
  const Protection made =
      Protected(Crossing({{2, 30, 40}, {50, 60, 70}, {80, 90, 100}}));
  // 16 cells; 4 sums along each of the two ways; the one small cell certified.
  EXPECT_EQ(made.proof.cells, 16);
  EXPECT_EQ(made.proof.sums, 8);
  EXPECT_EQ(made.proof.sensitive, made.proof.certified);
  EXPECT_GE(made.proof.certified, 1);
  EXPECT_EQ(made.proof.by_fractions, 0);
  EXPECT_EQ(made.proof.held_as_before, 0);
  EXPECT_THAT(FullReceiptText(Terms(), made),
              HasSubstr("\"elimination\":\"held\""));
}

TEST(FullReceipt, ProfilesCannotForgeTheLetters) {
  FrequencyTable table = Crossing({{2, 30}, {40, 50}});
  DisclosurePolicy policy = Exact();
  policy.profile = "\",\"why\":\"....";
  const auto made = ProtectOne(table, Measure{}, policy);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(WhyLetters(FullReceiptText(Terms(), *made))[0], 's');
}

// A letter that is missing would end the text, or say nothing to the steward.
TEST(Receipt, EveryReasonHasALetterAndAWord) {
  std::set<char> letters;
  for (int why = 0; why <= static_cast<int>(HiddenWhy::kFewChanged); ++why) {
    const char letter = WhyLetter(static_cast<HiddenWhy>(why));
    EXPECT_NE(letter, 0) << why;
    EXPECT_TRUE(letters.insert(letter).second) << why;
    EXPECT_EQ(*WhyInWords(letter) != 0, why != 0) << why;
  }
}

}  // namespace
}  // namespace cairn
