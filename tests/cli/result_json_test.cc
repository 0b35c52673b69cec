#include "cli/result_json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/result_words.h"
#include "tests/cli/result_example.h"

namespace cairn {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// Read by protobuf's own JSON parser, which had no part in the writing.
Struct Read(const std::string& json) {
  Struct out;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &out);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json;
  return out;
}

const Value& At(const Struct& object, const std::string& name) {
  static const Value* const kNone = new Value();
  const auto found = object.fields().find(name);
  EXPECT_TRUE(found != object.fields().end()) << name;
  return found == object.fields().end() ? *kNone : found->second;
}

std::vector<std::string> Names(const Struct& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.fields()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

TEST(ResultJson, HasTheAgreedShape) {
  const Struct json = Read(ResultToJson(ExampleResult()));
  EXPECT_EQ(Names(json),
            (std::vector<std::string>{"agencies", "dataset", "dimensions",
                                      "measures", "query_id", "receipt", "rows",
                                      "rule", "warnings"}));
  EXPECT_EQ(At(json, "query_id").string_value(), "q-2026-00142");
  EXPECT_EQ(At(json, "dataset").string_value(), "police_offences");
  EXPECT_EQ(At(json, "dimensions").list_value().values_size(), 2);
  EXPECT_EQ(At(json, "rows").list_value().values_size(), 9);
  const Struct& row = At(json, "rows").list_value().values(1).struct_value();
  EXPECT_EQ(Names(row),
            (std::vector<std::string>{"high", "key", "low", "measure", "status",
                                      "value"}));
  EXPECT_EQ(At(At(row, "key").struct_value(), "sex").string_value(), "M");
  EXPECT_EQ(At(row, "value").number_value(), 340);
  EXPECT_EQ(At(row, "status").string_value(), "published");
}

TEST(ResultJson, WritesCountsAsNumbersAndHiddenOnesAsNull) {
  const Struct json = Read(ResultToJson(ExampleResult()));
  const ListValue& rows = At(json, "rows").list_value();
  const char* const kStatuses[] = {
      "suppressed",     "published", "bounded",   "bounded",  "unavailable",
      "not_applicable", "published", "published", "published"};
  for (int i = 0; i < rows.values_size(); ++i) {
    const Struct& row = rows.values(i).struct_value();
    EXPECT_EQ(At(row, "status").string_value(), kStatuses[i]);
    EXPECT_EQ(At(row, "value").kind_case(),
              kStatuses[i] == std::string("published") ? Value::kNumberValue
                                                       : Value::kNullValue);
  }
  const Struct& open = rows.values(3).struct_value();
  EXPECT_EQ(At(open, "low").number_value(), 85);
  EXPECT_EQ(At(open, "high").kind_case(), Value::kNullValue);
}

TEST(ResultJson, SaysWhatEachAgencyDid) {
  const Struct json = Read(ResultToJson(ExampleResult()));
  const ListValue& agencies = At(json, "agencies").list_value();
  ASSERT_EQ(agencies.values_size(), 3);
  const Struct& police = agencies.values(0).struct_value();
  EXPECT_EQ(At(police, "outcome").string_value(), "answered");
  EXPECT_EQ(At(police, "elapsed_ms").number_value(), 1234);
  const Struct& receipt = At(police, "receipt").struct_value();
  EXPECT_EQ(At(receipt, "index").number_value(), 41);
  EXPECT_EQ(At(receipt, "entry_hash").string_value(), "00abff");
  EXPECT_EQ(
      At(At(police, "rule").struct_value(), "rounding_base").number_value(), 5);
  const Struct& silent = agencies.values(2).struct_value();
  EXPECT_EQ(At(silent, "outcome").string_value(), "silent");
  EXPECT_EQ(At(silent, "receipt").kind_case(), Value::kNullValue);
}

TEST(ResultJson, GivesTheDisclosureReceiptOfEachAnswer) {
  const Struct json = Read(ResultToJson(ExampleResult()));
  const Struct& police =
      At(json, "agencies").list_value().values(0).struct_value();
  const Struct& said =
      At(At(police, "receipt").struct_value(), "disclosure").struct_value();
  EXPECT_EQ(At(said, "engine").string_value(), "cairn-rules/1");
  EXPECT_EQ(At(said, "policy_digest").string_value(), "0a");
  EXPECT_EQ(At(said, "catalogue_digest").string_value(), "0b");
  EXPECT_EQ(At(said, "catalogue_version").number_value(), 3);
  const Struct& table =
      At(said, "tables").list_value().values(0).struct_value();
  EXPECT_EQ(At(table, "table").list_value().values(0).string_value(), "sex");
  EXPECT_EQ(At(table, "shown").number_value(), 9);
  EXPECT_EQ(At(table, "hidden").number_value(), 3);
  EXPECT_EQ(At(table, "shown_share").number_value(), 0.871);
  EXPECT_EQ(At(table, "full_receipt").string_value(), "01fe");
}

TEST(ResultJson, SaysTheNoiseInWordsAndInNumbers) {
  v1::Result result = ExampleResult();
  v1::DisclosurePolicy* rule = result.mutable_agency(0)->mutable_rule();
  rule->set_method(v1::CELL_KEY);
  rule->mutable_cell_key()->set_variance(1.5);
  rule->mutable_cell_key()->set_max_noise(3);
  rule->mutable_cell_key()->set_smallest_shown(2);
  const Struct json = Read(ResultToJson(result));
  const Struct& said = At(json, "rule").struct_value();
  const Struct& noise = At(said, "noise").struct_value();
  EXPECT_EQ(At(noise, "variance").number_value(), 1.5);
  EXPECT_EQ(At(noise, "max").number_value(), 3);
  EXPECT_EQ(At(noise, "smallest_shown").number_value(), 2);
  EXPECT_NE(At(said, "words")
                .string_value()
                .find("keyed noise of up to 3 (variance 1.5)"),
            std::string::npos);
}

TEST(ResultJson, GivesOneRuleOnlyWhereAllHaveIt) {
  const Struct one = Read(ResultToJson(ExampleResult()));
  EXPECT_EQ(At(At(one, "rule").struct_value(), "zeros").string_value(),
            "hidden");
  const Struct two = Read(ResultToJson(SplitResult()));
  EXPECT_EQ(At(two, "rule").kind_case(), Value::kNullValue);
  const Struct& second =
      At(two, "agencies").list_value().values(1).struct_value();
  EXPECT_EQ(At(At(second, "rule").struct_value(), "zeros").string_value(),
            "shown");
}

TEST(ResultJson, EscapesWhateverTextItIsGiven) {
  v1::Result result;
  const std::string awkward("a\"b\\c\n\t\x01\x7F\0z \xE2\x80\xA8 \xC3\xA9", 18);
  result.add_warning(awkward);
  result.add_dimension("\"dim\\");
  result.add_row()->add_key(awkward);
  const std::string text = ResultToJson(result);
  const Struct json = Read(text);
  EXPECT_EQ(At(json, "warnings").list_value().values(0).string_value(),
            awkward);
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c & 0xE0) != 0);
}

// As printf has it, with six decimals and no zeros at the end.
TEST(ResultJson, ANumberIsWrittenAsPrintfWritesIt) {
  const double two_to_53 = 9007199254740992.0;
  std::vector<double> numbers = {0.0,  -0.0,      0.5,           -2.25,
                                 1e-7, two_to_53, two_to_53 - 1, -two_to_53,
                                 1e22, 12.345678};
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    numbers.push_back(static_cast<double>(random()) - 2e9);
    numbers.push_back(static_cast<double>(random()) / 1000);
  }
  for (const double number : numbers) {
    char printed[64];
    std::snprintf(printed, sizeof printed, "%.6f", number);
    std::string text = printed;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    EXPECT_EQ(FormatNumber(number), text == "-0" ? "0" : text);
  }
}

TEST(ResultJson, ReplacesWhatIsNotUtf8) {
  v1::Result result;
  result.mutable_query()->set_data_set("a\xFFz\xC3");
  const Struct json = Read(ResultToJson(result));
  EXPECT_EQ(At(json, "dataset").string_value(), "a\uFFFDz\uFFFD");
}

TEST(ResultJson, WritesOneRowToALineInJsonl) {
  const std::string text = ResultToJsonl(SplitResult());
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines.back(), "");
  lines.pop_back();
  for (const std::string& line : lines) {
    EXPECT_EQ(Names(Read(line)),
              (std::vector<std::string>{"agency", "high", "key", "low",
                                        "measure", "status", "value"}));
  }
  EXPECT_EQ(At(Read(lines[1]), "agency").string_value(), "nhs-ed");
  EXPECT_EQ(At(Read(lines[1]), "value").kind_case(), Value::kNullValue);
}

}  // namespace
}  // namespace cairn
