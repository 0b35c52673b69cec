#ifndef CAIRN_CLI_RESULT_XLSX_H_
#define CAIRN_CLI_RESULT_XLSX_H_

#include <string>

#include "absl/status/status.h"
#include "cairn/v1/query_service.pb.h"

namespace cairn {

// Writes a result as a workbook (core/output/workbook.h): Cover_sheet has the
// question, who answered under which rule, what the statuses mean; Table is the
// tidy form of ResultToCsv, where `value` is empty unless published.
// Errors as WriteWorkbook.
absl::Status WriteResultXlsx(const v1::Result& result, const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_XLSX_H_
