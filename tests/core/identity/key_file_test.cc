#include "core/identity/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/identity/session.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPin[] = "correct horse";

class KeyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "key_file_", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  // Runs OpenSSL's command line; what it prints.
  std::string OpenSsl(const std::string& arguments) const {
    const std::string out = Path("openssl.out");
    const int status = std::system(
        absl::StrCat("openssl ", arguments, " >", out, " 2>&1").c_str());
    return status == 0 ? Read(out) : "failed: " + Read(out);
  }

  const SecretKey key_ = SecretKey::Generate();
  std::string folder_;
};

TEST_F(KeyFileTest, IsOpenedWithItsPinAndNoOther) {
  const auto pem = SealKey(key_, kPin);
  ASSERT_THAT(pem, IsOk());
  const auto opened = OpenKey(*pem, kPin);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->seed(), key_.seed());
  for (const char* pin :
       {"correct hors", "correct horse ", "", "Correct horse"}) {
    EXPECT_THAT(OpenKey(*pem, pin), StatusIs(absl::StatusCode::kUnauthenticated,
                                             HasSubstr("PIN is not right")));
  }
  EXPECT_THAT(*pem, Not(HasSubstr(key_.seed())));
  const auto again = SealKey(key_, kPin);
  ASSERT_THAT(again, IsOk());
  EXPECT_NE(*again, *pem) << "a new salt each time";
}

TEST_F(KeyFileTest, OpenSslReadsWhatWeWrite) {
  const auto pem = SealKey(key_, kPin);
  ASSERT_THAT(pem, IsOk());
  ASSERT_THAT(WriteNewSecret(Path("key"), *pem), IsOk());
  EXPECT_EQ(OpenSsl(absl::StrCat("pkey -in ", Path("key"),
                                 " -passin 'pass:correct horse' -pubout")),
            PublicKeyPem(key_.public_key()));
  EXPECT_THAT(OpenSsl(absl::StrCat("asn1parse -in ", Path("key"))),
              HasSubstr("scrypt"));
}

TEST_F(KeyFileTest, WeReadWhatOpenSslWroteIfItIsStrongEnough) {
  OpenSsl(absl::StrCat("genpkey -algorithm ed25519 -out ", Path("plain")));
  const std::string seal =
      absl::StrCat("pkcs8 -topk8 -in ", Path("plain"),
                   " -passout 'pass:correct horse' -out ", Path("sealed"), " ");
  OpenSsl(seal + "-scrypt -scrypt_N 16384 -scrypt_r 8 -scrypt_p 8");
  const auto opened = OpenKey(Read(Path("sealed")), kPin);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(OpenSsl(absl::StrCat("pkey -in ", Path("plain"), " -pubout")),
            PublicKeyPem(opened->public_key()));
  for (const char* weak :
       {"-scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 8", "-scrypt",
        "-v2 aes-256-cbc -iter 2048", "-v1 PBE-SHA1-3DES"}) {
    OpenSsl(seal + weak);
    EXPECT_THAT(
        OpenKey(Read(Path("sealed")), kPin),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too weakly")))
        << weak;
  }
  EXPECT_THAT(OpenKey(Read(Path("plain")), kPin),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no key that is protected")));
  OpenSsl(
      absl::StrCat("genpkey -algorithm EC -pkeyopt "
                   "ec_paramgen_curve:P-256 -out ",
                   Path("plain")));
  OpenSsl(seal + "-scrypt -scrypt_N 16384 -scrypt_r 8 -scrypt_p 8");
  EXPECT_THAT(OpenKey(Read(Path("sealed")), kPin),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("not an Ed25519 key")));
}

TEST_F(KeyFileTest, AnAlteredFileIsNotOpened) {
  const auto pem = SealKey(key_, kPin);
  ASSERT_THAT(pem, IsOk());
  // A few places only: each costs scrypt's time.
  for (size_t at = 40; at < pem->size() - 40; at += 37) {
    std::string bad = *pem;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    const auto opened = OpenKey(bad, kPin);
    EXPECT_FALSE(opened.ok() && opened->seed() == key_.seed()) << at;
  }
}

TEST_F(KeyFileTest, APinThatIsNoneIsRefused) {
  for (const char* pin : {"", "12345", "111111", "aaaaaaaaaa"}) {
    EXPECT_THAT(SealKey(key_, pin),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("at least 6 characters")));
  }
  EXPECT_THAT(CheckPin("111112"), IsOk());
}

TEST_F(KeyFileTest, AFileIsItsOwnersAloneAndNeverWrittenOver) {
  const auto pem = SealKey(key_, kPin);
  ASSERT_THAT(pem, IsOk());
  ASSERT_THAT(WriteNewSecret(Path("key"), *pem), IsOk());
  struct stat info {};
  ASSERT_EQ(stat(Path("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(
      WriteNewSecret(Path("key"), "other"),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("not changed")));
  ASSERT_EQ(symlink(Path("elsewhere").c_str(), Path("link").c_str()), 0);
  EXPECT_FALSE(WriteNewSecret(Path("link"), "other").ok());
  EXPECT_FALSE(std::filesystem::exists(Path("elsewhere")));
  EXPECT_THAT(ReadKeyFile(Path("key"), kPin), IsOk());
  EXPECT_THAT(ReadKeyFile(Path("key"), "000001"),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("key: the PIN is not right")));
  chmod(Path("key").c_str(), 0640);
  EXPECT_THAT(
      ReadKeyFile(Path("key"), kPin),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chmod 600")));
  EXPECT_THAT(ReadKeyFile(Path("none"), kPin),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(KeyFileTest, APublicKeyHasOneSpelling) {
  const std::string pem = PublicKeyPem(key_.public_key());
  const auto read = ParsePublicKeyPem(pem);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, key_.public_key());
  for (const std::string& bad :
       {pem + "\n", "x" + pem, pem + pem, std::string(), pem.substr(1)}) {
    EXPECT_THAT(ParsePublicKeyPem(bad),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  OpenSsl(
      absl::StrCat("genpkey -algorithm EC -pkeyopt "
                   "ec_paramgen_curve:P-256 -out ",
                   Path("ec")));
  EXPECT_FALSE(ParsePublicKeyPem(
                   OpenSsl(absl::StrCat("pkey -in ", Path("ec"), " -pubout")))
                   .ok());
}

TEST_F(KeyFileTest, ThePinComesFromAFileWhereThereIsNoTerminal) {
  std::ofstream(Path("pin")) << "correct horse\nsecond line\n";
  const auto pin = AskPin(Path("pin"), "PIN", true);
  ASSERT_THAT(pin, IsOk());
  EXPECT_EQ(*pin, "correct horse");
  EXPECT_THAT(AskPin(Path("none"), "PIN", false),
              StatusIs(absl::StatusCode::kNotFound));
  std::ofstream(Path("empty")) << "";
  EXPECT_THAT(AskPin(Path("empty"), "PIN", false),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(KeyFileTest, ASessionEnds) {
  const absl::Time now = absl::FromUnixSeconds(1'795'298'400);
  const std::string path = Path("cairn-session");
  EXPECT_THAT(ReadSession(path, now),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("run: cairn login")));
  const Session session{key_, "{\"certificate\":1}", now + absl::Hours(8)};
  ASSERT_THAT(WriteSession(path, session), IsOk());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto read = ReadSession(path, now + absl::Hours(7));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->key.seed(), key_.seed());
  EXPECT_EQ(read->certificate, session.certificate);
  ASSERT_THAT(WriteSession(path, session), IsOk()) << "takes its place";
  EXPECT_THAT(ReadSession(path, now + absl::Hours(8)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("ended")));
  EXPECT_FALSE(std::filesystem::exists(path)) << "and is gone";
  // A clock that was set back does not make it longer.
  ASSERT_THAT(WriteSession(path, session), IsOk());
  EXPECT_THAT(ReadSession(path, now - absl::Hours(3)),
              StatusIs(absl::StatusCode::kUnauthenticated));
  ASSERT_THAT(WriteSession(path, session), IsOk());
  EXPECT_TRUE(EndSession(path));
  EXPECT_FALSE(EndSession(path));
}

TEST_F(KeyFileTest, ASessionThatOthersCouldHaveMadeIsNotUsed) {
  const absl::Time now = absl::FromUnixSeconds(1'795'298'400);
  const std::string path = Path("cairn-session");
  ASSERT_THAT(WriteSession(path, {key_, "c", now + absl::Hours(1)}), IsOk());
  chmod(path.c_str(), 0644);
  EXPECT_THAT(ReadSession(path, now),
              StatusIs(absl::StatusCode::kUnauthenticated));
  chmod(path.c_str(), 0600);
  EXPECT_THAT(ReadSession(path, now), IsOk());
  std::ofstream(path) << "junk";
  EXPECT_THAT(ReadSession(path, now),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("cannot be read")));
  const char* before = std::getenv("XDG_RUNTIME_DIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
  const auto own = SessionPath();
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(*own, path);
  chmod(folder_.c_str(), 0777);
  EXPECT_THAT(SessionPath(), StatusIs(absl::StatusCode::kFailedPrecondition));
  chmod(folder_.c_str(), 0700);
  setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1);
  EXPECT_THAT(SessionPath(), StatusIs(absl::StatusCode::kFailedPrecondition));
  if (before == nullptr) {
    unsetenv("XDG_RUNTIME_DIR");
  } else {
    setenv("XDG_RUNTIME_DIR", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace cairn
