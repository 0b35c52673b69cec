#ifndef CAIRN_CLI_RESULT_JSON_H_
#define CAIRN_CLI_RESULT_JSON_H_

#include <string>

#include "cairn/v1/query_service.pb.h"

namespace cairn {

// A result as one JSON object, one row to a line:
//
//   {"query_id", "dataset", "measures": [..], "dimensions": [..], "rule": {..},
//    "rows": [{"key": {..}, "measure", "value": 12|null, "status", "low",
//    "high"}], "agencies": [{"agency", "outcome": "answered|refused|silent",
//    "reason",
//                  "elapsed_ms", "receipt": {"index", "entry_hash"}, "rule"}],
//    "warnings": [..]}
//
// "agency" stands in a row where the result is split. "rule" is null where the
// agencies' rules differ. Counts are JSON numbers (protobuf's own JSON would
// write 64-bit numbers as text); what is not known is null. Bytes that are not
// UTF-8 become U+FFFD.
std::string ResultToJson(const v1::Result& result);

// The rows alone, one JSON object to a line.
std::string ResultToJsonl(const v1::Result& result);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_JSON_H_
