#ifndef CAIRN_CORE_IDENTITY_PLAIN_JSON_H_
#define CAIRN_CORE_IDENTITY_PLAIN_JSON_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cairn {

// What people sign is JSON in which each value has one spelling only: no space
// between the parts, the keys in one order, integers of 0 to 2^53 - 1 without
// a leading zero, texts of printable ASCII without '"' and '\'. So nothing can
// be escaped, repeated or slipped in, and any JSON reader shows an auditor the
// same.

inline constexpr int64_t kMaxPlainInteger = (int64_t{1} << 53) - 1;

// True for a text that has a spelling here.
bool IsPlainText(absl::string_view text);

// Writes an object, field by field. The texts must be plain.
class PlainWriter {
 public:
  PlainWriter& Integer(absl::string_view name, int64_t value);
  PlainWriter& Text(absl::string_view name, absl::string_view value);
  PlainWriter& Texts(absl::string_view name,
                     const std::vector<std::string>& values);
  std::string Done() const;

 private:
  std::string body_;
};

// Reads such an object from left to right. The caller names the fields in
// their order; after the first byte that is another, all that is read is empty
// and `Done` says where it was.
class PlainReader {
 public:
  // `what` is named in the error: "a signed question".
  PlainReader(absl::string_view bytes, absl::string_view what);

  PlainReader& Integer(absl::string_view name, int64_t* value);
  // At most `most` bytes.
  PlainReader& Text(absl::string_view name, size_t most, std::string* value);
  // At most `most` texts, each of at most `most_bytes`.
  PlainReader& Texts(absl::string_view name, size_t most, size_t most_bytes,
                     std::vector<std::string>* values);
  // INVALID_ARGUMENT with the byte at which it stopped being what was expected,
  // also if something follows the object.
  absl::Status Done();

 private:
  void Name(absl::string_view name);
  void Expect(absl::string_view text);
  void ReadText(size_t most, std::string* value);
  void Bad(absl::string_view why);

  absl::string_view bytes_;
  const std::string what_;
  size_t at_ = 0;
  absl::Status status_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_IDENTITY_PLAIN_JSON_H_
