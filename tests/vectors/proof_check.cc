// cairn-proof-check FILE.json: whether the proof in such a file holds. For the
// vectors beside this file and those of transparency-dev/merkle, whose form
// they have.
//
// Exits 0 if it holds, 1 if it does not (the reason on stdout), 2 if the file
// is not such a vector. Links cairn::ledger and nothing else, as a verifier of
// somebody else's would.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/proof.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

// One value of the vector: the texts of an array, or one text, number or word
// (null is no text). Escapes do not occur in base64 and are not undone.
struct Value {
  std::vector<std::string> texts;
  std::string word;
};
using Vector = std::map<std::string, Value>;

// Just enough JSON: one object of such values.
class VectorReader {
 public:
  explicit VectorReader(absl::string_view text) : text_(text) {}

  std::optional<Vector> Run() {
    Vector vector;
    if (!Skip('{')) return std::nullopt;
    do {
      const std::optional<std::string> key = Text();
      if (!key.has_value() || !Skip(':')) return std::nullopt;
      const std::optional<Value> value = ReadValue();
      if (!value.has_value() || !vector.emplace(*key, *value).second) {
        return std::nullopt;
      }
    } while (Skip(','));
    if (!Skip('}')) return std::nullopt;
    return absl::StripAsciiWhitespace(text_).empty() ? std::optional(vector)
                                                     : std::nullopt;
  }

 private:
  bool Skip(char c) {
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> Text() {
    if (!Skip('"')) return std::nullopt;
    std::string text;
    while (!text_.empty() && text_[0] != '"') {
      if (text_[0] == '\\' && text_.size() > 1) {
        text.push_back('\\');
        text_.remove_prefix(1);
      }
      text.push_back(text_[0]);
      text_.remove_prefix(1);
    }
    return Skip('"') ? std::optional(text) : std::nullopt;
  }

  std::optional<Value> ReadValue() {
    Value value;
    if (Skip('[')) {
      if (Skip(']')) return value;
      do {
        std::optional<std::string> text = Text();
        if (!text.has_value()) return std::nullopt;
        value.texts.push_back(*std::move(text));
      } while (Skip(','));
      return Skip(']') ? std::optional(value) : std::nullopt;
    }
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    if (!text_.empty() && text_[0] == '"') {
      std::optional<std::string> text = Text();
      if (!text.has_value()) return std::nullopt;
      value.texts.push_back(*std::move(text));
      return value;
    }
    while (!text_.empty() && (absl::ascii_isalnum(text_[0]) ||
                              text_[0] == '-' || text_[0] == '.')) {
      value.word.push_back(text_[0]);
      text_.remove_prefix(1);
    }
    return value.word.empty() ? std::nullopt : std::optional(value);
  }

  absl::string_view text_;
};

absl::StatusOr<uint64_t> Number(const Vector& vector, const std::string& key) {
  uint64_t number = 0;
  const auto found = vector.find(key);
  if (found == vector.end() || !absl::SimpleAtoi(found->second.word, &number)) {
    return absl::InvalidArgumentError(absl::StrCat(key, " is not a number"));
  }
  return number;
}

absl::StatusOr<std::vector<std::string>> Hashes(const Vector& vector,
                                                const std::string& key) {
  std::vector<std::string> hashes;
  const auto found = vector.find(key);
  if (found == vector.end()) return hashes;
  for (const std::string& text : found->second.texts) {
    std::optional<std::string> hash = ReadBase64(text);
    if (!hash.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(key, " is not base64"));
    }
    hashes.push_back(*std::move(hash));
  }
  return hashes;
}

absl::StatusOr<std::string> OneHash(const Vector& vector,
                                    const std::string& key) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> hashes,
                         Hashes(vector, key));
  return hashes.empty() ? std::string() : hashes.front();
}

absl::Status CheckInclusion(const Vector& vector) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t index, Number(vector, "leafIdx"));
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size, Number(vector, "treeSize"));
  CAIRN_ASSIGN_OR_RETURN(const std::string root, OneHash(vector, "root"));
  CAIRN_ASSIGN_OR_RETURN(const std::string leaf, OneHash(vector, "leafHash"));
  CAIRN_ASSIGN_OR_RETURN(const auto proof, Hashes(vector, "proof"));
  return VerifyInclusion(leaf, index, size, proof, root);
}

absl::Status CheckConsistency(const Vector& vector) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size1, Number(vector, "size1"));
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size2, Number(vector, "size2"));
  CAIRN_ASSIGN_OR_RETURN(const std::string root1, OneHash(vector, "root1"));
  CAIRN_ASSIGN_OR_RETURN(const std::string root2, OneHash(vector, "root2"));
  CAIRN_ASSIGN_OR_RETURN(const auto proof, Hashes(vector, "proof"));
  return VerifyConsistency(size1, root1, size2, root2, proof);
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: cairn-proof-check FILE.json\n";
    return 2;
  }
  std::ostringstream text;
  text << std::ifstream(argv[1], std::ios::binary).rdbuf();
  const std::optional<Vector> vector = VectorReader(text.str()).Run();
  if (!vector.has_value() ||
      (vector->count("leafIdx") == 0 && vector->count("size1") == 0)) {
    std::cerr << argv[1] << " is not a file with a proof in it\n";
    return 2;
  }
  const absl::Status holds = vector->count("leafIdx") != 0
                                 ? CheckInclusion(*vector)
                                 : CheckConsistency(*vector);
  std::cout << (holds.ok() ? "the proof holds"
                           : absl::StrCat("the proof does not hold: ",
                                          holds.message()))
            << "\n";
  return holds.ok() ? 0 : 1;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) { return cairn::Main(argc, argv); }
