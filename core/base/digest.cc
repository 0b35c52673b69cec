#include "core/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/escaping.h"

namespace cairn {
namespace {

// Fetched once: EVP_sha256() is looked up anew at each use, which takes longer
// than hashing a short text.
const EVP_MD* Sha256Method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (method == nullptr) std::abort();
  return method;
}

}  // namespace

struct Sha256Stream::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256Stream::Sha256Stream() : context_(new Context) {
  EVP_DigestInit_ex(context_->md, Sha256Method(), nullptr);
}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(absl::string_view bytes) {
  EVP_DigestUpdate(context_->md, bytes.data(), bytes.size());
}

std::string Sha256Stream::Finish() {
  std::string digest(32, '\0');
  EVP_DigestFinal_ex(context_->md, reinterpret_cast<uint8_t*>(digest.data()),
                     nullptr);
  return digest;
}

std::string Sha256(absl::string_view bytes) {
  Sha256Stream stream;
  stream.Add(bytes);
  return stream.Finish();
}

std::string HmacSha256(absl::string_view key, absl::string_view message) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const uint8_t*>(message.data()), message.size(),
       reinterpret_cast<uint8_t*>(digest.data()), nullptr);
  return digest;
}

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

// HMAC (RFC 2104) from two prepared inner and outer states: copying them is
// several times cheaper than a fresh key schedule for each record.
struct Pseudonymiser::Context {
  EVP_MD_CTX* inner = EVP_MD_CTX_new();
  EVP_MD_CTX* outer = EVP_MD_CTX_new();
  EVP_MD_CTX* work = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(inner);
    EVP_MD_CTX_free(outer);
    EVP_MD_CTX_free(work);
  }
};

Pseudonymiser::Pseudonymiser(absl::string_view key) : context_(new Context) {
  std::string block(64, '\0');
  const std::string short_key =
      key.size() > block.size() ? Sha256(key) : std::string(key);
  std::memcpy(block.data(), short_key.data(), short_key.size());
  std::string pad = block;
  for (char& c : pad) c = static_cast<char>(c ^ 0x36);
  EVP_DigestInit_ex(context_->inner, EVP_sha256(), nullptr);
  EVP_DigestUpdate(context_->inner, pad.data(), pad.size());
  pad = block;
  for (char& c : pad) c = static_cast<char>(c ^ 0x5c);
  EVP_DigestInit_ex(context_->outer, EVP_sha256(), nullptr);
  EVP_DigestUpdate(context_->outer, pad.data(), pad.size());
}

Pseudonymiser::~Pseudonymiser() = default;

uint64_t Pseudonymiser::Bits(absl::string_view identity) const {
  uint8_t digest[32];
  EVP_MD_CTX_copy_ex(context_->work, context_->inner);
  EVP_DigestUpdate(context_->work, identity.data(), identity.size());
  EVP_DigestFinal_ex(context_->work, digest, nullptr);
  EVP_MD_CTX_copy_ex(context_->work, context_->outer);
  EVP_DigestUpdate(context_->work, digest, sizeof(digest));
  EVP_DigestFinal_ex(context_->work, digest, nullptr);
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return number;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()),
                 static_cast<int>(count)) != 1) {
    std::abort();
  }
  return bytes;
}

}  // namespace cairn
