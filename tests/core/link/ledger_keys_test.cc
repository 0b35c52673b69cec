#include "core/link/ledger_keys.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

class LedgerKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    catalogue_.partnership = "vru";
    catalogue_.domain = "example.org";
    std::string folder = ::testing::TempDir() + "/keys_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  LogOwner Owner(const std::string& agency) const {
    return OwnerIn(catalogue_, agency);
  }
  std::string Dir(const std::string& agency) const {
    const std::string dir = folder_ + "/state-" + agency;
    std::filesystem::create_directory(dir);
    return dir;
  }
  absl::StatusOr<NodeSecrets> Make(const std::string& agency) const {
    return ReadOrMakeNodeSecrets(Dir(agency), Owner(agency),
                                 absl::FromUnixSeconds(1'795'298'500));
  }
  std::string Text(const std::string& agency) const {
    return LedgerKeysText(Owner(agency), PublicHalves(*Make(agency)));
  }
  absl::StatusOr<LedgerKeys> Read(const std::string& text) const {
    std::ofstream(folder_ + "/keys") << text;
    return ReadLedgerKeys(folder_ + "/keys", catalogue_);
  }

  Catalogue catalogue_;
  std::string folder_;
};

TEST_F(LedgerKeysTest, AreMadeOnceAndOnlyTheOwnerMayReadThem) {
  const auto first = Make("police");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->log.verifier().name(),
            "cairn.example.org/vru/agent/police/2026");
  for (const char* name : {"/log.key", "/witness.key"}) {
    struct stat info;
    ASSERT_EQ(stat((Dir("police") + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u) << name;
  }
  const auto again = Make("police");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->log.SecretText(), first->log.SecretText());
  EXPECT_EQ(again->witness.SecretText(), first->witness.SecretText());
}

TEST_F(LedgerKeysTest, AreRefusedIfOthersMayReadThem) {
  ASSERT_THAT(Make("police"), IsOk());
  for (const char* name : {"/log.key", "/witness.key"}) {
    const std::string path = Dir("police") + name;
    ASSERT_EQ(chmod(path.c_str(), 0604), 0);
    EXPECT_THAT(Make("police").status().message(), HasSubstr(path));
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  }
}

TEST_F(LedgerKeysTest, OfAnotherNodeAreRefused) {
  ASSERT_THAT(Make("police"), IsOk());
  ASSERT_THAT(Make("council"), IsOk());
  std::filesystem::copy_file(Dir("council") + "/log.key",
                             Dir("police") + "/log.key",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(Make("police").status().message(), HasSubstr("agency police"));
}

TEST_F(LedgerKeysTest, AreNotMadeAnewForALogThatHasSigned) {
  ASSERT_THAT(Make("police"), IsOk());
  std::ofstream(CheckpointPath(Dir("police"))) << "x";
  std::filesystem::remove(Dir("police") + "/log.key");
  EXPECT_EQ(Make("police").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LedgerKeysTest, ReadBackFromWhatTheMembersPrint) {
  const auto keys = Read(Text("") + Text("police") + Text("council"));
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->agencies.size(), 2u);
  for (const char* agency : {"", "police", "council"}) {
    ASSERT_NE(keys->Find(agency), nullptr) << agency;
    const NodeKeys own = PublicHalves(*Make(agency));
    EXPECT_THAT(CheckOwnKeys("f", *keys, Owner(agency), own), IsOk());
  }
  EXPECT_EQ(keys->Find("school"), nullptr);
  // A node whose keys are not those that the file says.
  const NodeKeys other = PublicHalves(*Make("police"));
  EXPECT_FALSE(CheckOwnKeys("f", *keys, Owner("council"), other).ok());
}

TEST_F(LedgerKeysTest, InTheWrongPlaceAreRefused) {
  const NodeKeys police = PublicHalves(*Make("police"));
  const std::string log = police.logs[0].Text(),
                    witness = police.witness.Text();
  const auto agency = [](const std::string& id, const std::string& a,
                         const std::string& b) {
    return "agency { id: \"" + id + "\" log: \"" + a + "\" witness: \"" + b +
           "\" }\n";
  };
  ASSERT_THAT(Read(Text("") + agency("police", log, witness)), IsOk());
  const std::string bad[] = {
      agency("police", log, witness),                       // no coordinator
      Text("") + agency("police", witness, log),            // swapped
      Text("") + agency("council", log, witness),           // another's
      Text("") + agency("police", log, ""),                 // missing
      Text("") + agency("police", log.substr(1), witness),  // broken
      Text("") + agency("", log, witness),                  // no id
      Text("") + agency("police", log, witness) + Text("police"),  // twice
      Text("") + "colour: 1",  // unknown field
  };
  for (const std::string& text : bad) {
    const auto keys = Read(text);
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(keys.status().message(), HasSubstr(folder_ + "/keys")) << text;
  }
}

TEST_F(LedgerKeysTest, ALaterLogCountsWhereTheKeyBeforeItHasSignedForIt) {
  const std::string coordinator = Text("");
  const NodeKeys first = PublicHalves(*Make("police"));
  const std::string next = Owner("police").Origin(2027);
  ASSERT_THAT(MakeNextLogKey(Dir("police"), Owner("police"), next), IsOk());
  struct stat info;
  ASSERT_EQ(stat((Dir("police") + "/log-next.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string text = Text("police");
  const auto keys = Read(coordinator + text);
  ASSERT_THAT(keys, IsOk());
  const NodeKeys& police = *keys->Find("police");
  ASSERT_EQ(police.logs.size(), 2u);
  EXPECT_EQ(police.Log(first.logs[0].name())->Text(), first.logs[0].Text());
  EXPECT_EQ(police.Log(next)->name(), next);
  EXPECT_EQ(police.Log(Owner("police").Origin(2028)), nullptr);
  // A node that has the first key, or the second, finds itself in the file.
  EXPECT_THAT(CheckOwnKeys("file", *keys, Owner("police"), first), IsOk());
  // Made once; and never for a log that is not a later one.
  ASSERT_THAT(MakeNextLogKey(Dir("police"), Owner("police"), next), IsOk());
  EXPECT_EQ(Text("police"), text);
  EXPECT_FALSE(MakeNextLogKey(Dir("police"), Owner("police"),
                              Owner("police").Origin(2026))
                   .ok());
  EXPECT_FALSE(MakeNextLogKey(Dir("police"), Owner("police"),
                              Owner("council").Origin(2027))
                   .ok());
  // Without the signature, with another's, or the wrong way round: refused.
  const size_t at = text.find("  rotated");
  const size_t end = text.find('\n', at) + 1;
  const std::string bare = text.substr(0, at) + text.substr(end);
  EXPECT_FALSE(Read(coordinator + bare).ok());
  std::string forged = text;
  forged[at + 12] = forged[at + 12] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(Read(coordinator + forged).ok());
  NodeKeys swapped = police;
  std::swap(swapped.logs[0], swapped.logs[1]);
  EXPECT_FALSE(
      Read(coordinator + LedgerKeysText(Owner("police"), swapped)).ok());
  NodeKeys extra = police;
  extra.rotated.push_back(extra.rotated[0]);
  EXPECT_FALSE(Read(coordinator + LedgerKeysText(Owner("police"), extra)).ok());
  // The old one may leave the file.
  const NodeKeys only_new{{police.logs[1]}, police.witness, {}};
  EXPECT_THAT(Read(coordinator + LedgerKeysText(Owner("police"), only_new)),
              IsOk());
}

TEST_F(LedgerKeysTest, OfTwoMembersMustDiffer) {
  const NodeKeys police = PublicHalves(*Make("police"));
  // The same key under the other member's name.
  const VerifierKey stolen =
      *VerifierKey::Create(Owner("council").WitnessName(), KeyRole::kWitness,
                           police.witness.public_key());
  const NodeKeys council{PublicHalves(*Make("council")).logs, stolen, {}};
  EXPECT_FALSE(Read(Text("") + Text("police") +
                    LedgerKeysText(Owner("council"), council))
                   .ok());
}

}  // namespace
}  // namespace cairn
