#ifndef CAIRN_CLI_RESULT_XLSX_H_
#define CAIRN_CLI_RESULT_XLSX_H_

#include <string>

#include "absl/status/status.h"
#include "cairn/v1/query_service.pb.h"

namespace cairn {

// Writes a result as a workbook of two sheets: Cover_sheet (the question, who
// answered under which rule, what the statuses mean) and Table, the tidy form
// of ResultToCsv as a marked-up table. It follows the Analysis Function's
// guidance on spreadsheets: one table to a sheet, from column A, with one
// header row, no merged or blank rows, no fill, no filters, no frozen panes,
// nothing below the table. Numbers are numbers, `value` is empty unless
// published, and text stays text: it never becomes a formula.
//
// Written beside `path` and moved there when whole. INVALID_ARGUMENT for more
// rows than a sheet holds, UNAVAILABLE if the file cannot be written.
absl::Status WriteResultXlsx(const v1::Result& result, const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_XLSX_H_
