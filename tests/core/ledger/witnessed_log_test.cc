// A log and its witnesses, and what an agency demands of a question, without a
// wire.

#include "core/ledger/witnessed_log.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/status_macros.h"
#include "core/ledger/proof.h"
#include "core/ledger/shown_question.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Outcome = WitnessAnswer::Outcome;

class WitnessedLogTest : public ::testing::Test {
 protected:
  WitnessedLogTest()
      : agencies_{"council", "police", "school"}, coordinator_(Keys()) {
    for (const std::string& agency : agencies_) {
      witnesses_.at(agency).Know(coordinator_.key().verifier(), &Clock());
    }
    coordinator_.log().Append(3);
  }

  std::map<std::string, VerifierKey> Keys() {
    std::map<std::string, VerifierKey> keys;
    for (const std::string& agency : agencies_) {
      keys.emplace(agency,
                   witnesses_.try_emplace(agency, agency).first->second.key());
    }
    return keys;
  }
  LedgerInMemory::StandingClock& Clock() { return coordinator_.log().clock; }
  QuorumCheck Quorum() {
    std::vector<VerifierKey> keys;
    for (const auto& [id, key] : Keys()) keys.push_back(key);
    return QuorumCheck(coordinator_.key().verifier(),
                       *QuorumRule::Create(keys));
  }

  // One round with these, and again where a witness asks for it.
  void Round(const std::vector<std::string>& agencies) {
    std::vector<std::pair<std::string, WitnessRequest>> sent;
    const auto send = [&](const std::string& id,
                          const WitnessRequest& request) {
      sent.emplace_back(id, request);
      return true;
    };
    ASSERT_THAT(coordinator_.watched()->Round(agencies, send), IsOk());
    for (size_t i = 0; i < sent.size(); ++i) {
      const auto [id, request] = sent[i];
      WitnessInMemory& witness = witnesses_.at(id);
      const auto answer = witness.desk()->Add(request);
      ASSERT_THAT(answer, IsOk());
      ASSERT_THAT(witness.store.Keep(witness.desk()->seen()), IsOk());
      const auto taken = coordinator_.watched()->Take(id, *answer);
      ASSERT_THAT(taken, IsOk());
      if (taken->again) {
        ASSERT_THAT(coordinator_.watched()->Again(id, send), IsOk());
      }
    }
  }
  // What an agency finds of a question that it is shown, as LedgerLink does.
  absl::Status Look(const std::string& agency, const ShownEntry& shown,
                    const CoordinatorLog::Logged& asked) {
    CAIRN_ASSIGN_OR_RETURN(
        const ProvenQuestion proven,
        CheckLogged(shown, {asked.query_id, "demo", asked.bytes, asked.salt},
                    coordinator_.key().verifier()));
    CAIRN_ASSIGN_OR_RETURN(
        const WitnessAnswer followed,
        witnesses_.at(agency).desk()->Follow(
            {shown.old_size, shown.since_old, proven.checkpoint.Text()}));
    if (followed.outcome != Outcome::kCosigned) {
      return absl::PermissionDeniedError(followed.reason);
    }
    return Quorum().Check(shown, proven.checkpoint.checkpoint(), Clock().now);
  }

  const std::vector<std::string> agencies_;
  std::map<std::string, WitnessInMemory> witnesses_;
  CoordinatorLog coordinator_;
};

TEST_F(WitnessedLogTest, HasAQuorumWhenMoreThanHalfHaveCosigned) {
  EXPECT_FALSE(coordinator_.watched()->HasQuorum());
  Round({"police"});
  EXPECT_FALSE(coordinator_.watched()->HasQuorum());
  Round({"council"});
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
  Clock().now += absl::Minutes(16);
  EXPECT_FALSE(coordinator_.watched()->HasQuorum());
  // The same tree again, at a later time.
  Round({"police", "school"});
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
  // What was kept counts after a restart, for as long as it is fresh.
  coordinator_.Restart();
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
}

TEST_F(WitnessedLogTest, AQuestionThatIsLoggedAndWitnessedIsFoundGood) {
  Round(agencies_);
  // Between rounds each agency is shown its own questions only.
  for (const char* agency : {"police", "council", "police", "police"}) {
    const auto asked = coordinator_.Log("q1", "how many?");
    EXPECT_THAT(Look(agency, coordinator_.Show(asked.index, agency), asked),
                IsOk());
  }
  Round(agencies_);
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
  for (const std::string& agency : agencies_) {
    const auto asked = coordinator_.Log("q2", "and now?");
    EXPECT_THAT(Look(agency, coordinator_.Show(asked.index, agency), asked),
                IsOk());
  }
}

TEST_F(WitnessedLogTest, WhatDidNotLeaveIsNotCounted) {
  Round(agencies_);
  coordinator_.log().Append(2);
  const auto fails = [](const std::string&, const auto&) { return false; };
  ASSERT_THAT(coordinator_.watched()->Show(4, {"police"}, fails), IsOk());
  ASSERT_THAT(coordinator_.watched()->Round({"council"}, fails), IsOk());
  const auto asked = coordinator_.Log("q", "b");
  for (const std::string& agency : agencies_) {
    EXPECT_THAT(Look(agency, coordinator_.Show(asked.index, agency), asked),
                IsOk());
  }
}

TEST_F(WitnessedLogTest, AWitnessThatRemembersMoreOrLessIsMetWhereItStands) {
  Round(agencies_);
  coordinator_.log().Append(4);
  coordinator_.Restart();  // knows no longer whom it has shown what
  Round(agencies_);
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
  // A question was shown and the agency ended before it was on its disk.
  const auto lost = coordinator_.Log("q", "b");
  EXPECT_THAT(Look("police", coordinator_.Show(lost.index, "police"), lost),
              IsOk());
  witnesses_.at("police").Restart();
  ASSERT_THAT(
      coordinator_.watched()->Met("police",
                                  witnesses_.at("police").desk()->Remembered(
                                      coordinator_.key().verifier().name()),
                                  [] { return true; }),
      IsOk());
  EXPECT_THAT(Look("police", coordinator_.Show(lost.index, "police"), lost),
              IsOk());
}

TEST_F(WitnessedLogTest, ALogThatWentBackIsToldByItsOwnSignature) {
  Round(agencies_);
  coordinator_.log().Append(5);
  Round(agencies_);
  const std::string remembered = witnesses_.at("police").desk()->Remembered(
      coordinator_.key().verifier().name());
  // The same beginning, shorter: as from an older copy of the disk.
  CoordinatorLog older(Keys(), "q", coordinator_.key());
  older.log().Append(4);
  bool attached = false;
  const absl::Status met = older.watched()->Met(
      "police", remembered, [&] { return attached = true; });
  EXPECT_EQ(met.code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(attached);
  EXPECT_THAT(met.message(), HasSubstr("has 4 entries"));
  EXPECT_THAT(met.message(), HasSubstr("of 8"));
  // Another history of the same length or longer.
  CoordinatorLog other(Keys(), "other", coordinator_.key());
  other.log().Append(9);
  EXPECT_EQ(
      other.watched()->Met("police", remembered, [] { return true; }).code(),
      absl::StatusCode::kDataLoss);
  // An answer tells the same.
  WitnessAnswer answer;
  answer.outcome = Outcome::kWrongSize;
  answer.size = 8;
  answer.kept_checkpoint = remembered;
  EXPECT_EQ(other.watched()->Take("police", answer).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(WitnessedLogTest, NobodyCanQuarantineALogWithoutItsKey) {
  Round(agencies_);
  CoordinatorLog forger(Keys());  // the same name, another key
  forger.log().Append(20);
  const std::string forged = forger.signer()->Sign()->Text();
  EXPECT_EQ(
      coordinator_.watched()->Met("police", forged, [] { return true; }).code(),
      absl::StatusCode::kPermissionDenied);
  WitnessAnswer answer;
  for (const Outcome outcome :
       {Outcome::kWrongSize, Outcome::kSplitView, Outcome::kBadProof}) {
    answer.outcome = outcome;
    answer.size = 20;
    for (const std::string& note :
         {forged, std::string("no note"), std::string()}) {
      answer.kept_checkpoint = note;
      const auto taken = coordinator_.watched()->Take("police", answer);
      ASSERT_THAT(taken, IsOk());
      EXPECT_FALSE(taken->again);
      EXPECT_FALSE(taken->cosigned);
    }
  }
}

TEST_F(WitnessedLogTest, ACosignatureOfAnotherCountsForNobody) {
  std::vector<WitnessRequest> requests;
  ASSERT_THAT(coordinator_.watched()->Round(
                  {"police", "council"},
                  [&](const std::string&, const WitnessRequest& request) {
                    requests.push_back(request);
                    return true;
                  }),
              IsOk());
  const auto police = *witnesses_.at("police").desk()->Add(requests[0]);
  EXPECT_TRUE(coordinator_.watched()->Take("police", police)->cosigned);
  EXPECT_FALSE(coordinator_.watched()->Take("council", police)->cosigned);
  EXPECT_FALSE(coordinator_.watched()->HasQuorum());
  EXPECT_FALSE(coordinator_.watched()->Take("stranger", police).ok());
}

TEST_F(WitnessedLogTest, AWitnessThatNeverAgreesIsAskedTwiceInARound) {
  Round(agencies_);
  WitnessAnswer answer;
  answer.outcome = Outcome::kWrongSize;
  answer.kept_checkpoint = coordinator_.signer()->Sign()->Text();
  answer.size = 3;
  EXPECT_TRUE(coordinator_.watched()->Take("police", answer)->again);
  EXPECT_FALSE(coordinator_.watched()->Take("police", answer)->again);
  EXPECT_TRUE(coordinator_.watched()->Take("council", answer)->again);
  Round(agencies_);
  EXPECT_TRUE(coordinator_.watched()->Take("police", answer)->again);
}

// What a coordinator may try. Each is refused by the agency that looks.

TEST_F(WitnessedLogTest, AQuestionThatWasNotLoggedIsRefused) {
  Round(agencies_);
  const auto asked = coordinator_.Log("q1", "how many?");
  const ShownEntry good = coordinator_.Show(asked.index, "police");
  const auto other = coordinator_.Log("q2", "another");
  const ShownEntry of_other = coordinator_.Show(other.index, "council");
  struct Flaw {
    const char* what;
    std::function<void(ShownEntry*, CoordinatorLog::Logged*)> make;
  };
  const std::vector<Flaw> flaws = {
      {"nothing shown", [](auto* shown, auto*) { *shown = ShownEntry(); }},
      {"no proof", [](auto* shown, auto*) { shown->proof.clear(); }},
      {"no entry", [](auto* shown, auto*) { shown->line.clear(); }},
      {"another's entry and proof",
       [&](auto* shown, auto*) { *shown = of_other; }},
      {"another's entry",
       [&](auto* shown, auto*) { shown->line = of_other.line; }},
      {"another's proof",
       [&](auto* shown, auto*) { shown->proof = of_other.proof; }},
      {"another query id", [](auto*, auto* bad) { bad->query_id = "q9"; }},
      {"another question", [](auto*, auto* bad) { bad->bytes += "!"; }},
      {"another salt",
       [](auto*, auto* bad) { bad->salt = std::string(32, 'x'); }},
      {"an altered entry",
       [](auto* shown, auto*) { shown->line[shown->line.size() - 3] ^= 1; }},
      {"an altered proof",
       [](auto* shown, auto*) {
         shown->proof[shown->proof.find("index") + 10] ^= 1;
       }},
      {"an altered signature",
       [](auto* shown, auto*) { shown->proof[shown->proof.size() - 10] ^= 2; }},
  };
  for (const Flaw& flaw : flaws) {
    ShownEntry shown = good;
    CoordinatorLog::Logged bad = asked;
    flaw.make(&shown, &bad);
    EXPECT_FALSE(CheckLogged(shown, {bad.query_id, "demo", bad.bytes, bad.salt},
                             coordinator_.key().verifier())
                     .ok())
        << flaw.what;
  }
  EXPECT_FALSE(CheckLogged(good, {"q1", "another", asked.bytes, asked.salt},
                           coordinator_.key().verifier())
                   .ok());
  EXPECT_THAT(Look("police", good, asked), IsOk());
}

TEST_F(WitnessedLogTest, AQuorumThatIsMissingOldOrOfAForkIsRefused) {
  const auto early = coordinator_.Log("q0", "b");
  const absl::Status none =
      Look("police", coordinator_.Show(early.index, "police"), early);
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  Round({"police"});
  const auto one = coordinator_.Log("q1", "b");
  EXPECT_EQ(Look("police", coordinator_.Show(one.index, "police"), one).code(),
            absl::StatusCode::kFailedPrecondition);
  Round(agencies_);
  const auto good = coordinator_.Log("q2", "b");
  const ShownEntry shown = coordinator_.Show(good.index, "police");
  ShownEntry bad = shown;
  bad.since_cosigned.clear();
  const auto proven = *CheckLogged(shown, {"q2", "demo", "b", good.salt},
                                   coordinator_.key().verifier());
  const Checkpoint& newest = proven.checkpoint.checkpoint();
  EXPECT_FALSE(Quorum().Check(bad, newest, Clock().now).ok());
  bad = shown;
  bad.cosigned.clear();
  EXPECT_FALSE(Quorum().Check(bad, newest, Clock().now).ok());
  // One that holds is remembered, but only for as long as it does.
  QuorumCheck check = Quorum();
  EXPECT_THAT(check.Check(shown, newest, Clock().now), IsOk());
  EXPECT_THAT(check.Check(shown, newest, Clock().now + absl::Minutes(14)),
              IsOk());
  EXPECT_EQ(check.Check(shown, newest, Clock().now + absl::Minutes(16)).code(),
            absl::StatusCode::kFailedPrecondition);
  // One that was remembered does not vouch for what does not follow from it.
  EXPECT_FALSE(check.Check(bad, newest, Clock().now).ok());
  CoordinatorLog fork(Keys(), "fork", coordinator_.key());
  fork.log().Append(20);
  EXPECT_FALSE(
      check.Check(shown, fork.signer()->Sign()->checkpoint(), Clock().now)
          .ok());
}

TEST_F(WitnessedLogTest, AForkThatHidesAQuestionIsSeenAndBothNotesAreKept) {
  Round(agencies_);
  // The coordinator asks from one history and goes on with another: both begin
  // with what the quorum has cosigned.
  CoordinatorLog fork(Keys(), "q", coordinator_.key());
  fork.log().Append(3);
  fork.checkpoints()->cosigned = coordinator_.checkpoints()->cosigned;
  fork.Restart();
  ASSERT_THAT(fork.watched()->Met("police",
                                  witnesses_.at("police").desk()->Remembered(
                                      coordinator_.key().verifier().name()),
                                  [] { return true; }),
              IsOk());
  const auto hidden = fork.Log("hidden", "b");
  // Nobody can tell yet: it is logged, and it follows from what was cosigned.
  EXPECT_THAT(Look("police", fork.Show(hidden.index, "police"), hidden),
              IsOk());
  const auto next = coordinator_.Log("q", "b");
  const ShownEntry shown = coordinator_.Show(next.index, "police");
  const absl::Status seen = Look("police", shown, next);
  EXPECT_EQ(seen.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(witnesses_.at("council").desk()->TakeEntries(),
              ::testing::SizeIs(1));
  ASSERT_TRUE(witnesses_.at("police").desk()->HasConflict());
  const std::vector<Entry> entries =
      witnesses_.at("police").desk()->TakeEntries();
  ASSERT_EQ(entries.front().type, "peer.conflict");
  ASSERT_THAT(CheckEntry(entries.front()), IsOk());
  // Both notes open with the coordinator's key, say the same size, and differ:
  // that is the proof, and it needs nothing else.
  const auto open = [&](const char* field) {
    return OpenCheckpoint(
               std::get<std::string>(entries.front().fields.at(field)),
               coordinator_.key().verifier())
        ->checkpoint();
  };
  EXPECT_EQ(open("kept").size, open("shown").size);
  EXPECT_NE(open("kept").root, open("shown").root);
  // A round of the other history is not cosigned either, and whoever signed
  // both is told so by its own signature.
  WitnessAnswer answer;
  ASSERT_THAT(coordinator_.watched()->Round(
                  {"police"},
                  [&](const std::string&, const WitnessRequest& request) {
                    answer = *witnesses_.at("police").desk()->Add(request);
                    return true;
                  }),
              IsOk());
  EXPECT_NE(answer.outcome, Outcome::kCosigned);
  EXPECT_TRUE(answer.signature_line.empty());
  EXPECT_EQ(coordinator_.watched()->Take("police", answer).status().code(),
            absl::StatusCode::kDataLoss);
}

// checkpoint.cosigned would make each log longer for the others to cosign.
TEST_F(WitnessedLogTest, APartnershipAtRestWritesNothing) {
  Round(agencies_);
  for (const std::string& agency : agencies_) {
    EXPECT_EQ(witnesses_.at(agency).desk()->TakeEntries().size(), 1u);
  }
  for (int minute = 0; minute < 5; ++minute) {
    Clock().now += absl::Minutes(1);
    Round(agencies_);
  }
  EXPECT_TRUE(coordinator_.watched()->HasQuorum());
  for (const std::string& agency : agencies_) {
    EXPECT_TRUE(witnesses_.at(agency).desk()->TakeEntries().empty());
    WitnessInMemory& witness = witnesses_.at(agency);
    EXPECT_TRUE(witness.desk()->seen()->AllKept(&witness.store));
  }
}

TEST_F(WitnessedLogTest, OneConflictIsToldOnce) {
  Round(agencies_);
  CoordinatorLog other(Keys(), "other", coordinator_.key());
  other.log().Append(3);
  const std::string note = other.signer()->Sign()->Text();
  WitnessDesk* desk = witnesses_.at("police").desk();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(desk->Add({3, {}, note})->outcome, Outcome::kSplitView);
  }
  EXPECT_EQ(desk->TakeEntries().size(), 2u);  // and what it cosigned
  // Not even by many different ones is a ledger filled.
  for (int i = 0; i < 50; ++i) {
    other.log().Append(1);
    desk->Add({3, {}, other.signer()->Sign()->Text()}).IgnoreError();
  }
  EXPECT_LE(desk->TakeEntries().size(), 16u);
}

}  // namespace
}  // namespace cairn
