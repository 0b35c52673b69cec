#ifndef CAIRN_AGENT_LOAD_PLAN_H_
#define CAIRN_AGENT_LOAD_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/load_codes.h"
#include "agent/moment.h"
#include "agent/places.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// What a mapping is checked against. All that it points to must outlive what
// is made of it.
struct MappingInputs {
  const v1::Mapping* mapping = nullptr;
  std::string path;  // of the mapping, for errors
  const DataSet* data_set = nullptr;
  const Places* places = nullptr;  // null: the agent has none
  // The months covered, each of the data set's period, in order.
  std::vector<std::string> months;
  // How finely the source's dates are known.
  Precision precision = Precision::kMonth;
};

// A mapping that has been checked whole against the catalogue, in the form in
// which rows can be read by it.
struct LoadPlan {
  // Where a record's code in a dimension comes from.
  enum class From { kColumn, kConstant, kMonth, kWeekday, kHour };

  struct Held {
    int dimension;  // of the data set
    int level;      // at which it is stored
    From from = From::kColumn;
    bool multi_valued = false;
    std::vector<std::string> codes = {};
    // kMonth: the held code of each covered month.
    std::vector<int> code_of_month = {};
    int unknown = -1;  // which held code is U
  };

  enum class To { kCode, kBirthDate, kDate, kPerson, kRecordKey, kQuantity };

  struct Column {
    std::string name;
    To to = To::kCode;
    int slot = -1;  // of a record's values: dimensions, then quantities
    bool multi_valued = false;
    std::string split;
    // kDate: the value of each text is that it means U.
    // kPerson: the value of each text is that it stands for nobody.
    CodeTable table;
    std::string unmapped_to;  // as the mapping says it
    std::string empty_to;
    const Quantity* quantity = nullptr;
  };

  std::vector<Column> columns;
  int date_column = -1;
  int person_column = -1;
  std::vector<Held> dimensions;  // in the catalogue's order
  std::vector<const Quantity*> quantities;
  // The source's, or the data set's where that is coarser.
  Precision precision = Precision::kMonth;
};

// Says which dimensions take texts that the mapping does not know, and as which
// code.
void DescribeUnmapped(const LoadPlan& plan, const DataSet& data_set,
                      v1::ExtractMeta* meta);

// INVALID_ARGUMENT: "<mapping>: column 'X': what is wrong", with the nearest
// valid name where there is one.
absl::StatusOr<LoadPlan> MakeLoadPlan(const MappingInputs& inputs);

}  // namespace cairn

#endif  // CAIRN_AGENT_LOAD_PLAN_H_
