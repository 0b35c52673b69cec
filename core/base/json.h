#ifndef CAIRN_CORE_BASE_JSON_H_
#define CAIRN_CORE_BASE_JSON_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cairn {

// A string of RFC 8259, quotes included: quotes, backslashes and controls are
// escaped. U+2028 and U+2029 too, which end a line where the text is pasted
// into a script. What is not UTF-8 is replaced.
std::string JsonText(absl::string_view raw);

// An array of strings.
std::string JsonTexts(const std::vector<std::string>& texts);

// An object, built from the text of its parts, in the order they were added.
class JsonObject {
 public:
  // `json` is taken as it is.
  JsonObject& Add(absl::string_view name, absl::string_view json);
  std::string Done() const;

 private:
  std::vector<std::string> parts_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_JSON_H_
