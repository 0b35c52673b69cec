#ifndef CAIRN_CLI_RESULT_WORDS_H_
#define CAIRN_CLI_RESULT_WORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cairn/v1/query_service.pb.h"

namespace cairn {

// What every form of a result says in the same words. Nothing here escapes or
// cleans text: each writer does that for its own form.

// published, suppressed, bounded, unavailable or not_applicable. A status from
// a later version reads as unavailable, never as a number.
absl::string_view StatusName(v1::CellStatus status);

// The number of a cell that may show one; nothing for every other status.
std::optional<double> ShownValue(const v1::ResultRow& row);
// A bound that is given; infinities and NaN count as not given.
std::optional<double> LowOf(const v1::ResultRow& row);
std::optional<double> HighOf(const v1::ResultRow& row);

// Whole numbers without a point, others with up to 6 decimals; never an
// exponent.
std::string FormatNumber(double number);
// The same with commas between thousands.
std::string FormatForPeople(double number);

// A cell as people see it: the number, [c], "40 to 52", "40 or more", [x] or
// [z]. `separators`: with commas between thousands.
std::string CellForPeople(const v1::ResultRow& row, bool separators);

// The name of a measure by its place in the result; "" if there is none.
absl::string_view MeasureName(const v1::Result& result,
                              const v1::ResultRow& row);
// sum:days -> "sum of days".
std::string MeasureInWords(absl::string_view measure);

// "counts under 8 hidden, the rest to the nearest 5".
std::string RuleInWords(const v1::DisclosurePolicy& rule);

// The rule, if every agency that names one names the same; else null.
const v1::DisclosurePolicy* OneRule(const v1::Result& result);

// A line under a result: a short head (Answered, Refused, Silent, Rule, Note,
// Query) and its sentence. Heads of following lines of one kind are repeated.
struct ResultLine {
  std::string head;
  std::string text;
};
std::vector<ResultLine> LinesUnder(const v1::Result& result);

// "incidents: count by age_band and sex".
std::string QuestionInWords(const v1::Result& result);

// The columns of the tidy form: dimensions, agency where it is split, measure,
// value, status, low, high.
std::vector<std::string> TidyColumns(const v1::Result& result);
// The code of a row in a dimension; "" where the row is short.
absl::string_view KeyOf(const v1::ResultRow& row, int dimension);

}  // namespace cairn

#endif  // CAIRN_CLI_RESULT_WORDS_H_
