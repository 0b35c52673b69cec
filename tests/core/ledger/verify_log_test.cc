#include "core/ledger/verify_log.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/example_log.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
constexpr auto kLoss = absl::StatusCode::kDataLoss;

class VerifyLogTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kEntries = 300;

  absl::StatusOr<VerifiedLog> Verify() {
    LogExpectation expected = log_.Expectation();
    expected.kept = kept_;
    return VerifyLog(log_, expected);
  }
  void Fails(absl::StatusCode code, const std::string& why) {
    EXPECT_THAT(Verify(), StatusIs(code, HasSubstr(why)));
  }
  // The honest log's checkpoint at an earlier size.
  std::string CheckpointAt(uint64_t size) {
    TreeFrontier tree;
    for (uint64_t i = 0; i < size; ++i)
      tree.Append(LeafHash(ExampleLog::Line(i)));
    return SignCheckpoint({ExampleLog::kOrigin, size, tree.Root()},
                          log_.log_key)
        ->Text();
  }
  // As a liar with the owner's keys: other lines, all files made anew.
  void Rewrite() { log_.Publish(); }
  // As a liar without: all files but the checkpoint.
  void RewriteUnsigned() {
    const std::string checkpoint = log_.files["checkpoint"];
    log_.Publish();
    log_.files["checkpoint"] = checkpoint;
  }
  std::string& Bundle(int n) {
    return log_.files[n == 0 ? "tile/entries/000" : "tile/entries/001.p/44"];
  }

  ExampleLog log_{kEntries};
  std::vector<std::string> kept_;
};

TEST_F(VerifyLogTest, AnHonestLogVerifiesEntryByEntry) {
  uint64_t seen = 0;
  const auto verified =
      VerifyLog(log_, log_.Expectation(), [&](const ParsedEntry& entry) {
        EXPECT_EQ(EntryLine(entry.entry, entry.index, entry.time_ms),
                  ExampleLog::Line(seen++));
        return absl::OkStatus();
      });
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(seen, kEntries);
  EXPECT_EQ(verified->checkpoint.checkpoint().size, kEntries);
  ASSERT_EQ(verified->cosigned.size(), 1u);
  EXPECT_EQ(verified->cosigned[0].first, "cairn.example.org/vru/council");
  EXPECT_EQ(absl::ToUnixSeconds(verified->cosigned[0].second), 1'795'298'500);
  for (const uint64_t size : {0, 1, 200, 256, 299, 300}) {
    kept_.push_back(CheckpointAt(size));
  }
  EXPECT_THAT(Verify(), IsOk());
}

TEST_F(VerifyLogTest, EverySizeAroundATileVerifies) {
  for (const uint64_t size : {0, 1, 2, 255, 256, 257, 511, 512, 513, 66'000}) {
    const ExampleLog log(size);
    EXPECT_THAT(VerifyLog(log, log.Expectation()), IsOk()) << size;
  }
}

TEST_F(VerifyLogTest, TheReaderOfTheEntriesCanStop) {
  EXPECT_THAT(VerifyLog(log_, log_.Expectation(),
                        [](const ParsedEntry& entry) {
                          return entry.index == 7
                                     ? absl::CancelledError("enough")
                                     : absl::OkStatus();
                        }),
              StatusIs(absl::StatusCode::kCancelled, "enough"));
}

TEST_F(VerifyLogTest, NoByteOfAnyFileCanBeFlipped) {
  const auto good = log_.files;
  for (const auto& [path, bytes] : good) {
    // Each byte of what is signed and of the tiles' tops, and of the large
    // files enough to meet every kind of byte.
    const size_t step = bytes.size() > 600 ? 7 : 1;
    for (size_t i = 0; i < bytes.size(); i += step) {
      log_.files[path][i] ^= static_cast<char>(1 << (i % 8));
      EXPECT_FALSE(Verify().ok()) << path << " byte " << i;
      log_.files[path] = bytes;
    }
  }
}

TEST_F(VerifyLogTest, NoFileCanBeCutGrownDroppedOrSwapped) {
  const auto good = log_.files;
  for (const auto& [path, bytes] : good) {
    for (const size_t size : {size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      log_.files[path] = bytes.substr(0, size);
      EXPECT_FALSE(Verify().ok()) << path << " cut to " << size;
    }
    log_.files[path] = bytes + "x";
    EXPECT_FALSE(Verify().ok()) << path << " grown";
    log_.files.erase(path);
    EXPECT_THAT(Verify(), StatusIs(kLoss, AllOf(HasSubstr(path),
                                                HasSubstr("is missing"))));
    for (const auto& [other, other_bytes] : good) {
      if (other == path) continue;
      log_.files = good;
      log_.files[path] = other_bytes;
      log_.files[other] = bytes;
      EXPECT_FALSE(Verify().ok()) << path << " and " << other << " swapped";
    }
    log_.files = good;
  }
  EXPECT_THAT(Verify(), IsOk());
}

TEST_F(VerifyLogTest, AnAlteredEntryIsNamed) {
  // Still a well-formed entry.
  std::string& bundle = Bundle(0);
  const size_t at = bundle.find("\"cells\":17");
  ASSERT_NE(at, std::string::npos);
  bundle[at + 9] = '8';
  Fails(kLoss, "entry 17 was altered: it does not have the hash in tile/0/000");
  bundle[at + 9] = 'x';
  Fails(kLoss, "entry 17 was altered: this is not a ledger entry");
}

TEST_F(VerifyLogTest, AnEntryAlteredWithItsTilesIsSeenByTheSignature) {
  log_.lines[17] =
      absl::StrCat(log_.lines[17].substr(0, log_.lines[17].size() - 2), "0\"}");
  RewriteUnsigned();
  Fails(kLoss, "not those that the checkpoint was signed for");
  // With the tile of its own level alone, the one above shows where.
  const std::string tile = log_.files["tile/0/000"];
  const std::string bundle = log_.files["tile/entries/000"];
  log_ = ExampleLog(kEntries);
  log_.files["tile/0/000"] = tile;
  log_.files["tile/entries/000"] = bundle;
  Fails(kLoss, "hash 0 of tile/1/000.p/1 shows where");
}

TEST_F(VerifyLogTest, AnAlteredTileIsToldFromAnAlteredEntry) {
  log_.files["tile/0/000"][17 * 32 + 5] ^= 1;
  Fails(kLoss,
        "the file tile/0/000 was altered at the hash of entry 17; the entries "
        "are as signed");
  log_ = ExampleLog(kEntries);
  log_.files["tile/1/000.p/1"][5] ^= 1;
  Fails(kLoss,
        "hash 0 of tile/1/000.p/1 was altered; the entries are as signed");
}

TEST_F(VerifyLogTest, AMissingADoubledAndAMovedEntryAreNamed) {
  log_.lines.erase(log_.lines.begin() + 40);
  log_.lines.push_back(ExampleLog::Line(300));
  RewriteUnsigned();
  Fails(kLoss, "entry 40 is missing: entry 41 stands in its place");
  log_ = ExampleLog(kEntries);
  log_.lines.insert(log_.lines.begin() + 40, ExampleLog::Line(39));
  log_.lines.pop_back();
  RewriteUnsigned();
  Fails(kLoss, "entry 40 is out of place: entry 39 stands there");
  log_ = ExampleLog(kEntries);
  std::swap(log_.lines[40], log_.lines[41]);
  Rewrite();  // even with the owner's signature
  Fails(kLoss, "entry 40 is missing: entry 41 stands in its place");
}

TEST_F(VerifyLogTest, AnEntryOlderThanTheOneBeforeItIsNamed) {
  log_.lines[40] = EntryLine({"query.received", "q20", {}}, 40, 7);
  Rewrite();
  Fails(kLoss, "entry 40 is older than the one before it");
}

TEST_F(VerifyLogTest, WhatWasNeverAnEntryIsNamedAsSuch) {
  log_.lines[40] = "{\"v\":1,\"seq\":40,\"t\":1e3}";
  Rewrite();
  Fails(kLoss, "entry 40 was written badly");
}

TEST_F(VerifyLogTest, EntriesCutOffAreSeenByTheSignatureAndByAKeptCheckpoint) {
  kept_ = {CheckpointAt(250)};
  for (const uint64_t cut : {1, 10, 200}) {
    log_ = ExampleLog(kEntries);
    kept_ = {CheckpointAt(kEntries)};
    log_.lines.resize(kEntries - cut);
    RewriteUnsigned();
    EXPECT_THAT(Verify(), StatusIs(kLoss, HasSubstr("is missing"))) << cut;
    Rewrite();
    Fails(kLoss, absl::StrCat("the last ", cut, " were cut off"));
    kept_.clear();  // with nothing kept, a shorter log is a log
    EXPECT_THAT(Verify(), IsOk()) << cut;
  }
}

TEST_F(VerifyLogTest, AHistoryWrittenAnewIsSeenByAKeptCheckpoint) {
  kept_ = {CheckpointAt(10), CheckpointAt(200)};
  log_.lines[120] = EntryLine({"query.received", "q60", {}}, 120,
                              1'795'298'400'000 + 120 * 250);
  Rewrite();
  Fails(kLoss,
        "the entries 0 to 199 are not those of the checkpoint of that "
        "size that was kept");
  kept_.pop_back();
  EXPECT_THAT(Verify(), IsOk());  // nothing kept reaches that far
}

TEST_F(VerifyLogTest, TwoKeptHistoriesAreEvidenceByThemselves) {
  kept_ = {CheckpointAt(200),
           SignCheckpoint({ExampleLog::kOrigin, 200, std::string(32, 'x')},
                          log_.log_key)
               ->Text()};
  Fails(kLoss, "two histories");
}

TEST_F(VerifyLogTest, KeysDecideAndTheyAreTheVerifiersOwn) {
  LogExpectation expected = log_.Expectation();
  expected.witnesses.clear();
  EXPECT_THAT(VerifyLog(log_, expected),
              StatusIs(kLoss, HasSubstr("vru/council', whose key was not")));
  expected = ExampleLog(1).Expectation();
  EXPECT_THAT(VerifyLog(log_, expected),
              StatusIs(absl::StatusCode::kPermissionDenied));
  expected = log_.Expectation();
  expected.witnesses = {
      VerifierKey::Create("other", KeyRole::kWitness, std::string(32, 'k'))
          .value()};
  EXPECT_FALSE(VerifyLog(log_, expected).ok());
  kept_ = {"nonsense"};
  Fails(absl::StatusCode::kInvalidArgument, "not a signed note");
  kept_ = {SignCheckpoint({"other", 200, std::string(32, 'x')},
                          *SigningKey::Generate("other", KeyRole::kLog))
               ->Text()};
  Fails(absl::StatusCode::kNotFound, "'other'");
}

TEST_F(VerifyLogTest, AnOtherLogsFilesAreNotThisLogs) {
  // Two honest logs of one owner; the one's files under the other's checkpoint.
  ExampleLog other(kEntries);
  other.lines[0] = EntryLine({"query.received", "other", {}}, 0, 1);
  other.Publish();
  for (const auto& [path, bytes] : other.files) {
    if (path != "checkpoint") log_.files[path] = bytes;
  }
  EXPECT_FALSE(Verify().ok());
}

}  // namespace
}  // namespace cairn
