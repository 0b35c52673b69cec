#ifndef CAIRN_CLI_ATTACK_TABLE_H_
#define CAIRN_CLI_ATTACK_TABLE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cairn {

// `cairn attack`, as typed.
struct AttackFlags {
  std::string table;
  std::string dims;       // comma separated
  std::string hierarchy;  // empty: every dimension is flat
  std::string policy;     // empty: not known
  std::string format;     // table, csv or json; empty: by destination
  std::string file;       // empty: stdout
  // Every hidden cell is a small one: the table was made without complements.
  bool no_complements = false;
  // The attacker knows how `cairn protect` marks cells: one without an upper
  // limit is a complement, and so not small. Needs a policy.
  bool knows_marks = false;
  int64_t effort = 1;  // times the usual budget
};

// More cells than are attacked.
inline constexpr int64_t kMaxAttackedCells = 1'000'000;

// Writes what anyone can infer of each hidden cell of a published table
// (columns value, status, low, high; or only value, with hidden cells empty or
// one of [c] * c): the dimension columns, low, high and a verdict; and a
// summary to stderr. A cell that the table does not list is unknown.
//
// Returns 5 if a cell is too narrow: one marked low..high must keep all of that
// (where zeros are shown, from the number of non-empty cells behind it), one
// marked without a high must not be exact, and with a policy be as wide as a
// small cell. INVALID_ARGUMENT or NOT_FOUND for bad input, also for figures
// that contradict each other.
absl::StatusOr<int> AttackTable(const AttackFlags& flags);

}  // namespace cairn

#endif  // CAIRN_CLI_ATTACK_TABLE_H_
