#ifndef CAIRN_CLI_RESULT_TEXT_H_
#define CAIRN_CLI_RESULT_TEXT_H_

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "cairn/v1/query_service.pb.h"

namespace cairn {

struct TableOptions {
  int width = 80;      // of the terminal, in characters; 0: no limit
  bool color = false;  // ANSI colours
  // What to print for a code, by (variable, code), and for a variable, by
  // (variable, ""). Agencies are codes of the variable "agency". Missing: as
  // is.
  absl::flat_hash_map<std::pair<std::string, std::string>, std::string> labels;
};

// A result for a terminal: the question, the table, what its symbols mean, who
// answered under which rule. Two dimensions (or one, by agency) become a
// cross-tabulation where it fits the width; everything else is a list with one
// column per measure. Only a published cell is printed as a single number. Text
// that agencies sent cannot steer the terminal.
std::string ResultToTable(const v1::Result& result,
                          const TableOptions& options);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_TEXT_H_
