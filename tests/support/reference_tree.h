#ifndef CAIRN_TESTS_SUPPORT_REFERENCE_TREE_H_
#define CAIRN_TESTS_SUPPORT_REFERENCE_TREE_H_

#include <openssl/sha.h>

#include <cstddef>
#include <string>
#include <vector>

namespace cairn {

// RFC 6962 section 2.1, word for word: recursive, slow, and sharing nothing
// with the code under test. The leaves are entries, not hashes.
class ReferenceTree {
 public:
  using Leaves = std::vector<std::string>;

  static std::string Hash(const std::string& bytes) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
  }

  // MTH(D[n])
  static std::string Root(const Leaves& d) {
    if (d.empty()) return Hash("");
    if (d.size() == 1) return Hash(std::string(1, '\0') + d[0]);
    const size_t k = Split(d.size());
    return Hash(std::string(1, '\1') + Root(Part(d, 0, k)) +
                Root(Part(d, k, d.size())));
  }

  // PATH(m, D[n])
  static std::vector<std::string> Path(size_t m, const Leaves& d) {
    if (d.size() == 1) return {};
    const size_t k = Split(d.size());
    std::vector<std::string> path =
        m < k ? Path(m, Part(d, 0, k)) : Path(m - k, Part(d, k, d.size()));
    path.push_back(m < k ? Root(Part(d, k, d.size())) : Root(Part(d, 0, k)));
    return path;
  }

  // PROOF(m, D[n]) = SUBPROOF(m, D[n], true)
  static std::vector<std::string> Proof(size_t m, const Leaves& d,
                                        bool whole = true) {
    if (m == d.size()) {
      return whole ? std::vector<std::string>()
                   : std::vector<std::string>{Root(d)};
    }
    const size_t k = Split(d.size());
    std::vector<std::string> proof =
        m <= k ? Proof(m, Part(d, 0, k), whole)
               : Proof(m - k, Part(d, k, d.size()), false);
    proof.push_back(m <= k ? Root(Part(d, k, d.size())) : Root(Part(d, 0, k)));
    return proof;
  }

  static Leaves Part(const Leaves& d, size_t begin, size_t end) {
    return Leaves(d.begin() + begin, d.begin() + end);
  }

 private:
  // The largest power of two smaller than n.
  static size_t Split(size_t n) {
    size_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
  }
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_REFERENCE_TREE_H_
