#include "core/audit/reconcile.h"

#include <string>
#include <vector>

#include "core/base/digest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/audited_log.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LedgerSide SideOf(const AuditedLog& log, const std::string& origin) {
  LedgerSide side;
  side.audit.origin = origin;
  for (const std::string& line : log.lines) {
    const ParsedEntry entry = *ParseEntry(line);
    side.queries.See(entry);
    side.audit.last_ms = entry.time_ms;
    ++side.audit.size;
  }
  return side;
}

class ReconcileTest : public ::testing::Test {
 protected:
  void Asked(const std::string& query, const std::string& purpose = "needs") {
    coordinator_.Add(
        {"query.received",
         query,
         {{"actor", "demo"}, {"data_set", "incidents"}, {"purpose", purpose}}});
  }
  void Merged(const std::string& query, AgencyPart part) {
    part.agency = "police";
    coordinator_.Add(
        {"answer.merged", query, {{"agencies", FormatAgencyParts({part})}}});
  }
  AgencyPart Answered(uint64_t entry) {
    return {"", AgencyPart::What::kAnswered, entry, agent_.HashOf(entry)};
  }
  static AgencyPart Silent() { return {}; }

  Reconciliation Found() {
    // Neither side's copy ends before the other's.
    coordinator_.Add({"node.stopped", "", {}});
    return Reconcile(
        SideOf(coordinator_, "cairn.example.org/vru/coordinator/2026"),
        {SideOf(agent_, "cairn.example.org/vru/agent/police/2026")});
  }
  void Differs(const std::string& words) {
    const Reconciliation found = Found();
    ASSERT_EQ(found.mismatches.size(), 1u) << found.Text();
    EXPECT_EQ(found.differences(), 1u);
    EXPECT_THAT(found.mismatches[0].words, HasSubstr(words));
    EXPECT_THAT(found.mismatches[0].agency, "police");
  }
  void Notes(const std::string& words) {
    const Reconciliation found = Found();
    ASSERT_EQ(found.mismatches.size(), 1u) << found.Text();
    EXPECT_EQ(found.differences(), 0u) << found.Text();
    EXPECT_THAT(found.mismatches[0].words, HasSubstr(words));
  }

  AuditedLog coordinator_, agent_;
};

TEST_F(ReconcileTest, LedgersThatSayTheSameDoNotDiffer) {
  for (const char* query : {"a", "b", "c"}) {
    Asked(query);
    Merged(query, Answered(agent_.AddAnswered(query)));
  }
  const Reconciliation found = Found();
  EXPECT_THAT(found.mismatches, IsEmpty()) << found.Text();
  EXPECT_EQ(found.questions, 3u);
  EXPECT_EQ(found.compared, 3u);
  EXPECT_THAT(found.Text(), HasSubstr("no difference"));
}

TEST_F(ReconcileTest, AnAnswerThatTheAgencyNeverHeardOf) {
  const uint64_t other = agent_.AddAnswered("other");
  Asked("other");
  Merged("other", Answered(other));
  Asked("a");
  Merged("a", Answered(other));
  Differs("does not have the question at all");
}

TEST_F(ReconcileTest, AnAnswerThatTheCoordinatorCallsARefusal) {
  const uint64_t entry = agent_.AddAnswered("a");
  Asked("a");
  Merged("a", {"", AgencyPart::What::kRefused, entry, agent_.HashOf(entry)});
  Differs("says the agency refused, the agency's own ledger says released");
}

TEST_F(ReconcileTest, AnAnswerThatCameTooLateIsNormal) {
  agent_.AddAnswered("a");
  Asked("a");
  Merged("a", Silent());
  Notes("answered late, 2.0 s after the question came");
}

TEST_F(ReconcileTest, AMergeWithoutReceipt) {
  agent_.AddAnswered("a");
  Asked("a");
  Merged("a", {"", AgencyPart::What::kAnswered, {}, ""});
  Differs("without a receipt");
}

TEST_F(ReconcileTest, AReceiptForAnotherEntry) {
  const uint64_t entry = agent_.AddAnswered("a");
  Asked("a");
  Merged("a", Answered(entry - 1));
  Differs(absl::StrCat("names entry ", entry - 1));
}

TEST_F(ReconcileTest, AReceiptWithAnotherHash) {
  const uint64_t entry = agent_.AddAnswered("a");
  AgencyPart part = Answered(entry);
  part.entry_hash[31] ^= 1;
  Asked("a");
  Merged("a", part);
  Differs("is not the one that its receipt was for");
}

TEST_F(ReconcileTest, AQuestionThatOnlyTheAgencyHas) {
  agent_.AddAnswered("hidden");
  Asked("a");
  for (int i = 0; i < 5; ++i) coordinator_.Add({"export.made", "", {}});
  Differs("the coordinator's does not have it at all");
}

TEST_F(ReconcileTest, AQuestionPutToAnAgencyThatIsNotNamed) {
  const uint64_t entry = agent_.AddAnswered("a");
  AgencyPart council = Answered(entry);
  council.agency = "council";
  Asked("a");
  coordinator_.Add(
      {"answer.merged", "a", {{"agencies", FormatAgencyParts({council})}}});
  const Reconciliation found = Found();
  ASSERT_EQ(found.mismatches.size(), 2u) << found.Text();
  EXPECT_EQ(found.differences(), 1u);
  EXPECT_THAT(found.mismatches[0].words,
              HasSubstr("does not name this agency"));
  EXPECT_THAT(found.mismatches[1].words, HasSubstr("no copy of its ledger"));
}

TEST_F(ReconcileTest, AnotherPurposeThanTheOneThatWasAskedFor) {
  const uint64_t entry = agent_.AddAnswered("a");
  Asked("a", "evaluation");
  Merged("a", Answered(entry));
  Differs("has the purpose evaluation, the agency's needs");
}

// The question stands in the coordinator's entry as a commitment.
TEST_F(ReconcileTest, AnotherQuestionThanTheOneThatTheAgencyWasShown) {
  Asked("a");
  for (const bool honest : {true, false}) {
    agent_.lines.clear();
    agent_.Add({"query.received",
                "a",
                {{"actor", "demo"},
                 {"data_set", "incidents"},
                 {"purpose", "needs"},
                 {"coordinator_index", int64_t{0}},
                 {"coordinator_entry",
                  Hex(honest ? coordinator_.HashOf(0) : EmptyRoot())}}});
    EXPECT_EQ(Found().mismatches.empty(), honest);
  }
  Differs("bound to different questions");
  agent_.lines.clear();
  agent_.Add({"query.received",
              "a",
              {{"actor", "demo"},
               {"data_set", "incidents"},
               {"purpose", "needs"},
               {"coordinator_index", int64_t{4}}}});
  Differs("was shown entry 4");
}

TEST_F(ReconcileTest, CopiesOfDifferentAgeAreToldFromLies) {
  const uint64_t entry = agent_.AddAnswered("a");
  AgencyPart later = Answered(entry);
  later.index = 77;
  Asked("b");
  Merged("b", later);
  Asked("a");
  Merged("a", Answered(entry));
  Notes("bring a later one");
}

TEST_F(ReconcileTest, AnEntryTakenOutOfALedgerThatGoesOn) {
  const uint64_t entry = agent_.AddAnswered("a");
  AgencyPart gone = Answered(entry);
  gone.index = 770;
  Asked("b");
  Merged("b", gone);
  Asked("a");
  Merged("a", Answered(entry));
  for (int i = 0; i < 200; ++i) agent_.Add({"export.made", "", {}});
  Differs("entries were taken out");
}

TEST_F(ReconcileTest, AnAnswerThatMovedFromBeyondTheEnd) {
  AgencyPart part = Answered(agent_.AddAnswered("a"));
  part.index = 77;
  Asked("a");
  Merged("a", part);
  Differs("names entry 77");
}

TEST_F(ReconcileTest, ACrashedQuestionWhoseAnswerNobodySawIsANote) {
  agent_.AddAnswered("a");
  Asked("a");
  coordinator_.Add({"query.abandoned", "a", {}});
  Notes("nobody saw the answer");
}

TEST(AgencyParts, WhatIsWrittenIsReadAndNothingElseIs) {
  const std::vector<AgencyPart> parts = {
      {"police", AgencyPart::What::kAnswered, 977, std::string(32, '\x1f')},
      {"st-marys-ed", AgencyPart::What::kRefused, {}, ""},
      {"council", AgencyPart::What::kSilent, {}, ""}};
  const std::string text = FormatAgencyParts(parts);
  EXPECT_EQ(text,
            "police answered 977 "
            "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f, "
            "st-marys-ed refused, council silent");
  const auto read = ParseAgencyParts(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(FormatAgencyParts(*read), text);
  EXPECT_TRUE(ParseAgencyParts("")->empty());
  for (const char* bad :
       {" ", ",", "police", "police answered 1", "police answered x 1f",
        "police answered 01 1f", "police lost", " answered",
        "police answered, ", "police  answered"}) {
    EXPECT_FALSE(ParseAgencyParts(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace cairn
