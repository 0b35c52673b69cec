#include "core/keeping/turn_log.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/keeping/recovery.h"
#include "core/keeping/sealed_logs.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/verify_log.h"
#include "core/store/sqlite_checkpoint_store.h"
#include "core/store/sqlite_commitment_store.h"
#include "core/store/sqlite_ledger_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr TurnStep kSteps[] = {TurnStep::kSealed, TurnStep::kWritten,
                               TurnStep::kInPlace, TurnStep::kBegun,
                               TurnStep::kKeyed};

absl::Time Day(int year, int month) {
  return absl::FromCivil(absl::CivilDay(year, month, 2), absl::UTCTimeZone());
}

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = Day(2026, 11);
};

// A node's ledger, opened: what a process has, and loses when it is killed.
struct Opened {
  std::unique_ptr<Database> database;
  std::unique_ptr<SqliteLedgerStore> store;
  std::unique_ptr<SqliteCommitmentStore> commitments;
  std::unique_ptr<Ledger> ledger;
  LedgerParts parts;
};

class TurnLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/turn_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    catalogue_.partnership = "vru";
    catalogue_.domain = "example.org";
    node_.owner = OwnerIn(catalogue_, "police");
    node_.catalogue = &catalogue_;
    node_.state_dir = folder_ + "/state";
    node_.database = node_.state_dir + "/agent.db";
    std::filesystem::create_directory(node_.state_dir);
    ASSERT_THAT(ReadOrMakeNodeSecrets(node_.state_dir, node_.owner, clock_.now),
                IsOk());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Opened Open() {
    Opened opened;
    opened.database = *Database::Open(node_.database, Database::Mode::kDurable);
    opened.store = *SqliteLedgerStore::Create(opened.database.get());
    opened.commitments = *SqliteCommitmentStore::Create(opened.database.get());
    opened.ledger = *Ledger::Open(opened.store.get(), &clock_);
    opened.parts.database = opened.database.get();
    opened.parts.ledger = opened.ledger.get();
    opened.parts.end_open = [] { return absl::OkStatus(); };
    opened.parts.in_commit = [](const SignedCheckpoint*, Entry*) {
      return absl::OkStatus();
    };
    return opened;
  }

  // Entries of a year, with what opens the commitment of each, all signed.
  void Fill(int entries) {
    Opened opened = Open();
    for (int i = 0; i < entries; ++i) {
      Entry entry{"operator.action", "", {}};
      entry.fields["command"] = absl::StrCat("act ", i);
      ASSERT_THAT(opened.ledger->Append(
                      {entry}, Ledger::SameCommit([&](const Receipt& r) {
                        return opened.commitments->Write(
                            r.index, std::string(32, 's'),
                            absl::StrCat("question ", i));
                      })),
                  IsOk());
    }
    const auto checkpoints =
        *SqliteCheckpointStore::Open(CheckpointPath(node_.state_dir));
    const auto signer =
        *LogSigner::Create(ReadNodeSecrets(node_.state_dir, node_.owner)->log,
                           opened.ledger.get(), checkpoints.get());
    ASSERT_THAT(signer->Sign(), IsOk());
  }

  absl::StatusOr<bool> Start(const AtStep& at_step = nullptr) {
    const Opened opened = Open();
    CAIRN_RETURN_IF_ERROR(SettleLogKey(node_, *opened.ledger));
    return TurnLogIfDue(node_, opened.parts, clock_.now, at_step);
  }

  std::vector<std::string> Lines() {
    const Opened opened = Open();
    std::vector<std::string> lines;
    for (uint64_t i = 0; i < opened.ledger->size(); ++i) {
      lines.push_back(*opened.ledger->Line(i));
    }
    return lines;
  }

  void MakeNext(int year) {
    ASSERT_THAT(
        MakeNextLogKey(node_.state_dir, node_.owner, node_.owner.Origin(year)),
        IsOk());
  }

  // Everything that has to be so once the turn is done.
  void ExpectTurned(const VerifierKey& old, const VerifierKey& next,
                    const std::vector<std::string>& before) {
    const LogFolder folder(SealedFolder(node_.state_dir) + "/2026");
    std::vector<std::string> types;
    const auto verified =
        VerifyLog(folder, {old, {}, {}}, [&](const ParsedEntry& entry) {
          if (entry.index < before.size()) {
            EXPECT_EQ(EntryLine(entry.entry, entry.index, entry.time_ms),
                      before[entry.index]);
          } else {
            types.push_back(entry.entry.type);
          }
          return absl::OkStatus();
        });
    ASSERT_THAT(verified, IsOk());
    EXPECT_EQ(types, (std::vector<std::string>{"key.rotated", "log.sealed"}));
    const std::vector<std::string> lines = Lines();
    ASSERT_EQ(lines.size(), 1u);
    const auto opening = ReadOpeningLine(lines[0]);
    ASSERT_THAT(opening, IsOk());
    ASSERT_TRUE(opening->has_value());
    EXPECT_EQ((*opening)->log.Text(), next.Text());
    EXPECT_EQ((*opening)->after.Text(),
              verified->checkpoint.checkpoint().Text());
    const auto secrets = ReadNodeSecrets(node_.state_dir, node_.owner);
    ASSERT_THAT(secrets, IsOk());
    EXPECT_EQ(secrets->log.verifier().Text(), next.Text());
    EXPECT_FALSE(secrets->next.has_value());
    // What opens the old log's commitments, each once.
    const Opened opened = Open();
    auto select = *opened.database->Prepare(
        "SELECT log, seq, bytes FROM sealed_opening ORDER BY seq");
    for (size_t i = 0; i < before.size(); ++i) {
      ASSERT_TRUE(*select.Step());
      EXPECT_EQ(select.Text(0), old.name());
      EXPECT_EQ(select.Int(1), static_cast<int64_t>(i));
      EXPECT_EQ(select.Blob(2), absl::StrCat("question ", i));
    }
    EXPECT_FALSE(*select.Step());
    EXPECT_FALSE(opened.commitments->Find(0)->has_value());
  }

  SetClock clock_;
  Catalogue catalogue_;
  KeptNode node_;
  std::string folder_;
};

TEST_F(TurnLogTest, KilledAfterAnyStepTheNextStartFinishesIt) {
  Fill(300);
  MakeNext(2027);
  const std::vector<std::string> before = Lines();
  const auto secrets = *ReadNodeSecrets(node_.state_dir, node_.owner);
  clock_.now = Day(2027, 1);
  const std::string kept = folder_ + "/kept";
  std::filesystem::copy(node_.state_dir, kept,
                        std::filesystem::copy_options::recursive);
  // And killed twice, at any two steps.
  for (const TurnStep first : kSteps) {
    for (const TurnStep second : kSteps) {
      std::filesystem::remove_all(node_.state_dir);
      std::filesystem::copy(kept, node_.state_dir,
                            std::filesystem::copy_options::recursive);
      for (const TurnStep kill : {first, second}) {
        const auto cut = Start([kill](TurnStep step) {
          return step == kill ? absl::AbortedError("killed") : absl::OkStatus();
        });
        EXPECT_TRUE(cut.ok() || absl::IsAborted(cut.status())) << cut.status();
      }
      ASSERT_THAT(Start(), IsOk());
      ExpectTurned(secrets.log.verifier(), secrets.next->verifier(), before);
    }
  }
}

TEST_F(TurnLogTest, WithoutAKeyOrBeforeTheYearTheOldLogGoesOn) {
  Fill(3);
  const std::vector<std::string> before = Lines();
  EXPECT_FALSE(*Start());
  clock_.now = Day(2027, 1);
  EXPECT_FALSE(*Start());  // no key
  clock_.now = Day(2026, 12);
  MakeNext(2027);
  EXPECT_FALSE(*Start());  // not yet
  // A key for another log of the same year is for a recovery, not for a turn.
  ASSERT_THAT(
      MakeNextLogKey(node_.state_dir, node_.owner, node_.owner.Origin(2026, 2)),
      IsOk());
  clock_.now = Day(2027, 1);
  EXPECT_FALSE(*Start());
  EXPECT_EQ(Lines(), before);
}

TEST_F(TurnLogTest, ALogThatPartnersDoNotKnowIsNotBegun) {
  Fill(3);
  const auto write = [&] {
    std::string text;
    const LogOwner coordinator = OwnerIn(catalogue_, "");
    const std::string dir = folder_ + "/coordinator";
    std::filesystem::create_directory(dir);
    text = LedgerKeysText(coordinator, PublicHalves(*ReadOrMakeNodeSecrets(
                                           dir, coordinator, Day(2026, 1))));
    text += LedgerKeysText(node_.owner, PublicHalves(*ReadNodeSecrets(
                                            node_.state_dir, node_.owner)));
    std::ofstream(node_.ledger_keys) << text;
  };
  node_.ledger_keys = folder_ + "/ledger-keys.textproto";
  write();
  MakeNext(2027);
  clock_.now = Day(2027, 1);
  EXPECT_FALSE(*Start());
  EXPECT_EQ(Lines().size(), 3u);
  write();
  EXPECT_TRUE(*Start());
}

// Between the seal and the next start another command may open the ledger.
TEST_F(TurnLogTest, NothingIsAddedToASealedLog) {
  Fill(2);
  MakeNext(2027);
  clock_.now = Day(2027, 1);
  EXPECT_FALSE(
      Start([](TurnStep) { return absl::AbortedError("killed"); }).ok());
  {
    const Opened opened = Open();
    ASSERT_EQ(opened.ledger->size(), 4u);
    EXPECT_EQ(opened.ledger->Append({"node.started", "", {}}).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(opened.ledger->size(), 4u);
  }
  EXPECT_TRUE(*Start());
  const Opened opened = Open();
  EXPECT_THAT(opened.ledger->Append({"node.started", "", {}}), IsOk());
}

TEST_F(TurnLogTest, ARolledBackLogIsNotSealed) {
  Fill(5);
  const std::string older = folder_ + "/older.db";
  std::filesystem::copy_file(node_.database, older);
  Fill(5);
  std::filesystem::remove(node_.database);
  std::filesystem::copy_file(older, node_.database);
  MakeNext(2027);
  clock_.now = Day(2027, 1);
  const auto turned = Start();
  EXPECT_EQ(turned.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Lines().size(), 5u);
}

TEST_F(TurnLogTest, TimeDoesNotGoBackOverTheTurn) {
  clock_.now = Day(2027, 3);  // set wrong, and set right below
  Fill(2);
  MakeNext(2028);
  clock_.now = Day(2028, 1);
  Fill(1);
  clock_.now = Day(2028, 1) - absl::Hours(1);
  ASSERT_TRUE(*Start());
  const auto first = ParseEntry(Lines()[0]);
  ASSERT_THAT(first, IsOk());
  EXPECT_GE(first->time_ms, absl::ToUnixMillis(Day(2028, 1)));
}

TEST_F(TurnLogTest, ASealedLogIsKeptForItsYearsAndItsCheckpointForGood) {
  Fill(4);
  MakeNext(2027);
  clock_.now = Day(2027, 1);
  ASSERT_TRUE(*Start());
  const std::string folder = SealedFolder(node_.state_dir) + "/2026";
  const std::string note = *LogFolder(folder).Read("checkpoint");
  node_.ledger_years = 1;
  {
    const Opened opened = Open();
    for (const char* name : {"2025", "../2026", ".new-2026", ""}) {
      EXPECT_EQ(ForgetSealed(node_, opened.parts, name, Day(2040, 1)).code(),
                absl::StatusCode::kNotFound)
          << name;
    }
    EXPECT_THAT(ForgetSealed(node_, opened.parts, "2026",
                             Day(2028, 1) - absl::Seconds(1))
                    .message(),
                HasSubstr("is kept for 1 years"));
    EXPECT_EQ(opened.ledger->size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(folder + "/checkpoint"));
    ASSERT_THAT(ForgetSealed(node_, opened.parts, "2026", Day(2028, 1)),
                IsOk());
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_EQ(*LogFolder(SealedFolder(node_.state_dir)).Read("2026.checkpoint"),
            note);
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("\"type\":\"operator.action\""));
  EXPECT_THAT(lines[1], HasSubstr("log forget"));
  const auto listed = ListSealed(node_);
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_TRUE((*listed)[0].forgotten);
  const Opened opened = Open();
  auto select =
      *opened.database->Prepare("SELECT count(*) FROM sealed_opening");
  ASSERT_TRUE(*select.Step());
  EXPECT_EQ(select.Int(0), 0);
}

// Recovery.

class RecoveryTest : public TurnLogTest {
 protected:
  void SetUp() override {
    TurnLogTest::SetUp();
    trust_.partnership = "vru";
    trust_.authority = authority_.public_key();
    // The ledger of five, while ten were signed for.
    Fill(5);
    const std::string older = folder_ + "/older.db";
    std::filesystem::copy_file(node_.database, older);
    Fill(5);
    std::filesystem::remove(node_.database);
    std::filesystem::copy_file(older, node_.database);
  }
  std::string Certificate(const std::string& id, const SecretKey& key,
                          Role role) {
    return *CertifyPerson(authority_, {"vru",
                                       id,
                                       "police",
                                       {role},
                                       key.public_key(),
                                       Day(2026, 1),
                                       Day(2026, 12)});
  }
  std::string Prepare() {
    const Opened opened = Open();
    const auto statement =
        PrepareRecovery(node_, *opened.ledger, "restored_backup", clock_.now);
    EXPECT_THAT(statement, IsOk());
    return statement->Text() + "\n";
  }
  std::string SignedBy(std::string file, const std::string& id,
                       const SecretKey& key, Role role = Role::kOperator) {
    return *AddRecoverySignature("file", file, key, Certificate(id, key, role));
  }
  absl::StatusOr<SignedRecovery> Check(const std::string& file) {
    return CheckRecovery("file", file, trust_, clock_.now);
  }

  SecretKey authority_ = SecretKey::Generate();
  SecretKey one_ = SecretKey::Generate(), two_ = SecretKey::Generate();
  PeopleTrust trust_;
};

TEST_F(RecoveryTest, TakesTwoDifferentPersonsWhoMay) {
  const std::string text = Prepare();
  const std::string first = SignedBy(text, "p-1", one_);
  EXPECT_FALSE(Check(text).ok());
  EXPECT_THAT(Check(first).status().message(), HasSubstr("by two"));
  // One person with two keys, one key with two names, one who may not.
  EXPECT_FALSE(Check(SignedBy(first, "p-1", two_)).ok());
  EXPECT_FALSE(AddRecoverySignature("file", first, one_,
                                    Certificate("p-2", one_, Role::kOperator))
                   .ok());
  EXPECT_FALSE(Check(SignedBy(first, "p-2", two_, Role::kAnalyst)).ok());
  const auto checked = Check(SignedBy(first, "p-2", two_, Role::kSteward));
  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(checked->signers, (std::vector<std::string>{"p-1", "p-2"}));
  // By another authority.
  trust_.authority = SecretKey::Generate().public_key();
  EXPECT_FALSE(Check(SignedBy(first, "p-2", two_)).ok());
}

TEST_F(RecoveryTest, IsAboutTheLedgerAsItIsAndLeavesItAsItWas) {
  const std::vector<std::string> before = Lines();
  ASSERT_EQ(before.size(), 5u);
  const std::string file =
      SignedBy(SignedBy(Prepare(), "p-1", one_), "p-2", two_);
  const auto recovery = Check(file);
  ASSERT_THAT(recovery, IsOk());
  EXPECT_EQ(recovery->statement.seen.size, 10u);
  const auto next = *VerifierKey::Parse(recovery->statement.next);
  EXPECT_EQ(next.name(), node_.owner.Origin(2026, 2));
  {
    // An entry more, and the statement is about another ledger.
    std::filesystem::copy_file(node_.database, folder_ + "/aside.db");
    const Opened opened = Open();
    ASSERT_THAT(opened.ledger->Append({"node.started", "", {}}), IsOk());
    EXPECT_EQ(Recover(node_, opened.parts, *recovery, file, clock_.now).code(),
              absl::StatusCode::kFailedPrecondition);
  }
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(node_.database + end);
  }
  std::filesystem::copy_file(folder_ + "/aside.db", node_.database);
  for (const TurnStep kill :
       {TurnStep::kWritten, TurnStep::kInPlace, TurnStep::kBegun}) {
    const Opened opened = Open();
    EXPECT_EQ(opened.ledger->size(), 5u);
    EXPECT_TRUE(absl::IsAborted(Recover(
        node_, opened.parts, *recovery, file, clock_.now,
        [kill](TurnStep step) {
          return step == kill ? absl::AbortedError("killed") : absl::OkStatus();
        })));
  }
  {
    const Opened opened = Open();
    ASSERT_THAT(SettleLogKey(node_, *opened.ledger), IsOk());
  }
  const LogFolder folder(SealedFolder(node_.state_dir) + "/2026");
  const auto note = folder.Read("checkpoint");
  ASSERT_THAT(note, IsOk());
  const auto whole = PeekCheckpoint(*note);
  ASSERT_THAT(whole, IsOk());
  std::vector<std::string> sealed;
  ASSERT_THAT(VerifyLogFiles(folder, *whole, {},
                             [&](const ParsedEntry& entry) {
                               sealed.push_back(EntryLine(
                                   entry.entry, entry.index, entry.time_ms));
                               return absl::OkStatus();
                             }),
              IsOk());
  EXPECT_EQ(sealed, before);
  EXPECT_EQ(*folder.Read("recovery.dsse"), file);
  const auto opening = ReadOpeningLine(Lines()[0]);
  ASSERT_THAT(opening, IsOk());
  ASSERT_TRUE(opening->has_value());
  EXPECT_EQ((*opening)->after.Text(), whole->Text());
  EXPECT_EQ((*opening)->reason, "restored_backup");
  EXPECT_EQ((*opening)->witnessed->size, 10u);
  EXPECT_EQ(
      ReadNodeSecrets(node_.state_dir, node_.owner)->log.verifier().Text(),
      next.Text());
}

// A note from before a newer backup was put back is no reason any more.
TEST_F(RecoveryTest, WhatWasSeenCountsOnlyIfTheLogDoesNotHaveIt) {
  const auto checkpoints =
      *SqliteCheckpointStore::Open(CheckpointPath(node_.state_dir));
  const std::string origin = node_.owner.Origin(2026);
  const std::string ten = **checkpoints->Last(origin);
  const SigningKey key = ReadNodeSecrets(node_.state_dir, node_.owner)->log;
  std::filesystem::remove(CheckpointPath(node_.state_dir));
  const Opened opened = Open();
  const auto prepared = [&](const std::string& note) {
    EXPECT_THAT(KeepSeen(node_.state_dir, note), IsOk());
    return PrepareRecovery(node_, *opened.ledger, "other", clock_.now).ok();
  };
  EXPECT_TRUE(prepared(ten));
  TreeFrontier tree;
  for (uint64_t i = 0; i < 3; ++i) {
    tree.Append(LeafHash(*opened.ledger->Line(i)));
  }
  EXPECT_FALSE(prepared(SignCheckpoint({origin, 3, tree.Root()}, key)->Text()));
  EXPECT_TRUE(
      prepared(SignCheckpoint({origin, 3, LeafHash("other")}, key)->Text()));
}

TEST_F(RecoveryTest, ASoundLogIsNotGivenUp) {
  std::filesystem::remove(CheckpointPath(node_.state_dir));
  const Opened opened = Open();
  EXPECT_EQ(PrepareRecovery(node_, *opened.ledger, "other", clock_.now)
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PrepareRecovery(node_, *opened.ledger, "because", clock_.now)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cairn
