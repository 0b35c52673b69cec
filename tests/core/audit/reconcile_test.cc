#include "core/audit/reconcile.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

// One of 900 agencies, wherever in the entries of the question it stands.
class ReconcileManyTest : public ReconcileTest {
 protected:
  static constexpr size_t kAgencies = 900;

  // Without the entry `left_out`, if that is one of them.
  void MergedAmongMany(size_t place, size_t left_out) {
    const uint64_t own = agent_.AddAnswered("a");
    std::vector<AgencyPart> parts(kAgencies);
    for (size_t i = 0; i < kAgencies; ++i) {
      parts[i] = {absl::StrCat("other-", i), AgencyPart::What::kAnswered, i,
                  std::string(32, 'x')};
    }
    parts[place] = {"police", AgencyPart::What::kAnswered, own,
                    agent_.HashOf(own)};
    Asked("a");
    // 100 to an entry, the last of them in the ending.
    for (size_t at = 0; at < kAgencies; at += 100) {
      const std::vector<AgencyPart> some(parts.begin() + at,
                                         parts.begin() + at + 100);
      Entry entry{"answer.parts", "a", {{"agencies", FormatAgencyParts(some)}}};
      if (at + 100 == kAgencies) {
        entry.type = "answer.merged";
        entry.fields["agencies_answered"] = int64_t{kAgencies};
        entry.fields["agencies_refused"] = int64_t{0};
        entry.fields["agencies_silent"] = int64_t{0};
      }
      if (at / 100 != left_out) coordinator_.Add(entry);
    }
  }
};

TEST_F(ReconcileManyTest, EveryAgencysPartIsFoundInWhicheverEntryItStands) {
  for (const size_t place : {0, 99, 100, 450, 899}) {
    coordinator_ = AuditedLog();
    agent_ = AuditedLog();
    MergedAmongMany(place, kAgencies);
    coordinator_.Add({"node.stopped", "", {}});
    const Reconciliation found = Reconcile(
        SideOf(coordinator_, "cairn.example.org/vru/coordinator/2026"),
        {SideOf(agent_, "cairn.example.org/vru/agent/police/2026")}, true);
    EXPECT_EQ(found.compared, 1u) << place;
    EXPECT_TRUE(found.mismatches.empty()) << place << found.Text();
  }
}

TEST_F(ReconcileManyTest, AnEntryOfPartsThatIsNotThereIsADifference) {
  MergedAmongMany(450, 4);
  coordinator_.Add({"node.stopped", "", {}});
  const Reconciliation found = Reconcile(
      SideOf(coordinator_, "cairn.example.org/vru/coordinator/2026"),
      {SideOf(agent_, "cairn.example.org/vru/agent/police/2026")}, true);
  ASSERT_EQ(found.differences(), 2u) << found.Text();
  EXPECT_THAT(found.mismatches[0].words,
              HasSubstr("counts 900 agencies and tells the part of 800"));
  EXPECT_THAT(found.mismatches[1].words,
              HasSubstr("does not name this agency"));
}

TEST(AgencyParts, PiecesAreFullInOrderAndTogetherTheWhole) {
  std::vector<AgencyPart> parts;
  for (uint64_t i = 0; i < 50; ++i) {
    parts.push_back({absl::StrCat("a", i * i * i), AgencyPart::What::kAnswered,
                     i, std::string(32, 'x')});
  }
  const std::string whole = FormatAgencyParts(parts);
  EXPECT_EQ(SplitAgencyParts(parts, whole.size()),
            std::vector<std::string>{whole});
  EXPECT_EQ(SplitAgencyParts({}, 10), std::vector<std::string>{""});
  for (const size_t room :
       {size_t{1}, size_t{200}, size_t{1000}, whole.size() - 1}) {
    const auto pieces = SplitAgencyParts(parts, room);
    ASSERT_GT(pieces.size(), 1u);
    EXPECT_EQ(absl::StrJoin(pieces, ", "), whole);
    for (size_t i = 0; i < pieces.size(); ++i) {
      const auto read = ParseAgencyParts(pieces[i]);
      ASSERT_TRUE(read.ok());
      EXPECT_TRUE(pieces[i].size() <= room || read->size() == 1);
      if (i == 0) continue;
      // The next part would not have fitted.
      const size_t first = std::min(pieces[i].find(','), pieces[i].size());
      EXPECT_GT(pieces[i - 1].size() + 2 + first, room);
    }
  }
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
