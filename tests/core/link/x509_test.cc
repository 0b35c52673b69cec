#include "core/link/x509.h"

#include <stdlib.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kUri[] = "spiffe://riverside/agent/st-marys-ed";

// The oracle is the openssl command line.
class X509Test : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/x509_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-days 30 -subj /CN=root -keyout ca.key -out ca.pem "
        "-addext basicConstraints=critical,CA:TRUE "
        "-addext keyUsage=critical,keyCertSign");
    root_ = Read("ca.pem");
    issuer_ = {root_, Read("ca.key")};
    now_ = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What a command says on both its streams.
  std::string Run(const std::string& command) const {
    const std::string line =
        absl::StrCat("cd ", folder_, " && { ", command, "; } 2>&1");
    FILE* pipe = popen(line.c_str(), "r");
    std::string said;
    std::array<char, 4096> piece{};
    size_t got;
    while ((got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0) {
      said.append(piece.data(), got);
    }
    pclose(pipe);
    return said;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  std::string Issued(absl::string_view request) const {
    const auto issued = IssueCertificate(
        issuer_, request, kUri, now_ - absl::Minutes(2), now_ + absl::Hours(1));
    EXPECT_THAT(issued, IsOk());
    return issued.ok() ? *issued : "";
  }

  std::string folder_, root_;
  Issuer issuer_;
  absl::Time now_;
};

TEST_F(X509Test, OpenSslReadsWhatWeMake) {
  const auto key = MakeKey();
  ASSERT_THAT(key, IsOk());
  const auto request = MakeRequest(*key);
  ASSERT_THAT(request, IsOk());
  Write("key.pem", *key);
  Write("request.pem", *request);
  EXPECT_THAT(Run("openssl req -verify -noout -in request.pem"),
              HasSubstr("verify OK"));
  Write("leaf.pem", Issued(*request));
  EXPECT_THAT(
      Run("openssl verify -x509_strict -purpose sslclient -CAfile ca.pem "
          "leaf.pem"),
      HasSubstr("leaf.pem: OK"));
  EXPECT_THAT(Run("openssl verify -purpose sslserver -CAfile ca.pem leaf.pem"),
              Not(HasSubstr("OK")));
  const std::string text = Run("openssl x509 -in leaf.pem -noout -text");
  EXPECT_THAT(text, HasSubstr(absl::StrCat("URI:", kUri)));
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("TLS Web Client Authentication"));
  const std::string pin =
      Run("openssl pkey -in key.pem -pubout -outform DER | sha256sum | cut -c "
          "1-64");
  const auto facts = ReadCertificate(Read("leaf.pem"));
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(Hex(facts->key_pin), absl::StripAsciiWhitespace(pin));
  EXPECT_EQ(Hex(*PinOfRequest(*request)), absl::StripAsciiWhitespace(pin));
  EXPECT_EQ(facts->not_after, now_ + absl::Hours(1));
  EXPECT_EQ(facts->uris, std::vector<std::string>{kUri});
  EXPECT_THAT(CheckChain(Read("leaf.pem"), root_, Side::kClient), IsOk());
  EXPECT_THAT(CheckChain(Read("leaf.pem"), root_, Side::kServer),
              StatusIs(kInvalid, HasSubstr("purpose")));
  EXPECT_THAT(CheckKeyBelongs(*key, Read("leaf.pem")), IsOk());
  EXPECT_THAT(CheckKeyBelongs(*MakeKey(), Read("leaf.pem")),
              StatusIs(kInvalid, HasSubstr("does not belong")));
}

TEST_F(X509Test, NothingOfARequestButItsKeyIsTakenOver) {
  Write("wish.cnf",
        "[req]\nprompt=no\ndistinguished_name=n\nreq_extensions=e\n"
        "[n]\nCN=coordinator\n[e]\nbasicConstraints=critical,CA:TRUE\n"
        "subjectAltName=URI:spiffe://riverside/coordinator\n"
        "extendedKeyUsage=serverAuth\n");
  Run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-keyout wish.key -out wish.csr -config wish.cnf");
  Write("leaf.pem", Issued(Read("wish.csr")));
  const std::string text = Run("openssl x509 -in leaf.pem -noout -text");
  EXPECT_THAT(text, Not(HasSubstr("coordinator")));
  EXPECT_THAT(text, Not(HasSubstr("CA:TRUE")));
  EXPECT_THAT(text, Not(HasSubstr("Server Authentication")));
  EXPECT_EQ(ReadCertificate(Read("leaf.pem"))->uris,
            std::vector<std::string>{kUri});
}

// An invitation would be used up for a certificate that nobody accepts.
TEST_F(X509Test, ARequestThatSpellsItsCurveOutIsRefused) {
  Run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
      "-pkeyopt ec_param_enc:explicit -out d.key && "
      "openssl req -new -key d.key -subj /CN=x -out explicit.csr && "
      "openssl x509 -req -in explicit.csr -CA ca.pem -CAkey ca.key -days 1 "
      "-out explicit.pem");
  EXPECT_THAT(Run("openssl verify -CAfile ca.pem explicit.pem"),
              HasSubstr("explicit"));
  EXPECT_THAT(PinOfRequest(Read("explicit.csr")),
              StatusIs(kInvalid, HasSubstr("spells it out")));
}

TEST_F(X509Test, ARequestIsSignedByItsKeyAndOfOneCurve) {
  Run("openssl req -new -newkey rsa:2048 -nodes -subj /CN=x -keyout a.key -out "
      "rsa.csr");
  Run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes "
      "-subj /CN=x -keyout b.key -out p384.csr");
  Run("openssl req -new -newkey ed25519 -nodes -subj /CN=x -keyout c.key -out "
      "ed.csr");
  for (const char* name : {"rsa.csr", "p384.csr", "ed.csr"}) {
    ASSERT_FALSE(Read(name).empty()) << name;
    EXPECT_THAT(PinOfRequest(Read(name)),
                StatusIs(kInvalid, HasSubstr("P-256")));
  }
  const std::string request = *MakeRequest(*MakeKey());
  Write("r.pem", request);
  // Each byte of it, as DER, in turn.
  Run("openssl req -in r.pem -outform DER -out r.der");
  const std::string der = Read("r.der");
  ASSERT_GT(der.size(), 100u);
  int accepted = 0;
  for (size_t at = 0; at < der.size(); ++at) {
    std::string altered = der;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    Write("altered.der", altered);
    const std::string pem =
        absl::StrCat("-----BEGIN CERTIFICATE REQUEST-----\n",
                     Run("openssl base64 -in altered.der"),
                     "-----END CERTIFICATE REQUEST-----\n");
    accepted += PinOfRequest(pem).ok() ? 1 : 0;
    if (at > 60 && at % 7 != 0) at += 3;  // a sample of the rest
  }
  EXPECT_EQ(accepted, 0);
  EXPECT_THAT(PinOfRequest(""), StatusIs(kInvalid));
  EXPECT_THAT(PinOfRequest(root_), StatusIs(kInvalid));
  EXPECT_THAT(PinOfRequest(std::string(70'000, 'a')),
              StatusIs(kInvalid, HasSubstr("too long")));
}

TEST_F(X509Test, ACertificateDoesNotOutliveItsIssuer) {
  EXPECT_THAT(IssueCertificate(issuer_, *MakeRequest(*MakeKey()), kUri, now_,
                               now_ + absl::Hours(24 * 31)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(X509Test, APinIsOfAKeyAndOfNoOther) {
  const std::string leaf = Issued(*MakeRequest(*MakeKey()));
  const std::string pin = ReadCertificate(root_)->key_pin;
  EXPECT_EQ(*FindByPin(leaf, pin), root_) << "the issuer's comes after it";
  EXPECT_THAT(FindByPin(leaf, std::string(32, 'x')),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(FindByPin("", pin), StatusIs(kInvalid));
}

}  // namespace
}  // namespace cairn
