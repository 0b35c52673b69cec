#ifndef CAIRN_AGENT_MAPPING_H_
#define CAIRN_AGENT_MAPPING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/load_plan.h"
#include "agent/moment.h"
#include "agent/places.h"
#include "agent/record_key.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/base/digest.h"
#include "core/query/catalogue.h"
#include "core/query/structural_zeros.h"

namespace cairn {

// A record in the form in which it is stored.
struct MappedRow {
  std::optional<int64_t> person;  // pseudonym
  // Of each held dimension the index of its code (several values: a bit mask
  // of indices), then each held quantity in whole numbers of 10^-decimals.
  std::vector<int64_t> values;
  uint64_t key = 0;  // its own, for the cell key method
};

// Why a row cannot be read. The sentence never has the value; `value` is for
// the steward's own terminal only and is valid as long as the row's fields.
struct RowProblem {
  absl::string_view column;
  std::string what;
  absl::string_view value;
};

// What a column's texts came to, over the rows stored.
struct ColumnCounts {
  std::string column;
  uint64_t unmapped_rows = 0;    // rows with a text that did not map
  uint64_t unmapped_values = 0;  // different such texts, at least
  std::string unmapped_to;
  uint64_t empty_rows = 0;
  std::string empty_to;
};

// Turns the rows of an agency's own files into records of a data set, by the
// agency's mapping.
class RowMapper {
 public:
  // Checks the whole mapping against the catalogue and the places.
  // `pseudonym_key` hides persons' keys and makes records' keys.
  // INVALID_ARGUMENT: one sentence with the mapping's path, the column, and the
  // nearest valid name.
  static absl::StatusOr<std::unique_ptr<RowMapper>> Create(
      const MappingInputs& inputs, absl::string_view pseudonym_key);

  // Finds the mapping's columns in a file. To be called for each file, before
  // its rows. INVALID_ARGUMENT: a column is not there.
  absl::Status Bind(const std::string& file,
                    const std::vector<std::string>& header);

  enum class Outcome {
    kStored,
    kOutsidePeriod,  // its date lies in a month that is not covered
    kBad,            // `problem` says why
  };
  Outcome Map(const std::vector<absl::string_view>& fields, MappedRow* row,
              RowProblem* problem);

  // What the mapping holds, in the order of MappedRow::values.
  const std::vector<v1::ExtractDimension>& dimensions() const {
    return dimensions_;
  }
  std::vector<std::string> Quantities() const;
  const LoadPlan& plan() const { return plan_; }
  bool has_person() const { return plan_.person_column >= 0; }
  // The column with the record's date.
  const std::string& date_column() const {
    return plan_.columns[plan_.date_column].name;
  }
  std::vector<ColumnCounts> Counts() const;

 private:
  // What is said of a row that a structural zero rules out: column and words.
  struct RuledOut {
    int column;
    std::string what;
  };

  // How a text fared.
  enum class Went : uint8_t { kMapped, kUnmapped, kEmpty, kRefused };

  struct Code {
    int64_t value = 0;
    Went went = Went::kRefused;
  };

  // A date as codes; -1: not known. `month` counts the months covered.
  struct Date {
    Went went = Went::kRefused;
    bool outside = false;
    int month = -1;
    int weekday = -1;
    int hour = -1;
    Moment moment;  // month 0: not known
  };

  struct Birth {
    Went went = Went::kRefused;
    Moment moment;
    int64_t code = -1;  // of a text that is listed
  };

  // What is remembered of a column's texts, so that each different one is
  // looked at once.
  struct Memory {
    size_t position = 0;
    absl::flat_hash_map<std::string, Code> codes;
    absl::flat_hash_map<std::string, Birth> births;
    uint64_t unmapped_rows = 0;
    uint64_t unmapped_values = 0;
    uint64_t empty_rows = 0;
  };

  RowMapper(LoadPlan plan, absl::string_view pseudonym_key,
            absl::string_view record_key_secret)
      : plan_(std::move(plan)),
        memory_(plan_.columns.size()),
        pseudonymiser_(pseudonym_key),
        record_keys_(plan_, record_key_secret) {}

  void RuleOut(const DataSet& data_set);
  bool IsRuledOut(const std::vector<absl::string_view>& fields,
                  const MappedRow& row, RowProblem* problem);
  std::string WhyNoDate(absl::string_view field) const;
  std::string WhyNoCode(const LoadPlan::Column& column,
                        absl::string_view field) const;

  Date DateOf(absl::string_view field);
  Date ReadDate(absl::string_view field) const;
  void KnowParts(const Moment& moment, Date* date) const;
  void StoreDate(const Date& date, MappedRow* row) const;

  Code CodeOf(size_t column, absl::string_view field);
  Code ReadCode(const LoadPlan::Column& column, absl::string_view field) const;
  Code ReadOne(const LoadPlan::Column& column, absl::string_view text) const;
  Code ReadSeveral(const LoadPlan::Column& column,
                   absl::string_view text) const;
  Code AgeOf(size_t column, absl::string_view field, const Date& date);
  Birth BirthOf(size_t column, absl::string_view field);
  void MapPerson(absl::string_view field, MappedRow* row) const;
  void Count(Went went, Memory* memory) const;

  LoadPlan plan_;
  std::vector<v1::ExtractDimension> dimensions_;
  std::vector<Memory> memory_;  // of each column of the plan
  absl::flat_hash_map<std::string, Date> dates_;
  int first_month_ = 0;               // 12 * year + month
  std::vector<int> month_covered_;    // from there on: index, or -1
  StructuralZeros structural_zeros_;  // of the held dimensions
  std::vector<RuledOut> ruled_out_;   // by number
  std::vector<size_t> codes_;         // scratch
  Pseudonymiser pseudonymiser_;
  RecordKeyMaker record_keys_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_MAPPING_H_
