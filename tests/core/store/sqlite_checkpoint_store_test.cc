#include "core/store/sqlite_checkpoint_store.h"

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ledger_in_memory.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOrigin[] = "cairn.example.org/vru/agent/police/2026";

class LogSignerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/signer_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    store_ = *SqliteCheckpointStore::Open(folder_ + "/checkpoint.db");
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  absl::StatusOr<std::unique_ptr<LogSigner>> Signer(LedgerInMemory* log) {
    return LogSigner::Create(key_, log->ledger(), store_.get());
  }

  const SigningKey key_ = *SigningKey::Generate(kOrigin, KeyRole::kLog);
  std::string folder_;
  std::unique_ptr<SqliteCheckpointStore> store_;
};

TEST_F(LogSignerTest, StoreKeepsWhatWasSignedOverARestart) {
  EXPECT_TRUE(*store_->CompareAndSwap("a", std::nullopt, "one"));
  EXPECT_FALSE(*store_->CompareAndSwap("a", std::nullopt, "two"));
  EXPECT_FALSE(*store_->CompareAndSwap("a", "zero", "two"));
  EXPECT_TRUE(*store_->CompareAndSwap("a", "one", "two"));
  ASSERT_THAT(store_->KeepCosigned("a", "2026-11-22", "y"), IsOk());
  ASSERT_THAT(store_->KeepCosigned("a", "2026-11-21", "x"), IsOk());
  ASSERT_THAT(store_->KeepCosigned("a", "2026-11-22", "z"), IsOk());
  store_.reset();
  store_ = *SqliteCheckpointStore::Open(folder_ + "/checkpoint.db");
  EXPECT_EQ(**store_->Last("a"), "two");
  EXPECT_FALSE(store_->Last("b")->has_value());
  EXPECT_THAT(*store_->Cosigned("a"), ElementsAre("x", "z"));
}

TEST_F(LogSignerTest, ReceiptsHoldWithTheKeyAloneAndOnlyForTheirEntry) {
  LedgerInMemory log;
  const auto signer = Signer(&log);
  ASSERT_THAT(signer, IsOk());
  log.Append(5);
  for (uint64_t index = 0; index < 5; ++index) {
    const auto proof = (*signer)->Receipt(index);
    ASSERT_THAT(proof, IsOk());
    EXPECT_THAT(VerifyTlogProof(log.Line(index), *proof, key_.verifier()),
                IsOk());
    EXPECT_FALSE(
        VerifyTlogProof(log.Line((index + 1) % 5), *proof, key_.verifier())
            .ok());
  }
  // An entry that no checkpoint covers yet is covered by a new one.
  log.Append(1);
  EXPECT_THAT(
      VerifyTlogProof(log.Line(5), *(*signer)->Receipt(5), key_.verifier()),
      IsOk());
  EXPECT_FALSE((*signer)->Receipt(6).ok());
}

TEST_F(LogSignerTest, SignsNothingForALogThatWasCutOrRewritten) {
  LedgerInMemory log;
  log.Append(5);
  {
    const auto signer = Signer(&log);
    ASSERT_THAT(signer, IsOk());
    ASSERT_THAT((*signer)->Sign(), IsOk());
  }
  log.Append(2);
  EXPECT_THAT(Signer(&log), IsOk());

  LedgerInMemory cut;
  cut.Append(4);
  const absl::Status shorter = Signer(&cut).status();
  EXPECT_EQ(shorter.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(shorter.message(), HasSubstr("has 4 entries"));
  EXPECT_THAT(shorter.message(), HasSubstr("of 5 was signed"));

  LedgerInMemory other("other");
  other.Append(6);
  EXPECT_EQ(Signer(&other).status().code(), absl::StatusCode::kDataLoss);
}

// Two programs, each with a copy of the log.
TEST_F(LogSignerTest, TwoOnOneLogCannotBothGoOnSigning) {
  LedgerInMemory here, there;
  here.Append(1);
  there.Append(1);
  const auto one = Signer(&here), two = Signer(&there);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  ASSERT_THAT((*one)->Sign(), IsOk());
  there.Append(1);
  EXPECT_THAT((*two)->Sign().status().message(),
              HasSubstr("another program has signed for this log"));
  EXPECT_FALSE(there.ledger()->broken().ok());
  EXPECT_THAT((*one)->Sign(), IsOk());
}

TEST_F(LogSignerTest, NothingIsAnsweredAfterACheckpointThatCouldNotBeKept) {
  for (const bool cosigned : {false, true}) {
    LedgerInMemory log;
    log.Append(1);
    auto lost = SqliteCheckpointStore::Open(folder_ + "/lost.db");
    ASSERT_THAT(lost, IsOk());
    const auto signer = LogSigner::Create(key_, log.ledger(), lost->get());
    ASSERT_THAT(signer, IsOk());
    const auto checkpoint = log.ledger()->Sign(key_);
    ASSERT_THAT(checkpoint, IsOk());
    ASSERT_THAT(
        (*Database::Open(folder_ + "/lost.db", Database::Mode::kDurable))
            ->Execute("DROP TABLE checkpoint; DROP TABLE cosigned"),
        IsOk());
    const absl::Status kept =
        cosigned ? (*signer)->KeepCosigned(*checkpoint, "2026-11-22")
                 : (*signer)->Sign().status();
    EXPECT_THAT(kept.message(), HasSubstr("so nothing more is answered"));
    EXPECT_EQ(log.ledger()->Append({"query.received", "q", {}}).status(), kept);
    EXPECT_EQ((*signer)->Sign().status(), kept);
    std::filesystem::remove(folder_ + "/lost.db");
  }
}

}  // namespace
}  // namespace cairn
