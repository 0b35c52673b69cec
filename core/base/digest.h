#ifndef CAIRN_CORE_BASE_DIGEST_H_
#define CAIRN_CORE_BASE_DIGEST_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace cairn {

// OpenSSL's hashes behind one file.

// 32 bytes.
std::string Sha256(absl::string_view bytes);
// RFC 2104, 32 bytes. With a label as the message: a key made of another key,
// from which the other labels' keys do not follow.
std::string HmacSha256(absl::string_view key, absl::string_view message);
// Lower-case hex.
std::string Hex(absl::string_view bytes);
inline std::string Sha256Hex(absl::string_view bytes) {
  return Hex(Sha256(bytes));
}

// SHA-256 over many pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void Add(absl::string_view bytes);
  std::string Finish();  // 32 bytes; the stream may not be used again

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// HMAC-SHA256 with one key, truncated.
class Pseudonymiser {
 public:
  explicit Pseudonymiser(absl::string_view key);
  ~Pseudonymiser();
  // The first 64 bits.
  uint64_t Bits(absl::string_view identity) const;
  // The first 63 as a number that is not negative: a person's pseudonym.
  int64_t Of(absl::string_view identity) const {
    return static_cast<int64_t>(Bits(identity) >> 1);
  }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Bytes from the operating system's generator. Aborts if it fails: there is no
// weaker source to fall back on.
std::string RandomBytes(size_t count);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_DIGEST_H_
