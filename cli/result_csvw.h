#ifndef CAIRN_CLI_RESULT_CSVW_H_
#define CAIRN_CLI_RESULT_CSVW_H_

#include <string>

#include "cairn/v1/query_service.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// What the columns of ResultToCsv mean, for programs: a table description of
// "Metadata Vocabulary for Tabular Data" (W3C Recommendation, 17 December 2015;
// CSVW), with what the result says beside its numbers: question, agencies,
// rules, notes. `file`: the CSV's name, beside which it is to stand.
std::string ResultToCsvw(const v1::Result& result, const Catalogue& catalogue,
                         const std::string& file);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_CSVW_H_
