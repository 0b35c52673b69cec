#include "core/ledger/commitment.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"

namespace cairn {
namespace {

constexpr size_t kSaltBytes = 32;

std::string HashOf(absl::string_view salt, absl::string_view bytes) {
  return Sha256Hex(absl::StrCat(salt, bytes));
}

}  // namespace

std::string CommitmentSalt() { return RandomBytes(kSaltBytes); }

Commitment Commitment::To(absl::string_view bytes) {
  std::string salt = CommitmentSalt();
  std::string hash = HashOf(salt, bytes);
  return {std::move(salt), std::move(hash)};
}

bool OpensCommitment(absl::string_view hash, absl::string_view salt,
                     absl::string_view bytes) {
  return salt.size() == kSaltBytes && hash == HashOf(salt, bytes);
}

}  // namespace cairn
