#include "coordinator/last_receipts.h"

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/ledger/checkpoint.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

class LastReceiptsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/last_receipts_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    database_ =
        *Database::Open(folder_ + "/coordinator.db", Database::Mode::kDurable);
    receipts_ = *LastReceipts::Create(database_.get());
  }
  void TearDown() override {
    receipts_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  // Of the last entry of a log of `entries` entries.
  static std::string Proof(const std::string& edition, int entries) {
    const SigningKey key = *SigningKey::Generate(
        "cairn.example.org/vru/agent/police/" + edition, KeyRole::kLog);
    LedgerInMemory log;
    log.Append(entries);
    CheckpointsInMemory store;
    const auto signer = *LogSigner::Create(key, log.ledger(), &store);
    return signer->Receipt(static_cast<uint64_t>(entries - 1))->Text();
  }
  std::string Kept(const std::string& agency = "police") {
    const auto note = receipts_->Find(agency);
    if (!note.ok()) return std::string(note.status().message());
    if (note->empty()) return "none";
    const auto kept = PeekCheckpoint(*note);
    if (!kept.ok()) return std::string(kept.status().message());
    return absl::StrCat(kept->origin.substr(kept->origin.rfind('/') + 1), " ",
                        kept->size);
  }

  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LastReceipts> receipts_;
};

TEST_F(LastReceiptsTest, TheNewestIsKeptInWhateverOrderAnswersCome) {
  EXPECT_EQ(Kept(), "none");
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 5)), IsOk());
  EXPECT_EQ(Kept(), "2026 5");
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 12)), IsOk());
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 9)), IsOk());
  EXPECT_EQ(Kept(), "2026 12");
  ASSERT_THAT(receipts_->Keep("council", Proof("2026", 2)), IsOk());
  EXPECT_EQ(Kept(), "2026 12");
  EXPECT_EQ(Kept("council"), "2026 2");
}

TEST_F(LastReceiptsTest, ALaterLogTakesTheEarlierOnesPlaceAndNeverBack) {
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 12)), IsOk());
  ASSERT_THAT(receipts_->Keep("police", Proof("2026-r2", 3)), IsOk());
  EXPECT_EQ(Kept(), "2026-r2 3");
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 40)), IsOk());
  EXPECT_EQ(Kept(), "2026-r2 3");
  ASSERT_THAT(receipts_->Keep("police", Proof("2027", 1)), IsOk());
  EXPECT_EQ(Kept(), "2027 1");
}

TEST_F(LastReceiptsTest, WhatIsNoProofChangesNothing) {
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 5)), IsOk());
  for (const std::string& text :
       {std::string(), std::string("c2sp.org/tlog-proof@v1\nindex 3\n\njunk"),
        Proof("2026", 7).substr(0, 60)}) {
    EXPECT_THAT(receipts_->Keep("police", text), IsOk());
    EXPECT_EQ(Kept(), "2026 5");
  }
}

TEST_F(LastReceiptsTest, ItIsKeptWithTheCommitItIsPartOfOrNotAtAll) {
  ASSERT_THAT(receipts_->Keep("police", Proof("2026", 5)), IsOk());
  EXPECT_FALSE(database_
                   ->Transact([&]() -> absl::Status {
                     EXPECT_THAT(receipts_->Keep("police", Proof("2026", 8)),
                                 IsOk());
                     return absl::InternalError("the disk is full");
                   })
                   .ok());
  EXPECT_EQ(Kept(), "2026 5");
}

}  // namespace
}  // namespace cairn
