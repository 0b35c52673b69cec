#ifndef CAIRN_CORE_LEDGER_STRICT_TEXT_H_
#define CAIRN_CORE_LEDGER_STRICT_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cairn {

// Readers for the parts that notes, proofs and keys are made of. Each value has
// one spelling only: what is signed cannot be written in a second way.

// RFC 4648 section 4, padded, with no bit set that is not used.
std::optional<std::string> ReadBase64(absl::string_view text);
// Decimal digits without a sign or a leading zero, at most 2^63 - 1.
std::optional<uint64_t> ReadDecimal(absl::string_view text);

// The name of a key or a log: UTF-8, 1 to 255 bytes, no Unicode space, no
// control character, no '+' (C2SP signed-note). INVALID_ARGUMENT says which.
absl::Status CheckName(absl::string_view name);

// The line up to the next newline, which is taken off `text` with it; nothing
// if there is no newline left.
std::optional<absl::string_view> TakeLine(absl::string_view* text);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_STRICT_TEXT_H_
