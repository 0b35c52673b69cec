#ifndef CAIRN_CORE_OUTPUT_WORKBOOK_H_
#define CAIRN_CORE_OUTPUT_WORKBOOK_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace cairn {

// Nothing, text, or a number.
using WorkbookCell = std::variant<std::monostate, std::string, double>;

struct WorkbookLine {
  std::string text;
  bool heading = false;
};

struct WorkbookTable {
  std::string name;  // of the marked-up table
  std::string title;
  std::string sentence;  // under the title
  std::vector<std::string> columns;
  std::vector<std::vector<WorkbookCell>> rows;  // empty: no table is written
};

// A workbook of two sheets, Cover_sheet and Table.
struct WorkbookContents {
  std::string title;
  std::string comments;
  std::vector<WorkbookLine> cover;  // the first is its title
  WorkbookTable table;
};

// Follows the Analysis Function's guidance on spreadsheets: one table to a
// sheet, from column A, with one header row, no merged or blank rows, no fill,
// no filters, no frozen panes, nothing below the table. Numbers are numbers,
// and text stays text: it never becomes a formula.
//
// Written beside `path` and moved there when whole. INVALID_ARGUMENT for more
// rows than a sheet holds, UNAVAILABLE if the file cannot be written.
absl::Status WriteWorkbook(const WorkbookContents& contents,
                           const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CORE_OUTPUT_WORKBOOK_H_
