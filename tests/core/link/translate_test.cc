#include "core/link/translate.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/disclosure/protect.h"
#include "gtest/gtest.h"
#include "tests/support/protect_one.h"
#include "tests/support/status_matchers.h"
#include "tests/support/text_proto.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// sex M F U: 40 shown, 0..7 hidden, a bound, and no bound above for the margin.
v1::ProtectedTable Table() {
  auto table = ParseText<v1::ProtectedTable>(R"pb(
    data_set: "events"
    epoch: "abc"
    measure: "count"
    dimension {
      variable: "sex"
      code: "M"
      code: "F"
      code: "U"
      coverage: WHOLE
      coverage: PART
      coverage: WHOLE
      roll_up { variable: "group" code: "A" code: "A" code: "U" }
    }
    rule {
      profile: "standard"
      method: SUPPRESS_AND_ROUND
      largest_hidden_count: 7
      rounding_base: 5
      minimum_persons: 5
      zeros: HIDDEN
      dominance { n: 2 k: 0.9 }
      p_percent: 0.1
    }
    value: 40
    bound_low: 8
    bound_low: 46
    bound_high: 19
    bound_high: -1
  )pb");
  table.set_state(std::string("\1\0\2\2", 4));
  return table;
}

v1::ProtectedTable SumTable() {
  v1::ProtectedTable table = Table();
  table.set_measure("sum:days");
  table.set_base(10);
  table.set_clip_high(190);
  table.set_decimals(1);
  return table;
}

TEST(TranslateTable, ReadsEveryKindOfCell) {
  const auto table = FromProto(Table());
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(
      table->cells(),
      (std::vector<Cell>{PublishedCell(40, 38, 42), SuppressedCell(0, 7),
                         SuppressedCell(8, 19), SuppressedCell(46, kNoLimit)}));
  EXPECT_EQ(table->shape().axes[0].part,
            (std::vector<bool>{false, true, false}));
  EXPECT_EQ(table->shape().axes[0].roll_ups[0].codes[2], "U");
  EXPECT_EQ(table->policy(), DisclosurePolicy());
}

TEST(TranslateTable, AShownNumberUnderNoiseStandsForTheWiderBin) {
  v1::ProtectedTable message = Table();
  message.mutable_rule()->set_method(v1::CELL_KEY);
  message.mutable_rule()->mutable_cell_key()->set_variance(1);
  message.mutable_rule()->mutable_cell_key()->set_max_noise(2);
  message.mutable_rule()->mutable_cell_key()->set_smallest_shown(1);
  const auto table = FromProto(message);
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->cells()[0], PublishedCell(40, 36, 44));
  EXPECT_EQ(ToProto(*table).SerializeAsString(), message.SerializeAsString());
  message.mutable_rule()->set_zeros(v1::SHOWN);
  message.set_value(0, 0);
  const auto zero = FromProto(message);
  ASSERT_THAT(zero, IsOk());
  EXPECT_EQ(zero->cells()[0], PublishedCell(0, 0, 2));
}

TEST(TranslateTable, ComesBackTheSame) {
  for (const v1::ProtectedTable& message : {Table(), SumTable()}) {
    const auto table = FromProto(message);
    ASSERT_THAT(table, IsOk());
    EXPECT_EQ(ToProto(*table).SerializeAsString(), message.SerializeAsString());
  }
}

// 85 is the sum of two shown cells; of the third a part is hidden.
v1::ProtectedTable WorkedOutTable() {
  v1::ProtectedTable table = Table();
  table.set_worked_out(true);
  table.set_state(std::string("\1\3\4\2", 4));
  table.add_value(85);
  table.clear_bound_low();
  table.clear_bound_high();
  for (const auto& [low, high] : {std::pair{81, 89}, {38, 49}, {46, -1}}) {
    table.add_bound_low(low);
    table.add_bound_high(high);
  }
  return table;
}

TEST(TranslateTable, SumsKeepTheirOwnBounds) {
  const auto table = FromProto(WorkedOutTable());
  ASSERT_THAT(table, IsOk());
  EXPECT_TRUE(table->worked_out());
  EXPECT_EQ(table->cells(),
            (std::vector<Cell>{PublishedCell(40, 38, 42),
                               PublishedCell(85, 81, 89),
                               {CellStatus::kBounded, 0, 38, 49},
                               SuppressedCell(46, kNoLimit)}));
  EXPECT_EQ(ToProto(*table).SerializeAsString(),
            WorkedOutTable().SerializeAsString());
}

TEST(TranslateTable, OnlyAWorkedOutTableHasSums) {
  v1::ProtectedTable released = WorkedOutTable();
  released.set_worked_out(false);
  EXPECT_THAT(FromProto(released),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const int64_t value :
       {int64_t{83}, int64_t{80}, int64_t{90}, int64_t{-5}}) {
    v1::ProtectedTable wrong = WorkedOutTable();
    wrong.set_value(1, value);
    EXPECT_THAT(FromProto(wrong), StatusIs(absl::StatusCode::kInvalidArgument))
        << value;
  }
}

TEST(TranslateTable, AStructuralZeroIsZeroForCertain) {
  v1::ProtectedTable noisy = Table();
  noisy.mutable_rule()->set_method(v1::CELL_KEY);
  noisy.mutable_rule()->mutable_cell_key()->set_variance(1);
  noisy.mutable_rule()->mutable_cell_key()->set_max_noise(2);
  noisy.mutable_rule()->mutable_cell_key()->set_smallest_shown(1);
  noisy.mutable_rule()->set_zeros(v1::SHOWN);
  for (v1::ProtectedTable message : {Table(), SumTable(), noisy}) {
    message.set_state(std::string("\1\5\2\2", 4));
    for (const bool worked_out : {false, true}) {
      message.set_worked_out(worked_out);
      const auto table = FromProto(message);
      ASSERT_THAT(table, IsOk());
      EXPECT_EQ(table->cells()[1], PublishedCell(0, 0, 0));
      EXPECT_EQ(table->structural_zeros(),
                (std::vector<bool>{false, true, false, false}));
      EXPECT_EQ(ToProto(*table).SerializeAsString(),
                message.SerializeAsString());
    }
    // It has no number of its own.
    message.add_value(0);
    EXPECT_THAT(FromProto(message), StatusIs(kInvalid));
  }
  EXPECT_TRUE(FromProto(Table())->structural_zeros().empty());
}

FrequencyTable EveryKind() {
  FrequencyTable table;
  table.data_set = "events";
  table.epoch = "abc";
  TableAxis axis;
  axis.variable = "sex";
  axis.codes = {"M", "F", "X", "U"};
  axis.part.assign(4, false);
  axis.multi_valued = true;
  table.shape.axes = {axis};
  table.counts = {0, 3, 40, 20, 63};
  table.persons = {0, 3, 2, 20, 25};
  table.keyed_persons = {0, 3, 1, 20, 24};
  table.sums = {{"days",
                 1,
                 0,
                 100,
                 {0, 9, 40, 995, 1044},
                 {0, 5, 39, 60, 60},
                 {0, 4, 1, 60, 60}}};
  return table;
}

TEST(TranslateTable, WhateverProtectMakesComesBackBitForBit) {
  for (const bool zeros : {false, true}) {
    for (const char* measure : {"count", "distinct_persons", "sum:days"}) {
      DisclosurePolicy policy;
      policy.zeros_shown = zeros;
      const auto made = ProtectOne(EveryKind(), *ParseMeasure(measure), policy);
      ASSERT_THAT(made, IsOk());
      const std::string bytes = ToProto(made->table).SerializeAsString();
      v1::ProtectedTable message;
      ASSERT_THAT(ParseMessage(bytes, kMaxAnswerBytes, &message), IsOk());
      const auto read = FromProto(message);
      ASSERT_THAT(read, IsOk()) << measure;
      EXPECT_EQ(read->cells(), made->table.cells()) << measure;
      EXPECT_EQ(read->shape(), made->table.shape());
      EXPECT_EQ(read->measure(), made->table.measure());
      EXPECT_EQ(read->policy(), made->table.policy());
      EXPECT_EQ(read->base(), made->table.base());
      EXPECT_EQ(read->decimals(), made->table.decimals());
      EXPECT_EQ(read->clip_high(), made->table.clip_high());
      EXPECT_EQ(ToProto(*read).SerializeAsString(), bytes);
    }
  }
}

struct Hostile {
  const char* what;
  std::function<void(v1::ProtectedTable*)> change;
};

void ExpectRefused(const v1::ProtectedTable& good,
                   const std::vector<Hostile>& cases) {
  ASSERT_THAT(FromProto(good), IsOk());
  for (const Hostile& hostile : cases) {
    v1::ProtectedTable table = good;
    hostile.change(&table);
    const auto read = FromProto(table);
    EXPECT_THAT(read, StatusIs(kInvalid)) << hostile.what;
    EXPECT_GT(read.status().message().size(), 10u) << hostile.what;
  }
}

using T = v1::ProtectedTable;
constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

TEST(TranslateTable, RefusesNumbersThatTheRuleCannotGive) {
  ExpectRefused(
      Table(),
      {{"negative", [](T* t) { t->set_value(0, -5); }},
       {"huge", [](T* t) { t->set_value(0, kHuge - kHuge % 5); }},
       {"not in the base", [](T* t) { t->set_value(0, 41); }},
       {"where a mark belongs", [](T* t) { t->set_value(0, 5); }},
       {"a zero where zeros are hidden", [](T* t) { t->set_value(0, 0); }},
       {"missing", [](T* t) { t->clear_value(); }},
       {"one too many", [](T* t) { t->add_value(40); }},
       {"bound: negative", [](T* t) { t->set_bound_low(0, -1); }},
       {"bound: huge", [](T* t) { t->set_bound_low(0, kHuge); }},
       {"bound: huge above", [](T* t) { t->set_bound_high(0, kHuge); }},
       {"bound: ends before it starts", [](T* t) { t->set_bound_high(0, 7); }},
       {"bound: -2", [](T* t) { t->set_bound_high(0, -2); }},
       {"bound: one missing",
        [](T* t) { t->mutable_bound_low()->RemoveLast(); }},
       {"bound: one too many", [](T* t) { t->add_bound_low(1); }},
       {"bound above: one too many", [](T* t) { t->add_bound_high(1); }},
       {"bounds: one too many",
        [](T* t) {
          t->add_bound_low(1);
          t->add_bound_high(1);
        }},
       {"bounds without a cell", [](T* t) {
          t->set_state(std::string("\1\0\0\0", 4));
          t->clear_bound_low();
        }}});
}

TEST(TranslateTable, RefusesAShapeThatCannotBe) {
  ExpectRefused(
      Table(),
      {{"a cell too few", [](T* t) { t->mutable_state()->pop_back(); }},
       {"a cell too many", [](T* t) { t->mutable_state()->push_back(0); }},
       {"an unknown kind", [](T* t) { (*t->mutable_state())[1] = 3; }},
       {"a kind above 127",
        [](T* t) { (*t->mutable_state())[1] = static_cast<char>(0xff); }},
       {"a code twice",
        [](T* t) { t->mutable_dimension(0)->set_code(1, "M"); }},
       {"an empty code",
        [](T* t) { t->mutable_dimension(0)->set_code(1, ""); }},
       {"Total as a code",
        [](T* t) { t->mutable_dimension(0)->set_code(1, "Total"); }},
       {"no variable", [](T* t) { t->mutable_dimension(0)->set_variable(""); }},
       {"no coverage", [](T* t) { t->mutable_dimension(0)->clear_coverage(); }},
       {"a short roll-up",
        [](T* t) {
          t->mutable_dimension(0)
              ->mutable_roll_up(0)
              ->mutable_code()
              ->RemoveLast();
        }},
       {"five dimensions",
        [](T* t) {
          t->clear_dimension();
          for (const char* name : {"a", "b", "c", "d", "e"}) {
            t->add_dimension()->set_variable(name);
          }
          t->set_state(std::string(1, '\0'));
          t->clear_value();
          t->clear_bound_low();
          t->clear_bound_high();
        }},
       {"millions of cells said in few codes", [](T* t) {
          t->clear_dimension();
          for (const char* name : {"a", "b", "c", "d"}) {
            auto* dimension = t->add_dimension();
            dimension->set_variable(name);
            for (int i = 0; i < 100; ++i) {
              dimension->add_code(std::string("c") + std::to_string(i));
              dimension->add_coverage(v1::WHOLE);
            }
          }
        }}});
}

TEST(TranslateTable, RefusesAMeasureOrRuleThatIsNone) {
  ExpectRefused(Table(),
                {{"no measure", [](T* t) { t->clear_measure(); }},
                 {"a mean", [](T* t) { t->set_measure("mean:days"); }},
                 {"no rule", [](T* t) { t->clear_rule(); }},
                 {"a misfit rule",
                  [](T* t) { t->mutable_rule()->set_largest_hidden_count(6); }},
                 {"k is not a number",
                  [](T* t) {
                    t->mutable_rule()->mutable_dominance()->set_k(
                        std::numeric_limits<double>::quiet_NaN());
                  }},
                 {"p is not a number", [](T* t) {
                    t->mutable_rule()->set_p_percent(
                        std::numeric_limits<double>::quiet_NaN());
                  }}});
}

TEST(TranslateTable, RefusesASumWhoseUnitsCannotBe) {
  ExpectRefused(SumTable(),
                {{"no base", [](T* t) { t->set_base(0); }},
                 {"a negative base", [](T* t) { t->set_base(-10); }},
                 {"a huge base", [](T* t) { t->set_base(kHuge); }},
                 {"no clip", [](T* t) { t->set_clip_high(0); }},
                 {"a huge clip", [](T* t) { t->set_clip_high(kHuge); }},
                 {"decimals", [](T* t) { t->set_decimals(4'000'000'000u); }},
                 {"not in the base", [](T* t) { t->set_value(0, 45); }}});
}

v1::Query Question() {
  return ParseText<v1::Query>(R"pb(
    data_set: "events"
    by: "sex"
    by: "month"
    measure: "count"
    measure: "mean:days"
    purpose: "research"
    where {
      all_of {
        part {
          compare {
            variable: "age"
            op: LESS
            value { number: 18 }
          }
        }
        part {
          in {
            variable: "sex"
            value { text: "M" }
            value { text: "F" }
          }
        }
        part {
          any_of {
            part { is_null { variable: "ward" } }
            part {
              negated {
                between {
                  variable: "month"
                  low { text: "2024-01" }
                  high { text: "2024-03" }
                }
              }
            }
          }
        }
      }
    }
  )pb");
}

TEST(TranslateQuery, ComesBackTheSame) {
  const auto query = FromProto(Question());
  ASSERT_THAT(query, IsOk());
  EXPECT_EQ(ToProto(*query).SerializeAsString(),
            Question().SerializeAsString());
}

TEST(TranslateQuery, RefusesATreeWithAHoleInIt) {
  for (const char* where :
       {"", "compare { }", "compare { variable: \"age\" op: EQUAL }",
        "compare { variable: \"age\" value { number: 1 } }",
        "compare { op: EQUAL value { number: 1 } }",
        "in { value { text: \"M\" } }", "in { variable: \"sex\" value { } }",
        "between { variable: \"age\" low { number: 1 } }", "is_null { }",
        "all_of { }", "any_of { }", "negated { }", "all_of { part { } }"}) {
    v1::Query query = Question();
    *query.mutable_where() = ParseText<v1::Filter>(where);
    EXPECT_THAT(FromProto(query), StatusIs(kInvalid, HasSubstr("malformed")))
        << where;
  }
  v1::Query query = Question();
  query.mutable_where()->mutable_compare()->set_op(
      static_cast<v1::Comparison>(99));
  EXPECT_THAT(FromProto(query), StatusIs(kInvalid));
}

TEST(TranslateQuery, RefusesMeasuresTwiceAndListsWithoutEnd) {
  v1::Query twice = Question();
  twice.add_measure("count");
  EXPECT_THAT(FromProto(twice),
              StatusIs(kInvalid, HasSubstr("asked for twice")));
  v1::Query many = Question();
  for (int i = 0; i < 20; ++i) many.add_by("sex");
  EXPECT_THAT(FromProto(many), StatusIs(kInvalid, HasSubstr("at most")));
  v1::Query unknown = Question();
  unknown.add_measure("median:days");
  EXPECT_THAT(FromProto(unknown),
              StatusIs(kInvalid, HasSubstr("is not a measure")));
}

// The bytes of NOT NOT .. NOT, made by hand: no parser of ours could hold it.
std::string Nested(int depth) {
  std::string bytes;
  for (int i = 0; i < depth; ++i) {
    std::string length;
    for (size_t n = bytes.size();; n >>= 7) {
      length.push_back(static_cast<char>(n >= 128 ? (n & 127) | 128 : n));
      if (n < 128) break;
    }
    bytes = std::string(1, '\x3a') + length + bytes;  // field 7, negated
  }
  return bytes;
}

TEST(ParseMessage, RefusesTenThousandNestedNotsWithASentence) {
  v1::Filter filter;
  EXPECT_THAT(ParseMessage(Nested(10'000), kMaxQuestionBytes, &filter),
              StatusIs(kInvalid, HasSubstr("nested more than 100 deep")));
  // What can be read is held to the limit of filters.
  v1::Filter shallow;
  ASSERT_THAT(ParseMessage(Nested(80), kMaxQuestionBytes, &shallow), IsOk());
  EXPECT_THAT(FromProto(shallow), StatusIs(kInvalid, HasSubstr("64 deep")));
}

TEST(ParseMessage, RefusesWhatIsTooLongDamagedOrNotUtf8) {
  v1::Query query;
  EXPECT_THAT(ParseMessage(std::string(101, '\0'), 100, &query),
              StatusIs(kInvalid, HasSubstr("101 bytes; at most 100")));
  const std::string good = Question().SerializeAsString();
  EXPECT_THAT(ParseMessage(good, good.size(), &query), IsOk());
  EXPECT_THAT(ParseMessage(good.substr(0, good.size() - 1), 1000, &query),
              StatusIs(kInvalid));
  EXPECT_THAT(ParseMessage("\x0a\x02\xc3\x28", 100, &query),
              StatusIs(kInvalid));
  EXPECT_THAT(ParseMessage("\xff\xff\xff", 100, &query), StatusIs(kInvalid));
}

TEST(ParseMessage, RefusesAFieldThatItDoesNotKnow) {
  v1::Query query;
  // Field 100, a number: a question of a later version that we would misread.
  EXPECT_THAT(ParseMessage("\xa0\x06\x01", 100, &query), StatusIs(kInvalid));
  // And within the filter.
  EXPECT_THAT(ParseMessage("\x22\x03\xa0\x06\x01", 100, &query),
              StatusIs(kInvalid));
}

}  // namespace
}  // namespace cairn
