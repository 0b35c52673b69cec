#ifndef CAIRN_AGENT_RECORD_KEY_H_
#define CAIRN_AGENT_RECORD_KEY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/load_plan.h"
#include "core/base/digest.h"

namespace cairn {

// The 64-bit key of a record for the cell key method
// (core/disclosure/cell_key.h): HMAC-SHA256 of what makes it that record.
//
// - Where the mapping has record_key columns and one of them is not empty:
// their
//   texts, with the person's key, since an occurrence may have a row for each
//   person in it. Then a correction of another field leaves the key as it is.
//   Rows that have both in common count as one record under several codes: one
//   key, so a mapping should mark all columns that tell records apart.
// - Else: the texts of all mapped columns.
//
// Texts are stripped of space around them and dates are taken as what they
// mean, in the order of what the columns stand for: neither the order of rows,
// files or columns, nor their names, nor a mapping's codes, matter. So a record
// has the same key after every load.
//
// Rows that are alike in all of it have the same key, and no number among
// themselves: they lie in the same cells of every table, so k + k says as much
// of the cell as k1 + k2 would. Numbering them would take a memory of all
// records, to no end.
//
// Keys are made at every load and kept in the extract, whatever the policy: a
// steward may choose CELL_KEY later, and nothing of a record's identity is left
// in the extract to make them of. That costs 9 bytes a record on disk, and one
// HMAC, about a microsecond, in the load.
class RecordKeyMaker {
 public:
  // `secret`: RecordKeySecret() of the data set.
  RecordKeyMaker(const LoadPlan& plan, absl::string_view secret);

  // `positions`: where each of the plan's columns stands in a row's fields.
  void Bind(const std::vector<size_t>& positions);
  uint64_t KeyOf(const std::vector<absl::string_view>& fields);

 private:
  struct Column {
    int number;  // of the plan
    bool date;
    size_t position = 0;
  };

  // False if all are empty.
  bool Append(const std::vector<Column>& columns,
              const std::vector<absl::string_view>& fields);

  std::vector<Column> record_key_;
  std::vector<Column> person_;
  std::vector<Column> all_;
  Pseudonymiser keyed_;
  std::string identity_;  // scratch
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RECORD_KEY_H_
