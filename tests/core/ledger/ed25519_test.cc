#include "core/ledger/ed25519.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

// RFC 8032, section 7.1, tests 1 to 3.
struct Vector {
  std::string seed, key, message, signature;
};

std::vector<Vector> Vectors() {
  const char* const hex[][4] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
       "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
       "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
       "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"}};
  std::vector<Vector> vectors;
  for (const auto& one : hex) {
    vectors.push_back(
        {absl::HexStringToBytes(one[0]), absl::HexStringToBytes(one[1]),
         absl::HexStringToBytes(one[2]), absl::HexStringToBytes(one[3])});
  }
  return vectors;
}

TEST(Ed25519, SignsAsTheRfcSaysWhicheverKeyCameBefore) {
  const std::vector<Vector> vectors = Vectors();
  for (const size_t i : {0, 0, 1, 0, 2, 2, 1, 0}) {
    const Vector& one = vectors[i];
    EXPECT_EQ(Ed25519PublicKey(one.seed), one.key);
    EXPECT_EQ(Ed25519Sign(one.seed, one.message), one.signature);
    EXPECT_TRUE(Ed25519Verify(one.key, one.message, one.signature));
  }
}

TEST(Ed25519, ASignatureThatWasGoodIsGoodForNothingElse) {
  const std::vector<Vector> vectors = Vectors();
  const Vector& good = vectors[2];
  const Vector& other = vectors[1];
  for (size_t byte = 0; byte < kEd25519SignatureBytes; ++byte) {
    ASSERT_TRUE(Ed25519Verify(good.key, good.message, good.signature));
    std::string flipped = good.signature;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 1);
    EXPECT_FALSE(Ed25519Verify(good.key, good.message, flipped)) << byte;
    if (byte < kEd25519KeyBytes) {
      std::string key = good.key;
      key[byte] = static_cast<char>(key[byte] ^ 1);
      EXPECT_FALSE(Ed25519Verify(key, good.message, good.signature)) << byte;
    }
  }
  EXPECT_FALSE(Ed25519Verify(good.key, other.message, good.signature));
  EXPECT_FALSE(Ed25519Verify(good.key, good.message + "x", good.signature));
  EXPECT_FALSE(Ed25519Verify(good.key, "", good.signature));
  EXPECT_FALSE(Ed25519Verify(other.key, good.message, good.signature));
  EXPECT_FALSE(Ed25519Verify(good.key, good.message, other.signature));
  EXPECT_FALSE(Ed25519Verify("", "", ""));
  // And what was not good before may be good now.
  EXPECT_FALSE(Ed25519Verify(other.key, good.message, other.signature));
  EXPECT_TRUE(Ed25519Verify(other.key, other.message, other.signature));
}

}  // namespace
}  // namespace cairn
