#include "core/audit/query_story.h"

#include <string>
#include <vector>

#include "core/audit/words.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/audited_log.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Filter Equals(const std::string& variable, const std::string& value) {
  Filter filter;
  filter.kind = Filter::Kind::kCompare;
  filter.variable = variable;
  filter.values = {value};
  return filter;
}

TEST(QueryStory, AFilterIsDrawnAsATree) {
  Filter knives;
  knives.kind = Filter::Kind::kOr;
  knives.parts = {Equals("weapon", "KNIFE"), Equals("weapon", "FIREARM")};
  Filter all;
  all.kind = Filter::Kind::kAnd;
  all.parts = {knives, Equals("lad", "E07")};
  EXPECT_THAT(FilterTree(all),
              ElementsAre("AND", "├─ OR", "│  ├─ weapon = 'KNIFE'",
                          "│  └─ weapon = 'FIREARM'", "└─ lad = 'E07'"));
}

TEST(QueryStory, TellsTermsPartsTimesAndNothingOfOtherQuestions) {
  AuditedLog log;
  log.Add({"policy.changed", "", {{"rounding_base", int64_t{5}}}});
  log.AddAnswered("other");
  log.Add({"query.received", "q1", {{"actor", "ann"}, {"data_set", "deaths"}}});
  log.Add({"policy.changed", "", {{"rounding_base", int64_t{7}}}});
  log.Add(
      {"answer.merged",
       "q1",
       {{"agencies",
         FormatAgencyParts(
             {{"police", AgencyPart::What::kAnswered, 9, std::string(32, 'a')},
              {"council", AgencyPart::What::kSilent, {}, ""}})}}});
  QueryStory story("q1");
  QueryStory none("q2");
  for (const std::string& line : log.lines) {
    story.See(*ParseEntry(line));
    none.See(*ParseEntry(line));
  }
  ASSERT_TRUE(story.found());
  EXPECT_FALSE(none.found());
  const std::string text = story.Text("cairn.example.org/x", {});
  EXPECT_THAT(text,
              AllOf(HasSubstr("deaths"), HasSubstr("rounding base 5"),
                    HasSubstr("complete, 2.0 s after it came"),
                    HasSubstr("police   answered  by its entry 9, 61616161"),
                    HasSubstr("council  silent"), Not(HasSubstr("other"))));
  EXPECT_EQ(story.Entries().rows.size(), 2u);
  EXPECT_THAT(story.Json("o", {}),
              AllOf(HasSubstr("\"entry\":9"), HasSubstr("\"person\":\"ann\"")));
}

TEST(QueryRecords, AreListedByTimePersonPurposeDataSetAndOutcome) {
  AuditedLog log;
  log.AddAnswered("q0");
  log.Add({"query.received", "q1", {{"actor", "ann"}, {"data_set", "deaths"}}});
  log.Add({"query.refused", "q1", {{"reason", "TOO_FINE"}}});
  log.Add({"query.received", "q2", {{"actor", "demo"}}});
  QueryRecords records;
  for (const std::string& line : log.lines) records.See(*ParseEntry(line));
  const auto ids = [&](const QueryFilter& filter, size_t limit = 0) {
    std::vector<std::string> found;
    size_t left_out = 0;
    for (const auto& row :
         ListQueries(records, filter, false, limit, "csv", &left_out).rows) {
      found.push_back(row[2]);
    }
    found.push_back(absl::StrCat("+", left_out));
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre("q2", "q1", "q0", "+0"));
  EXPECT_THAT(ids({}, 1), ElementsAre("q2", "+2"));
  EXPECT_THAT(ids({{}, {}, "ann", "", "", ""}), ElementsAre("q1", "+0"));
  EXPECT_THAT(ids({{}, {}, "", "needs", "", ""}), ElementsAre("q0", "+0"));
  EXPECT_THAT(ids({{}, {}, "", "", "deaths", ""}), ElementsAre("q1", "+0"));
  EXPECT_THAT(ids({{}, {}, "", "", "", "open"}), ElementsAre("q2", "+0"));
  EXPECT_THAT(ids({1'795'298'403'000, 1'795'298'404'000, "", "", "", ""}),
              ElementsAre("q1", "+0"));
}

TEST(Words, TimesAreReadAsTheyAreMeant) {
  EXPECT_EQ(*ParseTime("2026-11-22", "--from", false), 1795305600000);
  EXPECT_EQ(*ParseTime("2026-11-22", "--to", true), 1795391999999);
  EXPECT_EQ(*ParseTime("2026-11-22T09:06", "--to", true), 1795338419999);
  EXPECT_EQ(*ParseTime("2026-11-22T09:06:44Z", "--to", false), 1795338404000);
  for (const char* bad : {"", "yesterday", "2026-13-01", "22/11/2026"}) {
    EXPECT_FALSE(ParseTime(bad, "--from", false).ok()) << bad;
  }
  EXPECT_EQ(TimeText(1795338404000), "2026-11-22 09:06:44");
  EXPECT_EQ(DurationText(65'000), "1 min 5 s");
  EXPECT_EQ(AgencyOf("cairn.example.org/vru/agent/police/2026"), "police");
  EXPECT_EQ(AgencyOf("cairn.example.org/vru/coordinator/2026"), "");
  EXPECT_TRUE(IsCoordinatorOrigin("cairn.example.org/vru/coordinator/2026"));
}

}  // namespace
}  // namespace cairn
