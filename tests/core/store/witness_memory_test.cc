#include "core/store/witness_memory.h"

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/store/sqlite_ledger_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Outcome = WitnessAnswer::Outcome;

// A log whose only history is `leaves`, or another one that begins alike.
const ReferenceTree::Leaves kHonest = {"a", "b", "c"};
const ReferenceTree::Leaves kOther = {"a", "b", "x"};

class WitnessMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/memory_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    OpenLedger();
    ASSERT_THAT(Start(), IsOk());
  }
  void TearDown() override {
    Stop();
    fs::remove_all(folder_);
  }

  void OpenLedger() {
    database_ =
        *Database::Open(folder_ + "/agent.db", Database::Mode::kDurable);
    ledger_store_ = *SqliteLedgerStore::Create(database_.get());
    ledger_ = *Ledger::Open(ledger_store_.get(), &clock_);
  }
  void Stop() {
    seen_.reset();
    memory_.reset();
    ledger_.reset();
    ledger_store_.reset();
    database_.reset();
  }
  absl::Status Start() {
    auto memory = WitnessMemory::Open(folder_, database_.get());
    if (!memory.ok()) return memory.status();
    memory_ = *std::move(memory);
    auto seen = SeenLogs::Create({log_.verifier()}, memory_->stores());
    if (!seen.ok()) return seen.status();
    seen_ = *std::move(seen);
    return absl::OkStatus();
  }
  absl::Status Restart() {
    Stop();
    OpenLedger();
    return Start();
  }
  // While nothing is open.
  void Copy(const std::string& from, const std::string& to) {
    fs::copy_file(folder_ + "/" + from, folder_ + "/" + to,
                  fs::copy_options::overwrite_existing);
  }

  WitnessRequest Shown(uint64_t from, const ReferenceTree::Leaves& leaves) {
    return {from,
            {},
            SignCheckpoint({"log", leaves.size(), ReferenceTree::Root(leaves)},
                           log_)
                ->Text()};
  }
  Outcome Cosign(uint64_t from, const ReferenceTree::Leaves& leaves) {
    return Witness::Create(key_, {log_.verifier()}, seen_.get(), &clock_)
        .value()
        ->Add(Shown(from, leaves))
        ->outcome;
  }
  // As the commit of a question: durable beside the ledger.
  absl::Status KeepWithAnEntry() {
    return ledger_
        ->Append({Entry{"operator.action", "", {}}},
                 [this] { return memory_->KeepInCommit(seen_.get()); })
        .status();
  }
  uint64_t Remembered() { return (*seen_->Load("log"))->size; }

  const SystemClock clock_;
  const SigningKey log_ = *SigningKey::Generate("log", KeyRole::kLog);
  const SigningKey key_ = *SigningKey::Generate("w", KeyRole::kWitness);
  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteLedgerStore> ledger_store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WitnessMemory> memory_;
  std::unique_ptr<SeenLogs> seen_;
};

TEST_F(WitnessMemoryTest, AnOlderLedgerTakesBackNothingThatWasCosigned) {
  ASSERT_THAT(Restart(), IsOk());
  Stop();
  Copy("agent.db", "older");
  OpenLedger();
  ASSERT_THAT(Start(), IsOk());
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(memory_->Keep(seen_.get(), ledger_.get()), IsOk());
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  Stop();
  Copy("older", "agent.db");
  OpenLedger();
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Remembered(), 3u);
  EXPECT_EQ(Cosign(3, kOther), Outcome::kSplitView);
  EXPECT_EQ(Cosign(0, kOther), Outcome::kWrongSize);
}

TEST_F(WitnessMemoryTest, AnOlderWitnessFileTakesBackNothingThatAQuestionHad) {
  Stop();
  Copy("witness.db", "older");
  OpenLedger();
  ASSERT_THAT(Start(), IsOk());
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  ASSERT_THAT(memory_->Keep(seen_.get(), ledger_.get()), IsOk());
  Stop();
  Copy("older", "witness.db");
  OpenLedger();
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Cosign(3, kOther), Outcome::kSplitView);
}

// The commit of a question, twice so that it is known to be there, spares no
// cosignature its own.
TEST_F(WitnessMemoryTest,
       WhatStandsBesideTheLedgerIsStillWrittenForTheWitness) {
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  ASSERT_TRUE(seen_->AllKept(memory_->stores()[1]));
  EXPECT_FALSE(seen_->AllKept(memory_->stores()[0]));
  ASSERT_THAT(memory_->Keep(seen_.get(), ledger_.get()), IsOk());
  const auto kept = memory_->stores()[0]->Load("log");
  ASSERT_THAT(kept, IsOk());
  ASSERT_TRUE(kept->has_value());
  EXPECT_EQ((*kept)->size, 3u);
}

TEST_F(WitnessMemoryTest, NothingIsAnsweredAfterAStateThatCouldNotBeKept) {
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(
      (*Database::Open(folder_ + "/witness.db", Database::Mode::kDurable))
          ->Execute("DROP TABLE witnessed"),
      IsOk());
  const absl::Status kept = memory_->Keep(seen_.get(), ledger_.get());
  EXPECT_THAT(kept.message(), HasSubstr("so nothing more is answered"));
  EXPECT_EQ(KeepWithAnEntry(), kept);
}

TEST_F(WitnessMemoryTest, AMissingWitnessFileIsNotMadeUntilSomebodySaysSo) {
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  Stop();
  for (const char* file : {"witness.db", "witness.db-wal", "witness.db-shm"}) {
    fs::remove(folder_ + "/" + file);
  }
  OpenLedger();
  const absl::Status missing = Start();
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(missing.message()),
              ::testing::AllOf(HasSubstr(folder_ + "/witness.db"),
                               HasSubstr("witness-anew")));
  EXPECT_FALSE(fs::exists(folder_ + "/witness.db"));
  const uint64_t before = ledger_->size();
  ASSERT_THAT(WitnessMemory::BeginAnew(folder_, database_.get(), ledger_.get()),
              IsOk());
  ASSERT_EQ(ledger_->size(), before + 1);
  const auto entry = ParseEntry(*ledger_->Line(before));
  ASSERT_THAT(entry, IsOk());
  EXPECT_EQ(entry->entry.type, "operator.action");
  EXPECT_EQ(std::get<std::string>(entry->entry.fields.at("command")),
            "witness-anew");
  EXPECT_EQ(std::get<std::string>(entry->entry.fields.at("remembered")),
            "log 3");
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Cosign(3, kOther), Outcome::kSplitView);
  // Once, and not of a file that is there.
  EXPECT_EQ(
      WitnessMemory::BeginAnew(folder_, database_.get(), ledger_.get()).code(),
      absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ledger_->size(), before + 1);
}

TEST_F(WitnessMemoryTest, ANodeThatNeverWasAWitnessBeginsByItself) {
  Stop();
  fs::remove(folder_ + "/witness.db");
  OpenLedger();
  EXPECT_THAT(Start(), IsOk());
  EXPECT_FALSE(seen_->Load("log")->has_value());
}

TEST_F(WitnessMemoryTest, TwoHistoriesInTheTwoFilesStopTheStart) {
  ASSERT_EQ(Cosign(0, kHonest), Outcome::kCosigned);
  ASSERT_THAT(memory_->Keep(seen_.get(), ledger_.get()), IsOk());
  seen_ = *SeenLogs::Create({log_.verifier()}, {});
  ASSERT_EQ(Cosign(0, kOther), Outcome::kCosigned);
  ASSERT_THAT(KeepWithAnEntry(), IsOk());
  const absl::Status two = Restart();
  EXPECT_EQ(two.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(two.message()), HasSubstr("two histories of log"));
}

}  // namespace
}  // namespace cairn
