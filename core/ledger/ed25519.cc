#include "core/ledger/ed25519.h"

#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace cairn {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// The key that a thread made last, and its bytes: to make one costs OpenSSL as
// much as to sign with it, and a thread mostly goes on with the same.
struct LastKey {
  std::string bytes;
  Key key;
};

// Null if it cannot be made.
template <typename Make>
EVP_PKEY* KeyOf(absl::string_view bytes, const Make& make, LastKey* last) {
  if (last->key == nullptr || last->bytes != bytes) {
    last->key.reset(
        make(EVP_PKEY_ED25519, nullptr, Bytes(bytes), bytes.size()));
    last->bytes = std::string(bytes);
  }
  return last->key.get();
}

EVP_PKEY* PrivateKey(absl::string_view seed) {
  static thread_local LastKey last;
  EVP_PKEY* const key = seed.size() == kEd25519KeyBytes
                            ? KeyOf(seed, EVP_PKEY_new_raw_private_key, &last)
                            : nullptr;
  if (key == nullptr) std::abort();
  return key;
}

}  // namespace

std::string Ed25519PublicKey(absl::string_view seed) {
  EVP_PKEY* const key = PrivateKey(seed);
  std::string bytes(kEd25519KeyBytes, '\0');
  size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<uint8_t*>(bytes.data()),
                                  &size) != 1) {
    std::abort();
  }
  return bytes;
}

std::string Ed25519Sign(absl::string_view seed, absl::string_view message) {
  EVP_PKEY* const key = PrivateKey(seed);
  const Context context(EVP_MD_CTX_new());
  std::string signature(kEd25519SignatureBytes, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(),
                     reinterpret_cast<uint8_t*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1) {
    std::abort();
  }
  return signature;
}

bool Ed25519Verify(absl::string_view public_key, absl::string_view message,
                   absl::string_view signature) {
  if (public_key.size() != kEd25519KeyBytes ||
      signature.size() != kEd25519SignatureBytes) {
    return false;
  }
  // What a node shows is looked at twice in a row: as the proof of an entry,
  // and by its witness. The same three give the same answer.
  struct Good {
    std::string key, message, signature;
  };
  static thread_local Good good;
  if (good.key == public_key && good.signature == signature &&
      good.message == message) {
    return true;
  }
  static thread_local LastKey last;
  EVP_PKEY* const key = KeyOf(public_key, EVP_PKEY_new_raw_public_key, &last);
  const Context context(EVP_MD_CTX_new());
  const bool holds =
      key != nullptr && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) ==
          1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                       Bytes(message), message.size()) == 1;
  if (holds) {
    good = {std::string(public_key), std::string(message),
            std::string(signature)};
  }
  return holds;
}

}  // namespace cairn
