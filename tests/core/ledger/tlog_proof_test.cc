#include "core/ledger/tlog_proof.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class TlogProofTest : public ::testing::Test {
 protected:
  TlogProofTest() {
    for (int i = 0; i < 11; ++i) leaves_.push_back(absl::StrCat("entry ", i));
    proof_.index = 6;
    proof_.inclusion = ReferenceTree::Path(6, leaves_);
    proof_.checkpoint =
        SignCheckpoint({"log", 11, ReferenceTree::Root(leaves_)}, key_)->Text();
  }
  absl::Status Verify(const std::string& text) const {
    const auto proof = ParseTlogProof(text);
    if (!proof.ok()) return proof.status();
    return VerifyTlogProof(leaves_[6], *proof, key_.verifier()).status();
  }

  const SigningKey key_ = *SigningKey::Generate("log", KeyRole::kLog);
  ReferenceTree::Leaves leaves_;
  TlogProof proof_;
};

TEST_F(TlogProofTest, IsWrittenAsTheSpecificationSaysAndReadBack) {
  std::string expected = "c2sp.org/tlog-proof@v1\nindex 6\n";
  for (const std::string& hash : proof_.inclusion) {
    absl::StrAppend(&expected, absl::Base64Escape(hash), "\n");
  }
  absl::StrAppend(&expected, "\n", proof_.checkpoint);
  EXPECT_EQ(proof_.Text(), expected);
  EXPECT_EQ(ParseTlogProof(expected)->Text(), expected);
  EXPECT_THAT(Verify(expected), IsOk());
}

TEST_F(TlogProofTest, HandsOverTheCheckpointThatCoversTheEntry) {
  const auto opened = VerifyTlogProof(leaves_[6], proof_, key_.verifier());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->checkpoint().size, 11u);
}

TEST_F(TlogProofTest, NoFlippedBitAndNoCutProves) {
  const std::string good = proof_.Text();
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] ^= static_cast<char>(1 << (i % 8));
    EXPECT_FALSE(Verify(bad).ok()) << i;
  }
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(Verify(good.substr(0, i)).ok()) << i;
  }
}

TEST_F(TlogProofTest, ProvesNoOtherEntryPlaceOrLog) {
  constexpr auto kLoss = absl::StatusCode::kDataLoss;
  EXPECT_THAT(VerifyTlogProof(leaves_[7], proof_, key_.verifier()),
              StatusIs(kLoss));
  TlogProof moved = proof_;
  moved.index = 7;
  EXPECT_THAT(VerifyTlogProof(leaves_[6], moved, key_.verifier()),
              StatusIs(kLoss));
  moved.index = 11;
  EXPECT_THAT(VerifyTlogProof(leaves_[6], moved, key_.verifier()),
              StatusIs(kInvalid, HasSubstr("entry 11 is not in")));
  EXPECT_THAT(
      VerifyTlogProof(leaves_[6], proof_,
                      SigningKey::Generate("log", KeyRole::kLog)->verifier()),
      StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(TlogProofTest, SaysWhatIsWrong) {
  const std::string good = proof_.Text();
  const std::string hash = absl::Base64Escape(proof_.inclusion[0]);
  const struct {
    std::string text;
    const char* why;
  } kCases[] = {
      {"", "first line"},
      {absl::StrReplaceAll(good, {{"@v1", "@v2"}}), "first line"},
      {absl::StrReplaceAll(good, {{"index 6", "extra YQ==\nindex 6"}}),
       "second line"},
      {absl::StrReplaceAll(good, {{"index 6", "index 06"}}), "index"},
      {absl::StrReplaceAll(good, {{"index 6", "index -6"}}), "index"},
      {absl::StrReplaceAll(good, {{"index 6", "index 9223372036854775808"}}),
       "index"},
      {absl::StrReplaceAll(good, {{hash, hash.substr(4)}}), "32 bytes"},
      {absl::StrReplaceAll(good, {{hash, absl::StrCat(" ", hash)}}),
       "32 bytes"},
      {good.substr(0, good.find("\n\n") + 1), "no checkpoint"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseTlogProof(c.text), StatusIs(kInvalid, HasSubstr(c.why)))
        << c.text;
  }
  TlogProof large = proof_;
  large.inclusion.assign(64, std::string(32, 'x'));
  EXPECT_THAT(ParseTlogProof(large.Text()),
              StatusIs(kInvalid, HasSubstr("more than 63")));
}

}  // namespace
}  // namespace cairn
