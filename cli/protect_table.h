#ifndef CAIRN_CLI_PROTECT_TABLE_H_
#define CAIRN_CLI_PROTECT_TABLE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cairn {

// `cairn protect`, as typed.
struct ProtectFlags {
  std::string table;
  std::string dims;  // comma separated
  std::string count;
  std::string persons;    // empty: not known
  std::string hierarchy;  // empty: every dimension is flat
  std::string policy;
  std::string format;  // table, csv or json; empty: by destination
  std::string file;    // empty: stdout
  bool exact_only = false;
  bool prune = false;
};

// More cells than are protected together.
inline constexpr int64_t kMaxProtectedCells = 100'000;

// Writes the table as it may be published (the dimension columns, and value,
// status, low, high): every combination of codes, those of the file first and
// in its order; and a summary to stderr. Returns the exit code.
// INVALID_ARGUMENT or NOT_FOUND for bad input, FAILED_PRECONDITION if the table
// cannot be made safe.
absl::StatusOr<int> ProtectTable(const ProtectFlags& flags);

}  // namespace cairn

#endif  // CAIRN_CLI_PROTECT_TABLE_H_
