#ifndef CAIRN_CORE_AUDIT_WORDS_H_
#define CAIRN_CORE_AUDIT_WORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"

namespace cairn {

// 2026-11-22 09:06:44, UTC.
std::string TimeText(int64_t time_ms);
// 2026-11-22T09:06:44.123Z, for scripts.
std::string TimeIso(int64_t time_ms);
// "12 ms", "3.2 s", "2 h 5 min".
std::string DurationText(int64_t ms);
// "1 entry", "1,043 entries".
std::string Count(uint64_t number, absl::string_view one,
                  absl::string_view many);
// The first eight hex digits by which a key is told from others.
std::string KeyIdText(const VerifierKey& key);

// Unix ms of a day (2026-11-22), a minute (2026-11-22T09:06) or a second, UTC;
// `end`: of its last millisecond. INVALID_ARGUMENT says what a time looks like,
// after `flag`.
absl::StatusOr<int64_t> ParseTime(absl::string_view text,
                                  absl::string_view flag, bool end);

// A field as text; empty if the entry has none of that name.
std::string FieldText(const Entry& entry, const std::string& name);
// As a number; 0 if it has none.
int64_t FieldNumber(const Entry& entry, const std::string& name);
// Its fields in words: "purpose needs_assessment, policy 3f09a2c417d1...".
std::string FieldsInWords(const Entry& entry);
// The same without hashes that a person cannot read, and without those that
// stand in `told`.
std::string FieldsInWords(const Entry& entry,
                          const std::vector<std::string>& told);

// The agency whose log has this origin (docs/ledger-format.md, section 3);
// empty if it is the coordinator's, or of no such form.
std::string AgencyOf(absl::string_view origin);
bool IsCoordinatorOrigin(absl::string_view origin);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_WORDS_H_
