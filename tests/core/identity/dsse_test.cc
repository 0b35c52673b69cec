#include "core/identity/dsse.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr char kType[] = "application/vnd.cairn.test.v1+json";

void Write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// OpenSSL's command line as the second opinion on a signature.
bool OpenSslAccepts(const std::string& public_key, const std::string& message,
                    const std::string& signature) {
  const std::string dir = absl::StrCat(::testing::TempDir(), getpid(), "_");
  // RFC 8410: the 12 bytes that stand before the key of an Ed25519 public key.
  Write(dir + "dsse.der",
        absl::HexStringToBytes("302a300506032b6570032100") + public_key);
  Write(dir + "dsse.msg", message);
  Write(dir + "dsse.sig", signature);
  const bool accepts =
      std::system(
          absl::StrCat("openssl pkeyutl -verify -pubin -keyform DER -inkey ",
                       dir, "dsse.der -rawin -in ", dir, "dsse.msg -sigfile ",
                       dir, "dsse.sig >/dev/null 2>&1")
              .c_str()) == 0;
  for (const char* name : {"dsse.der", "dsse.msg", "dsse.sig"}) {
    std::remove((dir + name).c_str());
  }
  return accepts;
}

TEST(Dsse, SignsWhatTheSpecificationSays) {
  // The test vector of the specification's protocol.md.
  EXPECT_EQ(DsseSignedBytes("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(DsseSignedBytes("", ""), "DSSEv1 0  0 ");
}

TEST(Dsse, OpenSslCommandLineVerifiesASignature) {
  const SecretKey key = SecretKey::Generate();
  const std::string payload("{\"v\":1}\0\xff", 9);
  const Dsse envelope = Sign(key, kType, payload);
  const std::string bytes =
      absl::StrCat("DSSEv1 ", sizeof(kType) - 1, " ", kType, " 9 ", payload);
  EXPECT_TRUE(OpenSslAccepts(key.public_key(), bytes,
                             envelope.signatures[0].signature));
  EXPECT_FALSE(OpenSslAccepts(key.public_key(), bytes + " ",
                              envelope.signatures[0].signature));
}

TEST(Dsse, WhatIsWrittenIsReadBack) {
  const SecretKey one = SecretKey::Generate(), other = SecretKey::Generate();
  std::string payload;
  for (int i = 0; i < 256; ++i) payload.push_back(static_cast<char>(i));
  Dsse envelope = Sign(one, kType, payload);
  ASSERT_THAT(AddSignature(other, &envelope), IsOk());
  const std::string bytes = WriteDsse(envelope);
  const auto read = ParseDsse(bytes);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->payload, payload);
  EXPECT_EQ(read->payload_type, kType);
  EXPECT_TRUE(IsSignedBy(*read, one.public_key()));
  EXPECT_TRUE(IsSignedBy(*read, other.public_key()));
  EXPECT_FALSE(IsSignedBy(*read, SecretKey::Generate().public_key()));
  EXPECT_EQ(WriteDsse(*read), bytes);
}

TEST(Dsse, ASignatureOverOneKindIsNoneOverAnother) {
  const SecretKey key = SecretKey::Generate();
  Dsse envelope = Sign(key, "a/b", "c");
  envelope.payload_type = "a/bc";
  envelope.payload = "";
  EXPECT_FALSE(IsSignedBy(envelope, key.public_key()));
  envelope.payload_type = "a/c";
  envelope.payload = "c";
  EXPECT_FALSE(IsSignedBy(envelope, key.public_key()));
}

TEST(Dsse, NoAlteredByteIsAccepted) {
  const SecretKey key = SecretKey::Generate();
  const std::string good = WriteDsse(Sign(key, kType, "{\"v\":1,\"a\":2}"));
  int tried = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto read = ParseDsse(bad);
      EXPECT_FALSE(read.ok() && IsSignedBy(*read, key.public_key()))
          << "byte " << at << " bit " << bit;
      ++tried;
    }
  }
  EXPECT_GT(tried, 1000);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseDsse(good.substr(0, size)).ok()) << size;
  }
}

TEST(Dsse, AnEnvelopeHasOneSpelling) {
  const SecretKey key = SecretKey::Generate();
  const std::string good = WriteDsse(Sign(key, kType, "ab"));
  const std::string signature = good.substr(good.find("{\"keyid"));
  const std::string one = signature.substr(0, signature.size() - 2);
  const auto expect_bad = [&](const std::string& bytes, const char* words) {
    EXPECT_THAT(ParseDsse(bytes),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(words)))
        << bytes;
  };
  expect_bad(good + "\n", "follows");
  expect_bad(" " + good, "form");
  expect_bad(absl::StrReplaceAll(good, {{",\"", ", \""}}), "form");
  expect_bad(absl::StrReplaceAll(good, {{"YWI=", "YWI"}}), "base64");
  expect_bad(absl::StrReplaceAll(good, {{"YWI=", "YWJ="}}), "base64");
  expect_bad(absl::StrReplaceAll(good, {{"YWI=", "YW I="}}), "base64");
  expect_bad(absl::StrReplaceAll(good, {{"{\"payload\":\"YWI=\"",
                                         "{\"payload\":\"YWI=\",\"payload\":"
                                         "\"YWM=\""}}),
             "form");
  expect_bad(absl::StrReplaceAll(good, {{"]}", "],\"x\":1}"}}), "follows");
  expect_bad(absl::StrReplaceAll(good, {{one, absl::StrCat(one, ",", one)}}),
             "twice");
  expect_bad(absl::StrReplaceAll(good, {{one, ""}}), "signature");
  expect_bad(absl::StrReplaceAll(good, {{kType, "text plain"}}), "media type");
  expect_bad(absl::AsciiStrToUpper(good), "form");
}

TEST(Dsse, ALargeEnvelopeIsRefusedBeforeItIsRead) {
  const SecretKey key = SecretKey::Generate();
  EXPECT_THAT(
      ParseDsse(WriteDsse(Sign(key, kType, std::string(200 * 1024, 'x')))),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256 KiB")));
  EXPECT_THAT(
      ParseDsse(WriteDsse(Sign(key, kType, std::string(190 * 1024, 'x')))),
      IsOk());
}

TEST(Dsse, NobodySignsTwiceAndNotMoreThanEight) {
  const SecretKey first = SecretKey::Generate();
  Dsse envelope = Sign(first, kType, "x");
  EXPECT_THAT(
      AddSignature(first, &envelope),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("already")));
  for (int i = 1; i < 8; ++i) {
    EXPECT_THAT(AddSignature(SecretKey::Generate(), &envelope), IsOk());
  }
  EXPECT_FALSE(AddSignature(SecretKey::Generate(), &envelope).ok());
  EXPECT_THAT(ParseDsse(WriteDsse(envelope)), IsOk());
  envelope.signatures.push_back(
      Sign(SecretKey::Generate(), kType, "x").signatures[0]);
  EXPECT_FALSE(ParseDsse(WriteDsse(envelope)).ok());
}

}  // namespace
}  // namespace cairn
