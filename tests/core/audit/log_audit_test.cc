#include "core/audit/log_audit.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/audited_log.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kLoss = absl::StatusCode::kDataLoss;

class LogAuditTest : public ::testing::Test {
 protected:
  LogAuditTest() {
    for (int i = 0; i < 100; ++i) log_.AddAnswered(absl::StrCat("q", i));
    log_.Publish();
  }
  AuditKeys KeysWithKept(uint64_t size) {
    AuditKeys keys = log_.Keys();
    TreeFrontier tree;
    for (uint64_t i = 0; i < size; ++i) tree.Append(LeafHash(log_.lines[i]));
    keys.kept.push_back(
        {"kept.txt",
         SignCheckpoint({ExampleLog::kOrigin, size, tree.Root()}, log_.log_key)
             ->Text()});
    return keys;
  }
  void Fails(const AuditKeys& keys, const std::string& why) {
    const LogAudit audit = log_.Audit(keys);
    EXPECT_THAT(audit.flaw, StatusIs(kLoss, HasSubstr(why)));
    EXPECT_THAT(audit.Text(), HasSubstr("FAIL"));
    EXPECT_THAT(audit.Text(), HasSubstr("does NOT hold"));
  }

  AuditedLog log_;
};

TEST_F(LogAuditTest, AnHonestLogHoldsAndAllThatWasCheckedIsSaid) {
  const LogAudit audit = log_.Audit(KeysWithKept(150));
  EXPECT_TRUE(audit.flaw.ok()) << audit.flaw;
  EXPECT_EQ(audit.size, 300u);
  EXPECT_THAT(audit.Text(),
              AllOf(HasSubstr("300 entries"), HasSubstr("0 to 299"),
                    HasSubstr("kept.txt, of 150 entries"),
                    HasSubstr("by cairn.example.org/vru/council at 2026-"),
                    HasSubstr("The ledger holds."), Not(HasSubstr("FAIL"))));
}

TEST_F(LogAuditTest, WhatNobodyGaveAKeyForIsSaidToBeUnchecked) {
  const LogAudit audit = log_.Audit(AuditKeys());
  EXPECT_TRUE(audit.flaw.ok()) << audit.flaw;
  int unchecked = 0;
  for (const AuditFinding& finding : audit.findings) {
    unchecked += finding.verdict == AuditFinding::Verdict::kNotChecked;
  }
  EXPECT_EQ(unchecked, 3);  // signature, cosignature, kept
  EXPECT_THAT(audit.Text(), HasSubstr("3 things were not checked"));
}

// How far others have seen a log whose newest checkpoint nobody has cosigned.
class WitnessedTest : public LogAuditTest {
 protected:
  WitnessedTest() { log_.Uncosign(); }
  void Find(uint64_t size, const std::vector<const SigningKey*>& witnesses) {
    log_.cosigned.push_back({absl::StrCat("cosigned/", size, ".txt"),
                             log_.Earlier(size, witnesses).Text()});
  }
  AuditKeys BothWitnesses() {
    AuditKeys keys = log_.Keys();
    keys.witnesses.push_back(other_.verifier());
    return keys;
  }
  // Findings about cosignatures, each with its verdict.
  std::vector<std::string> Said(const AuditKeys& keys) {
    std::vector<std::string> said;
    for (const AuditFinding& finding : log_.Audit(keys).findings) {
      if (finding.what != "cosignature") continue;
      said.push_back(absl::StrCat(
          finding.verdict == AuditFinding::Verdict::kHolds   ? "ok "
          : finding.verdict == AuditFinding::Verdict::kFails ? "FAIL "
                                                             : "- ",
          finding.words));
    }
    return said;
  }

  const SigningKey other_ =
      *SigningKey::Generate("cairn.example.org/vru/fire", KeyRole::kWitness);
};

TEST_F(WitnessedTest, EachWitnesssReachIsSaidAndWhatIsBeyondIsNamed) {
  Find(100, {&log_.witness_key, &other_});
  Find(250, {&other_});
  Find(180, {&log_.witness_key});
  EXPECT_EQ(
      Said(BothWitnesses()),
      (std::vector<std::string>{
          "ok by cairn.example.org/vru/council at 2026-11-21 22:03:00, over "
          "the first 180 entries (cosigned/180.txt)",
          "ok by cairn.example.org/vru/fire at 2026-11-21 22:04:10, over the "
          "first 250 entries (cosigned/250.txt)",
          "- nobody has cosigned what came after: entries 250 to 299 are not "
          "yet witnessed"}));
  EXPECT_TRUE(log_.Audit(BothWitnesses()).flaw.ok());
}

TEST_F(WitnessedTest, WhatIsSeenToTheLastEntryLeavesNothingOpen) {
  Find(300, {&other_});
  const std::vector<std::string> said = Said(BothWitnesses());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("over all 300 entries"));
  log_.cosigned.clear();
  Find(299, {&other_});
  EXPECT_THAT(Said(BothWitnesses()).at(1),
              HasSubstr("entry 299 is not yet witnessed"));
}

TEST_F(WitnessedTest, WithoutAnyAllEntriesAreNamed) {
  EXPECT_EQ(Said(BothWitnesses()),
            (std::vector<std::string>{"- nobody has cosigned this checkpoint: "
                                      "entries 0 to 299 are not yet "
                                      "witnessed"}));
}

// The folder is the owner's own: he can put anything there.
TEST_F(WitnessedTest, NothingCountsThatNoGivenKeyHasSigned) {
  const SigningKey impostor =
      *SigningKey::Generate("cairn.example.org/vru/fire", KeyRole::kWitness);
  Find(200, {&impostor});
  Find(210, {});
  const std::vector<std::string> said = Said(BothWitnesses());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], AllOf(HasSubstr("entries 0 to 299"),
                             HasSubstr("no key for them was given")));
}

TEST_F(WitnessedTest, ACosignedCheckpointOfAnotherHistoryIsAFlaw) {
  const std::string kept = log_.lines[50];
  log_.lines[50] = log_.lines[51];
  Find(200, {&other_});
  log_.lines[50] = kept;
  Fails(BothWitnesses(), "the entries 0 to 199 are not those");
}

TEST_F(WitnessedTest, AFileThatIsNoCheckpointOrOfAnotherLogIsAFlaw) {
  log_.cosigned.push_back({"cosigned/7.txt", "nothing of the kind"});
  EXPECT_THAT(Said(BothWitnesses()).at(0),
              ::testing::StartsWith("FAIL cosigned/7.txt: "));
  Fails(BothWitnesses(), "cosigned/7.txt");
  log_.cosigned.clear();
  Find(200, {&other_});
  // One bit of the witness's signature.
  std::string& note = log_.cosigned[0].note;
  note[note.size() - 20] = note[note.size() - 20] == 'A' ? 'B' : 'A';
  Fails(BothWitnesses(), "cosigned/200.txt");
}

// In four parts, so that none takes long with sanitizers.
class EachByteTest : public LogAuditTest,
                     public ::testing::WithParamInterface<size_t> {};
INSTANTIATE_TEST_SUITE_P(Quarter, EachByteTest,
                         ::testing::Values(0u, 1u, 2u, 3u));

TEST_P(EachByteTest, OfAnyFileCannotBeFlipped) {
  const AuditKeys keys = log_.Keys();
  uint64_t flipped = 0;
  for (auto& [path, bytes] : log_.files) {
    for (size_t at = GetParam(); at < bytes.size(); at += 4) {
      bytes[at] ^= static_cast<char>(1 << at / 4 % 8);
      ASSERT_FALSE(log_.Audit(keys).flaw.ok()) << path << " byte " << at;
      bytes[at] ^= static_cast<char>(1 << at / 4 % 8);
      ++flipped;
    }
  }
  EXPECT_GT(flipped, 7'500u);
  EXPECT_TRUE(log_.Audit(keys).flaw.ok());
}

TEST_F(LogAuditTest, NoFileCanBeCutDroppedOrSwapped) {
  const AuditKeys keys = log_.Keys();
  const auto honest = log_.files;
  for (const auto& [path, bytes] : honest) {
    for (const std::string& bad :
         {std::string(), bytes.substr(0, bytes.size() - 1), bytes + "x"}) {
      log_.files[path] = bad;
      EXPECT_FALSE(log_.Audit(keys).flaw.ok()) << path;
    }
    log_.files.erase(path);
    EXPECT_THAT(log_.Audit(keys).flaw, StatusIs(kLoss, AllOf(HasSubstr(path))));
    for (const auto& [other, other_bytes] : honest) {
      if (other_bytes == bytes) continue;
      log_.files[path] = other_bytes;
      EXPECT_FALSE(log_.Audit(keys).flaw.ok()) << path << " " << other;
    }
    log_.files[path] = bytes;
  }
}

// The owner with his keys makes all files anew: only what others kept can tell.
TEST_F(LogAuditTest, ALogMadeAnewIsSeenByTheKeptCheckpoint) {
  const AuditKeys keys = KeysWithKept(250);
  for (const size_t cut : {51u, 200u, 299u}) {
    AuditedLog shorter = log_;
    shorter.lines.resize(300 - cut);
    shorter.Publish();
    EXPECT_TRUE(shorter.Audit(log_.Keys()).flaw.ok());
    EXPECT_THAT(shorter.Audit(keys).flaw,
                StatusIs(kLoss, HasSubstr("were cut off")));
  }
  // Cut off after the kept checkpoint: nobody was shown those entries.
  AuditedLog later = log_;
  later.lines.resize(299);
  later.Publish();
  EXPECT_TRUE(later.Audit(keys).flaw.ok());
  AuditedLog other;
  for (int i = 0; i < 100; ++i) other.AddAnswered(absl::StrCat("r", i));
  other.log_key = log_.log_key;
  other.witness_key = log_.witness_key;
  other.Publish();
  EXPECT_TRUE(other.Audit(log_.Keys()).flaw.ok());
  EXPECT_THAT(other.Audit(keys).flaw,
              StatusIs(kLoss, HasSubstr("written anew")));
}

TEST_F(LogAuditTest, KeysDecide) {
  AuditKeys keys = log_.Keys();
  keys.witnesses = {
      SigningKey::Generate("cairn.example.org/vru/other", KeyRole::kWitness)
          ->verifier()};
  Fails(keys, "cairn.example.org/vru/council");
  keys = log_.Keys();
  keys.logs = {
      SigningKey::Generate(ExampleLog::kOrigin, KeyRole::kLog)->verifier()};
  Fails(keys, "");
  keys.logs = {
      SigningKey::Generate("cairn.example.org/x", KeyRole::kLog)->verifier()};
  Fails(keys, "this is the log cairn.example.org/vru/agent/police/2026");
  keys = log_.Keys();
  keys.kept = {{"other.txt", "not a note"}};
  Fails(keys, "other.txt");
}

TEST_F(LogAuditTest, AnAnswerThatWasNeverAdmittedIsAFlaw) {
  const uint64_t received = log_.Add({"query.received", "bad", {}});
  const uint64_t entry = log_.Add({"answer.released", "bad", {}});
  log_.Publish();
  Fails(log_.Keys(), absl::StrCat("entry ", entry, " is answer.released"));
  log_.lines.resize(received);
  log_.Add({"query.refused", "never asked", {}});
  log_.Publish();
  Fails(log_.Keys(), "never received before");
}

TEST_F(LogAuditTest, WhatIsNoLogIsSaidToBeNone) {
  log_.files.clear();
  Fails(log_.Keys(), "no file `checkpoint`");
  log_.files["checkpoint"] = "hello";
  Fails(log_.Keys(), "is not a checkpoint");
}

TEST(AddKeys, ReadsLinesAndAPartnershipsFileAndNamesABadOne) {
  const ExampleLog log(1);
  AuditKeys keys;
  ASSERT_TRUE(
      AddKeys(absl::StrCat("# police\n\n", log.log_key.verifier().Text(), "\n"),
              "a", &keys)
          .ok());
  ASSERT_TRUE(
      AddKeys(absl::StrCat("agency {\n  id: \"police\"\n  log: \"",
                           log.log_key.verifier().Text(), "\"\n  witness: \"",
                           log.witness_key.verifier().Text(), "\"\n}\n"),
              "b", &keys)
          .ok());
  EXPECT_EQ(keys.logs.size(), 2u);
  EXPECT_EQ(keys.witnesses.size(), 1u);
  EXPECT_THAT(
      AddKeys("# x\nkey\n", "c.txt", &keys),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("c.txt:2: ")));
}

}  // namespace
}  // namespace cairn
