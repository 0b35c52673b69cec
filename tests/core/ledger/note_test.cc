#include "core/ledger/note.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/ledger/ed25519.h"
#include "core/ledger/key.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Published with golang.org/x/mod/sumdb/note (note_test.go): two keys, one
// secret, a text and both signatures of it.
constexpr char kPeter[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kPeterSecret[] =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+"
    "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr char kEnoch[] =
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
constexpr char kText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr char kPeterLine[] =
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n";
constexpr char kEnochLine[] =
    "\xE2\x80\x94 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwn"
    "WLox33WWd1RvMc+QQ=\n";

std::string Published() {
  return absl::StrCat(kText, "\n", kPeterLine, kEnochLine);
}

// RFC 8032 section 7.1, TEST 1 and TEST 2.
std::string Bytes(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(Ed25519, MakesTheSignaturesOfRfc8032) {
  const std::string seed =
      Bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const std::string key =
      Bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string signature = Bytes(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(Ed25519PublicKey(seed), key);
  EXPECT_EQ(Ed25519Sign(seed, "\x72"), signature);
  EXPECT_TRUE(Ed25519Verify(key, "\x72", signature));
  EXPECT_FALSE(Ed25519Verify(key, "\x73", signature));
  EXPECT_FALSE(Ed25519Verify(key, "", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string bad = signature;
    bad[i] ^= 1;
    EXPECT_FALSE(Ed25519Verify(key, "\x72", bad)) << i;
  }
  EXPECT_FALSE(Ed25519Verify(key.substr(1), "\x72", signature));
  EXPECT_FALSE(Ed25519Verify(key, "\x72", signature.substr(1)));
  EXPECT_FALSE(Ed25519Verify("", "", ""));
}

TEST(Key, ReadsThePublishedKeysAndWritesThemBack) {
  for (const char* text : {kPeter, kEnoch}) {
    const auto key = VerifierKey::Parse(text);
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->Text(), text);
    EXPECT_EQ(key->role(), KeyRole::kLog);
  }
  EXPECT_EQ(VerifierKey::Parse(kPeter)->id(), 0xc74f20a3u);
  const auto secret = SigningKey::Parse(kPeterSecret);
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(secret->SecretText(), kPeterSecret);
  EXPECT_EQ(secret->verifier().Text(), kPeter);
}

TEST(Key, NoPartAndNoOtherSpellingOfAKeyIsAKey) {
  for (const std::string text : {kPeter, kPeterSecret}) {
    const auto reads = [](const std::string& key) {
      return VerifierKey::Parse(key).ok() || SigningKey::Parse(key).ok();
    };
    ASSERT_TRUE(reads(text));
    for (size_t begin = 0; begin <= text.size(); ++begin) {
      for (size_t end = begin; end <= text.size(); ++end) {
        if (end - begin == text.size()) continue;
        EXPECT_FALSE(reads(text.substr(begin, end - begin)));
      }
    }
    for (size_t i = 0; i < text.size(); ++i) {
      std::string bad = text;
      ++bad[i];
      EXPECT_FALSE(reads(bad)) << bad;
    }
    EXPECT_FALSE(reads(text + "\n"));
    EXPECT_FALSE(reads(" " + text));
  }
  // From the same test: a wrong length and an unknown type, the ids adjusted.
  EXPECT_THAT(VerifierKey::Parse(
                  "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
                  "LDE4izWy10TWBADKEY=="),
              StatusIs(kInvalid));
  EXPECT_THAT(
      VerifierKey::Parse("PeterNeumann+173116ae+"
                         "ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
      StatusIs(kInvalid, HasSubstr("type")));
}

TEST(Key, NoErrorRepeatsASecret) {
  const std::string secret = kPeterSecret;
  for (size_t i = 0; i < secret.size(); ++i) {
    std::string bad = secret;
    bad[i] = ' ';
    const auto key = SigningKey::Parse(bad);
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(std::string(key.status().message()).find("LVFGyNhP"),
              std::string::npos);
  }
}

TEST(Key, ANameHasNoSpaceNoPlusNoControlAndIsUtf8) {
  const std::string key(32, 'k');
  for (const char* name : {"", "a b", "a\nb", "a\tb", "a+b",
                           "a\xC2\xA0"
                           "b",
                           "a\xE3\x80\x80"
                           "b",
                           "a\xE2\x80\xA8"
                           "b",
                           "\xff", "a\x7f", "\xC2\x85"}) {
    EXPECT_THAT(VerifierKey::Create(name, KeyRole::kLog, key),
                StatusIs(kInvalid, HasSubstr("the name")))
        << name;
  }
  EXPECT_THAT(VerifierKey::Create(std::string(256, 'a'), KeyRole::kLog, key),
              StatusIs(kInvalid, HasSubstr("255")));
  EXPECT_THAT(VerifierKey::Create(std::string("a\0b", 3), KeyRole::kLog, key),
              StatusIs(kInvalid, HasSubstr("control")));
  EXPECT_THAT(VerifierKey::Create("heddlu.cymru/tŷ", KeyRole::kLog, key),
              IsOk());
  EXPECT_THAT(VerifierKey::Create("a", KeyRole::kLog, "short"),
              StatusIs(kInvalid, HasSubstr("5 bytes")));
}

TEST(Key, OneKeyInTwoRolesIsFound) {
  const std::string key(32, 'k'), other(32, 'o');
  const auto log = *VerifierKey::Create("a", KeyRole::kLog, key);
  const auto same = *VerifierKey::Create("a", KeyRole::kWitness, key);
  const auto fine = *VerifierKey::Create("a", KeyRole::kWitness, other);
  EXPECT_NE(log.id(), same.id());
  EXPECT_THAT(CheckAllDifferent({log, fine}), IsOk());
  EXPECT_THAT(CheckAllDifferent({log, fine, same}),
              StatusIs(kInvalid, HasSubstr("the same key")));
}

TEST(Key, TwoGeneratedKeysAreTwo) {
  const auto a = SigningKey::Generate("a", KeyRole::kWitness);
  const auto b = SigningKey::Generate("a", KeyRole::kWitness);
  ASSERT_THAT(a, IsOk());
  EXPECT_NE(a->SecretText(), b->SecretText());
  const auto again = SigningKey::Parse(a->SecretText());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->verifier().Text(), a->verifier().Text());
  EXPECT_EQ(again->Sign("m"), a->Sign("m"));
  EXPECT_THAT(SigningKey::Generate("a b", KeyRole::kLog), StatusIs(kInvalid));
}

TEST(Note, ReadsThePublishedNoteAndWritesItBack) {
  const auto note = ParseNote(Published());
  ASSERT_THAT(note, IsOk());
  EXPECT_EQ(note->text, kText);
  ASSERT_EQ(note->signatures.size(), 2u);
  EXPECT_EQ(note->Text(), Published());
  for (const char* vkey : {kPeter, kEnoch}) {
    const auto key = VerifierKey::Parse(vkey);
    const NoteSignature* signature = note->Find(*key);
    ASSERT_NE(signature, nullptr);
    EXPECT_TRUE(Ed25519Verify(key->public_key(), note->text, signature->bytes));
  }
}

TEST(Note, ThePublishedSecretMakesThePublishedSignature) {
  const auto key = SigningKey::Parse(kPeterSecret);
  const NoteSignature signature{key->verifier().name(), key->verifier().id(),
                                key->Sign(kText)};
  EXPECT_EQ(signature.Line(), kPeterLine);
  const auto read = ParseSignatureLine(kPeterLine);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->bytes, signature.bytes);
}

TEST(Note, SaysWhatIsWrong) {
  const std::string text = kText, peter = kPeterLine;
  const struct {
    std::string bytes;
    const char* why;
  } kCases[] = {
      {"", "no empty line"},
      {text, "no empty line"},
      {text + "\n", "nobody has signed"},
      {text + peter, "no empty line"},
      {text + "\n" + peter.substr(0, peter.size() - 1), "newline"},
      {"\x01" + text + "\n" + peter, "control character"},
      {text + "\r\n" + peter, "control character"},
      {std::string("\0", 1) + text + "\n" + peter, "control character"},
      {"\xff" + text + "\n" + peter, "UTF-8"},
      {text + "\n" + peter + "Unexpected line.\n", "dash"},
      {text + "\n-" + peter.substr(3), "dash"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"PeterNeumann", "Pe Ter"}}),
       "base64"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"PeterNeumann", "Pe+ter"}}),
       "'+'"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"PeterNeumann ", ""}}),
       "no space"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"PeterNeumann", ""}}),
       "empty"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"JnAM=", "JnAN="}}),
       "base64"},  // the same bytes in another spelling
      {text + "\n" + absl::StrReplaceAll(peter, {{"JnAM=", "JnAM"}}), "base64"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"JnAM=", "JnAM=="}}),
       "base64"},
      {text + "\n" + absl::StrReplaceAll(peter, {{"/", "_"}}), "base64"},
      {text + "\n\xE2\x80\x94 a AAAAAA==\n", "key id"},
      {text + "\n\xE2\x80\x94 a \n", "key id"},
      {text + "\n" + peter + peter, "signed it twice"},
      {std::string(70000, 'a') + "\n\n" + peter, "64 KiB"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseNote(c.bytes), StatusIs(kInvalid, HasSubstr(c.why)))
        << c.bytes.substr(0, 300);
  }
  std::string crowd = text + "\n";
  for (int i = 0; i < 101; ++i) {
    absl::StrAppend(&crowd, "\xE2\x80\x94 k", i, " AAAAAAA=\n");
  }
  EXPECT_THAT(ParseNote(crowd), StatusIs(kInvalid, HasSubstr("more than 100")));
}

TEST(Note, TheTextMayHaveEmptyLinesAndEndsAtTheLastOne) {
  const auto note = ParseNote(absl::StrCat("one\n\ntwo\n\n", kPeterLine));
  ASSERT_THAT(note, IsOk());
  EXPECT_EQ(note->text, "one\n\ntwo\n");
}

TEST(Note, WhatIsReadIsWrittenBackByteForByteWhereverABitIsFlipped) {
  const std::string good = Published();
  int read = 0;
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bytes = good;
    bytes[i / 8] ^= static_cast<char>(1 << (i % 8));
    const auto note = ParseNote(bytes);
    if (!note.ok()) continue;
    ++read;
    EXPECT_EQ(note->Text(), bytes);
  }
  EXPECT_GT(read, 100);
}

TEST(Note, ANewSignatureOfAKeyTakesThePlaceOfItsOldOne) {
  Note note = *ParseNote(Published());
  NoteSignature fresh = note.signatures[0];
  fresh.bytes = "new";
  note.Put(fresh);
  ASSERT_EQ(note.signatures.size(), 2u);
  EXPECT_EQ(note.signatures[0].bytes, "new");
  fresh.key_id ^= 1;
  note.Put(fresh);
  EXPECT_EQ(note.signatures.size(), 3u);
}

}  // namespace
}  // namespace cairn
