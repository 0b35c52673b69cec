#include "core/ledger/entry.h"

#include <fstream>
#include <map>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kGood[] =
    "{\"v\":1,\"seq\":4,\"t\":1795298400123,\"type\":\"answer.released\","
    "\"qid\":\"9f\",\"cells\":-18,\"purpose\":\"a\\\"b\\\\c\\u000a\"}";

std::string With(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(text, kGood) << from;
  return text;
}

TEST(EntryLine, HasItsKeysInAFixedOrderAndEscapesItsTexts) {
  Entry entry{"query.received", "q1", {}};
  entry.fields["purpose"] = "a \"b\" \\ \n";
  entry.fields["cells"] = int64_t{-3};
  EXPECT_EQ(EntryLine(entry, 4, 99),
            "{\"v\":1,\"seq\":4,\"t\":99,\"type\":\"query.received\","
            "\"qid\":\"q1\",\"cells\":-3,"
            "\"purpose\":\"a \\\"b\\\" \\\\ \\u000a\"}");
  EXPECT_EQ(EntryLine({"node.started", "", {}}, 0, 0),
            "{\"v\":1,\"seq\":0,\"t\":0,\"type\":\"node.started\"}");
}

TEST(EntryLine, BytesThatAreNotUtf8AreReplacedSoThatEveryEntryIsReadable) {
  Entry entry{"query.received", "q\xff", {}};
  entry.fields["purpose"] = std::string("caf\xC3", 4);  // cut in mid character
  const auto read = ParseEntry(EntryLine(entry, 0, 0));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->entry.query_id, "q\xEF\xBF\xBD");
  EXPECT_EQ(std::get<std::string>(read->entry.fields.at("purpose")),
            "caf\xEF\xBF\xBD");
}

TEST(ParseEntry, ReadsWhatIsThere) {
  const auto read = ParseEntry(kGood);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->index, 4u);
  EXPECT_EQ(read->time_ms, 1795298400123);
  EXPECT_EQ(read->entry.type, "answer.released");
  EXPECT_EQ(read->entry.query_id, "9f");
  ASSERT_EQ(read->entry.fields.size(), 2u);
  EXPECT_EQ(std::get<int64_t>(read->entry.fields.at("cells")), -18);
  EXPECT_EQ(std::get<std::string>(read->entry.fields.at("purpose")),
            "a\"b\\c\n");
}

TEST(ParseEntry, RefusesWhateverIsNotOfTheRestrictedForm) {
  const struct {
    std::string line;
    const char* why;
  } kCases[] = {
      {"", "'{\"v\":' is missing"},
      {"{}", "missing"},
      {std::string(kGood) + "\n", "follows the last"},
      {std::string(" ") + kGood, "missing"},
      {With("\"cells\":-18", "\"cells\": -18"), "integer"},
      {With(",\"t\":", ", \"t\":"), "missing"},
      {With("{\"v\":1,", "{"), "missing"},
      {With("\"v\":1", "\"v\":2"), "version 2"},
      {With("\"v\":1", "\"v\":1.0"), "integer"},
      {With("\"seq\":4,\"t\":1795298400123", "\"t\":1795298400123,\"seq\":4"),
       "',\"seq\":' is missing"},
      {With("\"seq\":4", "\"seq\":-4"), "below zero"},
      {With("\"seq\":4", "\"seq\":04"), "integer"},
      {With("\"seq\":4", "\"seq\":\"4\""), "integer"},
      {With("-18", "1.5"), "integer"},
      {With("-18", "1e3"), "integer"},
      {With("-18", "+1"), "integer"},
      {With("-18", "-0"), "integer"},
      {With("-18", "-"), "integer"},
      {With("-18", ""), "integer"},
      {With("-18", "9007199254740992"), "2^53 - 1"},
      {With("-18", "-9007199254740992"), "2^53 - 1"},
      {With("-18", "123456789012345678901234567890"), "2^53 - 1"},
      {With("-18", "true"), "integer"},
      {With("-18", "null"), "integer"},
      {With("-18", "[1]"), "integer"},
      {With("-18", "{\"a\":1}"), "integer"},
      {With("\"cells\"", "\"purpose\""), "twice"},
      {With("\"cells\":-18", "\"cells\":-18,\"cells\":-18"), "twice"},
      {With("\"cells\"", "\"z\""), "out of order"},
      {With("\"cells\"", "\"Cells\""), "name of a field"},
      {With("\"cells\"", "\"1cells\""), "name of a field"},
      {With("\"cells\"", "\"ce lls\""), "name of a field"},
      {With("\"cells\"", "\"c\xC3\xA9lls\""), "name of a field"},
      {With("\"cells\"", "\"\""), "twice or out of order"},
      {With("\"purpose\"", "\"seq\""), "name of a field"},
      {With("\"purpose\"", "\"qid\""), "name of a field"},
      {With("\"qid\":\"9f\",", ""), "',\"qid\":' is missing"},
      {With("answer.released", "node.started"), "out of order"},
      {"{\"v\":1,\"seq\":0,\"t\":0,\"type\":\"node.started\",\"qid\":\"\"}",
       "'qid' cannot be the name"},
      {With("answer.released", "answer.invented"), "no entries of type"},
      {With("\\u000a", "\n"), "control character"},
      {With("\\u000a", "\\u000A"), "escape"},
      {With("\\u000a", "\\u0041"), "escape"},
      {With("\\u000a", "\\u00"), "escape"},
      {With("\\u000a", "\\n"), "escape"},
      {With("\\u000a", "\\/"), "escape"},
      {With("\\u000a\"}", "\\"), "escape"},
      {With("\\u000a", "\xff"), "UTF-8"},
      {With("\\u000a", "\xED\xA0\x80"), "UTF-8"},
      {With("\"}", "\""), "missing"},
      {With("\"}", ""), "missing"},
      {With("\"}", "\",}"), "missing"},
      {With("\"}", "\",\"z"), "does not end"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseEntry(c.line), StatusIs(kInvalid, HasSubstr(c.why)))
        << c.line;
  }
}

TEST(ParseEntry, SixteenKibibytesAreTheMost) {
  Entry entry{"query.failed", "q", {}};
  const size_t rest =
      EntryLine({"query.failed", "q", {{"text", ""}}}, 0, 0).size();
  entry.fields["text"] = std::string(kMaxEntryBytes - rest, 'x');
  EXPECT_EQ(EntryLine(entry, 0, 0).size(), 16384u);
  EXPECT_THAT(ParseEntry(EntryLine(entry, 0, 0)), IsOk());
  entry.fields["text"] = std::string(kMaxEntryBytes - rest + 1, 'x');
  EXPECT_THAT(ParseEntry(EntryLine(entry, 0, 0)),
              StatusIs(kInvalid, HasSubstr("16385 bytes")));
  EXPECT_THAT(ParseEntry(std::string(65536, 'x')),
              StatusIs(kInvalid, HasSubstr("65536 bytes")));
}

std::string Rewritten(const ParsedEntry& parsed) {
  return EntryLine(parsed.entry, parsed.index, parsed.time_ms);
}

TEST(ParseEntry, WhatIsReadIsWrittenBackByteForByteWhateverIsChanged) {
  // An entry has one spelling, so nobody can keep two texts of one meaning.
  const std::string good = kGood;
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string line = good;
    for (unsigned n = random() % 3; n < 3; ++n) {
      const size_t at = random() % line.size();
      switch (random() % 3) {
        case 0:
          line[at] ^= static_cast<char>(1 << random() % 8);
          break;
        case 1:
          line.erase(at, 1 + random() % 3);
          break;
        default:
          line.insert(at, good.substr(random() % good.size(), 3));
      }
      if (line.empty()) break;
    }
    const auto parsed = ParseEntry(line);
    if (!parsed.ok()) continue;
    ++read;
    ASSERT_EQ(Rewritten(*parsed), line);
  }
  EXPECT_GT(read, 1000);
}

TEST(ParseEntry, EveryTextSurvives) {
  std::mt19937 random(11);
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (unsigned n = random() % 20; n > 0; --n) {
      static constexpr const char* kPieces[] = {
          "\"",     "\\",   "\n",       "\x01",
          "\x1f",   "a",    "\xC3\xA9", "\xF0\x9F\x94\x92",
          "/",      "\x7f", "}",        ",",
          "\\u0041"};
      text += kPieces[random() % std::size(kPieces)];
    }
    text.push_back('\0');
    const Entry entry{"query.failed", "q", {{"text", text}}};
    const auto parsed = ParseEntry(EntryLine(entry, i, i));
    ASSERT_THAT(parsed, IsOk()) << EntryLine(entry, i, i);
    ASSERT_EQ(std::get<std::string>(parsed->entry.fields.at("text")), text);
  }
}

// The rows of the table of types in docs/ledger-format.md: type -> its row.
std::map<std::string, std::string> DocumentedTypes() {
  std::map<std::string, std::string> rows;
  std::ifstream page("docs/ledger-format.md");
  std::string line;
  bool in_table = false;
  while (std::getline(page, line)) {
    if (absl::StartsWith(line, "| type | written by")) in_table = true;
    if (!absl::StartsWith(line, "|")) in_table = false;
    if (!in_table || !absl::StartsWith(line, "| `")) continue;
    for (size_t at = line.find('`'); at != std::string::npos;) {
      const size_t end = line.find('`', at + 1);
      const std::string name = line.substr(at + 1, end - at - 1);
      if (absl::StrContains(name, ".")) rows[name] = line;
      at = line.find('`', end + 1);
    }
  }
  return rows;
}

TEST(EntryTypes, AreThoseOfTheFormatsPage) {
  std::map<std::string, std::string> rows = DocumentedTypes();
  EXPECT_EQ(rows.size(), EntryTypes().size());
  for (const EntryType& type : EntryTypes()) {
    const std::string row = rows[type.name];
    const char* side = type.side == EntryType::Side::kBoth    ? "| both |"
                       : type.side == EntryType::Side::kAgent ? "| agent |"
                                                              : "| coordinator";
    EXPECT_THAT(row, HasSubstr(side)) << type.name;
    EXPECT_THAT(row, EndsWith(type.about_a_query ? "| yes |" : "| no |"))
        << type.name;
  }
}

TEST(CheckEntry, KnowsTheTypesAndWhichAreAboutAQuery) {
  EXPECT_EQ(EntryTypes().size(), 30u);
  for (const EntryType& type : EntryTypes()) {
    EXPECT_EQ(CheckEntry({type.name, "q", {}}).ok(), type.about_a_query);
    // Without an id too: whoever asks may send none, and it is still recorded.
    const Entry bare{type.name, "", {}};
    EXPECT_THAT(CheckEntry(bare), IsOk());
    const auto read = ParseEntry(EntryLine(bare, 0, 0));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(EntryLine(read->entry, 0, 0), EntryLine(bare, 0, 0));
  }
  EXPECT_THAT(CheckEntry({"query.answered", "q", {}}), StatusIs(kInvalid));
  EXPECT_THAT(CheckEntry({"node.started", "", {{"type", "x"}}}),
              StatusIs(kInvalid, HasSubstr("'type'")));
  EXPECT_THAT(CheckEntry({"node.started", "", {{"n", int64_t{1} << 53}}}),
              StatusIs(kInvalid, HasSubstr("'n'")));
  EXPECT_THAT(CheckEntry({"node.started", "", {{"n", kMaxEntryInteger}}}),
              IsOk());
}

}  // namespace
}  // namespace cairn
