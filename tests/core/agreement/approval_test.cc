#include "core/agreement/approval.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/query/question_text.h"
#include "gtest/gtest.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

const absl::Time kStart = absl::FromUnixSeconds(1'795'298'400);

Case Waiting(int approvers, bool one_from_agency = false,
             bool result_too = false) {
  Case given;
  given.question = Sha256Hex("question");
  given.canonical = Sha256Hex("canonical");
  given.agreement = Sha256Hex("agreement");
  given.agency = "police";
  given.asker = "p-asker";
  given.asker_key = "key of p-asker";
  given.approvers = approvers;
  given.one_from_agency = one_from_agency;
  given.result_too = result_too;
  given.arrived = kStart;
  given.expires = kStart + kLongestWait;
  return given;
}

Decision By(const std::string& person, DecisionKind kind,
            const std::string& organisation = "police") {
  Decision decision;
  decision.person = person;
  decision.key_id = "key of " + person;
  decision.organisation = organisation;
  decision.kind = kind;
  decision.subject = Sha256Hex("question");
  if (kind == DecisionKind::kRefuse) decision.why = RefusalCode::kTooFine;
  return decision;
}

Decision Approval(const std::string& person,
                  const std::string& organisation = "police") {
  return By(person, DecisionKind::kApprove, organisation);
}

StatusIsMatcher Denied(const char* words) {
  return StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(words));
}
StatusIsMatcher TooLate(const char* words) {
  return StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(words));
}

TEST(Approval, TwoPersonsMeansTwoPersonsWithTwoKeys) {
  Case given = Waiting(2);
  EXPECT_EQ(StillWanted(given), 2);
  EXPECT_THAT(Decide(Approval("p-1"), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kWaiting);
  EXPECT_EQ(StillWanted(given), 1);
  EXPECT_THAT(Decide(Approval("p-1"), kStart, &given), Denied("already"));
  Decision same_key = Approval("p-2");
  same_key.key_id = "key of p-1";
  EXPECT_THAT(Decide(same_key, kStart, &given), Denied("already"));
  Decision same_person = Approval("p-1");
  same_person.key_id = "another key of p-1";
  EXPECT_THAT(Decide(same_person, kStart, &given), Denied("already"));
  EXPECT_THAT(Decide(Approval("p-2"), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kApproved);
  EXPECT_EQ(StillWanted(given), 0);
}

TEST(Approval, NobodyDecidesAboutTheirOwnQuestion) {
  Case given = Waiting(1);
  EXPECT_THAT(Decide(Approval("p-asker"), kStart, &given), Denied("own"));
  Decision other_name = Approval("p-1");
  other_name.key_id = given.asker_key;
  EXPECT_THAT(Decide(other_name, kStart, &given), Denied("own"));
  EXPECT_THAT(Decide(By("p-asker", DecisionKind::kRelease), kStart, &given),
              Denied("own"));
  EXPECT_EQ(given.state, CaseState::kWaiting);
  EXPECT_TRUE(given.decisions.empty());
}

TEST(Approval, OneOfTheAgencyItselfMustAgree) {
  Case given = Waiting(2, /*one_from_agency=*/true);
  EXPECT_THAT(Decide(Approval("p-1", "vru"), kStart, &given), IsOk());
  EXPECT_THAT(Decide(Approval("p-2", "council"), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kWaiting);
  EXPECT_EQ(StillWanted(given), 1);
  EXPECT_THAT(Decide(Approval("p-3", "police"), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kApproved);
}

TEST(Approval, AnApprovalOfAnotherQuestionCountsForNothing) {
  Case given = Waiting(1);
  Decision other = Approval("p-1");
  other.subject = Sha256Hex("another question");
  EXPECT_THAT(Decide(other, kStart, &given), TooLate("another question"));
  other.subject = "";
  EXPECT_THAT(Decide(other, kStart, &given), TooLate("another question"));
}

TEST(Approval, ARefusalEndsItAndNeedsAReason) {
  Case given = Waiting(2);
  Decision mute = By("p-1", DecisionKind::kRefuse);
  mute.why = RefusalCode::kNone;
  EXPECT_THAT(Decide(mute, kStart, &given),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Decision chatty = Approval("p-1");
  chatty.why = RefusalCode::kOther;
  EXPECT_THAT(Decide(chatty, kStart, &given),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Decide(Approval("p-1"), kStart, &given), IsOk());
  EXPECT_THAT(Decide(By("p-1", DecisionKind::kRefuse), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kRefused);
  EXPECT_EQ(given.why, RefusalCode::kTooFine);
  EXPECT_THAT(Decide(Approval("p-2"), kStart, &given), TooLate("refused"));
}

TEST(Approval, AHeldQuestionGoesOnOnlyWhenReleased) {
  Case given = Waiting(1);
  EXPECT_THAT(Decide(By("p-1", DecisionKind::kHold), kStart, &given), IsOk());
  EXPECT_THAT(Decide(Approval("p-2"), kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kHeld);
  EXPECT_THAT(Decide(By("p-1", DecisionKind::kRelease), kStart, &given),
              IsOk());
  EXPECT_EQ(given.state, CaseState::kApproved);
}

TEST(Approval, TimeEndsWhatWaits) {
  for (const bool held : {false, true}) {
    Case given = Waiting(1);
    if (held) {
      ASSERT_THAT(Decide(By("p-1", DecisionKind::kHold), kStart, &given),
                  IsOk());
    }
    EXPECT_FALSE(Expire(given.expires - absl::Seconds(1), &given));
    EXPECT_THAT(Decide(Approval("p-2"), given.expires, &given),
                TooLate("over"));
    EXPECT_TRUE(Expire(given.expires, &given));
    EXPECT_EQ(given.state, CaseState::kExpired);
    EXPECT_FALSE(Expire(given.expires, &given));
    EXPECT_THAT(Decide(Approval("p-2"), kStart, &given), TooLate("expired"));
  }
  Case approved = Waiting(1);
  ASSERT_THAT(Decide(Approval("p-1"), kStart, &approved), IsOk());
  EXPECT_FALSE(Expire(approved.expires, &approved));
}

TEST(Approval, AResultIsLookedAtBeforeItLeaves) {
  Case given = Waiting(2, false, /*result_too=*/true);
  EXPECT_THAT(ShowResult("table", &given), TooLate("approved"));
  ASSERT_THAT(Decide(Approval("p-1"), kStart, &given), IsOk());
  ASSERT_THAT(Decide(Approval("p-2"), kStart, &given), IsOk());
  EXPECT_THAT(Finish(kStart, &given), TooLate("result"));
  ASSERT_THAT(ShowResult("table", &given), IsOk());
  const std::string result = given.result;
  EXPECT_EQ(result, ResultName(given.question, "table"));
  EXPECT_NE(result, ResultName(Sha256Hex("another question"), "table"));
  EXPECT_EQ(given.state, CaseState::kWaiting);
  EXPECT_EQ(StillWanted(given), 2);
  // What was said about the question says nothing about the result.
  EXPECT_THAT(Decide(Approval("p-3"), kStart, &given),
              TooLate("another result"));
  Decision yes = Approval("p-1");
  yes.subject = result;
  EXPECT_THAT(Decide(yes, kStart, &given), IsOk());
  EXPECT_THAT(Decide(yes, kStart, &given), Denied("already"));
  yes = Approval("p-3");
  yes.subject = Sha256Hex("another table");
  EXPECT_THAT(Decide(yes, kStart, &given), TooLate("another result"));
  yes.subject = result;
  EXPECT_THAT(Decide(yes, kStart, &given), IsOk());
  EXPECT_THAT(ShowResult("other", &given), TooLate("once"));
  EXPECT_THAT(Finish(kStart, &given), IsOk());
  EXPECT_EQ(given.state, CaseState::kDone);
  EXPECT_THAT(Finish(kStart, &given), TooLate("approved")) << "answered once";
}

// Else a line that breaks would cost what several people decided.
TEST(Approval, AnAnswerThatWasLostIsFetchedAgainForTenMinutes) {
  Case given = Waiting(1);
  ASSERT_THAT(Decide(Approval("p-1"), kStart, &given), IsOk());
  EXPECT_FALSE(FetchAgain(kStart, &given)) << "not answered yet";
  ASSERT_THAT(Finish(kStart, &given), IsOk());
  const absl::Time last = kStart + absl::Minutes(10) - absl::Seconds(1);
  for (const absl::Time now : {kStart, last, last}) {
    ASSERT_TRUE(FetchAgain(now, &given));
    EXPECT_EQ(given.state, CaseState::kApproved);
    // The ten minutes run from the first.
    ASSERT_THAT(Finish(now, &given), IsOk());
  }
  EXPECT_FALSE(FetchAgain(kStart + absl::Minutes(10), &given));
  EXPECT_FALSE(FetchAgain(kStart - absl::Seconds(1), &given));
  EXPECT_EQ(given.state, CaseState::kDone);
}

TEST(Approval, AStandingApprovalIsWhatAllWhoApprovedSaid) {
  Case given = Waiting(2);
  ASSERT_THAT(Decide(By("p-1", DecisionKind::kApproveStanding), kStart, &given),
              IsOk());
  EXPECT_FALSE(StandingOf(given).has_value()) << "not approved yet";
  Case mixed = given;
  ASSERT_THAT(Decide(Approval("p-2"), kStart, &mixed), IsOk());
  EXPECT_FALSE(StandingOf(mixed).has_value());
  ASSERT_THAT(Decide(By("p-2", DecisionKind::kApproveStanding), kStart, &given),
              IsOk());
  const auto standing = StandingOf(given);
  ASSERT_TRUE(standing.has_value());
  EXPECT_EQ(standing->approvers, (std::vector<std::string>{"p-1", "p-2"}));
  EXPECT_TRUE(Covers(*standing, given.canonical, given.agreement));
  EXPECT_FALSE(Covers(*standing, Sha256Hex("other"), given.agreement));
  EXPECT_FALSE(Covers(*standing, given.canonical, Sha256Hex("the next one")))
      << "it ends with the agreement";
  Case refused = Waiting(2);
  ASSERT_THAT(
      Decide(By("p-1", DecisionKind::kApproveStanding), kStart, &refused),
      IsOk());
  ASSERT_THAT(Decide(By("p-2", DecisionKind::kRefuse), kStart, &refused),
              IsOk());
  EXPECT_FALSE(StandingOf(refused).has_value());
}

// Whatever is decided in whatever order: looked at from the list of what was
// said and when, an approval stands only where the rules let it.
TEST(Approval, NoOrderOfDecisionsGetsRoundTheRules) {
  std::mt19937 random(20261122);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<uint32_t>(limit));
  };
  int approved = 0, refused = 0, expired = 0, denied = 0;
  for (int run = 0; run < 5000; ++run) {
    Case given = Waiting(1 + below(3), below(2) == 0);
    std::vector<std::pair<Decision, absl::Time>> taken;
    absl::Time now = kStart;
    for (int step = 0; step < 12; ++step) {
      now += absl::Hours(below(30));
      Decision decision =
          By(below(12) == 0 ? "p-asker" : absl::StrCat("p-", below(4)),
             std::vector<DecisionKind>{
                 DecisionKind::kApprove, DecisionKind::kApprove,
                 DecisionKind::kApproveStanding, DecisionKind::kHold,
                 DecisionKind::kRelease,
                 DecisionKind::kRefuse}[static_cast<size_t>(
                 below(20) == 0 ? 5 : below(5))],
             below(3) == 0 ? "police" : "vru");
      if (below(6) == 0) decision.key_id = absl::StrCat("key of p-", below(4));
      if (below(10) == 0) decision.subject = Sha256Hex("something else");
      const Case before = given;
      if (Decide(decision, now, &given).ok()) {
        taken.emplace_back(decision, now);
      } else {
        ++denied;
        ASSERT_EQ(given.decisions.size(), before.decisions.size());
        ASSERT_EQ(given.state, before.state);
      }
    }
    if (Expire(now, &given)) ++expired;
    // The judge.
    std::set<std::string> persons, keys;
    bool own = false, held = false, refusal = false;
    bool open = true;
    for (const auto& [decision, at] : taken) {
      ASSERT_TRUE(open) << "taken after the end";
      ASSERT_LT(at, kStart + kLongestWait);
      ASSERT_EQ(decision.subject, Sha256Hex("question"));
      ASSERT_NE(decision.person, "p-asker");
      if (decision.kind == DecisionKind::kHold) held = true;
      if (decision.kind == DecisionKind::kRelease) held = false;
      if (decision.kind == DecisionKind::kRefuse) refusal = true;
      if (decision.kind == DecisionKind::kApprove ||
          decision.kind == DecisionKind::kApproveStanding) {
        ASSERT_TRUE(persons.insert(decision.person).second);
        ASSERT_TRUE(keys.insert(decision.key_id).second);
        own = own || decision.organisation == "police";
      }
      const bool enough =
          persons.size() >= static_cast<size_t>(given.approvers) &&
          (own || !given.one_from_agency);
      // Only a yes or a release lets it through.
      open = !refusal && (held || !enough);
    }
    const bool enough =
        persons.size() >= static_cast<size_t>(given.approvers) &&
        (own || !given.one_from_agency);
    ASSERT_EQ(given.state == CaseState::kRefused, refusal);
    ASSERT_EQ(given.state == CaseState::kApproved, !refusal && enough && !held);
    approved += given.state == CaseState::kApproved ? 1 : 0;
    refused += refusal ? 1 : 0;
  }
  EXPECT_GT(approved, 500);
  EXPECT_GT(refused, 500);
  EXPECT_GT(expired, 50);
  EXPECT_GT(denied, 5000);
}

TEST(Approval, TheDeskDoesWhatItsModeSays) {
  Ruling allowed, approval, no;
  allowed.outcome = Ruling::Outcome::kAllowed;
  approval.outcome = Ruling::Outcome::kNeedsApproval;
  no.outcome = Ruling::Outcome::kRefused;
  struct Line {
    DeskMode mode;
    Course allowed, allowed_stands, approval, approval_stands;
  };
  const std::vector<Line> table = {
      {DeskMode::kAnswer, Course::kAnswer, Course::kAnswer, Course::kWait,
       Course::kAnswer},
      {DeskMode::kStanding, Course::kWait, Course::kAnswer, Course::kWait,
       Course::kAnswer},
      {DeskMode::kAskFirst, Course::kWait, Course::kWait, Course::kWait,
       Course::kWait},
      {DeskMode::kRehearse, Course::kRehearse, Course::kRehearse,
       Course::kRehearse, Course::kRehearse}};
  for (const Line& line : table) {
    const Desk desk{line.mode, false}, paused{line.mode, true};
    EXPECT_EQ(CourseOf(desk, allowed, false), line.allowed);
    EXPECT_EQ(CourseOf(desk, allowed, true), line.allowed_stands);
    EXPECT_EQ(CourseOf(desk, approval, false), line.approval);
    EXPECT_EQ(CourseOf(desk, approval, true), line.approval_stands);
    for (const bool stands : {false, true}) {
      EXPECT_EQ(CourseOf(desk, no, stands), Course::kRefuse);
      for (const Ruling& ruling : {allowed, approval, no}) {
        EXPECT_EQ(CourseOf(paused, ruling, stands), Course::kPaused);
      }
    }
  }
}

TEST(Approval, EachWordIsReadBack) {
  for (int i = 0; i < 6; ++i) {
    const auto state = static_cast<CaseState>(i);
    const auto read = ParseCaseState(NameOf(state));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, state);
    const auto code = ParseRefusalCode(NameOf(static_cast<RefusalCode>(i)));
    ASSERT_THAT(code, IsOk());
    EXPECT_EQ(*code, static_cast<RefusalCode>(i));
    EXPECT_EQ(std::string(SentenceOf(*code)).empty(), i == 0);
  }
  for (int i = 0; i < 5; ++i) {
    const auto kind = ParseDecisionKind(NameOf(static_cast<DecisionKind>(i)));
    ASSERT_THAT(kind, IsOk());
    EXPECT_EQ(*kind, static_cast<DecisionKind>(i));
  }
  EXPECT_THAT(ParseDeskMode("yes"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("answer, standing, ask_first, rehearse")));
}

std::string Name(const Catalogue& catalogue, const QuestionText& text) {
  const auto plan = ReadQuestion(catalogue, text);
  EXPECT_THAT(plan, IsOk());
  return plan.ok() ? QuestionName(*plan) : "";
}

TEST(QuestionName, IsTheSameInAnotherDress) {
  const auto catalogue = ExampleCatalogue();
  const QuestionText plain{"events",
                           "month,ward",
                           {"count"},
                           "weapon = 'KNIFE' AND adult = 'yes'",
                           "research"};
  const std::string name = Name(*catalogue, plain);
  for (const char* where :
       {"adult = 'yes' AND weapon = 'KNIFE'",
        "weapon = 'blade' AND adult = 'yes'",
        "NOT (weapon <> 'KNIFE' OR adult <> 'yes')",
        "weapon IN ('KNIFE') AND age_band IN ('18-24', '25+')"}) {
    QuestionText dressed = plain;
    dressed.where = where;
    EXPECT_EQ(Name(*catalogue, dressed), name) << where;
  }
  QuestionText turned = plain;
  turned.by = "ward,month";
  turned.measures = {};
  EXPECT_EQ(Name(*catalogue, turned), name);
}

TEST(QuestionName, IsAnotherForEachOtherQuestion) {
  const auto catalogue = ExampleCatalogue();
  const QuestionText plain{
      "events", "month,ward", {"count"}, "weapon = 'KNIFE'", "research"};
  std::vector<QuestionText> questions(9, plain);
  questions[1].by = "month";
  questions[2].by = "quarter,ward";
  questions[3].measures = {"distinct_persons"};
  questions[4].measures = {"count", "sum:days"};
  questions[5].where = "weapon = 'GUN'";
  questions[6].where = "";
  questions[7].purpose = "planning";
  questions[8] = {"calls", "month", {"count"}, "weapon = 'KNIFE'", "research"};
  std::set<std::string> names;
  for (const QuestionText& question : questions) {
    EXPECT_TRUE(names.insert(Name(*catalogue, question)).second)
        << question.by << " " << question.where;
  }
}

}  // namespace
}  // namespace cairn
