// What a ledger, its signer, its witnesses and its readers refuse, and what
// they say: whatever is handed to them is somebody else's.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/shown_question.h"
#include "core/ledger/turn.h"
#include "core/ledger/verify_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/example_log.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Outcome = WitnessAnswer::Outcome;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr auto kInternal = absl::StatusCode::kInternal;

SigningKey LogKey(const std::string& name = "log") {
  return *SigningKey::Generate(name, KeyRole::kLog);
}
SigningKey WitnessKey(const std::string& name = "witness") {
  return *SigningKey::Generate(name, KeyRole::kWitness);
}

TEST(LedgerRefusals, NothingFollowsTheSeal) {
  LedgerInMemory log;
  log.Append(2);
  log.Append(SealedEntry(LogKey("next").verifier()));
  const auto refused = log.ledger()->Append({"query.received", "q", {}});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("sealed")));
  EXPECT_EQ(log.size(), 3u);
  EXPECT_THAT(log.ledger()->broken(), IsOk());
  // What is there can still be proved and signed.
  EXPECT_THAT(log.ledger()->Sign(LogKey()), IsOk());
  EXPECT_THAT(log.ledger()->Append({}, [] { return absl::OkStatus(); }),
              StatusIs(kInvalid, HasSubstr("no entry")));
}

TEST(LedgerRefusals, TheFirstFailureIsTheOneThatIsTold) {
  LedgerInMemory log;
  const absl::Status first =
      log.ledger()->Break("a checkpoint", absl::UnavailableError("EIO"));
  EXPECT_THAT(first, StatusIs(kInternal, AllOf(HasSubstr("a checkpoint"),
                                               HasSubstr("EIO"))));
  EXPECT_EQ(log.ledger()->Break("more", absl::AbortedError("ENOSPC")), first);
  EXPECT_EQ(log.ledger()->Sign(LogKey()).status(), first);
}

class SignerRefusalsTest : public ::testing::Test {
 protected:
  SignerRefusalsTest() { log_.Append(5); }
  absl::Status Create(const SigningKey& key) {
    return LogSigner::Create(key, log_.ledger(), &checkpoints_).status();
  }
  void Keep(const SigningKey& key, const Checkpoint& checkpoint) {
    checkpoints_.last["log"] = SignCheckpoint(checkpoint, key)->Text();
  }

  const SigningKey key_ = LogKey();
  LedgerInMemory log_;
  CheckpointsInMemory checkpoints_;
};

TEST_F(SignerRefusalsTest, ASignerGoesOnOnlyFromItsOwnLastCheckpoint) {
  EXPECT_THAT(Create(WitnessKey("log")),
              StatusIs(kInvalid, HasSubstr("not a log's")));
  EXPECT_THAT(Create(key_), IsOk());
  Keep(key_, {"log", 0, EmptyRoot()});
  EXPECT_THAT(Create(key_), IsOk());
  const TreeHead head = log_.ledger()->Head();
  Keep(key_, {"log", head.size, head.root});
  EXPECT_THAT(Create(key_), IsOk());
  Keep(key_, {"log", 6, std::string(32, 'x')});
  EXPECT_THAT(Create(key_), StatusIs(kLoss, AllOf(HasSubstr("5 entries"),
                                                  HasSubstr("of 6"))));
  for (const uint64_t size : {3u, 5u}) {
    Keep(key_, {"log", size, std::string(32, 'x')});
    EXPECT_THAT(Create(key_),
                StatusIs(kLoss, HasSubstr("are not those that a checkpoint")));
  }
  Keep(LogKey(), {"log", 3, std::string(32, 'x')});  // a stranger's
  EXPECT_FALSE(Create(key_).ok());
  checkpoints_.last["log"] = "junk";
  EXPECT_THAT(Create(key_), StatusIs(kInvalid));
}

TEST_F(SignerRefusalsTest, OfTwoProgramsOnOneLogOneSigns) {
  const auto one = *LogSigner::Create(key_, log_.ledger(), &checkpoints_);
  const auto other = *LogSigner::Create(key_, log_.ledger(), &checkpoints_);
  const auto first = one->Sign();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(other->Sign(),
              StatusIs(kInternal, HasSubstr("another program has signed")));
  EXPECT_EQ(checkpoints_.last["log"], first->Text());
}

TEST_F(SignerRefusalsTest, AReceiptIsSignedForWhereNoneCoversIt) {
  const auto signer = *LogSigner::Create(key_, log_.ledger(), &checkpoints_);
  for (const uint64_t index : {4u, 5u, 0u}) {
    if (index == 5u) log_.Append(1);
    const auto receipt = signer->Receipt(index);
    ASSERT_THAT(receipt, IsOk());
    EXPECT_THAT(VerifyTlogProof(log_.Line(index), *receipt, key_.verifier()),
                IsOk());
  }
  EXPECT_THAT(signer->Receipt(6), StatusIs(kInvalid));
  log_.ledger()->Break("x", absl::AbortedError("y")).IgnoreError();
  log_.Append(0);
  EXPECT_THAT(signer->Receipt(6), StatusIs(kInvalid));  // as it was signed
  checkpoints_.cosigned["2026-11-22"] = "junk";
  EXPECT_FALSE(signer->LastCosigned().ok());
}

TEST(WitnessedLogRefusals, AQuorumOfWhomNobodyAsksIsNoQuorum) {
  LedgerInMemory log;
  log.Append(1);
  CheckpointsInMemory checkpoints;
  const auto signer = *LogSigner::Create(LogKey(), log.ledger(), &checkpoints);
  const VerifierKey asked = WitnessKey("a").verifier();
  const VerifierKey counted = WitnessKey("b").verifier();
  EXPECT_THAT(WitnessedLog::Create(signer.get(), {{"a", asked}},
                                   *QuorumRule::Create({counted}), &log.clock),
              StatusIs(kInvalid, HasSubstr("'b', who is never asked")));
  const auto watched = *WitnessedLog::Create(
      signer.get(), {{"a", asked}}, *QuorumRule::Create({asked}), &log.clock);
  // Whoever is no witness is not asked; and nothing counts before a round.
  int sent = 0;
  const auto send = [&sent](const std::string&, const WitnessRequest&) {
    ++sent;
    return true;
  };
  WitnessAnswer answer;
  answer.outcome = Outcome::kCosigned;
  answer.signature_line = "junk";
  EXPECT_FALSE(watched->Take("a", answer)->cosigned);
  const Checkpoint other{"log", 1, EmptyRoot()};
  answer.signature_line =
      Cosign(other.Text(), WitnessKey("a"), absl::UnixEpoch())->Line();
  EXPECT_THAT(watched->Take("a", answer)->reason,
              HasSubstr("no checkpoint is to be cosigned"));
  ASSERT_THAT(watched->Again("a", send), IsOk());
  EXPECT_EQ(sent, 1);
  ASSERT_THAT(watched->Round({"stranger"}, send), IsOk());
  EXPECT_EQ(sent, 1);
  EXPECT_FALSE(watched->HasQuorum());
}

// A witness's memory in two files, such as after a turn of the year.
class SeenLogsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SeenLogs>> Create() {
    return SeenLogs::Create({key_.verifier()}, {&one_, &two_});
  }
  WitnessedState State(uint64_t size, char root) const {
    const std::string hash(32, root);
    return {size, hash, SignCheckpoint({"log", size, hash}, key_)->Text()};
  }

  const SigningKey key_ = LogKey();
  WitnessedInMemory one_, two_;
};

TEST_F(SeenLogsTest, TheLargestThatAFileHasIsRemembered) {
  for (const bool first_is_larger : {true, false}) {
    one_.kept["log"] = State(first_is_larger ? 9 : 5, 'a');
    two_.kept["log"] = State(first_is_larger ? 5 : 9, 'b');
    const auto seen = Create();
    ASSERT_THAT(seen, IsOk());
    EXPECT_EQ((*(*seen)->Load("log"))->size, 9u);
  }
  one_.kept["log"] = two_.kept["log"] = State(9, 'a');
  EXPECT_THAT(Create(), IsOk());
  two_.kept["log"] = State(9, 'b');
  EXPECT_THAT(Create(), StatusIs(kLoss, HasSubstr("two histories of log")));
}

TEST_F(SeenLogsTest, WhatIsNewerIsKeptInEachFileAndNobodyElsesIsOverwritten) {
  one_.kept["log"] = State(5, 'a');
  const auto seen = *Create();
  EXPECT_FALSE(seen->AllKept(&two_));
  ASSERT_THAT(two_.Keep(seen.get()), IsOk());
  EXPECT_TRUE(two_.kept.at("log").SameTree(State(5, 'a')));
  EXPECT_FALSE(*seen->CompareAndSwap("log", State(4, 'a'), State(6, 'a')));
  EXPECT_FALSE(*seen->CompareAndSwap("log", std::nullopt, State(6, 'a')));
  ASSERT_TRUE(*seen->CompareAndSwap("log", State(5, 'a'), State(6, 'a')));
  const auto lost = [](const std::string&, const auto&, const auto&) {
    return absl::StatusOr<bool>(false);
  };
  EXPECT_THAT(seen->Keep(&one_, lost),
              StatusIs(kInternal, HasSubstr("another program writes")));
  ASSERT_THAT(one_.Keep(seen.get()), IsOk());
  EXPECT_EQ(one_.kept.at("log").size, 6u);
  ASSERT_THAT(one_.Keep(seen.get()), IsOk());
  EXPECT_TRUE(seen->AllKept(&one_));
  EXPECT_FALSE(seen->AllKept(&two_));
}

TEST_F(SeenLogsTest, WhatIsNoCheckpointOfAKnownLogLeavesNoTrace) {
  LedgerInMemory::StandingClock clock;
  const auto desk =
      *WitnessDesk::Create(WitnessKey(), {key_.verifier()}, {&one_}, &clock);
  const std::string stranger =
      SignCheckpoint({"other", 3, std::string(32, 'x')}, LogKey("other"))
          ->Text();
  const Note no_checkpoint{"just\ntext\n", {}};
  for (const std::string& note :
       {std::string(), std::string("junk"), stranger, no_checkpoint.Text()}) {
    const auto answer = desk->Add({0, {}, note});
    ASSERT_THAT(answer, IsOk());
    EXPECT_NE(answer->outcome, Outcome::kCosigned);
    EXPECT_NE(desk->Follow({0, {}, note})->outcome, Outcome::kCosigned);
  }
  EXPECT_TRUE(desk->TakeEntries().empty());
  EXPECT_EQ(desk->Remembered("log"), "");
  EXPECT_EQ(desk->Remembered("other"), "");
}

// A question that a coordinator shows as logged.
class ShownQuestionTest : public ::testing::Test {
 protected:
  ShownQuestionTest() : log_({{"council", WitnessKey("council").verifier()}}) {}
  // What CheckLogged says of one entry of the coordinator's own log.
  absl::Status Look(const Entry& entry, const std::string& asker = "demo") {
    log_.log().Append(entry);
    const uint64_t index = log_.log().size() - 1;
    ShownEntry shown;
    shown.line = log_.log().Line(index);
    shown.proof = log_.signer()->Receipt(index)->Text();
    return CheckLogged(shown, {"q1", asker, "bytes", salt_},
                       log_.key().verifier())
        .status();
  }

  CoordinatorLog log_;
  const CoordinatorLog::Logged good_ = log_.Log("q1", "bytes");
  const std::string salt_ = good_.salt;
};

TEST_F(ShownQuestionTest, AnEntryOfTheLogThatSaysSomethingElseIsRefused) {
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(Look(good_.entry), IsOk());
  Entry entry = good_.entry;
  entry.type = "query.failed";
  EXPECT_THAT(Look(entry), StatusIs(kDenied, HasSubstr("another act")));
  entry = good_.entry;
  entry.query_id = "q2";
  EXPECT_THAT(Look(entry), StatusIs(kDenied, HasSubstr("another query id")));
  EXPECT_THAT(Look(good_.entry, "eve"),
              StatusIs(kDenied, HasSubstr("another asker")));
  for (const char* field : {"actor", "question_commit"}) {
    entry = good_.entry;
    entry.fields.erase(field);
    EXPECT_THAT(Look(entry), StatusIs(kDenied)) << field;
    entry.fields[field] = int64_t{7};
    EXPECT_THAT(Look(entry), StatusIs(kDenied)) << field;
  }
}

TEST_F(ShownQuestionTest, WhatIsNoEntryOrNoProofIsRefused) {
  ShownEntry good;
  good.line = log_.log().Line(good_.index);
  good.proof = log_.signer()->Receipt(good_.index)->Text();
  const AskedQuestion asked{"q1", "demo", "bytes", salt_};
  const VerifierKey& key = log_.key().verifier();
  EXPECT_THAT(CheckLogged(good, asked, key), IsOk());
  ShownEntry bad = good;
  bad.line = std::string(16 * 1024 + 1, 'x');
  EXPECT_THAT(CheckLogged(bad, asked, key),
              StatusIs(kInvalid, HasSubstr("16 KiB")));
  bad.line = "junk";
  EXPECT_FALSE(CheckLogged(bad, asked, key).ok());
  bad = good;
  bad.proof = "junk";
  EXPECT_FALSE(CheckLogged(bad, asked, key).ok());
}

TEST_F(ShownQuestionTest, AnEmptyLogVouchesForNothing) {
  const SigningKey witness = WitnessKey();
  QuorumCheck check(log_.key().verifier(),
                    *QuorumRule::Create({witness.verifier()}));
  const absl::Time now = absl::FromUnixSeconds(1'795'298'500);
  SignedCheckpoint empty = *SignCheckpoint(
      {log_.key().verifier().name(), 0, EmptyRoot()}, log_.key());
  empty.Put(*Cosign(empty.note().text, witness, now));
  ShownEntry shown;
  shown.cosigned = empty.Text();
  const Checkpoint newest = log_.signer()->Sign()->checkpoint();
  EXPECT_THAT(
      check.Check(shown, newest, now),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("empty log")));
  shown.cosigned = "junk";
  EXPECT_FALSE(check.Check(shown, newest, now).ok());
}

// The files of a log that somebody else keeps.
TEST(ForeignFiles, ATileThatIsMissingOrOfAnotherSizeIsNamed) {
  ExampleLog log(300);
  EXPECT_THAT(RootOfFirst(log, 300, 300), IsOk());
  for (const char* tile : {"tile/0/000", "tile/0/001.p/44"}) {
    const std::string bytes = log.files.at(tile);
    for (const std::string& other :
         {bytes + "x", bytes.substr(1), std::string()}) {
      log.files[tile] = other;
      EXPECT_THAT(RootOfFirst(log, 300, 300), StatusIs(kLoss, HasSubstr(tile)));
    }
    log.files.erase(tile);
    EXPECT_THAT(RootOfFirst(log, 300, 300),
                StatusIs(absl::StatusCode::kNotFound));
    log.files[tile] = bytes;
  }
  const LogOpening opening{
      LogKey().verifier(), {ExampleLog::kOrigin, 300, LeafHash("r")}, "", {}};
  log.files["checkpoint"] = "junk";
  EXPECT_THAT(CheckJoin(opening, log), StatusIs(kLoss));
}

TEST(ForeignFiles, AnOpeningWithoutAllItsPartsIsRefused) {
  const LogOpening whole{LogKey().verifier(),
                         {"before", 3, LeafHash("r")},
                         "restored_backup",
                         Checkpoint{"before", 4, LeafHash("s")}};
  ASSERT_THAT(ReadOpening(whole.ToEntry()), IsOk());
  Entry entry = whole.ToEntry();
  entry.fields["after_size"] = int64_t{-1};
  EXPECT_THAT(ReadOpening(entry), StatusIs(kInvalid, HasSubstr("after_size")));
  entry = whole.ToEntry();
  entry.fields["log"] = WitnessKey().verifier().Text();
  EXPECT_THAT(ReadOpening(entry), StatusIs(kInvalid, HasSubstr("log")));
  for (const char* field : {"witnessed_size", "witnessed_root"}) {
    entry = whole.ToEntry();
    entry.fields.erase(field);
    EXPECT_THAT(ReadOpening(entry), StatusIs(kInvalid, HasSubstr(field)));
  }
  EXPECT_FALSE(ReadOpeningLine("junk").ok());
  // Given up, and no witness had seen anything of it.
  LogOpening unseen = whole;
  unseen.witnessed.reset();
  const auto read = ReadOpening(unseen.ToEntry());
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ((*read)->reason, "restored_backup");
  EXPECT_FALSE((*read)->witnessed.has_value());
}

TEST(ForeignFiles, ANameThatIsNoEditionHasNoYear) {
  const LogOwner coordinator{"example.org", "vru", ""};
  for (const char* name : {"", "log", "vru/agent/police/witness", "vru/26",
                           "vru/2026-r1", "vru/2026-r12345", "vru/2026-x2"}) {
    EXPECT_EQ(YearOf(name), 0) << name;
    EXPECT_FALSE(IsLaterEdition(name, coordinator.Origin(2026))) << name;
    EXPECT_TRUE(IsLaterEdition(coordinator.Origin(2026), name)) << name;
    EXPECT_FALSE(NextRestart(coordinator, name).ok()) << name;
  }
  EXPECT_THAT(coordinator.CheckOrigin("cairn.example.org/vru/agent/a/2026"),
              StatusIs(kInvalid, HasSubstr("a log of the coordinator")));
  EXPECT_EQ(*NextRestart(coordinator, coordinator.Origin(2026, 9998)),
            coordinator.Origin(2026, 9999));
  EXPECT_FALSE(NextRestart(coordinator, coordinator.Origin(2026, 9999)).ok());
}

}  // namespace
}  // namespace cairn
