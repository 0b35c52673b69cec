#ifndef CAIRN_CLI_RESULT_CSV_H_
#define CAIRN_CLI_RESULT_CSV_H_

#include <string>

#include "cairn/v1/query_service.pb.h"

namespace cairn {

// A result as CSV (RFC 4180, but LF line ends), tidy: one row per cell, with
// the dimensions in the order asked, `agency` where it is split, and measure,
// value, status, low, high. `value` is empty unless it is a published number;
// `symbols` writes what people are shown there instead: [c], [x], [z], "40 to
// 52". Text that a spreadsheet would take for a formula (= + - @) starts with a
// '.
std::string ResultToCsv(const v1::Result& result, bool symbols);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_CSV_H_
