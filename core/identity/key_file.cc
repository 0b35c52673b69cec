#include "core/identity/key_file.h"

#include <fcntl.h>
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr uint64_t kScryptN = 16384, kScryptR = 8, kScryptP = 8;
constexpr int kSaltBytes = 16;

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_SIG* sealed) const { X509_SIG_free(sealed); }
  void operator()(PKCS8_PRIV_KEY_INFO* info) const {
    PKCS8_PRIV_KEY_INFO_free(info);
  }
  void operator()(PBE2PARAM* value) const { PBE2PARAM_free(value); }
  void operator()(SCRYPT_PARAMS* value) const { SCRYPT_PARAMS_free(value); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

Owned<BIO> Reader(absl::string_view text) {
  return Owned<BIO>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

absl::Status Bad(absl::string_view why) {
  ERR_clear_error();
  return absl::InvalidArgumentError(why);
}

// True if the key was encrypted with scrypt of at least our cost: a file that
// says otherwise could be opened by trying PINs.
bool IsSlowEnough(const X509_SIG* sealed) {
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed, &algorithm, nullptr);
  if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) return false;
  const Owned<PBE2PARAM> pbe2(static_cast<PBE2PARAM*>(ASN1_TYPE_unpack_sequence(
      ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter)));
  if (pbe2 == nullptr ||
      OBJ_obj2nid(pbe2->keyfunc->algorithm) != NID_id_scrypt) {
    return false;
  }
  const Owned<SCRYPT_PARAMS> scrypt(
      static_cast<SCRYPT_PARAMS*>(ASN1_TYPE_unpack_sequence(
          ASN1_ITEM_rptr(SCRYPT_PARAMS), pbe2->keyfunc->parameter)));
  uint64_t n = 0, r = 0, p = 0;
  return scrypt != nullptr &&
         ASN1_INTEGER_get_uint64(&n, scrypt->costParameter) == 1 &&
         ASN1_INTEGER_get_uint64(&r, scrypt->blockSize) == 1 &&
         ASN1_INTEGER_get_uint64(&p, scrypt->parallelizationParameter) == 1 &&
         n >= kScryptN && r >= kScryptR && p >= kScryptP;
}

absl::StatusOr<std::string> ReadLine(int file) {
  std::string line;
  char c = 0;
  ssize_t got = 0;
  while ((got = read(file, &c, 1)) == 1 && c != '\n') line.push_back(c);
  if (got < 0 || (got == 0 && line.empty())) {
    return absl::CancelledError("no PIN was given");
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

absl::StatusOr<std::string> TypePin(int terminal, const std::string& prompt) {
  termios shown{};
  if (tcgetattr(terminal, &shown) != 0) {
    return absl::UnauthenticatedError("the PIN cannot be typed here");
  }
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  hidden.c_lflag |= ECHONL;
  tcsetattr(terminal, TCSAFLUSH, &hidden);
  const absl::Cleanup restore = [&] { tcsetattr(terminal, TCSAFLUSH, &shown); };
  const std::string text = absl::StrCat(prompt, ": ");
  if (write(terminal, text.data(), text.size()) < 0) {
    return absl::UnauthenticatedError("the PIN cannot be asked for here");
  }
  return ReadLine(terminal);
}

absl::Status Failed(const std::string& path, const char* what) {
  const std::string words =
      absl::StrCat(path, ": ", what, ": ", std::strerror(errno));
  return errno == EEXIST   ? absl::AlreadyExistsError(absl::StrCat(
                                 path, ": is there already; it was not changed"))
         : errno == ENOENT ? absl::NotFoundError(words)
                           : absl::PermissionDeniedError(words);
}

}  // namespace

absl::Status CheckPin(absl::string_view pin) {
  const bool same =
      std::all_of(pin.begin(), pin.end(), [&](char c) { return c == pin[0]; });
  if (pin.size() >= kLeastPin && !same) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a PIN has at least ", kLeastPin, " characters, not all the same"));
}

absl::StatusOr<std::string> SealKey(const SecretKey& key,
                                    absl::string_view pin) {
  CAIRN_RETURN_IF_ERROR(CheckPin(pin));
  const Owned<EVP_PKEY> raw(EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr, Bytes(key.seed()), key.seed().size()));
  const Owned<PKCS8_PRIV_KEY_INFO> info(EVP_PKEY2PKCS8(raw.get()));
  std::string salt = RandomBytes(kSaltBytes);
  X509_ALGOR* algorithm = PKCS5_pbe2_set_scrypt(
      EVP_aes_256_cbc(), reinterpret_cast<uint8_t*>(salt.data()), kSaltBytes,
      nullptr, kScryptN, kScryptR, kScryptP);
  // Takes the algorithm over.
  const Owned<X509_SIG> sealed(PKCS8_set0_pbe(
      pin.data(), static_cast<int>(pin.size()), info.get(), algorithm));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (sealed == nullptr || PEM_write_bio_PKCS8(out.get(), sealed.get()) != 1) {
    ERR_clear_error();
    return absl::InternalError("the key could not be encrypted");
  }
  return TextOf(out.get());
}

absl::StatusOr<SecretKey> OpenKey(absl::string_view pem,
                                  absl::string_view pin) {
  const Owned<BIO> in = Reader(pem);
  const Owned<X509_SIG> sealed(
      PEM_read_bio_PKCS8(in.get(), nullptr, nullptr, nullptr));
  if (sealed == nullptr) {
    return Bad(
        "it is no key that is protected by a PIN; make one with: cairn "
        "login --new");
  }
  if (!IsSlowEnough(sealed.get())) {
    return Bad(
        "its PIN is protected too weakly; make a new key with: cairn "
        "login --new");
  }
  const Owned<PKCS8_PRIV_KEY_INFO> info(
      PKCS8_decrypt(sealed.get(), pin.data(), static_cast<int>(pin.size())));
  if (info == nullptr) {
    ERR_clear_error();
    return absl::UnauthenticatedError("the PIN is not right");
  }
  const Owned<EVP_PKEY> raw(EVP_PKCS82PKEY(info.get()));
  std::string seed(32, '\0');
  size_t size = seed.size();
  if (raw == nullptr || EVP_PKEY_get_id(raw.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_private_key(
          raw.get(), reinterpret_cast<uint8_t*>(seed.data()), &size) != 1) {
    return Bad("it is not an Ed25519 key; make one with: cairn login --new");
  }
  return SecretKey::FromSeed(seed);
}

std::string PublicKeyPem(absl::string_view public_key) {
  const Owned<EVP_PKEY> key(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), key.get());
  return TextOf(out.get());
}

absl::StatusOr<std::string> ParsePublicKeyPem(absl::string_view pem) {
  const Owned<BIO> in = Reader(pem);
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  std::string bytes(32, '\0');
  size_t size = bytes.size();
  const bool good =
      key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 &&
      EVP_PKEY_get_raw_public_key(
          key.get(), reinterpret_cast<uint8_t*>(bytes.data()), &size) == 1;
  // One spelling, and nothing before or behind it.
  if (!good || PublicKeyPem(bytes) != pem) {
    return Bad("it is not the PEM of one Ed25519 public key");
  }
  return bytes;
}

absl::Status WriteNewSecret(const std::string& path, absl::string_view bytes) {
  const int file =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
           S_IRUSR | S_IWUSR);
  if (file < 0) return Failed(path, "cannot be written");
  const ssize_t put = write(file, bytes.data(), bytes.size());
  const bool good =
      put == static_cast<ssize_t>(bytes.size()) && fsync(file) == 0;
  const int error = errno;
  if (close(file) == 0 && good) return absl::OkStatus();
  unlink(path.c_str());
  errno = error;
  return Failed(path, "cannot be written");
}

absl::StatusOr<SecretKey> ReadKeyFile(const std::string& path,
                                      absl::string_view pin) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Failed(path, "cannot be read");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": this key can be read by others; run: chmod 600 ", path));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream pem;
  pem << file.rdbuf();
  if (!file) return Failed(path, "cannot be read");
  auto key = OpenKey(pem.str(), pin);
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat(path, ": ", key.status().message()));
}

absl::StatusOr<std::string> AskPin(const std::string& pin_file,
                                   const std::string& prompt, bool repeat) {
  const bool typed = pin_file.empty();
  const int file =
      open(typed ? "/dev/tty" : pin_file.c_str(), O_RDWR | O_CLOEXEC);
  const int opened =
      file < 0 && !typed ? open(pin_file.c_str(), O_RDONLY | O_CLOEXEC) : file;
  if (opened < 0) {
    if (!typed) return Failed(pin_file, "cannot be read");
    return absl::UnauthenticatedError(
        "there is no terminal to type the PIN on; give --pin-file");
  }
  const absl::Cleanup done = [opened] { close(opened); };
  if (!typed) return ReadLine(opened);
  CAIRN_ASSIGN_OR_RETURN(std::string pin, TypePin(opened, prompt));
  if (!repeat) return pin;
  CAIRN_ASSIGN_OR_RETURN(const std::string again,
                         TypePin(opened, "The same again"));
  if (pin == again) return pin;
  return absl::InvalidArgumentError("the two PINs are not the same");
}

}  // namespace cairn
