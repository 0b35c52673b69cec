#ifndef CAIRN_CORE_LEDGER_ENTRY_H_
#define CAIRN_CORE_LEDGER_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// An entry is one line of restricted JSON: integers and text, no floats, no
// cells, no free text. It is hashed exactly as stored and never written again.
// docs/ledger-format.md has the grammar; in short:
//
//   {"v":1,"seq":4,"t":1795298400123,"type":"query.received","qid":"9f","k":"x"}
//
//  - the keys v, seq, t, type, then qid if the type is about a query, then the
//    others in ascending order: [a-z][a-z0-9_]*, each once;
//  - integers of at most 2^53 - 1 either way, which any JSON reader keeps
//  exact;
//  - UTF-8; in a text only '"', '\' and the controls below 0x20 are escaped, as
//    \" \\ and \u00xx; no space between the parts;
//  - at most 16 KiB.
//
// So an entry has one spelling: what ParseEntry accepts, EntryLine writes back
// byte for byte.

struct Entry {
  std::string type;      // one of EntryTypes()
  std::string query_id;  // as it came; empty where the type is about no query
  std::map<std::string, std::variant<std::string, int64_t>> fields;
};

inline constexpr size_t kMaxEntryBytes = 16 * 1024;
inline constexpr int64_t kMaxEntryInteger = (int64_t{1} << 53) - 1;

struct EntryType {
  enum class Side { kAgent, kCoordinator, kBoth };
  enum class Moment { kBeforeTheAct, kAfterTheAct };

  const char* name;
  Side side;
  Moment moment;
  bool about_a_query;  // then it has a qid, which may be empty; else none
};
// All of them. A log with another type is of a newer format.
const std::vector<EntryType>& EntryTypes();
// Null if there is no such type.
const EntryType* FindEntryType(absl::string_view name);

// What may go into a ledger: a known type, no query id where the type is about
// no query, field names of the form above that are not v, seq, t, type or qid,
// integers in range. INVALID_ARGUMENT names what is wrong. No text is refused,
// not even an empty query id: texts come from outside, and whoever could send
// one that cannot be recorded could stop the program.
absl::Status CheckEntry(const Entry& entry);

// The exact bytes of an entry that CheckEntry accepts. Bytes that are not UTF-8
// are written as U+FFFD.
std::string EntryLine(const Entry& entry, uint64_t index, int64_t time_ms);

struct ParsedEntry {
  uint64_t index = 0;   // "seq"
  int64_t time_ms = 0;  // "t", Unix milliseconds
  Entry entry;
};
// INVALID_ARGUMENT says what is not as above and at which byte.
absl::StatusOr<ParsedEntry> ParseEntry(absl::string_view line);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_ENTRY_H_
