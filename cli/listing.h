#ifndef CAIRN_CLI_LISTING_H_
#define CAIRN_CLI_LISTING_H_

#include <string>

#include "cairn/v1/query_service.pb.h"
#include "core/output/listing.h"
#include "core/query/catalogue.h"

namespace cairn {

// How fine an agency's records are.
struct HoldingWords {
  std::string places = "-";     // the finest level of areas that it gives
  std::string times = "month";  // month, day (of the week) or hour
};
HoldingWords WordsOf(const v1::Holding& holding, const DataSet& data_set);

// What can be asked, of whom, how fresh, under which rule.
Listing ListDataSets(const v1::Description& description,
                     const Catalogue& catalogue);
Listing ListAgencies(const v1::Description& description,
                     const Catalogue& catalogue);
Listing ListHistory(const v1::History& history);
// The variables of a data set with their codes, and who gives them.
Listing ListVariables(const v1::Description& description,
                      const DataSet& data_set);
// A data set in words: what one row is, what is counted, its period, who holds
// it.
std::string DescribeDataSet(const v1::Description& description,
                            const DataSet& data_set);

}  // namespace cairn

#endif  // CAIRN_CLI_LISTING_H_
