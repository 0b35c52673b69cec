#include "core/ledger/checkpoint.h"

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/ledger/cosignature.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr char kOrigin[] = "cairn.example.org/vru/agent/police/2026";

// The example of C2SP tlog-checkpoint.
constexpr char kExampleText[] =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

std::string Root() { return std::string(32, 'r'); }
SigningKey LogKey() { return *SigningKey::Generate(kOrigin, KeyRole::kLog); }
SigningKey WitnessKey(const std::string& name) {
  return *SigningKey::Generate(name, KeyRole::kWitness);
}

// OpenSSL asked directly, about a message put together here from the
// specification.
bool OpenSslVerifies(const std::string& public_key, const std::string& message,
                     const std::string& signature) {
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      EVP_PKEY_new_raw_public_key(
          EVP_PKEY_ED25519, nullptr,
          reinterpret_cast<const unsigned char*>(public_key.data()), 32),
      EVP_PKEY_free);
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                             EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr,
                              key.get()) == 1 &&
         EVP_DigestVerify(
             context.get(),
             reinterpret_cast<const unsigned char*>(signature.data()),
             signature.size(),
             reinterpret_cast<const unsigned char*>(message.data()),
             message.size()) == 1;
}

TEST(Checkpoint, ReadsTheExampleOfTheSpecificationAndWritesItBack) {
  const auto checkpoint = ParseCheckpointText(kExampleText);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20852163u);
  EXPECT_EQ(absl::BytesToHexString(checkpoint->root).substr(0, 8), "0ac5186a");
  EXPECT_EQ(checkpoint->Text(), kExampleText);
}

TEST(Checkpoint, SaysWhatIsWrong) {
  const std::string hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  const struct {
    std::string text;
    const char* why;
  } kCases[] = {
      {"", "three lines"},
      {"a\n1\n" + hash, "three lines"},
      {"a\n1\n" + hash + "\nextension\n", "three lines"},
      {"a\n1\n" + hash + "\n\n", "three lines"},
      {"\n1\n" + hash + "\n", "empty"},
      {"a b\n1\n" + hash + "\n", "space"},
      {"a+b\n1\n" + hash + "\n", "'+'"},
      {"a\n\n" + hash + "\n", "size"},
      {"a\n01\n" + hash + "\n", "size"},
      {"a\n+1\n" + hash + "\n", "size"},
      {"a\n-1\n" + hash + "\n", "size"},
      {"a\n 1\n" + hash + "\n", "size"},
      {"a\n1 \n" + hash + "\n", "size"},
      {"a\n1e3\n" + hash + "\n", "size"},
      {"a\n9223372036854775808\n" + hash + "\n", "size"},
      {"a\n99999999999999999999999999\n" + hash + "\n", "size"},
      {"a\n1\n" + hash.substr(4) + "\n", "32 bytes"},
      {"a\n1\n" + hash.substr(0, 43) + "\n", "32 bytes"},
      {"a\n1\n" + absl::StrReplaceAll(hash, {{"2I=", "2J="}}) + "\n",
       "32 bytes"},
      {"a\n1\n" + hash + " \n", "32 bytes"},
      {"a\n0\n" + hash + "\n", "no entries"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseCheckpointText(c.text),
                StatusIs(kInvalid, HasSubstr(c.why)))
        << c.text;
  }
  EXPECT_THAT(ParseCheckpointText("a\n9223372036854775807\n" + hash + "\n"),
              IsOk());
  EXPECT_THAT(ParseCheckpointText(
                  "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
              IsOk());
}

TEST(Checkpoint, WhatALogSignsIsOpenedByItsKeyAlone) {
  const SigningKey key = LogKey();
  const auto made = SignCheckpoint({kOrigin, 5, Root()}, key);
  ASSERT_THAT(made, IsOk());
  const auto opened = OpenCheckpoint(made->Text(), key.verifier());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->checkpoint().size, 5u);
  EXPECT_EQ(opened->checkpoint().root, Root());
  EXPECT_TRUE(OpenSslVerifies(
      key.verifier().public_key(),
      absl::StrCat(kOrigin, "\n5\n", absl::Base64Escape(Root()), "\n"),
      opened->note().signatures[0].bytes));

  EXPECT_THAT(OpenCheckpoint(made->Text(), LogKey().verifier()),
              StatusIs(kDenied, HasSubstr("not signed by the key")));
  EXPECT_THAT(
      OpenCheckpoint(made->Text(),
                     SigningKey::Generate("other", KeyRole::kLog)->verifier()),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("not of 'other'")));
  EXPECT_THAT(OpenCheckpoint(made->Text(), WitnessKey(kOrigin).verifier()),
              StatusIs(kInvalid, HasSubstr("a witness's")));
}

TEST(Checkpoint, NoFlippedBitOpens) {
  const SigningKey key = LogKey();
  const std::string good = SignCheckpoint({kOrigin, 5, Root()}, key)->Text();
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] ^= static_cast<char>(1 << (i % 8));
    EXPECT_FALSE(OpenCheckpoint(bad, key.verifier()).ok()) << i;
  }
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(OpenCheckpoint(good.substr(0, i), key.verifier()).ok()) << i;
  }
}

TEST(Checkpoint, AKeySignsOnlyForItsOwnLogAndARoleOnlyWhatIsIts) {
  EXPECT_THAT(SignCheckpoint({"another", 5, Root()}, LogKey()),
              StatusIs(kInvalid, HasSubstr("cannot sign for")));
  EXPECT_THAT(SignCheckpoint({kOrigin, 5, Root()}, WitnessKey(kOrigin)),
              StatusIs(kInvalid, HasSubstr("a witness's")));
  EXPECT_THAT(SignCheckpoint({kOrigin, 5, "short"}, LogKey()),
              StatusIs(kInvalid));
  EXPECT_THAT(Cosign(kExampleText, LogKey(), absl::Now()),
              StatusIs(kInvalid, HasSubstr("a log's")));
}

TEST(Cosignature, SignsTheMessageOfTheSpecification) {
  const SigningKey key = WitnessKey("witness.example.com/w1");
  const auto cosignature =
      Cosign(kExampleText, key, absl::FromUnixSeconds(1679315147));
  ASSERT_THAT(cosignature, IsOk());
  ASSERT_EQ(cosignature->bytes.size(), 72u);
  // The time as in the specification's own example line: AAAAAGQYUMs.
  EXPECT_EQ(absl::BytesToHexString(cosignature->bytes.substr(0, 8)),
            "00000000641850cb");
  EXPECT_TRUE(OpenSslVerifies(
      key.verifier().public_key(),
      absl::StrCat("cosignature/v1\ntime 1679315147\n", kExampleText),
      cosignature->bytes.substr(8)));
  const auto time =
      VerifyCosignature(kExampleText, *cosignature, key.verifier());
  ASSERT_THAT(time, IsOk());
  EXPECT_EQ(absl::ToUnixSeconds(*time), 1679315147);
  EXPECT_THAT(Cosign(kExampleText, key, absl::FromUnixSeconds(-1)),
              StatusIs(kInvalid, HasSubstr("1970")));
  EXPECT_THAT(Cosign("not a checkpoint\n", key, absl::Now()),
              StatusIs(kInvalid));
}

TEST(Cosignature, IsOfNothingElse) {
  const SigningKey key = WitnessKey("w1");
  const NoteSignature good = *Cosign(kExampleText, key, absl::Now());
  for (size_t i = 0; i < good.bytes.size() * 8; ++i) {
    NoteSignature bad = good;
    bad.bytes[i / 8] ^= static_cast<char>(1 << (i % 8));
    EXPECT_THAT(VerifyCosignature(kExampleText, bad, key.verifier()),
                StatusIs(kDenied));
  }
  NoteSignature bad = good;
  bad.bytes.pop_back();
  EXPECT_THAT(VerifyCosignature(kExampleText, bad, key.verifier()),
              StatusIs(kDenied));
  const std::string later =
      absl::StrReplaceAll(kExampleText, {{"20852163", "20852164"}});
  EXPECT_THAT(VerifyCosignature(later, good, key.verifier()),
              StatusIs(kDenied, HasSubstr("'w1'")));
  EXPECT_THAT(
      VerifyCosignature(kExampleText, good, WitnessKey("w1").verifier()),
      StatusIs(kDenied));
}

class QuorumTest : public ::testing::Test {
 protected:
  QuorumTest() {
    for (int i = 0; i < 5; ++i) {
      secrets_.push_back(WitnessKey(absl::StrCat("w", i)));
      keys_.push_back(secrets_.back().verifier());
    }
  }
  void Cosigned(int witness, absl::Duration ago) {
    checkpoint_.Put(
        *Cosign(checkpoint_.note().text, secrets_[witness], now_ - ago));
  }
  absl::Status Check(QuorumRule::Options options = {}) {
    const auto rule = QuorumRule::Create(keys_, options);
    return rule.ok() ? rule->Check(checkpoint_, now_) : rule.status();
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  std::vector<SigningKey> secrets_;
  std::vector<VerifierKey> keys_;
  const SigningKey log_ = LogKey();
  SignedCheckpoint checkpoint_ = *SignCheckpoint({kOrigin, 5, Root()}, log_);
};

TEST_F(QuorumTest, WhatAGreatPartnershipCosignsIsStillANote) {
  constexpr int kMany = 150;
  for (int i = 5; i < kMany; ++i) {
    secrets_.push_back(WitnessKey(absl::StrCat("w", i)));
    keys_.push_back(secrets_.back().verifier());
  }
  for (int i = 0; i < kMany; ++i) Cosigned(i, absl::Seconds(kMany - i));
  const auto note = ParseNote(checkpoint_.Text());
  ASSERT_THAT(note, IsOk());
  // As Go's sumdb/note: 100, of which the log's own is one.
  EXPECT_EQ(note->signatures.size(), 100);
  EXPECT_THAT(OpenCheckpoint(checkpoint_.Text(), log_.verifier()), IsOk());
  for (int i = 0; i < kMany; ++i) {
    EXPECT_EQ(note->Find(keys_[i]) != nullptr, i >= kMany - 99) << i;
  }
  EXPECT_THAT(Check(), IsOk());
  // One that is there is renewed and takes nobody's place.
  Cosigned(kMany - 99, absl::ZeroDuration());
  EXPECT_NE(checkpoint_.note().Find(keys_[kMany - 98]), nullptr);
  // One that lost its place gets another's.
  Cosigned(0, absl::ZeroDuration());
  EXPECT_NE(checkpoint_.note().Find(keys_[0]), nullptr);
  EXPECT_EQ(checkpoint_.note().Find(keys_[kMany - 98]), nullptr);
  EXPECT_EQ(checkpoint_.note().signatures.size(), 100);
}

TEST_F(QuorumTest, OfMoreThanANoteHoldsIsRefusedWithWhatToSet) {
  while (secrets_.size() < 198) {
    secrets_.push_back(WitnessKey(absl::StrCat("w", secrets_.size())));
    keys_.push_back(secrets_.back().verifier());
  }
  EXPECT_THAT(QuorumRule::Create(keys_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("a quorum of 100 of 198"),
                             HasSubstr("needed: 99"))));
  EXPECT_THAT(QuorumRule::Create(keys_, {99}), IsOk());
  keys_.pop_back();
  EXPECT_THAT(QuorumRule::Create(keys_), IsOk());
}

TEST_F(QuorumTest, IsMoreThanHalfAndNotHalf) {
  Cosigned(0, absl::Minutes(1));
  Cosigned(3, absl::Minutes(15));
  EXPECT_THAT(Check(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("2 of 5"), HasSubstr("3 are needed"),
                             HasSubstr("w1 (none)"), Not(HasSubstr("w3")))));
  Cosigned(4, absl::ZeroDuration());
  EXPECT_THAT(Check(), IsOk());
  keys_.pop_back();  // 2 of 4 are half
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("2 of 4")));
}

TEST_F(QuorumTest, AnOldOneAndOneOfTheFutureDoNotCount) {
  Cosigned(0, absl::Minutes(1));
  Cosigned(1, absl::Minutes(15) + absl::Seconds(1));
  Cosigned(2, -absl::Minutes(2) - absl::Seconds(1));
  EXPECT_THAT(Check(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("1 of 5"), HasSubstr("w1 (too old)"),
                             HasSubstr("w2 (in the future)"))));
  Cosigned(1, absl::Minutes(15));
  Cosigned(2, -absl::Minutes(2));
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(QuorumTest, CanBeSetOtherwise) {
  Cosigned(0, absl::Hours(3));
  QuorumRule::Options options;
  options.needed = 1;
  EXPECT_FALSE(Check(options).ok());
  options.max_age = absl::Hours(3);
  EXPECT_THAT(Check(options), IsOk());
  options.needed = 6;
  EXPECT_THAT(Check(options), StatusIs(kInvalid, HasSubstr("only 5")));
  options.max_age = absl::ZeroDuration();
  options.needed = 1;
  EXPECT_THAT(Check(options), StatusIs(kInvalid, HasSubstr("above zero")));
}

TEST_F(QuorumTest, NobodyCountsTwiceAndNoStrangerCounts) {
  Cosigned(0, absl::Minutes(1));
  Cosigned(0, absl::Minutes(2));
  const SigningKey stranger = WitnessKey("w1");  // the name, another key
  checkpoint_.Put(*Cosign(checkpoint_.note().text, stranger, now_));
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("1 of 5")));
  keys_.push_back(keys_[0]);
  EXPECT_THAT(Check(), StatusIs(kInvalid, HasSubstr("the same key")));
  keys_ = {LogKey().verifier()};
  EXPECT_THAT(Check(), StatusIs(kInvalid, HasSubstr("a log's")));
  keys_.clear();
  EXPECT_THAT(Check(), StatusIs(kInvalid, HasSubstr("no witness")));
}

TEST_F(QuorumTest, AFalseSignatureInAWitnesssNameSpoilsTheNote) {
  for (int i = 0; i < 5; ++i) Cosigned(i, absl::Minutes(1));
  NoteSignature bad = *checkpoint_.note().Find(keys_[2]);
  bad.bytes[20] ^= 1;
  checkpoint_.Put(bad);
  EXPECT_THAT(Check(), StatusIs(kDenied, HasSubstr("'w2'")));
}

}  // namespace
}  // namespace cairn
